package memory_test

import (
	"testing"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/store/memory"
	"github.com/scriphq/scrip/store/storetest"
)

func open(testing.TB) credits.Store { return memory.New() }

func TestStoreKeepsTheContract(t *testing.T) { storetest.Run(t, open) }

func TestSoak(t *testing.T) { storetest.Soak(t, open) }

func BenchmarkStore(b *testing.B) { storetest.Bench(b, open) }
