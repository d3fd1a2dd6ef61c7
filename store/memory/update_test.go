package memory_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
	"github.com/scriphq/scrip/store/memory"
)

var noon = time.Date(2026, time.March, 10, 12, 0, 0, 0, time.UTC)

// compare is the difference of two structures. An empty list and none are the
// same.
func compare(want, got any) string {
	return cmp.Diff(want, got, cmpopts.EquateEmpty(), cmp.Comparer(func(a, b credits.Amount) bool { return a == b }))
}

// adding is a decision that appends entries with those IDs, a second apart, and
// sets what is due.
func adding(due time.Time, ids ...string) credits.Decision {
	return func(s credits.State, _ []credits.Entry) (credits.Change, error) {
		change := credits.Change{Due: due}
		for i, id := range ids {
			seq := s.Seq + int64(i) + 1
			change.Entries = append(change.Entries, credits.Entry{
				Account: s.Account, Seq: seq, ID: id, Kind: credits.KindSpend, At: noon.Add(time.Duration(seq) * time.Second),
			})
		}
		return change, nil
	}
}

func update(t rapid.TB, store *memory.Store, account string, decide credits.Decision) {
	t.Helper()
	if err := store.Update(context.Background(), account, nil, decide); err != nil {
		t.Fatalf("Update(%q) = %v, want no error", account, err)
	}
}

func stateOf(t rapid.TB, store *memory.Store, account string) credits.State {
	t.Helper()
	state, err := store.State(context.Background(), account)
	if err != nil {
		t.Fatalf("State(%q) = %v, want no error", account, err)
	}
	return state
}

func entriesOf(t rapid.TB, store *memory.Store, q credits.Query) []credits.Entry {
	t.Helper()
	var all []credits.Entry
	for entry, err := range store.Entries(context.Background(), q) {
		if err != nil {
			t.Fatalf("Entries(%+v) = %v, want no error", q, err)
		}
		all = append(all, entry)
	}
	return all
}

func idsOf(entries []credits.Entry) []string {
	ids := make([]string, len(entries))
	for i := range entries {
		ids[i] = entries[i].ID
	}
	return ids
}

func TestUpdateShowsAnUnknownAccountWithItsNameOnly(t *testing.T) {
	store := memory.New()
	update(t, store, "ada", func(s credits.State, prior []credits.Entry) (credits.Change, error) {
		if diff := compare(credits.State{Account: "ada"}, s); diff != "" || len(prior) != 0 {
			t.Errorf("Update(unknown) = prior %v, state (-want +got):\n%s", prior, diff)
		}
		return credits.Change{}, nil
	})
}

func TestUpdateWithAZeroChangeMakesNoAccount(t *testing.T) {
	store := memory.New()
	update(t, store, "ada", func(credits.State, []credits.Entry) (credits.Change, error) { return credits.Change{}, nil })
	if diff := compare(credits.State{Account: "ada"}, stateOf(t, store, "ada")); diff != "" {
		t.Errorf("State(ada) (-want +got):\n%s", diff)
	}
	update(t, store, "ada", adding(noon, "a"))
	before := stateOf(t, store, "ada")
	update(t, store, "ada", func(credits.State, []credits.Entry) (credits.Change, error) { return credits.Change{}, nil })
	if diff := compare(before, stateOf(t, store, "ada")); diff != "" {
		t.Errorf("Update(zero change) changed the state, due %v (-before +after):\n%s", before.Due, diff)
	}
}

func TestUpdateReturnsTheErrorOfTheDecisionAndWritesNothing(t *testing.T) {
	store := memory.New()
	refusal := errors.New("refused")
	for _, account := range []string{"known", "unknown"} {
		if account == "known" {
			update(t, store, account, adding(noon, "a"))
		}
		before := stateOf(t, store, account)
		err := store.Update(t.Context(), account, []string{"b"}, func(s credits.State, p []credits.Entry) (credits.Change, error) {
			change, _ := adding(noon.Add(time.Hour), "b")(s, p)
			return change, refusal
		})
		if err != refusal {
			t.Errorf("Update(%s) = %v, want exactly %v", account, err, refusal)
		}
		if diff := compare(before, stateOf(t, store, account)); diff != "" {
			t.Errorf("Update(%s, refused) changed the state (-before +after):\n%s", account, diff)
		}
		if got := entriesOf(t, store, credits.Query{Account: account, After: before.Seq}); len(got) != 0 {
			t.Errorf("Update(%s, refused) = entries %v, want none", account, idsOf(got))
		}
	}
	if due, err := store.Due(t.Context(), noon.AddDate(1, 0, 0), 9); err != nil || !slices.Equal(due, []string{"known"}) {
		t.Errorf("Due() = %v, %v, want [known]", due, err)
	}
}

func TestUpdateAfterADecisionThatPanicked(t *testing.T) {
	store := memory.New()
	func() {
		defer func() {
			if recover() == nil {
				t.Errorf("Update(panicking) = no panic, want the decision's")
			}
		}()
		_ = store.Update(t.Context(), "ada", nil, func(credits.State, []credits.Entry) (credits.Change, error) { panic("broken invariant") })
	}()
	update(t, store, "ada", adding(noon, "a"))
	if got := stateOf(t, store, "ada"); got.Seq != 1 {
		t.Errorf("State(ada).Seq = %d, want 1", got.Seq)
	}
}

func TestUpdateWithADoneContextDecidesNothing(t *testing.T) {
	store := memory.New()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := store.Update(ctx, "ada", nil, func(credits.State, []credits.Entry) (credits.Change, error) {
		t.Error("Update(cancelled) = a decision, want none")
		return credits.Change{}, nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Update(cancelled) = %v, want %v", err, context.Canceled)
	}
	if _, err := store.State(ctx, "ada"); !errors.Is(err, context.Canceled) {
		t.Errorf("State(cancelled) = %v, want %v", err, context.Canceled)
	}
	if _, err := store.Due(ctx, noon, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("Due(cancelled) = %v, want %v", err, context.Canceled)
	}
}

func TestUpdateShowsTheEntriesWhoseIDOrOfIsAskedFor(t *testing.T) {
	store := memory.New()
	// Accounts share shards, and their IDs are the same.
	for n := range 400 {
		account := fmt.Sprintf("account-%03d", n)
		update(t, store, account, func(s credits.State, p []credits.Entry) (credits.Change, error) {
			change, err := adding(time.Time{}, "order", "job", "refund-1", "other", "refund-2", "both", account)(s, p)
			change.Entries[2].Of, change.Entries[4].Of, change.Entries[5].Of = "job", "job", "both"
			return change, err
		})
	}
	cases := []struct {
		name      string
		ids, want []string
	}{
		{"none", nil, nil},
		{"an ID", []string{"order"}, []string{"order"}},
		{"an ID that others name as Of", []string{"job"}, []string{"job", "refund-1", "refund-2"}},
		{"an entry that is found by its ID and its Of", []string{"both"}, []string{"both"}},
		{"several, in order of Seq", []string{"other", "job", "order"}, []string{"order", "job", "refund-1", "other", "refund-2"}},
		{"one and what names it", []string{"refund-1", "job"}, []string{"job", "refund-1", "refund-2"}},
		{"an ID twice", []string{"order", "order"}, []string{"order"}},
		{"an ID that is not there", []string{"ghost"}, nil},
		{"the ID of another account's entry", []string{"account-000"}, nil},
		{"the empty ID, which is no Of", []string{""}, nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			err := store.Update(t.Context(), "account-123", c.ids, func(s credits.State, prior []credits.Entry) (credits.Change, error) {
				if got := idsOf(prior); !slices.Equal(got, c.want) {
					t.Errorf("Update(%v) = prior %v, want %v", c.ids, got, c.want)
				}
				for _, entry := range prior {
					if entry.Account != "account-123" {
						t.Errorf("Update(%v) = an entry of %q, want account-123", c.ids, entry.Account)
					}
				}
				return credits.Change{}, nil
			})
			if err != nil {
				t.Errorf("Update(%v) = %v, want no error", c.ids, err)
			}
		})
	}
}

// An entry comes out as it went in, to the last field, however it is kept.
func TestUpdateKeepsEntriesAsTheyAre(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		store := memory.New()
		var want []credits.Entry
		for n := range int64(rapid.IntRange(1, 4).Draw(t, "entries")) {
			entry := filled[credits.Entry](t)
			entry.Account, entry.Seq, entry.ID = "ada", n+1, fmt.Sprintf("id-%d", n+1)
			want = append(want, entry)
			update(t, store, "ada", func(credits.State, []credits.Entry) (credits.Change, error) {
				return credits.Change{Entries: []credits.Entry{entry}}, nil
			})
		}
		if diff := compare(want, entriesOf(t, store, credits.Query{Account: "ada"})); diff != "" {
			t.Fatalf("Entries(ada) (-want +got):\n%s", diff)
		}
		last := want[len(want)-1]
		_ = store.Update(context.Background(), "ada", []string{last.ID}, func(_ credits.State, prior []credits.Entry) (credits.Change, error) {
			if diff := compare([]credits.Entry{last}, slices.DeleteFunc(prior, func(e credits.Entry) bool { return e.ID != last.ID })); diff != "" {
				t.Fatalf("Update(%q) = prior (-want +got):\n%s", last.ID, diff)
			}
			return credits.Change{}, nil
		})
	})
}

// The state is what credits.State.Apply makes of the changes, to the last field.
func TestUpdateKeepsTheStateAsItIs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		store, want := memory.New(), credits.State{Account: "ada"}
		for n := range rapid.IntRange(1, 3).Draw(t, "changes") {
			change := filled[credits.Change](t)
			change.Entries = []credits.Entry{{Account: "ada", Seq: int64(n + 1), ID: fmt.Sprint(n), At: noon}}
			for i := range change.Lots {
				change.Lots[i].ID = fmt.Sprint(i)
			}
			want.Apply(change)
			update(t, store, "ada", func(credits.State, []credits.Entry) (credits.Change, error) { return change, nil })
		}
		if diff := compare(want, stateOf(t, store, "ada")); diff != "" {
			t.Fatalf("State(ada) (-want +got):\n%s", diff)
		}
	})
}

func TestUpdateKeepsAnEntryLargerThanAnyBlock(t *testing.T) {
	store := memory.New()
	update(t, store, "ada", adding(time.Time{}, "before"))
	postings := make([]credits.Posting, 10_000)
	for i := range postings {
		postings[i] = credits.Posting{Lot: fmt.Sprintf("%0128d", i), Available: credits.Micros(int64(-i))}
	}
	update(t, store, "ada", func(s credits.State, p []credits.Entry) (credits.Change, error) {
		change, err := adding(time.Time{}, "large", "after")(s, p)
		change.Entries[0].Postings = postings
		return change, err
	})
	got := entriesOf(t, store, credits.Query{Account: "ada"})
	if !slices.Equal(idsOf(got), []string{"before", "large", "after"}) || compare(postings, got[1].Postings) != "" {
		t.Errorf("Entries(ada) = %v, %d postings, want before, large with %d, after", idsOf(got), len(got[1].Postings), len(postings))
	}
}

func TestUpdateAppliesTheChangeToTheState(t *testing.T) {
	store := memory.New()
	lot := func(id string, end int, available int64) credits.Lot {
		return credits.Lot{ID: id, Granted: credits.Of(9), Available: credits.Of(available), Start: noon, End: noon.AddDate(0, 0, end), Validity: expiry.Days(end)}
	}
	change := func(lots []credits.Lot, terms ...credits.Term) {
		update(t, store, "ada", func(s credits.State, p []credits.Entry) (credits.Change, error) {
			c, err := adding(noon.AddDate(0, 0, 1), fmt.Sprintf("id-%d", s.Seq))(s, p)
			c.Entries[0].Balance = credits.Of(s.Seq + 1)
			c.Lots, c.Terms = lots, terms
			return c, err
		})
	}
	change([]credits.Lot{lot("b", 2, 9), lot("a", 1, 9), lot("c", 3, 9)}, credits.Term{ID: "y"}, credits.Term{ID: "x"})
	change([]credits.Lot{lot("a", 4, 5), lot("c", 3, 0), lot("d", 5, 0)}, credits.Term{ID: "y", Lapsed: true}, credits.Term{ID: "x", Until: noon}, credits.Term{ID: "z", Lapsed: true})
	want := credits.State{
		Account: "ada", Seq: 2, At: noon.Add(2 * time.Second), Balance: credits.Of(2), Due: noon.AddDate(0, 0, 1),
		Lots: []credits.Lot{lot("b", 2, 9), lot("a", 4, 5)}, Terms: []credits.Term{{ID: "x", Until: noon}},
	}
	if diff := compare(want, stateOf(t, store, "ada")); diff != "" {
		t.Errorf("State(ada) (-want +got):\n%s", diff)
	}
}

// Nothing that goes in or comes out is shared, in either direction.
func TestUpdateSharesNoMemory(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		store, change := memory.New(), filled[credits.Change](t)
		change.Entries = []credits.Entry{filled[credits.Entry](t)}
		change.Entries[0].Account, change.Entries[0].Seq = "ada", 1
		update(t, store, "ada", func(credits.State, []credits.Entry) (credits.Change, error) { return change, nil })
		state, entries := stateOf(t, store, "ada"), entriesOf(t, store, credits.Query{Account: "ada"})
		again, more := stateOf(t, store, "ada"), entriesOf(t, store, credits.Query{Account: "ada"})
		for _, scribbled := range []any{&change, &again, &more} {
			scribble(reflect.ValueOf(scribbled))
		}
		if diff := compare(state, stateOf(t, store, "ada")); diff != "" {
			t.Fatalf("State(ada) after scribbling (-before +after):\n%s", diff)
		}
		if diff := compare(entries, entriesOf(t, store, credits.Query{Account: "ada"})); diff != "" {
			t.Fatalf("Entries(ada) after scribbling (-before +after):\n%s", diff)
		}
	})
}

// No other Update of an account comes in between, and no reader sees half of one.
func TestUpdateIsAtomicAmongManyGoroutines(t *testing.T) {
	store := memory.New()
	accounts := []string{"ada", "bob", "eve"}
	var writers, readers sync.WaitGroup
	done := make(chan struct{})
	for w := range 6 {
		writers.Go(func() {
			for n := range 100 {
				account := accounts[(w+n)%len(accounts)]
				err := store.Update(t.Context(), account, nil, func(s credits.State, p []credits.Entry) (credits.Change, error) {
					c, err := adding(noon.Add(time.Duration(n)), fmt.Sprintf("%d-%d-a", w, n), fmt.Sprintf("%d-%d-b", w, n))(s, p)
					c.Entries[1].Balance = credits.Of(s.Balance.Micros()/1_000_000 + 2)
					return c, err
				})
				if err != nil {
					t.Errorf("Update(%q) = %v, want no error", account, err)
				}
			}
		})
	}
	for _, account := range accounts {
		readers.Go(func() {
			for {
				if s, err := store.State(t.Context(), account); err != nil || s.Seq%2 != 0 || s.Balance != credits.Of(s.Seq) {
					t.Errorf("State(%q) = Seq %d, balance %v, %v, want whole updates", account, s.Seq, s.Balance, err)
				}
				last := int64(0)
				for entry, err := range store.Entries(t.Context(), credits.Query{Account: account}) {
					if last++; err != nil || entry.Seq != last {
						t.Errorf("Entries(%q) = Seq %d, %v, want %d", account, entry.Seq, err, last)
					}
				}
				if last%2 != 0 {
					t.Errorf("Entries(%q) = %d entries, want whole updates", account, last)
				}
				if _, err := store.Due(t.Context(), noon.Add(50), 2); err != nil {
					t.Errorf("Due() = %v, want no error", err)
				}
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	writers.Wait()
	close(done)
	readers.Wait()
	for _, account := range accounts {
		if s := stateOf(t, store, account); s.Seq != 400 {
			t.Errorf("State(%q).Seq = %d, want 400", account, s.Seq)
		}
	}
}
