package storetest_test

import (
	"testing"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/store/memory"
	"github.com/scriphq/scrip/store/storetest"
)

func TestMemoryIsLinearizable(t *testing.T) {
	storetest.RunConcurrent(t, func(testing.TB) credits.Store { return memory.New() })
}
