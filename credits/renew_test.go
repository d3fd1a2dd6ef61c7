package credits_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
)

func TestRenewStartsATerm(t *testing.T) {
	d := newDesk(t)
	got := d.renew(credits.Renew{ID: "sub-1", Term: "pro", Until: day(30).Add(999), Meta: map[string]string{"plan": "yearly"}})
	term := credits.Term{ID: "pro", Since: start, Until: day(30)}
	want := credits.Receipt{Entry: credits.Entry{
		Account: "ada", Seq: 1, ID: "sub-1", Kind: credits.KindRenew, At: start, Term: &term,
		Meta: map[string]string{"plan": "yearly"}, Digest: got.Digest,
	}}
	if diff := compare(want, got); diff != "" {
		t.Errorf("Renew(sub-1) (-want +got):\n%s", diff)
	}
	state := credits.State{Account: "ada", Seq: 1, At: start, Due: day(30), Terms: []credits.Term{term}}
	if diff := compare(state, d.record("ada").State); diff != "" {
		t.Errorf("after Renew(sub-1) the state is (-want +got):\n%s", diff)
	}
}

// subscribed is a desk with a term until day 30 and lots that end in every way.
func subscribed(t *testing.T) *desk {
	d := newDesk(t)
	d.renew(credits.Renew{ID: "sub-1", Term: "pro", Until: day(30)})
	d.renew(credits.Renew{ID: "other-1", Term: "team", Until: day(30)})
	for id, validity := range map[string]string{
		"plan": "while subscribed", "capped": "earliest(while subscribed, 40 days)", "floored": "latest(while subscribed, 25 days)",
		"old": "purchased before 2026-04-01: while subscribed, else 3 days", "fixed": "50 days",
	} {
		d.grant(credits.Grant{ID: id, Amount: credits.Of(10), Validity: expiry.MustParse(validity), Term: "pro"})
	}
	d.grant(credits.Grant{ID: "pack", Amount: credits.Of(10)})
	d.grant(credits.Grant{ID: "team", Amount: credits.Of(10), Validity: expiry.WhileSubscribed(), Term: "team"})
	return d
}

func TestRenewMovesTheLotsThatFollowTheTerm(t *testing.T) {
	cases := []struct {
		name  string
		now   int
		renew credits.Renew
		want  map[string]int // the day on which each lot ends; -1: it has ended
	}{
		{"a renewal to a later end carries them on", 10, credits.Renew{Until: day(60)},
			map[string]int{"plan": 60, "capped": 40, "floored": 60, "old": 60}},
		{"a renewal just before the lapse carries them on", 29, credits.Renew{Until: day(60)},
			map[string]int{"plan": 60, "capped": 40, "floored": 60, "old": 60}},
		{"the same end changes nothing", 10, credits.Renew{Until: day(30)},
			map[string]int{"plan": 30, "capped": 30, "floored": 30, "old": 30}},
		{"ending the term ends them at once", 10, credits.Renew{End: true},
			map[string]int{"plan": -1, "capped": -1, "floored": 25, "old": -1}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			d := subscribed(t)
			d.clock.set(day(c.now))
			c.renew.ID, c.renew.Term = "sub-2", "pro"
			d.renew(c.renew)
			c.want["fixed"], c.want["pack"], c.want["team"] = 50, 0, 30
			got := make(map[string]int)
			for id := range c.want {
				got[id] = -1
			}
			for _, lot := range d.balance().Lots {
				got[lot.ID] = 0
				if !lot.End.IsZero() {
					got[lot.ID] = int(lot.End.Sub(start) / (24 * time.Hour))
				}
			}
			if diff := compare(c.want, got); diff != "" {
				t.Errorf("Renew(%v) = ends on (-want +got):\n%s", c.renew.Until, diff)
			}
		})
	}
}

func TestRenewKeepsSinceAndTheSpentPart(t *testing.T) {
	d := newDesk(t)
	d.renew(credits.Renew{ID: "sub-1", Term: "pro", Until: day(30)})
	d.grant(credits.Grant{ID: "plan", Amount: credits.Of(10), Validity: expiry.WhileSubscribed(), Term: "pro"})
	d.spend(credits.Spend{ID: "job", Amount: credits.Of(4)})
	d.clock.set(day(30).Add(-micro))
	receipt := d.renew(credits.Renew{ID: "sub-2", Term: "pro", Until: day(60)})
	if want := (credits.Term{ID: "pro", Since: start, Until: day(60)}); *receipt.Term != want {
		t.Errorf("Renew(sub-2).Term = %v, want %v", *receipt.Term, want)
	}
	d.clock.set(day(59))
	if got := d.balance().Available; got != credits.Of(6) {
		t.Errorf("Balance(ada).Available = %v, want 6", got)
	}
	d.clock.set(day(60))
	if got := d.balance().Available; !got.IsZero() {
		t.Errorf("Balance(ada).Available = %v, want 0", got)
	}
}

func TestRenewReordersTheLotsItMoves(t *testing.T) {
	d := newDesk(t)
	d.renew(credits.Renew{ID: "sub-1", Term: "pro", Until: day(5)})
	d.grant(credits.Grant{ID: "plan", Amount: credits.Of(10), Validity: expiry.WhileSubscribed(), Term: "pro"})
	d.grant(credits.Grant{ID: "ten-days", Amount: credits.Of(10), Validity: expiry.Days(10)})
	d.renew(credits.Renew{ID: "sub-2", Term: "pro", Until: day(20)})
	state := d.record("ada").State
	if got := lotIDs(state.Lots); !slices.Equal(got, []string{"ten-days", "plan"}) || !state.Due.Equal(day(10)) {
		t.Errorf("State(ada) = lots %v, due %v, want [ten-days plan], %v", got, state.Due, day(10))
	}
	if got := took(d.spend(credits.Spend{ID: "job", Amount: credits.Of(11)})); got != "ten-days 10, plan 1" {
		t.Errorf("Spend(11) = %v, want ten-days 10, plan 1", got)
	}
}

func TestRenewAtTheInstantOfTheLapse(t *testing.T) {
	for _, c := range []struct {
		name    string
		at      time.Time
		since   time.Time
		carried bool
	}{
		{"a microsecond before, it goes on", day(30).Add(-micro), start, true},
		{"a nanosecond before, it goes on", day(30).Add(-1), start, true},
		{"at the instant, it is a new term", day(30), day(30), false},
		{"a microsecond after, it is a new term", day(30).Add(micro), day(30).Add(micro), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t)
			d.renew(credits.Renew{ID: "sub-1", Term: "pro", Until: day(30)})
			d.grant(credits.Grant{ID: "plan", Amount: credits.Of(10), Validity: expiry.WhileSubscribed(), Term: "pro"})
			d.clock.set(c.at)
			term := d.renew(credits.Renew{ID: "sub-2", Term: "pro", Until: day(60)}).Term
			if !term.Since.Equal(c.since) || !term.Until.Equal(day(60)) {
				t.Errorf("Renew(at %v).Term = %v, want since %v", c.at, *term, c.since)
			}
			if got := !d.balance().Available.IsZero(); got != c.carried {
				t.Errorf("Renew(at %v) = carried on %v, want %v", c.at, got, c.carried)
			}
		})
	}
}

func TestRenewWithAnEarlierFirstPurchase(t *testing.T) {
	before := time.Date(2024, time.May, 19, 0, 0, 0, 0, time.UTC)
	validity := expiry.MustParse("purchased before 2024-05-20: permanent, else 30 days")
	for _, c := range []struct {
		since time.Time
		end   time.Time
	}{{before, time.Time{}}, {before.AddDate(0, 0, 1), day(30)}, {time.Time{}, day(30)}} {
		d := newDesk(t)
		d.renew(credits.Renew{ID: "sub-1", Term: "pro", Until: day(365), Since: c.since})
		if lot := d.grant(credits.Grant{ID: "plan", Amount: credits.Of(1), Validity: validity, Term: "pro"}).Lots[0]; !lot.End.Equal(c.end) {
			t.Errorf("Renew(since %v) = a lot until %v, want %v", c.since, lot.End, c.end)
		}
		d.clock.set(day(364))
		if term := d.renew(credits.Renew{ID: "sub-2", Term: "pro", Until: day(730)}).Term; !c.since.IsZero() && !term.Since.Equal(c.since) {
			t.Errorf("Renew(sub-2).Term.Since = %v, want %v", term.Since, c.since)
		}
	}
}

func TestRenewTakesTheSameSinceAgain(t *testing.T) {
	d := newDesk(t)
	d.renew(credits.Renew{ID: "sub-1", Term: "pro", Until: day(30), Since: day(-100)})
	d.renew(credits.Renew{ID: "sub-2", Term: "pro", Until: day(60), Since: day(-100).Add(5)})
	d.refusesRenew(credits.ErrInvalid, credits.Renew{ID: "sub-3", Account: "ada", Term: "pro", Until: day(90), Since: day(-99)})
}

// A lot that outlived its term belongs to the term that lapsed. Buying a term of
// the same name anew must not move its end.
func TestRenewAfterALapseLeavesLotsOfTheOldTermAlone(t *testing.T) {
	cases := []struct {
		name, validity string
		end            time.Time
	}{
		{"one with a floor keeps its end", "latest(while subscribed, 90 days)", day(90)},
		{"a permanent one stays permanent", "purchased before 2026-04-01: latest(while subscribed, permanent), else while subscribed", time.Time{}},
		{"one whose rule would be another keeps its end", "purchased before 2026-04-01: latest(while subscribed, 90 days), else earliest(while subscribed, 5 days)", day(90)},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t)
			d.renew(credits.Renew{ID: "sub-1", Term: "pro", Until: day(30)})
			d.grant(credits.Grant{ID: "lot", Amount: credits.Of(10), Validity: expiry.MustParse(c.validity), Term: "pro"})
			d.clock.set(day(60))
			d.renew(credits.Renew{ID: "sub-2", Term: "pro", Until: day(300)})
			checkEntries(t, d.history(credits.Query{}))
			lots := d.balance().Lots
			if len(lots) != 1 || !lots[0].End.Equal(c.end) {
				t.Errorf("Renew(after the lapse) = lots %v, want one until %v", lots, c.end)
			}
		})
	}
}

// checkEntries checks what holds for every history from the first entry on.
func checkEntries(t *testing.T, entries []credits.Entry) {
	t.Helper()
	var balance int64
	seen := make(map[string]int64)
	for i, e := range entries {
		var postings int64
		for _, posting := range e.Postings {
			postings += posting.Available.Micros() + posting.Held.Micros()
		}
		balance += e.Amount.Micros()
		if e.Seq != int64(i+1) || postings != e.Amount.Micros() || e.Balance.Micros() != balance {
			t.Errorf("entry %q = Seq %d, amount %v, postings of %d, balance %v, want Seq %d, balance of %d",
				e.ID, e.Seq, e.Amount, postings, e.Balance, i+1, balance)
		}
		if i > 0 && e.At.Before(entries[i-1].At) {
			t.Errorf("entry %d (%s) = at %v, want not before entry %d, %v", e.Seq, e.ID, e.At, i, entries[i-1].At)
		}
		if first, used := seen[e.ID]; used {
			t.Errorf("entry %d = ID %q, want one that entry %d does not have", e.Seq, e.ID, first)
		}
		seen[e.ID] = e.Seq
	}
}

// A term can be bought and ended more than once within one instant: by a clock
// that is coarse, or one that ran back.
func TestRenewTwiceEndedAtOneInstantGivesDistinctEntries(t *testing.T) {
	d := newDesk(t)
	for i := range 2 {
		d.renew(credits.Renew{ID: fmt.Sprintf("buy-%d", i), Term: "pro", Until: day(30)})
		d.renew(credits.Renew{ID: fmt.Sprintf("end-%d", i), Term: "pro", End: true})
	}
	checkEntries(t, d.history(credits.Query{}))
}

func TestRenewRefusesWhatIsInvalid(t *testing.T) {
	long := strings.Repeat("x", credits.MaxIDLen+1)
	cases := []struct {
		name  string
		field string
		bad   credits.Renew
	}{
		{"the ID is missing", "id", credits.Renew{Account: "ada", Term: "pro", Until: day(40)}},
		{"the ID is in the library's namespace", "id", credits.Renew{ID: "~lapse/x", Account: "ada", Term: "pro", Until: day(40)}},
		{"the account is missing", "account", credits.Renew{ID: "x", Term: "pro", Until: day(40)}},
		{"the term is missing", "term", credits.Renew{ID: "x", Account: "ada", Until: day(40)}},
		{"the term is longer than the most", "term", credits.Renew{ID: "x", Account: "ada", Term: long, Until: day(40)}},
		{"the term is not UTF-8", "term", credits.Renew{ID: "x", Account: "ada", Term: "\xff", Until: day(40)}},
		{"the term has a control character", "term", credits.Renew{ID: "x", Account: "ada", Term: "a\tb", Until: day(40)}},
		{"neither an end nor End", "until", credits.Renew{ID: "x", Account: "ada", Term: "pro"}},
		{"both an end and End", "until", credits.Renew{ID: "x", Account: "ada", Term: "pro", Until: day(40), End: true}},
		{"an end that is now", "until", credits.Renew{ID: "x", Account: "ada", Term: "pro", Until: start}},
		{"an end that is now, but for nanoseconds", "until", credits.Renew{ID: "x", Account: "ada", Term: "pro", Until: start.Add(999)}},
		{"an end sooner than the term's", "until", credits.Renew{ID: "x", Account: "ada", Term: "pro", Until: day(30).Add(-micro)}},
		{"an end in the past", "until", credits.Renew{ID: "x", Account: "ada", Term: "pro", Until: day(-1)}},
		{"an end in the past for a new term", "until", credits.Renew{ID: "x", Account: "ada", Term: "new", Until: day(-1)}},
		{"an end in the year 10000", "until", credits.Renew{ID: "x", Account: "ada", Term: "pro", Until: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}},
		{"a first purchase in the year 0", "since", credits.Renew{ID: "x", Account: "ada", Term: "new", Until: day(40), Since: time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC)}},
		{"a first purchase in the future", "since", credits.Renew{ID: "x", Account: "ada", Term: "new", Until: day(40), Since: start.Add(micro)}},
		{"a first purchase other than the open term's", "since", credits.Renew{ID: "x", Account: "ada", Term: "pro", Until: day(40), Since: day(-1)}},
		{"ending with another first purchase", "since", credits.Renew{ID: "x", Account: "ada", Term: "pro", End: true, Since: day(-1)}},
		{"a note that is not UTF-8", "meta", credits.Renew{ID: "x", Account: "ada", Term: "pro", Until: day(40), Meta: map[string]string{"a": "\xff"}}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t)
			d.renew(credits.Renew{ID: "sub-1", Term: "pro", Until: day(30)})
			d.grant(credits.Grant{ID: "plan", Amount: credits.Of(10), Validity: expiry.WhileSubscribed(), Term: "pro"})
			if err := d.refusesRenew(credits.ErrInvalid, c.bad); field(err) != c.field {
				t.Errorf("Renew(%.60q) = field %q (%v), want %q", c.bad.ID, field(err), err, c.field)
			}
		})
	}
}

func TestRenewEndsOnlyAnOpenTerm(t *testing.T) {
	d := newDesk(t)
	end := credits.Renew{ID: "end", Account: "ada", Term: "pro", End: true}
	err := d.refusesRenew(credits.ErrNotFound, end)
	if missing, ok := errors.AsType[*credits.NotFoundError](err); !ok || missing.What != "term" || missing.ID != "pro" {
		t.Errorf("Renew(end unknown) = %#v, want a *NotFoundError for term pro", err)
	}
	d.renew(credits.Renew{ID: "sub-1", Term: "pro", Until: day(1)})
	d.clock.set(day(1))
	d.refusesRenew(credits.ErrNotFound, end)
	d.renew(credits.Renew{ID: "sub-2", Term: "pro", Until: day(9)})
	receipt := d.renew(end)
	if !receipt.Term.Until.Equal(day(1)) || len(d.balance().Terms) != 0 {
		t.Errorf("Renew(end) = %v, terms %v, want one until %v and none open", *receipt.Term, d.balance().Terms, day(1))
	}
}

func TestRenewStopsAtMaxTerms(t *testing.T) {
	d := newDesk(t)
	for i := range credits.MaxTerms {
		d.renew(credits.Renew{ID: fmt.Sprintf("sub-%d", i), Term: fmt.Sprintf("term-%03d", (i*37)%credits.MaxTerms), Until: day(1 + i)})
	}
	err := d.refusesRenew(credits.ErrLimit, credits.Renew{ID: "more", Account: "ada", Term: "one-more", Until: day(5)})
	if limit, ok := errors.AsType[*credits.LimitError](err); !ok || limit.Limit != credits.MaxTerms {
		t.Errorf("Renew(term %d) = %#v, want a *LimitError", credits.MaxTerms+1, err)
	}
	d.renew(credits.Renew{ID: "known", Term: "term-000", Until: day(200)})
	d.clock.set(day(2))
	d.renew(credits.Renew{ID: "more", Term: "one-more", Until: day(5)})
	terms := d.balance().Terms
	if len(terms) != credits.MaxTerms || !slices.IsSortedFunc(terms, func(a, b credits.Term) int { return strings.Compare(a.ID, b.ID) }) {
		t.Errorf("Balance(ada).Terms = %d, want %d in order of ID", len(terms), credits.MaxTerms)
	}
}

// The lapse of one term is nothing to the lots of another.
func TestRenewCarriesOnLotsAfterAnotherTermLapsed(t *testing.T) {
	b := openTill(t)
	b.renew(credits.Renew{ID: "sub-1", Term: "pro", Until: day(5)})
	b.renew(credits.Renew{ID: "sub-2", Term: "team", Until: day(10)})
	b.grant(credits.Grant{ID: "plan", Amount: credits.Of(10), Term: "team", Validity: expiry.WhileSubscribed()})
	b.clock.set(day(6))
	sweep(b.desk)
	b.renew(credits.Renew{ID: "sub-3", Term: "team", Until: day(20)})
	if lot := b.balance().Lots[0]; lot.Term != "team" || !lot.End.Equal(day(20)) {
		t.Errorf("lot = of term %q to %v, want of team to %v", lot.Term, lot.End, day(20))
	}
}
