package memory_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
	"github.com/scriphq/scrip/store/memory"
)

// exactly compares everything that can be told apart, as none and nil.
var exactly = cmp.Options{
	cmp.Comparer(func(a, b credits.Amount) bool { return a == b }),
	cmp.Comparer(func(a, b time.Time) bool { return a == b }),
}

// Whatever was in its place before: more lots or fewer, whose memory is used again.
func TestAnAccountWakesAsItFellAsleep(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		state, other := filled[credits.State](t), filled[credits.State](t)
		if diff := cmp.Diff(state, memory.Dream(state, other), exactly); diff != "" {
			t.Fatalf("an account that slept (-before +after):\n%s", diff)
		}
	})
}

func TestAnAccountWakesWhereOneWithMoreInItsLotsWas(t *testing.T) {
	plain := credits.State{Account: "ada", Lots: []credits.Lot{{ID: "lot", Available: credits.Of(1)}}}
	other := credits.State{Account: "ben", Lots: []credits.Lot{{ID: "pack", Term: "pro", Features: []string{"x"}, Priority: 5}, {ID: "more"}}}
	if diff := cmp.Diff(plain, memory.Dream(plain, other), exactly); diff != "" {
		t.Errorf("an account that slept (-before +after):\n%s", diff)
	}
}

// A store in which accounts sleep gives the same answers as one in which none does.
func TestSleepChangesNoState(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		awake, asleep := memory.New(), memory.NewDrowsy()
		for seq := range int64(rapid.IntRange(1, 12).Draw(t, "changes")) {
			change, entry := filled[credits.Change](t), filled[credits.Entry](t)
			entry.Account, entry.Seq, entry.ID = "ada", seq+1, fmt.Sprint("id-", seq)
			for _, store := range []credits.Store{awake, asleep} {
				update(t, store, "ada", func(credits.State, []credits.Entry) (credits.Change, error) {
					change.Entries = []credits.Entry{entry}
					return change, nil
				})
			}
			if got := asleep.Awake([]string{"ada"}); len(got) > 0 {
				t.Fatalf("Awake(ada) = %v, want ada asleep", got)
			}
			if diff := cmp.Diff(stateOf(t, awake, "ada"), stateOf(t, asleep, "ada"), exactly); diff != "" {
				t.Fatalf("State(ada) of an account that sleeps (-awake +asleep):\n%s", diff)
			}
		}
	})
}

// Of the accounts of a shard, those stay awake that are used again and again.
func TestTheUnusedFallAsleep(t *testing.T) {
	store := memory.New()
	names := store.Neighbours(10 * memory.MostAwake)
	few, many := names[:memory.MostAwake/2], names[memory.MostAwake/2:]
	for n, name := range many {
		for _, name := range few {
			update(t, store, name, adding(time.Time{}, fmt.Sprint(n)))
		}
		update(t, store, name, adding(time.Time{}, "once"))
		if got := store.Awake(few); n > 0 && !slices.Equal(got, few) {
			t.Fatalf("Awake(%d that are used again and again) = %d, want all", len(few), len(got))
		}
	}
	if got := store.Awake(names); len(got) != memory.MostAwake {
		t.Errorf("Awake(%d accounts of a shard) = %d, want %d", len(names), len(got), memory.MostAwake)
	}
	if got, want := stateOf(t, store, few[0]).Seq, int64(len(many)); got != want {
		t.Errorf("State(%s).Seq = %d, want %d", few[0], got, want)
	}
	if got := stateOf(t, store, many[0]).Seq; got != 1 {
		t.Errorf("State(%s).Seq = %d, want 1", many[0], got)
	}
}

// What a reader gets of a state is the reader's own, whether its account sleeps or not,
// and however much there is of it.
func TestR46_StatesShareNoMemoryWithTheStore(t *testing.T) {
	for name, store := range map[string]credits.Store{"awake": memory.New(), "asleep": memory.NewDrowsy()} {
		for _, lots := range []int{1, 300} {
			t.Run(fmt.Sprintf("%d lots of an account that is %s", lots, name), func(t *testing.T) {
				account := fmt.Sprint("account-", lots)
				update(t, store, account, rich(lots))
				want, spoilt := stateOf(t, store, account), stateOf(t, store, account)
				if len(want.Lots) != lots || len(want.Holds) != 1 || len(want.Terms) != 1 || len(want.Allowances) != 1 {
					t.Fatalf("State(%s) = %+v, want %d lots and one of each other", account, want, lots)
				}
				for i := range spoilt.Lots {
					lot := &spoilt.Lots[i]
					lot.Features[0], lot.Meta["k"], lot.ID = "", "", ""
				}
				spoilt.Holds[0].Parts[0].Lot, spoilt.Holds[0].ID, spoilt.Terms[0].ID = "", "", ""
				daily := &spoilt.Allowances[0]
				daily.Features[0], daily.Meta["k"], daily.ID = "", "", ""
				if diff := cmp.Diff(want, stateOf(t, store, account), exactly); diff != "" {
					t.Errorf("State(%s) after a caller wrote to an earlier one (-want +got):\n%s", account, diff)
				}
			})
		}
	}
}

// rich is a decision that opens some of everything, each lot with a validity of its own.
func rich(lots int) credits.Decision {
	return func(s credits.State, p []credits.Entry) (credits.Change, error) {
		change, err := adding(noon, "a")(s, p)
		for i := range lots {
			change.Lots = append(change.Lots, credits.Lot{
				ID: fmt.Sprintf("lot-%03d", i), Available: credits.Of(1), Validity: expiry.Days(i + 1),
				Features: []string{"x"}, Meta: map[string]string{"k": "v"},
			})
		}
		change.Holds = []credits.Hold{{ID: "hold", Parts: []credits.Part{{Lot: "lot"}}}}
		change.Terms = []credits.Term{{ID: "term"}}
		change.Allowances = []credits.Allowance{{ID: "daily", Features: []string{"x"}, Meta: map[string]string{"k": "v"}}}
		return change, err
	}
}

// More texts of policies than a store remembers the meanings of.
func TestManyValidities(t *testing.T) {
	const accounts, lots = 100, 6
	store := memory.NewDrowsy()
	for n := range accounts {
		update(t, store, fmt.Sprint("account-", n), func(s credits.State, p []credits.Entry) (credits.Change, error) {
			change, err := adding(noon, "a")(s, p)
			for i := range lots {
				change.Lots = append(change.Lots, credits.Lot{ID: fmt.Sprint(i), Available: credits.Of(1), Validity: expiry.Days(lots*n + i + 1)})
			}
			return change, err
		})
	}
	for range 2 {
		for n := range accounts {
			name := fmt.Sprint("account-", n)
			if got := store.Awake([]string{name}); len(got) > 0 {
				t.Fatalf("Awake(%s) = %q, want none", name, got)
			}
			got := stateOf(t, store, name).Lots
			for i, lot := range got {
				if want := expiry.Days(lots*n + i + 1); !lot.Validity.Equal(want) {
					t.Errorf("State(%s).Lots[%d].Validity = %v, want %v", name, i, lot.Validity, want)
				}
			}
			if len(got) != lots {
				t.Errorf("State(%s) = %d lots, want %d", name, len(got), lots)
			}
		}
	}
}

// Accounts that would take long to wake stay awake, beside those that may.
func TestLargeAccountsStayAwake(t *testing.T) {
	store := memory.New()
	names := store.Neighbours(4 * memory.MostAwake)
	large, small := names[:2*memory.MostAwake], names[2*memory.MostAwake:]
	for _, name := range large {
		update(t, store, name, rich(30))
	}
	for range 2 {
		for _, name := range small {
			update(t, store, name, adding(time.Time{}, fmt.Sprint("next", stateOf(t, store, name).Seq)))
		}
	}
	if got := store.Awake(large); !slices.Equal(got, large) {
		t.Errorf("Awake(%d large accounts) = %d, want all", len(large), len(got))
	}
	if got := store.Awake(small); len(got) != memory.MostAwake {
		t.Errorf("Awake(%d small accounts) = %d, want %d", len(small), len(got), memory.MostAwake)
	}
	for _, name := range large {
		update(t, store, name, adding(time.Time{}, "again"))
		if s := stateOf(t, store, name); s.Account != name || s.Seq != 2 || len(s.Lots) != 30 {
			t.Errorf("State(%s) = %q, Seq %d, %d lots, want its own, 2 and 30", name, s.Account, s.Seq, len(s.Lots))
		}
	}
	for _, name := range small {
		if s := stateOf(t, store, name); s.Account != name || s.Seq != 2 {
			t.Errorf("State(%s) = %q, Seq %d, want its own, 2", name, s.Account, s.Seq)
		}
	}
}

// An account that can't be woken, since somebody wrote what can't be read, takes no
// other with it.
func TestAnAccountThatCannotWakeHarmsNoOther(t *testing.T) {
	store := memory.NewAwake(1)
	names := store.Neighbours(3)
	broken, other, third := names[0], names[1], names[2]
	update(t, store, broken, func(s credits.State, p []credits.Entry) (credits.Change, error) {
		change, err := adding(noon, "a")(s, p)
		change.Lots = []credits.Lot{{ID: "lot", Available: credits.Of(1), Validity: expiry.EndOfDay().In(time.FixedZone("nowhere", 3600))}}
		return change, err
	})
	update(t, store, other, rich(1))
	want := stateOf(t, store, other)
	func() {
		defer func() {
			if recover() == nil {
				t.Error("Update of an account that can't be read did not panic")
			}
		}()
		update(t, store, broken, adding(noon, "b"))
	}()
	update(t, store, third, rich(1))
	if diff := cmp.Diff(want, stateOf(t, store, other), exactly); diff != "" {
		t.Errorf("State(%s) after another could not wake (-want +got):\n%s", other, diff)
	}
}
