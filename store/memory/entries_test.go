package memory_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/store/memory"
)

// written is a store in which ada has that many entries, three at each instant,
// and bob has one.
func written(t rapid.TB, n int) *memory.Store {
	store := memory.New()
	update(t, store, "bob", adding(time.Time{}, "of-bob"))
	for i := range n {
		update(t, store, "ada", func(s credits.State, p []credits.Entry) (credits.Change, error) {
			c, err := adding(time.Time{}, fmt.Sprintf("id-%03d", i))(s, p)
			e := &c.Entries[0]
			e.At = noon.Add(time.Duration(i/3) * time.Second)
			e.Kind = []credits.Kind{credits.KindSpend, credits.KindGrant, credits.KindEnd}[i%3]
			e.Feature = []string{"", "image", "music", "image"}[i%4]
			return c, err
		})
	}
	return store
}

// TestEntriesAreThoseThatMatch compares every query with the plain filter that
// credits.Query.Matches is.
func TestEntriesAreThoseThatMatch(t *testing.T) {
	const n = 150
	store := written(t, n)
	all := entriesOf(t, store, credits.Query{Account: "ada"})
	instant := rapid.Map(rapid.IntRange(-1, 2*n/3+2), func(half int) time.Time { return noon.Add(time.Duration(half) * 500 * time.Millisecond) })
	maybe := rapid.OneOf(rapid.Just(time.Time{}), instant)
	rapid.Check(t, func(t *rapid.T) {
		q := credits.Query{
			Account: "ada", Feature: rapid.SampledFrom([]string{"", "image", "none"}).Draw(t, "feature"),
			Kinds: rapid.SliceOfN(rapid.SampledFrom([]credits.Kind{credits.KindSpend, credits.KindGrant, credits.KindLapse}), 0, 2).Draw(t, "kinds"),
			From:  maybe.Draw(t, "from"), To: maybe.Draw(t, "to"),
			After: rapid.Int64Range(0, n+2).Draw(t, "after"), Before: rapid.Int64Range(0, n+2).Draw(t, "before"),
			NewestFirst: rapid.Bool().Draw(t, "newest"), Limit: rapid.IntRange(0, 5).Draw(t, "limit"),
		}
		var want []credits.Entry
		for _, e := range all {
			if q.Matches(&e) {
				want = append(want, e)
			}
		}
		if q.NewestFirst {
			slices.Reverse(want)
		}
		if q.Limit > 0 {
			want = want[:min(q.Limit, len(want))]
		}
		if got := entriesOf(t, store, q); !slices.Equal(idsOf(got), idsOf(want)) {
			t.Fatalf("Entries(%+v) = %v, want %v", q, idsOf(got), idsOf(want))
		}
	})
}

func TestEntriesOfAnUnknownAccount(t *testing.T) {
	store := written(t, 1)
	if got := entriesOf(t, store, credits.Query{Account: "eve"}); len(got) != 0 {
		t.Errorf("Entries(eve) = %v, want none", idsOf(got))
	}
	if got := stateOf(t, store, "eve"); got.Seq != 0 {
		t.Errorf("State(eve) = %v, want none", got)
	}
}

func TestEntriesAfterTheGreatestSeq(t *testing.T) {
	store := written(t, 3)
	for _, q := range []credits.Query{{After: math.MaxInt64}, {After: math.MaxInt64 - 1}, {After: math.MaxInt64, NewestFirst: true}, {After: math.MaxInt64, Before: 1}} {
		t.Run(fmt.Sprintf("after %d before %d", q.After, q.Before), func(t *testing.T) {
			defer func() {
				if p := recover(); p != nil {
					t.Errorf("Entries(%+v) = panic: %v, want nothing", q, p)
				}
			}()
			q.Account = "ada"
			if got := entriesOf(t, store, q); len(got) != 0 {
				t.Errorf("Entries(%+v) = %v, want none", q, idsOf(got))
			}
		})
	}
}

// No lock is held while a caller's code runs, and a page that was read stays as
// it was while others write.
func TestEntriesWhileOthersWrite(t *testing.T) {
	for _, newest := range []bool{false, true} {
		store := written(t, 200)
		var got []string
		for entry, err := range store.Entries(t.Context(), credits.Query{Account: "ada", NewestFirst: newest}) {
			if err != nil {
				t.Fatalf("Entries(ada) = %v, want no error", err)
			}
			got = append(got, entry.ID)
			update(t, store, "ada", adding(noon, fmt.Sprintf("new-%d", len(got))))
			if s := stateOf(t, store, "ada"); s.Seq != 200+int64(len(got)) {
				t.Fatalf("State(ada).Seq inside the loop = %d, want %d", s.Seq, 200+len(got))
			}
		}
		if newest {
			slices.Reverse(got)
		}
		if len(got) < 200 || got[0] != "id-000" || got[199] != "id-199" || !slices.IsSorted(got[:200]) {
			t.Errorf("Entries(newest first %v) = %d entries, want every one that was written before", newest, len(got))
		}
	}
}

func TestEntriesSeeWhatWasWrittenBeforeTheCall(t *testing.T) {
	store := written(t, 2)
	entries := store.Entries(t.Context(), credits.Query{Account: "ada"})
	for range 2 { // the sequence can be run again
		var got []string
		for entry := range entries {
			got = append(got, entry.ID)
		}
		if !slices.Equal(got, []string{"id-000", "id-001"}) {
			t.Errorf("Entries(ada) = %v, want [id-000 id-001]", got)
		}
	}
}

func TestEntriesCanBeBrokenOff(t *testing.T) {
	store := written(t, 200)
	for _, stop := range []int{1, 63, 64, 65, 199} {
		seen := 0
		for range store.Entries(t.Context(), credits.Query{Account: "ada"}) {
			if seen++; seen == stop {
				break
			}
		}
		if seen != stop {
			t.Errorf("Entries(broken off) = %d entries, want %d", seen, stop)
		}
	}
	update(t, store, "ada", adding(noon, "more"))
}

func TestEntriesWithAContextThatIsDone(t *testing.T) {
	store := written(t, 200)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var seen int
	var last error
	for _, err := range store.Entries(ctx, credits.Query{Account: "ada"}) {
		if last = err; err == nil {
			seen++
		}
		cancel()
	}
	if seen == 0 || seen == 200 || !errors.Is(last, context.Canceled) {
		t.Errorf("Entries(cancelled on the way) = %d entries, then %v, want some, then %v", seen, last, context.Canceled)
	}
	yields := 0
	for _, err := range store.Entries(ctx, credits.Query{Account: "ada"}) {
		if yields++; !errors.Is(err, context.Canceled) {
			t.Errorf("Entries(cancelled) = %v, want %v", err, context.Canceled)
		}
	}
	if yields != 1 {
		t.Errorf("Entries(cancelled) = %d yields, want one", yields)
	}
}

// TestR46_ covers a caller's slice that was aliased: the query is what it was
// when it was passed.
func TestR46_EntriesKeepNoPartOfTheQuery(t *testing.T) {
	store := written(t, 9)
	kinds := []credits.Kind{credits.KindGrant}
	entries := store.Entries(t.Context(), credits.Query{Account: "ada", Kinds: kinds})
	kinds[0] = credits.KindEnd
	for entry := range entries {
		if entry.Kind != credits.KindGrant {
			t.Errorf("Entries(grants) = a %s, want grants only", entry.Kind)
		}
	}
}
