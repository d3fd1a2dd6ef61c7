package memory_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/store/memory"
)

// clique is a store that knows accounts of one shard.
type clique interface {
	credits.Store
	Neighbours(n int) []string
}

// chronicle writes entries of several accounts of a shard, at random, some at the same
// instant, and returns the first account's.
func chronicle(t *rapid.T, store credits.Store, names []string, n int) (entries []credits.Entry) {
	pauses := rapid.SliceOfN(rapid.IntRange(0, 3), n, n).Draw(t, "pauses")
	others := rapid.SliceOfN(rapid.IntRange(0, 2), n, n).Draw(t, "others")
	now := noon
	for i := range n {
		now = now.Add(time.Duration(pauses[i]) * time.Second)
		entry := credits.Entry{Account: names[0], Seq: int64(i + 1), ID: fmt.Sprint("id-", i), Kind: credits.KindSpend, At: now}
		entries = append(entries, entry)
		update(t, store, names[0], func(credits.State, []credits.Entry) (credits.Change, error) {
			return credits.Change{Entries: []credits.Entry{entry}}, nil
		})
		for _, other := range names[1 : 1+others[i]] {
			update(t, store, other, adding(time.Time{}, fmt.Sprint("id-", i)))
		}
	}
	return entries
}

// Any part of a history is what a walk over all of it finds.
func TestHistoryIsFoundAnywhere(t *testing.T) {
	for _, c := range []struct {
		name   string
		open   func() clique
		length int
	}{
		{"while the account is awake", func() clique { return memory.New() }, 1200},
		{"while it sleeps", func() clique { return memory.NewDrowsy() }, 700},
		{"while it is short", func() clique { return memory.NewDrowsy() }, 20},
	} {
		t.Run(c.name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				n := rapid.IntRange(0, c.length).Draw(t, "entries")
				store := c.open()
				all := chronicle(t, store, store.Neighbours(3), n)
				for range 20 {
					q := drawQuery(t, n)
					want := slices.DeleteFunc(slices.Clone(all), func(e credits.Entry) bool { return !q.Matches(&e) })
					if q.NewestFirst {
						slices.Reverse(want)
					}
					if q.Limit > 0 && q.Limit < len(want) {
						want = want[:q.Limit]
					}
					if diff := cmp.Diff(idsOf(want), idsOf(entriesOf(t, store, q))); diff != "" {
						t.Fatalf("Entries(%+v) of %d (-want +got):\n%s", q, n, diff)
					}
				}
			})
		})
	}
}

func drawQuery(t *rapid.T, n int) credits.Query {
	seq := rapid.OneOf(rapid.Just[int64](0), rapid.Int64Range(0, int64(n)+2))
	at := rapid.OneOf(rapid.Just(time.Time{}), rapid.Map(rapid.IntRange(-1, 2*n+2), func(s int) time.Time {
		return noon.Add(time.Duration(s) * time.Second)
	}))
	return credits.Query{
		Account: "ada", After: seq.Draw(t, "after"), Before: seq.Draw(t, "before"), From: at.Draw(t, "from"), To: at.Draw(t, "to"),
		NewestFirst: rapid.Bool().Draw(t, "newest first"), Limit: rapid.SampledFrom([]int{0, 0, 1, 63, 64, 65, 200}).Draw(t, "limit"),
	}
}

// A reader sees what was there when it began, whatever is written meanwhile.
func TestEntriesWhileOthersAreWritten(t *testing.T) {
	store := written(t, 300)
	var got []string
	for entry, err := range store.Entries(t.Context(), credits.Query{Account: "ada"}) {
		if err != nil {
			t.Fatalf("Entries(ada) = %v, want no error", err)
		}
		got = append(got, entry.ID)
		update(t, store, "ada", adding(time.Time{}, "later-"+entry.ID))
	}
	if len(got) != 300 || got[0] != "id-000" || got[299] != "id-299" {
		t.Errorf("Entries(ada) = %d, from %s to %s, want 300, from id-000 to id-299", len(got), got[0], got[len(got)-1])
	}
}
