package memory_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/scriphq/scrip/credits"
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

func update(t rapid.TB, store credits.Store, account string, decide credits.Decision) {
	t.Helper()
	if err := store.Update(context.Background(), account, nil, decide); err != nil {
		t.Fatalf("Update(%q) = %v, want no error", account, err)
	}
}

func stateOf(t rapid.TB, store credits.Store, account string) credits.State {
	t.Helper()
	state, err := store.State(context.Background(), account)
	if err != nil {
		t.Fatalf("State(%q) = %v, want no error", account, err)
	}
	return state
}

func entriesOf(t rapid.TB, store credits.Store, q credits.Query) []credits.Entry {
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

// Accounts share shards, and an index; the empty ID is no entry's Of.
func TestUpdateTellsAccountsOfOneShardApart(t *testing.T) {
	store := memory.New()
	for n := range 400 {
		account := fmt.Sprintf("account-%03d", n)
		update(t, store, account, func(s credits.State, p []credits.Entry) (credits.Change, error) {
			change, err := adding(time.Time{}, "job", "refund-1", account, "refund-2")(s, p)
			change.Entries[1].Of, change.Entries[3].Of = "job", "job"
			return change, err
		})
	}
	for n := range 400 {
		account := fmt.Sprintf("account-%03d", n)
		ids := []string{"job", "", "account-000", account}
		err := store.Update(t.Context(), account, ids, func(s credits.State, prior []credits.Entry) (credits.Change, error) {
			if got, want := idsOf(prior), []string{"job", "refund-1", account, "refund-2"}; !slices.Equal(got, want) {
				t.Errorf("Update(%s, %q) = prior %v, want %v", account, ids, got, want)
			}
			for _, entry := range prior {
				if entry.Account != account {
					t.Errorf("Update(%s) = an entry of %q, want its own", account, entry.Account)
				}
			}
			return credits.Change{}, nil
		})
		if err != nil {
			t.Errorf("Update(%s) = %v, want no error", account, err)
		}
	}
}

// priorOf returns the IDs of the entries that an Update with that ID sees.
func priorOf(t *testing.T, store credits.Store, account, id string) (got []string) {
	t.Helper()
	err := store.Update(t.Context(), account, []string{id}, func(_ credits.State, prior []credits.Entry) (credits.Change, error) {
		got = idsOf(prior)
		return credits.Change{}, nil
	})
	if err != nil {
		t.Errorf("Update(%s, %s) = %v, want no error", account, id, err)
	}
	return got
}

// IDs that look alike to the index are told apart, as entries' IDs and as their Of.
func TestUpdateTellsLookalikesApart(t *testing.T) {
	store := memory.New()
	a, b := store.Lookalikes("ada")
	update(t, store, "ada", adding(time.Time{}, a))
	if got := priorOf(t, store, "ada", b); len(got) > 0 {
		t.Errorf("Update(%s) = prior %v, want none: there is only %s", b, got, a)
	}
	update(t, store, "ada", func(s credits.State, p []credits.Entry) (credits.Change, error) {
		change, err := adding(time.Time{}, b, "of-a", "of-b", "of-a-again")(s, p)
		change.Entries[0].Of, change.Entries[1].Of, change.Entries[2].Of, change.Entries[3].Of = a, a, b, a
		return change, err
	})
	for id, want := range map[string][]string{a: {a, b, "of-a", "of-a-again"}, b: {b, "of-b"}} {
		if got := priorOf(t, store, "ada", id); !slices.Equal(got, want) {
			t.Errorf("Update(%s) = prior %v, want %v", id, got, want)
		}
	}
}

// Accounts that look alike to their shard are told apart, by name and in the index.
func TestUpdateTellsAlikeAccountsApart(t *testing.T) {
	for name, alike := range map[string]func(*memory.Store) (a, b string){
		"names":   (*memory.Store).Namesakes,
		"entries": (*memory.Store).Twins,
	} {
		store := memory.New()
		a, b := alike(store)
		update(t, store, a, adding(noon, "id"))
		if got := stateOf(t, store, b); got.Seq != 0 || got.Account != b {
			t.Errorf("State(%s, whose %s are as %s's) = %+v, want an account that nothing happened to", b, name, a, got)
		}
		update(t, store, b, adding(noon, "other"))
		if got := priorOf(t, store, b, "id"); len(got) > 0 {
			t.Errorf("Update(%s, whose %s are as %s's, id) = prior %v, want none", b, name, a, got)
		}
		if got := priorOf(t, store, a, "id"); !slices.Equal(got, []string{"id"}) {
			t.Errorf("Update(%s, whose %s are as %s's, id) = prior %v, want it", a, name, b, got)
		}
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

// More entries than fit in many blocks.
func TestUpdateKeepsManyEntries(t *testing.T) {
	store := memory.New()
	want := make([]string, 5000)
	for i := range want {
		want[i] = fmt.Sprintf("%0128d", i)
		update(t, store, "ada", adding(time.Time{}, want[i]))
	}
	if got := idsOf(entriesOf(t, store, credits.Query{Account: "ada"})); !slices.Equal(got, want) {
		t.Errorf("Entries(ada) = %d entries, want the %d that were written", len(got), len(want))
	}
	for _, id := range want {
		if got := priorOf(t, store, "ada", id); !slices.Equal(got, []string{id}) {
			t.Fatalf("Update(%s) = prior %v, want it", id, got)
		}
	}
}
