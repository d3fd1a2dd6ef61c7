package memory_test

import (
	"testing"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/store/memory"
	"github.com/scriphq/scrip/store/storetest"
)

func open(testing.TB) credits.Store { return memory.New() }

// openDrowsy opens a store in which every update finds its account asleep.
func openDrowsy(testing.TB) credits.Store { return memory.NewDrowsy() }

func TestStoreKeepsTheContract(t *testing.T) { storetest.Run(t, open) }

func TestDrowsyStoreKeepsTheContract(t *testing.T) { storetest.Run(t, openDrowsy) }

func TestStoreIsLinearizable(t *testing.T) { storetest.RunConcurrent(t, open) }

func TestDrowsyStoreIsLinearizable(t *testing.T) { storetest.RunConcurrent(t, openDrowsy) }

func TestSoak(t *testing.T) { storetest.Soak(t, open) }

func TestDrowsySoak(t *testing.T) { storetest.Soak(t, openDrowsy) }

func BenchmarkStore(b *testing.B) { storetest.Bench(b, open) }
