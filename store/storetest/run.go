package storetest

import (
	"slices"
	"testing"

	"github.com/scriphq/scrip/credits"
)

// Run checks that a store keeps the contract of [credits.Store]. Each promise is a
// subtest of its own, on a store of its own: open returns one that is empty, and
// gets the subtest to register what is to be closed. The subtests run one after
// the other.
func Run(t *testing.T, open func(t testing.TB) credits.Store) {
	t.Helper()
	for _, promise := range promises() {
		t.Run(promise.rule, func(t *testing.T) { promise.check(t, open(t)) })
	}
}

// promise is one thing that a store promises.
type promise struct {
	rule string // what holds, as a sentence
	says string // the words of the contract that promise it
	kept func(p *probe)
}

// promises are all that a store promises.
func promises() []promise {
	return slices.Concat(atomicity, records, identity, concurrency, instants, paging, isolation, due)
}

// check finds out whether a store keeps the promise.
func (pr promise) check(t testing.TB, store credits.Store) {
	defer func() {
		if t.Failed() {
			t.Logf("a promise is broken: credits.Store says %q", pr.says)
		}
	}()
	pr.kept(&probe{TB: t, store: store})
}
