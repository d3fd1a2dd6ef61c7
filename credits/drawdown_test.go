package credits_test

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
)

var paid = credits.Money{Minor: 100, Currency: "USD"}

// Each case has two lots that differ in one criterion, which wins against every
// criterion after it.
func TestDrawdownOrder(t *testing.T) {
	cases := []struct {
		name        string
		first, then credits.Grant
	}{
		{"the lower priority, though it is general, endless, paid, late and last by ID",
			credits.Grant{ID: "z", Priority: -1, Paid: paid, Start: day(-1)},
			credits.Grant{ID: "a", Priority: 0, Features: []string{"image"}, Validity: expiry.Days(5), Start: day(-2)}},
		{"the negative priority before the positive", credits.Grant{ID: "z", Priority: -1000}, credits.Grant{ID: "a", Priority: 1000}},
		{"a lot for one feature before a lot for all, though it never ends",
			credits.Grant{ID: "z", Features: []string{"image"}, Paid: paid, Start: day(-1)},
			credits.Grant{ID: "a", Validity: expiry.Days(5), Start: day(-2)}},
		{"a lot for one feature before a lot for two, though it never ends",
			credits.Grant{ID: "z", Features: []string{"image"}, Paid: paid, Start: day(-1)},
			credits.Grant{ID: "a", Features: []string{"image", "music"}, Validity: expiry.Days(5), Start: day(-2)}},
		{"the sooner end, though it is paid and starts later",
			credits.Grant{ID: "z", Validity: expiry.Until(day(5)), Paid: paid, Start: day(-1)},
			credits.Grant{ID: "a", Validity: expiry.Until(day(5).Add(micro)), Start: day(-2)}},
		{"an end before none", credits.Grant{ID: "z", Validity: expiry.Years(7000), Paid: paid}, credits.Grant{ID: "a", Start: day(-2)}},
		{"free before paid, though it starts later", credits.Grant{ID: "z", Start: day(-1)}, credits.Grant{ID: "a", Paid: paid, Start: day(-2)}},
		{"the earlier start", credits.Grant{ID: "z", Start: day(-2)}, credits.Grant{ID: "a", Start: day(-2).Add(micro)}},
		{"the lesser ID", credits.Grant{ID: "lot-10"}, credits.Grant{ID: "lot-9"}},
		{"the lesser ID by bytes", credits.Grant{ID: "Z"}, credits.Grant{ID: "a"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			c.first.Amount, c.then.Amount = credits.Of(2), credits.Of(2)
			for _, grants := range [][]credits.Grant{{c.first, c.then}, {c.then, c.first}} {
				d := newDesk(t)
				for _, grant := range grants {
					d.grant(grant)
				}
				want := c.first.ID + " 2, " + c.then.ID + " 1"
				if got := took(d.spend(credits.Spend{ID: "job", Feature: "image", Amount: credits.Of(3)})); got != want {
					t.Errorf("Spend(3) = %v, want %v", got, want)
				}
			}
		})
	}
}

func TestDrawdownPaysAFeatureFromItsLotsAndFromThoseForAll(t *testing.T) {
	cases := []struct {
		name, feature, want string
	}{
		{"a feature with a lot of its own", "image", "image 3, image-or-music 3, general 2"},
		{"a feature that shares a lot", "music", "image-or-music 3, general 3, permanent 2"},
		{"a feature that no lot names", "sticker", "general 3, permanent 3, paid 2"},
		{"no feature", "", "general 3, permanent 3, paid 2"},
		{"a feature is matched whole and by case", "Image", "general 3, permanent 3, paid 2"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t)
			three := credits.Of(3)
			d.grant(credits.Grant{ID: "paid", Amount: three, Paid: paid})
			d.grant(credits.Grant{ID: "permanent", Amount: three})
			d.grant(credits.Grant{ID: "general", Amount: three, Validity: expiry.Days(1)})
			d.grant(credits.Grant{ID: "image-or-music", Amount: three, Features: []string{"music", "image"}})
			d.grant(credits.Grant{ID: "image", Amount: three, Features: []string{"image"}})
			d.grant(credits.Grant{ID: "scheduled", Amount: three, Priority: -9, Start: day(1)})
			if got := took(d.spend(credits.Spend{ID: "job", Feature: c.feature, Amount: credits.Of(8)})); got != c.want {
				t.Errorf("Spend(8 for %q) = %v, want %v", c.feature, got, c.want)
			}
		})
	}
}

func TestDrawdownOrderCanBeReplaced(t *testing.T) {
	largest := func(a, b credits.Lot) int { return b.Available.Compare(a.Available) }
	bySource := func(a, b credits.Lot) int { return cmp.Compare(a.Source, b.Source) }
	scribbling := func(a, b credits.Lot) int {
		a.Features[0], b.Meta["note"] = "scribble", "scribble"
		return 0
	}
	cases := []struct {
		name  string
		order func(a, b credits.Lot) int
		want  string
		lots  []string
	}{
		{"the largest first", largest, "c 4, b 3, a 1", []string{"c", "b", "a"}},
		{"a tie falls back to Lot.Compare", bySource, "b 3, c 4, a 1", []string{"b", "c", "a"}},
		{"one that ties all is Lot.Compare, whatever it does to its arguments", scribbling, "a 2, b 3, c 3", []string{"a", "b", "c"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			d := openDesk(t, credits.Options{Order: c.order})
			for i, source := range []string{"x", "w", "w"} {
				d.grant(credits.Grant{
					ID: string(rune('a' + i)), Amount: credits.Of(int64(i) + 2), Source: source,
					Features: []string{"image"}, Meta: map[string]string{"note": "kept"},
				})
			}
			d.grant(credits.Grant{ID: "ended", Amount: credits.Of(99), Features: []string{"image"}, Validity: expiry.Days(1), Meta: map[string]string{"note": ""}})
			d.grant(credits.Grant{ID: "other", Amount: credits.Of(99), Features: []string{"music"}, Start: day(2), Meta: map[string]string{"note": ""}})
			d.clock.set(day(1))
			var usable []string
			for _, lot := range d.balance().Lots {
				if lot.Covers("image") {
					usable = append(usable, lot.ID)
				}
			}
			if diff := compare(c.lots, usable); diff != "" {
				t.Errorf("Balance(ada).Lots (-want +got):\n%s", diff)
			}
			if got := took(d.spend(credits.Spend{ID: "job", Feature: "image", Amount: credits.Of(8)})); got != c.want {
				t.Errorf("Spend(8) = %v, want %v", got, c.want)
			}
			for _, lot := range d.record("ada").State.Lots {
				if lot.Features[0] == "scribble" || lot.Meta["note"] == "scribble" {
					t.Errorf("lot %q = %v, %v, want what was granted", lot.ID, lot.Features, lot.Meta)
				}
			}
		})
	}
}

// A spend under a replaced order must keep the store's own order of lots.
func TestDrawdownOrderReplacedLeavesTheStateInOrder(t *testing.T) {
	d := openDesk(t, credits.Options{Order: func(a, b credits.Lot) int { return -a.Compare(&b) }})
	for _, id := range []string{"a", "b", "c"} {
		d.grant(credits.Grant{ID: id, Amount: credits.Of(2)})
	}
	if got := took(d.spend(credits.Spend{ID: "job", Amount: credits.Of(3)})); got != "c 2, b 1" {
		t.Errorf("Spend(3) = %v, want c 2, b 1", got)
	}
	if got := lotIDs(d.record("ada").State.Lots); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("State(ada).Lots = %v, want [a b]", got)
	}
}

func TestDrawdownOfManyLots(t *testing.T) {
	d := newDesk(t)
	for i := range 100 {
		d.grant(credits.Grant{ID: fmt.Sprintf("lot-%02d", i), Amount: credits.Of(1), Validity: expiry.Days(1 + (i*37)%100)})
	}
	receipt := d.spend(credits.Spend{ID: "job", Amount: credits.MustParse("60.5")})
	if len(receipt.Postings) != 61 {
		t.Fatalf("Spend(60.5) = %d postings, want 61", len(receipt.Postings))
	}
	state := d.record("ada").State
	if len(state.Lots) != 40 || state.Balance != credits.MustParse("39.5") || state.Due != day(61) {
		t.Errorf("Spend(60.5) = %d lots, balance %v, due %v, want 40, 39.5, %v", len(state.Lots), state.Balance, state.Due, day(61))
	}
	if !slices.IsSortedFunc(state.Lots, func(a, b credits.Lot) int { return a.Compare(&b) }) {
		t.Errorf("State(ada).Lots = %v, want the drawdown order", lotIDs(state.Lots))
	}
}

func drawLot(t *rapid.T, id string) credits.Lot {
	lot := credits.Lot{
		ID: id, Granted: credits.Of(1), Available: credits.Of(1),
		Priority: rapid.IntRange(-1, 1).Draw(t, "priority"),
		Features: numbered(rapid.IntRange(0, 2).Draw(t, "features")),
		Start:    day(rapid.IntRange(-2, 0).Draw(t, "start")),
	}
	if ends := rapid.IntRange(0, 2).Draw(t, "ends"); ends > 0 {
		lot.End = day(ends)
	}
	if rapid.Bool().Draw(t, "paid") {
		lot.Paid = paid
	}
	return lot
}

func TestLotCompareIsATotalOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := drawLot(t, "a"), drawLot(t, "b"), drawLot(t, "c")
		if got := a.Compare(&a); got != 0 {
			t.Fatalf("Compare(%v, itself) = %d, want 0", a, got)
		}
		if ab, ba := a.Compare(&b), b.Compare(&a); ab != -ba || ab == 0 {
			t.Fatalf("Compare(%v, %v) = %d and back %d, want opposites", a, b, ab, ba)
		}
		if a.Compare(&b) < 0 && b.Compare(&c) < 0 && a.Compare(&c) >= 0 {
			t.Fatalf("Compare = %v < %v < %v, want the first before the last", a, b, c)
		}
	})
}

// TestR41_ covers a lot that was spent before one that ends sooner: whatever was
// granted, no earlier eligible lot has anything left while a later one was drawn.
func TestR41_NoEarlierLotIsLeftWhileALaterOneIsDrawn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := openDesk(t, credits.Options{})
		var total credits.Amount
		for i := range rapid.IntRange(1, 24).Draw(t, "lots") {
			lot := drawLot(t, fmt.Sprintf("lot-%02d", i))
			grant := credits.Grant{
				ID: lot.ID, Amount: credits.Micros(rapid.Int64Range(1, 9).Draw(t, "amount")), Priority: lot.Priority,
				Features: lot.Features, Start: lot.Start.AddDate(0, 0, rapid.IntRange(0, 3).Draw(t, "later")), Paid: lot.Paid,
			}
			if !lot.End.IsZero() {
				grant.Validity = expiry.Until(lot.End.AddDate(0, 0, 3))
			}
			d.grant(grant)
		}
		d.clock.set(day(rapid.IntRange(0, 5).Draw(t, "now")))
		feature := rapid.SampledFrom([]string{"", "feature-000", "feature-001", "other"}).Draw(t, "feature")
		before := d.balance()
		total = before.For(feature)
		amount := credits.Micros(rapid.Int64Range(0, total.Micros()).Draw(t, "spend"))
		receipt := d.spend(credits.Spend{ID: "job", Feature: feature, Amount: amount})
		checkDrawn(t, before, d.balance(), receipt, feature, amount)
	})
}

func checkDrawn(t rapid.TB, before, after credits.Balance, receipt credits.Receipt, feature string, amount credits.Amount) {
	drawn := make(map[string]int64)
	var sum int64
	for _, posting := range receipt.Postings {
		drawn[posting.Lot] -= posting.Available.Micros()
		sum -= posting.Available.Micros()
	}
	if sum != amount.Micros() {
		t.Fatalf("Spend(%v) = postings of %d micros, want %d", amount, sum, amount.Micros())
	}
	left := make(map[string]int64)
	for _, lot := range after.Lots {
		left[lot.ID] = lot.Available.Micros()
	}
	var passed string // an eligible lot that has something left
	for _, lot := range before.Lots {
		eligible := lot.Covers(feature) && !before.AsOf.Before(lot.Start) && (lot.End.IsZero() || before.AsOf.Before(lot.End))
		if got := left[lot.ID] + drawn[lot.ID]; got != lot.Available.Micros() {
			t.Fatalf("Spend(%v): lot %q has %d micros left and drawn, want %v", amount, lot.ID, got, lot.Available)
		}
		if drawn[lot.ID] > 0 && (!eligible || passed != "") {
			t.Fatalf("Spend(%v for %q) = drew on %q, want none, eligible %v, lot %q has some left", amount, feature, lot.ID, eligible, passed)
		}
		if eligible && left[lot.ID] > 0 {
			passed = lot.ID
		}
	}
}

func TestLotUsableAt(t *testing.T) {
	lot := credits.Lot{Start: start, End: day(1)}
	forever := credits.Lot{Start: start}
	for _, c := range []struct {
		at            time.Time
		want, endless bool
	}{
		{start.Add(-1), false, false}, {start, true, true}, {start.Add(1), true, true},
		{day(1).Add(-1), true, true}, {day(1), false, true}, {day(1).Add(1), false, true},
	} {
		if got := lot.UsableAt(c.at); got != c.want {
			t.Errorf("UsableAt(%v) = %v, want %v", c.at, got, c.want)
		}
		if got := forever.UsableAt(c.at); got != c.endless {
			t.Errorf("UsableAt(%v) of an endless lot = %v, want %v", c.at, got, c.endless)
		}
	}
}

// A lot that needs a term is frozen while the term is not open, but its time runs.
func TestDrawdownPassesOverALotWhoseTermIsNotOpen(t *testing.T) {
	d := newDesk(t)
	d.grant(credits.Grant{ID: "top-up", Amount: credits.Of(5), OnlyWith: "pro", Priority: -1, Validity: expiry.Days(40)})
	d.grant(credits.Grant{ID: "top-up-later", Amount: credits.Of(3), OnlyWith: "pro", Start: day(1), Validity: expiry.Days(60)})
	d.grant(credits.Grant{ID: "pack", Amount: credits.Of(5)})
	steps := []struct {
		name                          string
		at                            time.Time
		renew                         credits.Renew
		available, dormant, scheduled string
		took                          string
	}{
		{"while the term never was open", start, credits.Renew{}, "5", "5", "3", "pack 1"},
		{"when another term opens", start, credits.Renew{ID: "other", Term: "team", Until: day(99)}, "4", "5", "3", "pack 1"},
		{"from the instant the term opens", day(2), credits.Renew{ID: "sub", Term: "pro", Until: day(10)}, "11", "0", "0", "top-up 1"},
		{"to the instant before it lapses", day(10).Add(-micro), credits.Renew{}, "10", "0", "0", "top-up 1"},
		{"from the lapse", day(10), credits.Renew{}, "3", "6", "0", "pack 1"},
		{"when the term is bought again", day(20), credits.Renew{ID: "sub-2", Term: "pro", Until: day(90)}, "8", "0", "0", "top-up 1"},
		{"to its own end", day(40), credits.Renew{}, "5", "0", "0", "top-up-later 1"},
	}
	for _, step := range steps {
		d.clock.set(step.at)
		if step.renew.ID != "" {
			d.renew(step.renew)
		}
		b := d.balance()
		if b.Available.String() != step.available || b.Dormant.String() != step.dormant || b.Scheduled.String() != step.scheduled {
			t.Errorf("%s: Balance(ada) = %v, %v dormant, %v scheduled, want %v, %v, %v",
				step.name, b.Available, b.Dormant, b.Scheduled, step.available, step.dormant, step.scheduled)
		}
		if b.For("image") != b.Available {
			t.Errorf("%s: For(image) = %v, want %v", step.name, b.For("image"), b.Available)
		}
		short := credits.Spend{ID: "dear", Account: "ada", Amount: credits.Of(99)}
		err := d.refusesSpend(credits.ErrInsufficient, short)
		if insufficient, _ := errors.AsType[*credits.InsufficientError](err); insufficient.Available != b.Available {
			t.Errorf("%s: Spend(99) = available %v, want %v", step.name, insufficient.Available, b.Available)
		}
		if got := took(d.spend(credits.Spend{ID: step.name, Amount: credits.Of(1)})); got != step.took {
			t.Errorf("%s: Spend(1) = %v, want %v", step.name, got, step.took)
		}
	}
	checkEntries(t, d.history(credits.Query{}))
}
