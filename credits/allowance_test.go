package credits_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
)

// allowance returns what the store has of an allowance, nil if it does not run.
func (b till) allowance(id string) *credits.Allowance {
	b.t.Helper()
	for _, allowance := range b.record("ada").State.Allowances {
		if allowance.ID == id {
			return &allowance
		}
	}
	return nil
}

func TestAllowanceSharesWhatWasPaidAmongItsOccurrences(t *testing.T) {
	for _, c := range []struct {
		name    string
		paid    int64
		paidFor int
		want    string // of seven occurrences
	}{
		{"one payment for each", 100, 0, "100 100 100 100 100 100 100"},
		{"one payment for one", 100, 1, "100 100 100 100 100 100 100"},
		{"one for three, to the last cent, and the next for the next three", 100, 3, "33 33 34 33 33 34 33"},
		{"less than a cent for each", 2, 3, "0 1 1 0 1 1 0"},
		{"more occurrences than there are", 700, 3660, "0 0 0 0 0 1 0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := openTill(t)
			b.allow(credits.Allow{ID: "set", Allowance: "plan", Amount: credits.Of(5), Every: daily, Paid: usd(c.paid), PaidFor: c.paidFor})
			b.clock.set(day(6))
			var got string
			lots := b.balance().Lots
			slices.SortFunc(lots, func(a, b credits.Lot) int { return a.Start.Compare(b.Start) })
			for _, lot := range lots {
				if lot.Paid != (credits.Money{}) && lot.Paid.Currency != "USD" || lot.Paid.Minor == 0 && lot.Paid.Currency != "" {
					t.Errorf("lot %s is paid %+v, want dollars or nothing at all", lot.ID, lot.Paid)
				}
				got += fmt.Sprintf(" %d", lot.Paid.Minor)
			}
			if got != " "+c.want {
				t.Errorf("shares of %d for %d =%s, want %s", c.paid, c.paidFor, got, c.want)
			}
		})
	}
}

func TestAllowanceRefusesToShareAmongNoneOrTooMany(t *testing.T) {
	b := openTill(t)
	for _, c := range []struct {
		name    string
		paid    credits.Money
		paidFor int
	}{
		{"a payment for less than no occurrence", usd(5), -1},
		{"a payment for more than ten years of days", usd(5), 3661},
		{"no payment for three occurrences", credits.Money{}, 3},
	} {
		give := credits.Allow{
			ID: "set", Account: "ada", Allowance: "plan", Amount: credits.Of(5), Every: daily, Validity: expiry.Days(1), Paid: c.paid, PaidFor: c.paidFor,
		}
		err := b.refuses(credits.ErrInvalid, func() error { return second(b.ledger.Allow(b.ctx, give)) })
		if got := field(err); got != "paid for" {
			t.Errorf("Allow(%s) = %v, field %q, want paid for", c.name, err, got)
		}
	}
}

func TestAllowanceIsOverWhenItsValidityIs(t *testing.T) {
	b := openTill(t)
	b.allow(credits.Allow{ID: "set", Allowance: "trial", Amount: credits.Of(5), Every: daily, Validity: expiry.Until(day(2))})
	b.clock.set(day(5))
	if got, want := b.grants(0), "2026-03-10 5, 2026-03-11 5, 2026-03-12 0"; got != want {
		t.Errorf("grants = %s, want %s and no more", got, want)
	}
	sweep(b.desk)
	if got := b.allowance("trial"); got != nil {
		t.Errorf("the allowance = %+v, want none: it can give nothing any more", got)
	}
}

func TestAllowanceOfNothingOpensNoLot(t *testing.T) {
	b := openTill(t)
	b.allow(credits.Allow{ID: "set", Allowance: "plan", Amount: credits.Of(5), Every: daily, Most: credits.Of(5), Within: weekly})
	b.clock.set(day(3))
	sweep(b.desk)
	if got, want := b.lots(), "~allow/2026-03-10T09:30:00Z/plan 5"; got != want {
		t.Errorf("lots = %s, want %s", got, want)
	}
	last := b.history(credits.Query{NewestFirst: true, Limit: 1})[0]
	if last.Kind != credits.KindGrant || len(last.Lots) > 0 || len(last.Postings) > 0 {
		t.Errorf("the last entry = %s with lots %v and postings %v, want a grant with none", last.Kind, last.Lots, last.Postings)
	}
}

func TestAllowanceRemembersTheEntryThatSetIt(t *testing.T) {
	b := openTill(t)
	give := credits.Allow{ID: "set", Allowance: "plan", Amount: credits.Of(5), Every: daily, Anchor: day(9)}
	first := b.allow(give)
	give.ID, give.Amount = "change", credits.Of(6)
	b.allow(give)
	if got := b.allowance("plan").Since; got != first.Seq {
		t.Errorf("Since after a change = %d, want %d, the entry that set it first", got, first.Seq)
	}
	b.allow(credits.Allow{ID: "stop", Allowance: "plan", Stop: true})
	give.ID = "again"
	if again := b.allow(give); b.allowance("plan").Since != again.Seq {
		t.Errorf("Since after a stop = %d, want %d, the entry that set it again", b.allowance("plan").Since, again.Seq)
	}
}

func TestAllowanceFillsLotsAgainThatHaveEnded(t *testing.T) {
	b := openTill(t)
	b.allow(credits.Allow{ID: "set", Allowance: "hourly", Amount: credits.Of(1), Every: hourly, Validity: expiry.EndOfPeriod()})
	at := start.Add((credits.MaxLots + 500) * time.Hour)
	if got := b.balanceAt(at); got.Posted != credits.Of(1) || len(got.Lots) != 1 {
		t.Errorf("BalanceAt(after more hours than MaxLots) = %v in %d lots, want 1 in 1", got.Posted, len(got.Lots))
	}
}

func TestReadingsOfTheFarFutureCountAllAllowances(t *testing.T) {
	b := openTill(t)
	for _, name := range []string{"one", "two"} {
		b.allow(credits.Allow{ID: name, Allowance: name, Amount: credits.Of(1), Every: hourly, Validity: expiry.EndOfPeriod()})
	}
	b.refuses(credits.ErrInvalid, func() error {
		_, err := b.ledger.BalanceAt(b.ctx, "ada", start.Add(60_000*time.Hour))
		return err
	})
}

// However large the amounts are, what an allowance gives never passes the largest
// balance, and counting it never overflows.
func TestAllowOfTheLargestAmount(t *testing.T) {
	b := openTill(t)
	b.allow(credits.Allow{ID: "allow", Allowance: "plan", Amount: credits.Of(credits.MaxCredits), Every: daily})
	b.clock.set(day(2))
	if got, want := b.grants(0), "2026-03-10 1000000000000, 2026-03-11 0, 2026-03-12 0"; got != want {
		t.Errorf("grants = %s, want %s", got, want)
	}
	other := openTill(t)
	other.allow(credits.Allow{ID: "allow", Allowance: "plan", Amount: credits.Of(credits.MaxCredits), Every: daily, Validity: expiry.EndOfPeriod()})
	other.clock.set(day(2))
	if got, want := other.grants(0), "2026-03-10 1000000000000, 2026-03-11 1000000000000, 2026-03-12 1000000000000"; got != want {
		t.Errorf("grants = %s, want %s", got, want)
	}
}
