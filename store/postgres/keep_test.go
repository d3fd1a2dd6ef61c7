package postgres

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/scriphq/scrip/credits"
)

// accountWith returns an account as it was read, with some lots, each with texts of
// about so many bytes.
func accountWith(name string, lots, texts int) *account {
	a := newAccount(name)
	a.read.Seq = 1
	for i := range lots {
		l := credits.Lot{ID: fmt.Sprint("lot", i), Granted: credits.Of(1), Available: credits.Of(1)}
		if texts > 0 {
			l.Meta = map[string]string{"key": strings.Repeat("x", texts/2)}
			l.Features = []string{strings.Repeat("y", texts/2)}
		}
		a.read.Lots = append(a.read.Lots, l)
	}
	return a
}

// What is kept takes about as much memory as it may, whatever is in it.
func TestKeeperIsBounded(t *testing.T) {
	for _, texts := range []int{0, 100, 4000} {
		k := &keeper{most: maxKept}
		before := memory()
		for i := range 30_000 {
			k.keep(accountWith(fmt.Sprint("account", i), 1+i%3, texts))
		}
		if got := memory() - before; got > 3*maxKept || got < maxKept/2 {
			t.Errorf("30000 accounts with texts of %d bytes keep %d bytes, want about %d", texts, got, 2*maxKept)
		}
		runtime.KeepAlive(k)
	}
}

func memory() int64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

// An account that is too large to keep pushes out no other.
func TestKeeperOfLargeAccounts(t *testing.T) {
	k := &keeper{most: maxKept}
	for range 3 {
		for i := range 20 {
			k.keep(accountWith(fmt.Sprint("small", i), 1, 0))
			k.keep(accountWith("large", 17_000, 0))
		}
	}
	for i := range 20 {
		if name := fmt.Sprint("small", i); k.get(name) == nil {
			t.Errorf("get(%s) = nil, want it kept beside large accounts", name)
		}
	}
	if k.get("large") != nil {
		t.Error("get(large) != nil, want it not kept")
	}
}

// An account that others write is not relied on until they left it alone.
func TestKeeperOfSharedAccounts(t *testing.T) {
	k := &keeper{most: maxKept}
	a := func(version, next int64) *account {
		a := accountWith("ada", 1, 0)
		a.version, a.next, a.done = version, next, true
		return a
	}
	steps := []struct {
		version, next int64 // as it was read, and written
		alone         bool
	}{
		{1, 2, true},
		{2, 3, true},
		{9, 10, false}, // others wrote it
		{11, 12, false},
		{12, 13, true},
	}
	for _, step := range steps {
		k.keep(a(step.version, step.next))
		if of := k.get("ada"); of == nil || of.alone != step.alone || of.version != step.next {
			t.Errorf("after version %d: get(ada) = %+v, want version %d, alone: %v", step.version, of, step.next, step.alone)
		}
	}
}
