package credits_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
	"github.com/scriphq/scrip/store/memory"
)

func TestBalanceAtInThePast(t *testing.T) {
	d := newDesk(t)
	d.renew(credits.Renew{ID: "sub-1", Term: "pro", Until: day(10)})
	d.grant(credits.Grant{ID: "plan", Amount: credits.Of(10), Validity: expiry.WhileSubscribed(), Term: "pro"})
	d.clock.set(day(2))
	d.grant(credits.Grant{ID: "short", Amount: credits.Of(5), Validity: expiry.Days(5), Start: day(3)})
	d.clock.set(day(4))
	d.spend(credits.Spend{ID: "job-1", Amount: credits.Of(6)})
	d.clock.set(day(6))
	d.renew(credits.Renew{ID: "sub-2", Term: "pro", Until: day(20)})
	d.clock.set(day(30))
	d.grant(credits.Grant{ID: "pack", Amount: credits.Of(100), Paid: paid})
	for _, c := range []struct {
		name      string
		at        time.Time
		posted    int64
		available int64
		lots      []string
		planEnd   time.Time
	}{
		{"a microsecond before the account's first entry", start.Add(-micro), 0, 0, nil, time.Time{}},
		{"at the first grant", start, 10, 10, []string{"plan"}, day(10)},
		{"before a second grant", day(2).Add(-micro), 10, 10, []string{"plan"}, day(10)},
		{"with a lot that was still to start", day(2), 15, 10, []string{"short", "plan"}, day(10)},
		{"when that lot had started", day(3), 15, 15, []string{"short", "plan"}, day(10)},
		{"a microsecond before a spend", day(4).Add(-micro), 15, 15, []string{"short", "plan"}, day(10)},
		{"a nanosecond before a spend", day(4).Add(-1), 15, 15, []string{"short", "plan"}, day(10)},
		{"at the spend", day(4), 9, 9, []string{"plan"}, day(10)},
		{"before the renewal was known", day(6).Add(-micro), 9, 9, []string{"plan"}, day(10)},
		{"at the renewal", day(6), 9, 9, []string{"plan"}, day(20)},
		{"where a lot would have ended without it", day(11), 9, 9, []string{"plan"}, day(20)},
		{"before an end that was recorded later", day(20).Add(-micro), 9, 9, []string{"plan"}, day(20)},
		{"at an end that was recorded later", day(20), 0, 0, nil, time.Time{}},
		{"in the present", day(30), 100, 100, []string{"pack"}, time.Time{}},
		{"in the future", day(40), 100, 100, []string{"pack"}, time.Time{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := d.balanceAt(c.at)
			if got.Posted != credits.Of(c.posted) || got.Available != credits.Of(c.available) || !slices.Equal(lotIDs(got.Lots), c.lots) {
				t.Errorf("BalanceAt(%v) = %v, available %v, lots %v, want %d, %d, %v",
					c.at, got.Posted, got.Available, lotIDs(got.Lots), c.posted, c.available, c.lots)
			}
			for _, lot := range got.Lots {
				if lot.ID == "plan" && !lot.End.Equal(c.planEnd) {
					t.Errorf("BalanceAt(%v) = plan until %v, want %v", c.at, lot.End, c.planEnd)
				}
			}
		})
	}
}

// Whatever happens, what the ledger says now of an instant that has passed is
// what it said then.
func TestBalanceAtEqualsTheBalanceOfThatTime(t *testing.T) {
	policies := []expiry.Policy{
		expiry.Permanent(), expiry.Days(2), expiry.WhileSubscribed(),
		expiry.MustParse("earliest(while subscribed, 3 days)"), expiry.MustParse("latest(while subscribed, 3 days)"),
	}
	rapid.Check(t, func(t *rapid.T) {
		d := openDesk(t, credits.Options{})
		var then []credits.Balance
		for i := range rapid.IntRange(1, 12).Draw(t, "steps") {
			d.clock.set(start.Add(time.Duration(i) * 12 * time.Hour))
			id := fmt.Sprintf("op-%d", i)
			switch rapid.IntRange(0, 3).Draw(t, "verb") {
			case 0:
				_, _ = d.ledger.Renew(d.ctx, credits.Renew{ID: id, Account: "ada", Term: "pro", Until: d.clock.read().AddDate(0, 0, rapid.IntRange(1, 4).Draw(t, "days"))})
			case 1:
				_, _ = d.ledger.Renew(d.ctx, credits.Renew{ID: id, Account: "ada", Term: "pro", End: true})
			case 2:
				policy := policies[rapid.IntRange(0, len(policies)-1).Draw(t, "policy")]
				_, _ = d.ledger.Grant(d.ctx, credits.Grant{ID: id, Account: "ada", Amount: credits.Of(5), Validity: policy, Term: "pro"})
			case 3:
				_, _ = d.ledger.Spend(d.ctx, credits.Spend{ID: id, Account: "ada", Amount: credits.Of(rapid.Int64Range(0, 6).Draw(t, "amount"))})
			}
			then = append(then, d.balance())
		}
		for _, want := range then {
			if diff := compare(want, d.balanceAt(want.AsOf)); diff != "" {
				t.Fatalf("BalanceAt(%v) (-then +now):\n%s", want.AsOf, diff)
			}
		}
	})
}

// corruptStore yields entries that no ledger wrote.
type corruptStore struct {
	*memory.Store
	entries []credits.Entry
	err     error
}

func (s corruptStore) Entries(context.Context, credits.Query) iter.Seq2[credits.Entry, error] {
	return func(yield func(credits.Entry, error) bool) {
		for _, entry := range s.entries {
			if !yield(entry, nil) {
				return
			}
		}
		if s.err != nil {
			yield(credits.Entry{}, s.err)
		}
	}
}

func TestBalanceAtReportsEntriesThatDoNotReplay(t *testing.T) {
	d := newDesk(t)
	d.clock.set(day(5))
	d.grant(credits.Grant{ID: "pack", Amount: credits.Of(10)})
	broken := errors.New("connection lost")
	spend := credits.Entry{Account: "ada", Seq: 1, ID: "job", Kind: credits.KindSpend, At: start, Postings: []credits.Posting{{Lot: "ghost", Available: credits.Of(-1)}}}
	for name, store := range map[string]corruptStore{
		"posts to a lot that is not open": {d.store, []credits.Entry{spend}, nil},
		"cannot be read":                  {d.store, nil, broken},
	} {
		ledger := credits.New(store, credits.Options{Now: d.clock.read})
		got, err := ledger.BalanceAt(t.Context(), "ada", day(1))
		if err == nil || store.err != nil && !errors.Is(err, store.err) || len(got.Lots) != 0 {
			t.Errorf("BalanceAt(history that %s) = %v, %v, want an error", name, got, err)
		}
	}
}
