package credits_test

import (
	"testing"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/store/memory"
	"github.com/scriphq/scrip/store/storetest"
)

// Random sequences of every verb against a naive model: R3, R5, R6, R8, R10, R13,
// R14, R15, R18, R29, R31, R32, R40, R41, R42, R44, R48, R53 and R54.
func TestVerbsAgreeWithTheModel(t *testing.T) {
	storetest.RunLedger(t, func(testing.TB) credits.Store { return memory.New() })
}
