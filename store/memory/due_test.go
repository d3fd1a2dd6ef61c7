package memory_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/store/memory"
)

func due(t rapid.TB, store credits.Store, at time.Time, limit int) []string {
	t.Helper()
	names, err := store.Due(context.Background(), at, limit)
	if err != nil {
		t.Fatalf("Due(%v, %d) = %v, want no error", at, limit, err)
	}
	slices.Sort(names)
	return names
}

// More accounts than there are shards.
func TestDueLimit(t *testing.T) {
	store := memory.New()
	for i := range 600 { // more than there are shards
		update(t, store, fmt.Sprintf("account-%03d", i), adding(noon.Add(time.Duration(i)*time.Second), "a"))
	}
	for _, c := range []struct{ limit, seconds, want int }{
		{1, 600, 1}, {100, 600, 100}, {599, 600, 599}, {600, 600, 600}, {601, 600, 600}, {600, 299, 300}, {0, 600, 0}, {-1, 600, 0},
	} {
		got := due(t, store, noon.Add(time.Duration(c.seconds)*time.Second), c.limit)
		if len(got) != c.want || len(slices.Compact(got)) != c.want {
			t.Errorf("Due(%d s, limit %d) = %d accounts, want %d", c.seconds, c.limit, len(got), c.want)
		}
	}
}

// Whatever became due, later, sooner or never, Due knows exactly those accounts.
func TestDueIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		store, want := memory.New(), make(map[string]int)
		accounts := rapid.SampledFrom(store.Neighbours(30)) // all in one heap
		for step := range rapid.IntRange(1, 120).Draw(t, "steps") {
			account := accounts.Draw(t, "account")
			hours := rapid.IntRange(0, 19).Draw(t, "hours") // 0: nothing is due any more
			want[account] = hours
			instant := time.Time{}
			if hours > 0 {
				instant = noon.Add(time.Duration(hours) * time.Hour)
			}
			update(t, store, account, adding(instant, fmt.Sprint(step)))
		}
		for now := range 21 {
			var expected []string
			for account, hours := range want {
				if hours > 0 && hours <= now {
					expected = append(expected, account)
				}
			}
			slices.Sort(expected)
			if got := due(t, store, noon.Add(time.Duration(now)*time.Hour), 100); !slices.Equal(got, expected) {
				t.Fatalf("Due(hour %d) = %v, want %v", now, got, expected)
			}
		}
	})
}

// Due to the microsecond, on both sides of 1970.
func TestDueAtAnInstant(t *testing.T) {
	for _, at := range []time.Time{noon, time.Date(1, 1, 1, 0, 0, 1, 0, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 999_999_000, time.UTC)} {
		for name, store := range map[string]credits.Store{"awake": memory.New(), "asleep": memory.NewDrowsy()} {
			update(t, store, "ada", adding(at, "a"))
			if got := due(t, store, at.Add(-time.Nanosecond), 1); len(got) > 0 {
				t.Errorf("Due(just before %v) of an account that is %s = %v, want none", at, name, got)
			}
			if got := due(t, store, at, 1); !slices.Equal(got, []string{"ada"}) {
				t.Errorf("Due(%v) of an account that is %s = %v, want ada", at, name, got)
			}
		}
	}
}
