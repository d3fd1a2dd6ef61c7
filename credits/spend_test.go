package credits_test

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
)

func TestSpendTakesFromALot(t *testing.T) {
	d := newDesk(t)
	d.grant(credits.Grant{ID: "pack", Amount: credits.Of(100)})
	d.clock.set(day(1))
	price := credits.Price{Card: "standard", Version: "3", Explanation: "3m20s = 4 started minutes x 4 = 16"}
	got := d.spend(credits.Spend{
		ID: "job-9", Feature: "speech-to-text", Amount: credits.Of(16), Quantity: "3m20s", Price: price, Meta: map[string]string{"file": "talk.mp3"},
	})
	want := credits.Receipt{Entry: credits.Entry{
		Account: "ada", Seq: 2, ID: "job-9", Kind: credits.KindSpend, At: day(1), Amount: credits.Of(-16), Balance: credits.Of(84),
		Postings: []credits.Posting{{Lot: "pack", Available: credits.Of(-16)}},
		Feature:  "speech-to-text", Quantity: "3m20s", Price: price, Meta: map[string]string{"file": "talk.mp3"}, Digest: got.Digest,
	}}
	if diff := compare(want, got); diff != "" {
		t.Errorf("Spend(job-9) (-want +got):\n%s", diff)
	}
	after := d.record("ada")
	if diff := compare(want.Entry, after.Entries[1]); diff != "" {
		t.Errorf("after Spend(job-9) the store has (-want +got):\n%s", diff)
	}
	if lot := after.State.Lots[0]; lot.Available != credits.Of(84) || lot.Granted != credits.Of(100) {
		t.Errorf("after Spend(16) the lot has %v of %v, want 84 of 100", lot.Available, lot.Granted)
	}
}

func TestSpendIsWholeOrNotAtAll(t *testing.T) {
	cases := []struct {
		name    string
		amount  credits.Amount
		want    error
		balance string
	}{
		{"less than there is", credits.MustParse("14.999999"), nil, "0.000001"},
		{"exactly what there is", credits.Of(15), nil, "0"},
		{"a micro more than there is", credits.MustParse("15.000001"), credits.ErrInsufficient, "15"},
		{"as much as an account may have", credits.Of(credits.MaxCredits), credits.ErrInsufficient, "15"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t)
			d.grant(credits.Grant{ID: "a", Amount: credits.Of(10)})
			d.grant(credits.Grant{ID: "b", Amount: credits.Of(5)})
			spend := credits.Spend{ID: "job", Account: "ada", Amount: c.amount}
			if c.want != nil {
				d.refusesSpend(c.want, spend)
			} else {
				d.spend(spend)
			}
			if got := d.balance().Available.String(); got != c.balance {
				t.Errorf("Spend(%v) = %v left, want %v", c.amount, got, c.balance)
			}
		})
	}
}

func TestSpendClosesALotThatIsUsedUp(t *testing.T) {
	d := newDesk(t)
	d.grant(credits.Grant{ID: "a", Amount: credits.Of(10), Validity: expiry.Days(1)})
	d.grant(credits.Grant{ID: "b", Amount: credits.Of(10), Validity: expiry.Days(2)})
	d.spend(credits.Spend{ID: "job", Amount: credits.Of(10)})
	state := d.record("ada").State
	if got := lotIDs(state.Lots); len(got) != 1 || got[0] != "b" || state.Due != day(2) {
		t.Errorf("after Spend(all of a) the open lots are %v, due %v, want [b], %v", got, state.Due, day(2))
	}
	d.clock.set(day(1))
	if got := d.history(credits.Query{}); len(got) != 3 {
		t.Errorf("History(ada) = %v, want no end of a lot that was used up", entryIDs(got))
	}
}

func TestSpendSaysHowFarTheAccountIsFromPaying(t *testing.T) {
	d := newDesk(t)
	d.grant(credits.Grant{ID: "general", Amount: credits.Of(3)})
	d.grant(credits.Grant{ID: "music", Amount: credits.Of(50), Features: []string{"music"}})
	d.grant(credits.Grant{ID: "speech", Amount: credits.Of(4), Features: []string{"speech-to-text"}})
	d.grant(credits.Grant{ID: "later-music", Amount: credits.Of(99), Features: []string{"music"}, Start: day(1)})
	d.grant(credits.Grant{ID: "later", Amount: credits.Of(99), Start: day(5)})
	d.grant(credits.Grant{ID: "sooner", Amount: credits.Of(99), Start: day(3), Features: []string{"speech-to-text"}})
	for _, c := range []struct {
		feature, available string
		next               time.Time
	}{{"speech-to-text", "7", day(3)}, {"music", "53", day(1)}, {"", "3", day(5)}, {"image", "3", day(5)}} {
		err := d.refusesSpend(credits.ErrInsufficient, credits.Spend{ID: "job", Account: "ada", Feature: c.feature, Amount: credits.Of(60)})
		available := credits.MustParse(c.available)
		shortfall, _ := credits.Of(60).Sub(available)
		want := &credits.InsufficientError{
			Account: "ada", Feature: c.feature, Needed: credits.Of(60), Available: available, Shortfall: shortfall, NextStart: c.next,
		}
		got, _ := errors.AsType[*credits.InsufficientError](err)
		if diff := compare(want, got); diff != "" {
			t.Errorf("Spend(60 for %q) (-want +got):\n%s", c.feature, diff)
		}
	}
}

func TestSpendNamesNoNextStartWhereNoneIsToCome(t *testing.T) {
	d := newDesk(t)
	d.grant(credits.Grant{ID: "music", Amount: credits.Of(5), Features: []string{"music"}, Start: day(1)})
	err := d.refusesSpend(credits.ErrInsufficient, credits.Spend{ID: "job", Account: "ada", Feature: "image", Amount: credits.Of(1)})
	if got, ok := errors.AsType[*credits.InsufficientError](err); !ok || !got.NextStart.IsZero() {
		t.Errorf("Spend(image).NextStart = %v, want none", got)
	}
}

// A term that was ended takes the lots with it that were still to start.
func TestSpendNamesNoNextStartOfALotThatEndedBeforeIt(t *testing.T) {
	d := newDesk(t)
	d.renew(credits.Renew{ID: "sub", Term: "pro", Until: day(30)})
	d.grant(credits.Grant{ID: "next-month", Amount: credits.Of(5), Validity: expiry.WhileSubscribed(), Term: "pro", Start: day(20)})
	d.renew(credits.Renew{ID: "stop", Term: "pro", End: true})
	err := d.refusesSpend(credits.ErrInsufficient, credits.Spend{ID: "job", Account: "ada", Amount: credits.Of(1)})
	if got, ok := errors.AsType[*credits.InsufficientError](err); !ok || !got.NextStart.IsZero() {
		t.Errorf("Spend(1).NextStart = %v, want none", got.NextStart)
	}
}

func TestSpendWaitsForTheStartOfALot(t *testing.T) {
	d := newDesk(t)
	d.grant(credits.Grant{ID: "pack", Amount: credits.Of(5), Start: day(1)})
	d.clock.set(day(1).Add(-micro))
	d.refusesSpend(credits.ErrInsufficient, credits.Spend{ID: "job", Account: "ada", Amount: credits.Of(1)})
	d.clock.set(day(1))
	d.spend(credits.Spend{ID: "job", Amount: credits.Of(1)})
}

func TestSpendOnAnAccountThatNothingHappenedTo(t *testing.T) {
	d := newDesk(t)
	d.refusesSpend(credits.ErrInsufficient, credits.Spend{ID: "job", Account: "ada", Amount: credits.Of(1)})
	receipt := d.spend(credits.Spend{ID: "free", Feature: "image"})
	if receipt.Seq != 1 || !receipt.Balance.IsZero() {
		t.Errorf("Spend(0) = entry %d, balance %v, want 1 and 0", receipt.Seq, receipt.Balance)
	}
}

func TestSpendRefusesWhatIsInvalid(t *testing.T) {
	long := strings.Repeat("x", credits.MaxTextLen+1)
	cases := []struct {
		name  string
		field string
		spoil func(*credits.Spend)
	}{
		{"the ID is missing", "id", func(c *credits.Spend) { c.ID = "" }},
		{"the ID is longer than the most", "id", func(c *credits.Spend) { c.ID = long }},
		{"the ID is not UTF-8", "id", func(c *credits.Spend) { c.ID = "\xff" }},
		{"the ID has a control character", "id", func(c *credits.Spend) { c.ID = "a\u0085" }},
		{"the ID is in the library's namespace", "id", func(c *credits.Spend) { c.ID = "~" }},
		{"the account is missing", "account", func(c *credits.Spend) { c.Account = "" }},
		{"the account is longer than the most", "account", func(c *credits.Spend) { c.Account = long }},
		{"the amount is negative", "amount", func(c *credits.Spend) { c.Amount = credits.Micros(-1) }},
		{"the amount is the lowest int64", "amount", func(c *credits.Spend) { c.Amount = credits.Micros(math.MinInt64) }},
		{"the feature is longer than the most", "feature", func(c *credits.Spend) { c.Feature = long }},
		{"the feature is not UTF-8", "feature", func(c *credits.Spend) { c.Feature = "\xff" }},
		{"the feature has a control character", "feature", func(c *credits.Spend) { c.Feature = "\n" }},
		{"the quantity is longer than the most", "quantity", func(c *credits.Spend) { c.Quantity = long }},
		{"the quantity is not UTF-8", "quantity", func(c *credits.Spend) { c.Quantity = "\xff" }},
		{"the card is longer than the most", "price card", func(c *credits.Spend) { c.Price.Card = long }},
		{"the version is not UTF-8", "price version", func(c *credits.Spend) { c.Price.Version = "\xff" }},
		{"the explanation is longer than the most", "price explanation", func(c *credits.Spend) { c.Price.Explanation = long }},
		{"a note is not UTF-8", "meta", func(c *credits.Spend) { c.Meta = map[string]string{"a": "\xff"} }},
		{"there are more notes than the most", "meta", func(c *credits.Spend) { c.Meta = notes(credits.MaxMetaPairs+1, 1) }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t)
			d.grant(credits.Grant{ID: "pack", Amount: credits.Of(5)})
			bad := credits.Spend{ID: "job", Account: "ada", Amount: credits.Of(1)}
			c.spoil(&bad)
			if err := d.refusesSpend(credits.ErrInvalid, bad); field(err) != c.field {
				t.Errorf("Spend(%.60q) = field %q (%v), want %q", bad.ID, field(err), err, c.field)
			}
		})
	}
}

func TestSpendRefusesAnAmountBeyondTheMost(t *testing.T) {
	d := newDesk(t)
	d.grant(credits.Grant{ID: "pack", Amount: credits.Of(5)})
	for _, micros := range []int64{credits.MaxCredits*1_000_000 + 1, math.MaxInt64} {
		d.refusesSpend(credits.ErrOverflow, credits.Spend{ID: "job", Account: "ada", Amount: credits.Micros(micros)})
	}
}

func TestSpendAtTheBounds(t *testing.T) {
	d := newDesk(t)
	d.grant(credits.Grant{ID: "most", Amount: credits.Of(credits.MaxCredits)})
	text := strings.Repeat("x", credits.MaxTextLen)
	name := strings.Repeat("x", credits.MaxNameLen)
	receipt := d.spend(credits.Spend{
		ID: strings.Repeat("i", credits.MaxIDLen), Feature: name, Amount: credits.Of(credits.MaxCredits), Quantity: text,
		Price: credits.Price{Card: name, Version: name, Explanation: text}, Meta: map[string]string{"a": strings.Repeat("x", credits.MaxMetaLen-1)},
	})
	if !receipt.Balance.IsZero() {
		t.Errorf("Spend(everything).Balance = %v, want 0", receipt.Balance)
	}
}

func TestSpendPartial(t *testing.T) {
	cases := []struct {
		name, feature     string
		amount            credits.Amount
		took, left, short string
	}{
		{"less than there is is taken whole", "image", credits.Of(7), "image 5, pack 2", "8", "0"},
		{"exactly what there is", "image", credits.Of(15), "image 5, pack 10", "0", "0"},
		{"more than there is takes what there is", "image", credits.MustParse("15.5"), "image 5, pack 10", "0", "0.5"},
		{"only what the feature may use", "music", credits.Of(40), "pack 10", "5", "30"},
		{"nothing, where nothing was asked for", "image", credits.Amount{}, "", "15", "0"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t)
			d.grant(credits.Grant{ID: "pack", Amount: credits.Of(10)})
			d.grant(credits.Grant{ID: "image", Amount: credits.Of(5), Features: []string{"image"}})
			d.grant(credits.Grant{ID: "later", Amount: credits.Of(50), Start: day(1)})
			spend := credits.Spend{ID: "job", Feature: c.feature, Amount: c.amount, Partial: true}
			for _, replayed := range []bool{false, true} {
				got := d.spend(spend)
				if took(got) != c.took || got.Short.String() != c.short || got.Replayed != replayed {
					t.Errorf("Spend(%v) = %v, short %v, replayed %v, want %v, %v, %v", c.amount, took(got), got.Short, got.Replayed, c.took, c.short, replayed)
				}
				if sum, err := got.Amount.Sub(got.Short); err != nil || sum != c.amount.Neg() {
					t.Errorf("Spend(%v) = %v taken, %v short, want %v together", c.amount, got.Amount, got.Short, c.amount)
				}
			}
			if got := d.balance().Available.String(); got != c.left {
				t.Errorf("Spend(%v) = %v left, want %v", c.amount, got, c.left)
			}
		})
	}
}

func TestSpendPartialOfNothingIsRefused(t *testing.T) {
	d := newDesk(t)
	d.grant(credits.Grant{ID: "later", Amount: credits.Of(50), Start: day(1)})
	err := d.refusesSpend(credits.ErrInsufficient, credits.Spend{ID: "job", Account: "ada", Amount: credits.Of(3), Partial: true})
	want := &credits.InsufficientError{Account: "ada", Needed: credits.Of(3), Shortfall: credits.Of(3), NextStart: day(1)}
	got, _ := errors.AsType[*credits.InsufficientError](err)
	if diff := compare(want, got); diff != "" {
		t.Errorf("Spend(3 of nothing) (-want +got):\n%s", diff)
	}
}
