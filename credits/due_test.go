package credits_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
	"github.com/scriphq/scrip/store/memory"
)

// What is due next is found without a look at every lot; this looks at every one.
func TestDueIsTheSoonestOfAllThatIsOpen(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		store := memory.New()
		now := start
		ledger := credits.New(store, credits.Options{Now: func() time.Time { return now }})
		var last string
		for n := range rapid.IntRange(1, 40).Draw(t, "commands") {
			state, err := store.State(t.Context(), "ada")
			machineOK(t, "State", err)
			if want := soonest(state); !state.Due.Equal(want) {
				t.Fatalf("after %s: State(ada).Due = %v, want %v", last, state.Due, want)
			}
			now = now.Add(time.Duration(rapid.IntRange(0, 30).Draw(t, "hours passed")) * time.Hour)
			c := anyCommand(t, fmt.Sprintf("id-%d", n), state, now)
			results, err := ledger.Batch(t.Context(), []credits.Command{c})
			machineOK(t, "Batch", err)
			last = fmt.Sprintf("%+v = %v", c, results[0].Err) // a refusal leaves it as it was
		}
	})
}

// anyCommand makes lots that differ in priority and features, and leaves some of them
// whole to holds.
func anyCommand(t *rapid.T, id string, s credits.State, now time.Time) credits.Command {
	amount := credits.Of(rapid.Int64Range(1, 5).Draw(t, "amount"))
	validity := rapid.SampledFrom([]expiry.Policy{
		expiry.Permanent(), expiry.Days(1), expiry.Days(2), expiry.Days(3), expiry.Days(5), expiry.Until(now.Add(time.Hour)),
	}).Draw(t, "validity")
	features := rapid.SampledFrom([][]string{nil, {"a"}, {"a", "b"}, {"b"}}).Draw(t, "features")
	priority := rapid.IntRange(0, 2).Draw(t, "priority")
	switch verb := rapid.IntRange(0, 6).Draw(t, "verb"); {
	case verb == 0:
		return credits.Spend{ID: id, Account: "ada", Amount: amount, Feature: "a", Partial: true}
	case verb == 1:
		return credits.Reserve{ID: id, Account: "ada", Amount: amount, Feature: "a", Deadline: now.Add(36 * time.Hour)}
	case verb == 2 && len(s.Holds) > 0:
		hold := rapid.SampledFrom(s.Holds).Draw(t, "hold").ID
		return credits.Capture{ID: id, Account: "ada", Hold: hold, Amount: amount}
	case verb == 3 && len(s.Lots) > 0:
		lot := rapid.SampledFrom(s.Lots).Draw(t, "lot").ID
		return credits.Amend{ID: id, Account: "ada", Lot: lot, Validity: validity, Priority: &priority}
	}
	return credits.Grant{ID: id, Account: "ada", Amount: amount, Validity: validity, Features: features, Priority: priority}
}

// soonest returns when time first does something to what is open; zero: never.
func soonest(s credits.State) (due time.Time) {
	sooner := func(at time.Time) {
		if !at.IsZero() && (due.IsZero() || at.Before(due)) {
			due = at
		}
	}
	for _, lot := range s.Lots {
		if lot.Available.Sign() > 0 {
			sooner(lot.End)
		}
	}
	for _, hold := range s.Holds {
		sooner(hold.Deadline)
	}
	return due
}
