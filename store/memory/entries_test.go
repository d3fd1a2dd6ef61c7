package memory_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/store/memory"
)

// written is a store in which ada has that many entries, of three kinds.
func written(t rapid.TB, n int) *memory.Store {
	t.Helper()
	store := memory.New()
	for i := range n {
		update(t, store, "ada", func(s credits.State, p []credits.Entry) (credits.Change, error) {
			c, err := adding(time.Time{}, fmt.Sprintf("id-%03d", i))(s, p)
			c.Entries[0].Kind = []credits.Kind{credits.KindSpend, credits.KindGrant, credits.KindEnd}[i%3]
			return c, err
		})
	}
	return store
}

func TestEntriesCanBeReadAgain(t *testing.T) {
	store := written(t, 2)
	entries := store.Entries(t.Context(), credits.Query{Account: "ada"})
	for range 2 {
		var got []string
		for entry := range entries {
			got = append(got, entry.ID)
		}
		if !slices.Equal(got, []string{"id-000", "id-001"}) {
			t.Errorf("Entries(ada) = %v, want [id-000 id-001]", got)
		}
	}
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
