package credits_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
	"github.com/scriphq/scrip/store/memory"
)

// busy is a desk with six recorded entries and two that have come due since.
func busy(t *testing.T) *desk {
	d := newDesk(t)
	d.renew(credits.Renew{ID: "sub", Term: "pro", Until: day(5)})
	d.grant(credits.Grant{ID: "plan", Amount: credits.Of(10), Validity: expiry.WhileSubscribed(), Term: "pro"})
	d.clock.set(day(1))
	d.grant(credits.Grant{ID: "pack", Amount: credits.Of(10)})
	d.clock.set(day(2))
	d.spend(credits.Spend{ID: "image-1", Feature: "image", Amount: credits.Of(2)})
	d.clock.set(day(3))
	d.spend(credits.Spend{ID: "music-1", Feature: "music", Amount: credits.Of(3)})
	d.clock.set(day(4))
	d.spend(credits.Spend{ID: "image-2", Feature: "image", Amount: credits.Of(1)})
	d.clock.set(day(7))
	return d
}

const lapsed = "~lapse/2026-03-15T09:30:00Z/pro"

func TestHistoryFilters(t *testing.T) {
	all := []string{"sub", "plan", "pack", "image-1", "music-1", "image-2", "~end/plan", lapsed}
	cases := []struct {
		name  string
		query credits.Query
		want  []string
	}{
		{"all of it", credits.Query{}, all},
		{"one kind", credits.Query{Kinds: []credits.Kind{credits.KindSpend}}, all[3:6]},
		{"two kinds", credits.Query{Kinds: []credits.Kind{credits.KindLapse, credits.KindGrant}}, []string{"plan", "pack", lapsed}},
		{"a kind that is pending only", credits.Query{Kinds: []credits.Kind{credits.KindEnd}}, []string{"~end/plan"}},
		{"a feature", credits.Query{Feature: "image"}, []string{"image-1", "image-2"}},
		{"a feature that nobody used", credits.Query{Feature: "sticker"}, nil},
		{"from an instant, which belongs to it", credits.Query{From: day(3)}, all[4:]},
		{"from a microsecond later", credits.Query{From: day(3).Add(micro)}, all[5:]},
		{"from a nanosecond later, which is the microsecond", credits.Query{From: day(3).Add(1)}, all[4:]},
		{"to an instant, which does not belong to it", credits.Query{To: day(3)}, all[:4]},
		{"to a microsecond later", credits.Query{To: day(3).Add(micro)}, all[:5]},
		{"a range that ends where it starts", credits.Query{From: day(3), To: day(3)}, nil},
		{"a range of pending entries", credits.Query{From: day(5), To: day(6)}, all[6:]},
		{"to the instant of pending entries", credits.Query{To: day(5)}, all[:6]},
		{"after a Seq", credits.Query{After: 2}, all[2:]},
		{"before a Seq", credits.Query{Before: 3}, all[:2]},
		{"between two Seqs", credits.Query{After: 2, Before: 5}, all[2:4]},
		{"after a pending Seq", credits.Query{After: 7}, all[7:]},
		{"before a pending Seq", credits.Query{Before: 8}, all[:7]},
		{"after the last", credits.Query{After: 8}, nil},
		{"after the greatest Seq there can be", credits.Query{After: math.MaxInt64}, nil},
		{"before the greatest Seq there can be", credits.Query{Before: math.MaxInt64}, all},
		{"between neighbours", credits.Query{After: 3, Before: 4}, nil},
		{"a limit", credits.Query{Limit: 3}, all[:3]},
		{"a limit among the pending", credits.Query{Limit: 7}, all[:7]},
		{"a limit beyond the end", credits.Query{Limit: 100}, all},
		{"everything together", credits.Query{Kinds: []credits.Kind{credits.KindSpend}, Feature: "image", From: start, To: day(9), After: 1, Before: 8, Limit: 1}, all[3:4]},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			d := busy(t)
			if got := historyIDs(t, d, c.query); !slices.Equal(got, c.want) {
				t.Errorf("History(%+v) = %v, want %v", c.query, got, c.want)
			}
			c.query.NewestFirst = true
			want := slices.Clone(c.want)
			if c.query.Limit > 0 {
				unlimited := c.query
				unlimited.Limit = 0
				want = historyIDs(t, d, unlimited)
				want = want[:min(c.query.Limit, len(want))]
			} else {
				slices.Reverse(want)
			}
			if got := historyIDs(t, d, c.query); !slices.Equal(got, want) {
				t.Errorf("History(%+v) = %v, want %v", c.query, got, want)
			}
		})
	}
}

// historyIDs fails the test, and no other, where the sequence panics.
func historyIDs(t *testing.T, d *desk, q credits.Query) []string {
	t.Helper()
	defer func() {
		if p := recover(); p != nil {
			t.Fatalf("History(%+v) = panic: %v, want none", q, p)
		}
	}()
	return entryIDs(d.history(q))
}

// A pending entry is the one that is going to be recorded, to the last field.
func TestHistoryOfPendingEntriesIsWhatGetsRecorded(t *testing.T) {
	d := busy(t)
	pending := d.history(credits.Query{})
	if got := len(d.record("ada").Entries); got != 6 {
		t.Fatalf("recorded entries = %d, want 6: a read writes nothing", got)
	}
	sweep(d)
	if diff := compare(pending, d.record("ada").Entries); diff != "" {
		t.Errorf("pending entries (-pending +recorded):\n%s", diff)
	}
	checkEntries(t, pending)
}

func TestHistoryPages(t *testing.T) {
	d := newDesk(t)
	d.grant(credits.Grant{ID: "pack", Amount: credits.Of(200), Validity: expiry.Days(1)})
	for i := range 150 {
		d.spend(credits.Spend{ID: fmt.Sprintf("job-%03d", i), Amount: credits.Of(1)})
	}
	d.clock.set(day(2))
	all := entryIDs(d.history(credits.Query{}))
	for _, size := range []int{1, 7, 64, 151, 152, 153} {
		for _, newest := range []bool{false, true} {
			q := credits.Query{Limit: size, NewestFirst: newest}
			var got []string
			for {
				page := d.history(q)
				if len(page) == 0 {
					break
				}
				got = append(got, entryIDs(page)...)
				if last := page[len(page)-1].Seq; newest {
					q.Before = last
				} else {
					q.After = last
				}
				if newest && q.Before == 1 {
					break
				}
			}
			if newest {
				slices.Reverse(got)
			}
			if !slices.Equal(got, all) {
				t.Errorf("History(pages of %d, newest first %v) = %d entries, want %d", size, newest, len(got), len(all))
			}
		}
	}
}

func TestHistoryCanBeBrokenOffAndRunAgain(t *testing.T) {
	d := busy(t)
	for _, newest := range []bool{false, true} {
		sequence := d.ledger.History(t.Context(), credits.Query{Account: "ada", NewestFirst: newest})
		for stop := range 9 {
			seen := 0
			for _, err := range sequence {
				if err != nil {
					t.Fatalf("History(ada) = %v, want no error", err)
				}
				if seen++; seen > stop {
					break
				}
			}
			if want := min(stop+1, 8); seen != want {
				t.Errorf("History(broken off after %d) = %d entries, want %d", stop+1, seen, want)
			}
		}
		if got := collect(t, sequence); len(got) != 8 {
			t.Errorf("History(run again) = %d entries, want 8", len(got))
		}
	}
}

func TestHistoryRefusesWhatIsInvalid(t *testing.T) {
	d := busy(t)
	year10000 := time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)
	cases := []struct {
		name, field string
		query       credits.Query
	}{
		{"the account is missing", "account", credits.Query{}},
		{"the account is not UTF-8", "account", credits.Query{Account: "\xff"}},
		{"the account is longer than the most", "account", credits.Query{Account: strings.Repeat("x", credits.MaxIDLen+1)}},
		{"a negative limit", "query", credits.Query{Account: "ada", Limit: -1}},
		{"a negative After", "query", credits.Query{Account: "ada", After: -1}},
		{"a negative Before", "query", credits.Query{Account: "ada", Before: math.MinInt64}},
		{"a feature that is not UTF-8", "feature", credits.Query{Account: "ada", Feature: "\xff"}},
		{"a feature longer than the most", "feature", credits.Query{Account: "ada", Feature: strings.Repeat("x", credits.MaxNameLen+1)}},
		{"a start in the year 10000", "from", credits.Query{Account: "ada", From: year10000}},
		{"an end in the year 10000", "to", credits.Query{Account: "ada", To: year10000}},
		{"an end less than a microsecond after the zero time", "to", credits.Query{Account: "ada", To: time.Time{}.Add(999)}},
		{"a kind that there is not", "kinds", credits.Query{Account: "ada", Kinds: []credits.Kind{"spned"}}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			yielded := 0
			for entry, err := range d.ledger.History(t.Context(), c.query) {
				yielded++
				if !errors.Is(err, credits.ErrInvalid) || field(err) != c.field || entry.Seq != 0 {
					t.Fatalf("History(%+v) = entry %d, %v, want %v for %q", c.query, entry.Seq, err, credits.ErrInvalid, c.field)
				}
			}
			if yielded != 1 {
				t.Errorf("History(%+v) = %d yields, want one error", c.query, yielded)
			}
		})
	}
}

func TestHistoryEndsWithTheErrorOfTheStore(t *testing.T) {
	d := busy(t)
	broken := errors.New("connection lost")
	entries := d.record("ada").Entries[:2]
	for name, c := range map[string]struct {
		store credits.Store
		want  int
	}{
		"of a state that cannot be read": {brokenStore{memory.New(), broken}, 0},
		"after two entries":              {corruptStore{d.store, entries, broken}, 2},
	} {
		ledger := credits.New(c.store, credits.Options{Now: d.clock.read})
		read := 0
		var last error
		for _, err := range ledger.History(t.Context(), credits.Query{Account: "ada"}) {
			if last = err; err == nil {
				read++
			}
		}
		if read != c.want || !errors.Is(last, broken) {
			t.Errorf("History(%s) = %d entries, then %v, want %d, %v", name, read, last, c.want, broken)
		}
	}
}

func TestHistoryWithAContextThatIsDone(t *testing.T) {
	d := newDesk(t)
	for i := range 200 {
		d.grant(credits.Grant{ID: fmt.Sprintf("pack-%d", i), Amount: credits.Of(1)})
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	read := 0
	var last error
	for _, err := range d.ledger.History(ctx, credits.Query{Account: "ada"}) {
		if last = err; err == nil {
			read++
		}
		cancel()
	}
	if read == 0 || read == 200 || !errors.Is(last, context.Canceled) {
		t.Errorf("History(cancelled on the way) = %d entries, then %v, want some, then %v", read, last, context.Canceled)
	}
	for _, err := range d.ledger.History(ctx, credits.Query{Account: "ada"}) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("History(cancelled before) = %v, want %v", err, context.Canceled)
		}
	}
}

// What is written while the loop runs is not part of it, or the sums would not
// be those of one instant.
func TestHistoryIsThatOfOneInstant(t *testing.T) {
	d := busy(t)
	for entry, err := range d.ledger.History(t.Context(), credits.Query{Account: "ada"}) {
		if err != nil {
			t.Fatalf("History(ada) = %v, want no error", err)
		}
		if entry.Seq > 8 {
			t.Fatalf("History(ada) = entry %d (%s), want none that was written meanwhile", entry.Seq, entry.ID)
		}
		d.spend(credits.Spend{ID: fmt.Sprintf("meanwhile-%d", entry.Seq), Amount: credits.Micros(1)})
	}
	checkEntries(t, d.history(credits.Query{}))
}

// racingStore has somebody else write as soon as the state was read.
type racingStore struct {
	*memory.Store
	write func()
}

func (s racingStore) State(ctx context.Context, account string) (credits.State, error) {
	state, err := s.Store.State(ctx, account)
	s.write()
	return state, err
}

func TestHistoryIsThatOfOneInstantAmongWriters(t *testing.T) {
	for _, q := range []credits.Query{{}, {Before: 100}, {Before: 9}, {NewestFirst: true}, {NewestFirst: true, Before: 100}} {
		d := busy(t)
		want := historyIDs(t, d, q)
		ledger := credits.New(racingStore{d.store, func() {
			d.spend(credits.Spend{ID: credits.NewID(), Amount: credits.Micros(1)})
			d.spend(credits.Spend{ID: credits.NewID(), Amount: credits.Micros(1)})
		}}, credits.Options{Now: d.clock.read})
		q.Account = "ada"
		if got := entryIDs(collect(t, ledger.History(t.Context(), q))); !slices.Equal(got, want) {
			t.Errorf("History(%+v) among writers = %v, want %v", q, got, want)
		}
	}
}

func TestHistoryIsTheCallers(t *testing.T) {
	d := busy(t)
	d.grant(credits.Grant{ID: "noted", Amount: credits.Of(1), Features: []string{"image"}, Meta: map[string]string{"a": "b"}})
	before := d.record("ada")
	for entry := range d.ledger.History(t.Context(), credits.Query{Account: "ada"}) {
		for i := range entry.Postings {
			entry.Postings[i].Lot = "x"
		}
		if entry.Term != nil {
			entry.Term.ID = "x"
		}
		if len(entry.Lots) > 0 {
			entry.Lots[0].ID = "x"
		}
		for key := range entry.Meta {
			entry.Meta[key], entry.Lots[0].Meta[key], entry.Lots[0].Features[0] = "x", "x", "x"
		}
	}
	if diff := compare(before, d.record("ada")); diff != "" {
		t.Errorf("changing entries changed the account (-before +after):\n%s", diff)
	}
}
