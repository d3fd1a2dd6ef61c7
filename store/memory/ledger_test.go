package memory_test

import (
	"testing"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/store/memory"
	"github.com/scriphq/scrip/store/storetest"
)

func TestRunLedger(t *testing.T) {
	storetest.RunLedger(t, func(testing.TB) credits.Store { return memory.New() })
}
