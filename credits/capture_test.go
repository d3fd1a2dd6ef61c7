package credits_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
)

// holding is a booth with 5 in "plan", which ends on day 30, and 10 in "pack":
// the hold "job" has 8 of them, 5 from the plan.
func holding(t *testing.T) booth {
	b := newBooth(t)
	b.grant(credits.Grant{ID: "pack", Amount: credits.Of(10)})
	b.grant(credits.Grant{ID: "plan", Amount: credits.Of(5), Validity: expiry.Days(30)})
	b.reserve(credits.Reserve{ID: "job", Feature: "image", Amount: credits.Of(8)})
	return b
}

// posted returns an entry's postings, as text: "plan 2 -5" for 2 more available
// and 5 less held.
func posted(e credits.Entry) string {
	var texts []string
	for _, posting := range e.Postings {
		lot := posting.Lot
		if lot == "" {
			lot = "overdraft"
		}
		texts = append(texts, lot+" "+posting.Available.String()+" "+posting.Held.String())
	}
	return strings.Join(texts, ", ")
}

func TestCapturePaysFromTheHold(t *testing.T) {
	for _, c := range []struct {
		name      string
		amount    string
		more      bool
		postings  string
		available string
		held      string
	}{
		{"all of the hold", "8", false, "plan 0 -5, pack 0 -3", "7", "0"},
		{"what is left goes back to the lot it was in", "6", false, "plan 0 -5, pack 2 -3", "9", "0"},
		{"what is left of two lots goes back to both", "1", false, "plan 4 -5, pack 3 -3", "14", "0"},
		{"nothing used gives everything back", "0", false, "plan 5 -5, pack 3 -3", "15", "0"},
		{"one micro", "0.000001", false, "plan 4.999999 -5, pack 3 -3", "14.999999", "0"},
		{"more to come leaves the rest held", "6", true, "plan 0 -5, pack 0 -1", "7", "2"},
		{"nothing yet leaves all of it held", "0", true, "", "7", "8"},
		{"all of it with more to come leaves an empty hold", "8", true, "plan 0 -5, pack 0 -3", "7", "0"},
		{"beyond the hold takes what is free", "10", false, "plan 0 -5, pack -2 -3", "5", "0"},
		{"beyond the hold takes what is free, with more to come", "10", true, "plan 0 -5, pack -2 -3", "5", "0"},
		{"everything held and free", "15", false, "plan 0 -5, pack -7 -3", "0", "0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := holding(t)
			amount := credits.MustParse(c.amount)
			receipt := b.capture(credits.Capture{ID: "done", Hold: "job", Amount: amount, More: c.more})
			if receipt.Amount != amount.Neg() || receipt.Of != "job" || receipt.Kind != credits.KindCapture || receipt.Feature != "image" {
				t.Errorf("Capture(%s) = %s %v of %s for %s, want capture -%s of job for image", c.amount, receipt.Kind, receipt.Amount, receipt.Of, receipt.Feature, c.amount)
			}
			if got := posted(receipt.Entry); got != c.postings {
				t.Errorf("Capture(%s).Postings = %s, want %s", c.amount, got, c.postings)
			}
			hold := receipt.HoldNow
			if hold.Settled == c.more || hold.Captured != amount || hold.Reserved != credits.Of(8) || hold.Held().String() != c.held {
				t.Errorf("Capture(%s).HoldNow = %+v, want settled %v, %s captured, %s held", c.amount, hold, !c.more, c.amount, c.held)
			}
			b.wantBalance(c.name, c.available, c.held)
			if _, err := b.ledger.Capture(b.ctx, credits.Capture{ID: "again", Account: "ada", Hold: "job"}); c.more == errors.Is(err, credits.ErrClosed) {
				t.Errorf("Capture(after it) = %v, want %v only where it closed the hold", err, credits.ErrClosed)
			}
		})
	}
}

func TestCaptureBeyondWhatThereIsLeavesTheHoldOpen(t *testing.T) {
	b := holding(t)
	command := credits.Capture{ID: "done", Account: "ada", Hold: "job", Amount: mustAdd("15", 1)}
	short, _ := errors.AsType[*credits.InsufficientError](b.fails(credits.ErrInsufficient, command))
	if short == nil || short.Shortfall != credits.Micros(1) || short.Feature != "image" || short.Available != credits.Of(7) {
		t.Errorf("Capture(15.000001 of 15) = %+v, want one micro missing for image, 7 available", short)
	}
	b.wantBalance("a capture that failed", "7", "8")
	b.grant(credits.Grant{ID: "top-up", Amount: credits.Of(1)})
	if got := b.capture(command); got.Replayed || !got.HoldNow.Settled {
		t.Errorf("Capture(after a top-up) = replayed %v, %+v, want a first receipt and the hold settled", got.Replayed, got.HoldNow)
	}
	b.wantBalance("a capture beyond the hold", "0.999999", "0")
}

func TestCaptureBeyondTheHoldGoesByTheFeature(t *testing.T) {
	b := newBooth(t)
	b.grant(credits.Grant{ID: "songs", Amount: credits.Of(5), Features: []string{"ai-music"}})
	b.grant(credits.Grant{ID: "images", Amount: credits.Of(5), Features: []string{"image"}})
	b.reserve(credits.Reserve{ID: "job", Feature: "image", Amount: credits.Of(3)})
	b.fails(credits.ErrInsufficient, credits.Capture{ID: "done", Account: "ada", Hold: "job", Amount: credits.Of(6)})
	got := b.capture(credits.Capture{ID: "done", Hold: "job", Amount: credits.Of(5)})
	if got := posted(got.Entry); got != "images -2 -3" {
		t.Errorf("Capture(5 of 3).Postings = %s, want images -2 -3", got)
	}
}

func TestCaptureInParts(t *testing.T) {
	b := holding(t)
	for i, id := range []string{"a", "b", "c"} {
		got := b.capture(credits.Capture{ID: id, Hold: "job", Amount: credits.Of(2), More: true}).HoldNow
		want := credits.Of(int64(2 * (i + 1)))
		if got.Captured != want || got.Settled {
			t.Errorf("Capture(%s).HoldNow = %v captured, settled %v, want %v, open", id, got.Captured, got.Settled, want)
		}
	}
	last := b.capture(credits.Capture{ID: "d", Hold: "job", Amount: credits.Of(1)})
	if last.HoldNow.Captured != credits.Of(7) || posted(last.Entry) != "pack 1 -2" {
		t.Errorf("Capture(d) = %s, %v captured, want pack 1 -2, 7", posted(last.Entry), last.HoldNow.Captured)
	}
	b.wantBalance("parts", "8", "0")
	b.wantKinds(3, "capture -2, capture -2, capture -2, capture -1")
	// Each part replays by itself, and says what became of the hold.
	first := b.capture(credits.Capture{ID: "a", Hold: "job", Amount: credits.Of(2), More: true})
	if !first.Replayed || !first.HoldNow.Settled || first.Hold.Settled || first.Hold.Captured != credits.Of(2) {
		t.Errorf("Capture(a again) = replayed %v, then %+v, now %+v, want open then, settled now", first.Replayed, first.Hold, first.HoldNow)
	}
}

func TestCaptureInPartsLapsesWithItsRest(t *testing.T) {
	b := holding(t)
	b.capture(credits.Capture{ID: "a", Hold: "job", Amount: credits.Of(6), More: true})
	b.clock.set(day(1))
	b.wantBalance("a lapse after a part", "9", "0")
	b.wantKinds(3, "capture -6, lapse 0")
	lapse := b.history(credits.Query{Kinds: []credits.Kind{credits.KindLapse}})[0]
	if posted(lapse) != "pack 2 -2" || lapse.Hold.Captured != credits.Of(6) || !lapse.Hold.Settled || lapse.Of != "job" {
		t.Errorf("lapse = %s, hold %+v, want pack 2 -2, and 6 captured", posted(lapse), lapse.Hold)
	}
}

func TestCaptureRefusesWhatIsInvalid(t *testing.T) {
	long := strings.Repeat("x", credits.MaxIDLen+1)
	for _, c := range []struct {
		name  string
		field string
		set   func(*credits.Capture)
	}{
		{"an ID is required", "id", func(c *credits.Capture) { c.ID = "" }},
		{"an ID is not too long", "id", func(c *credits.Capture) { c.ID = long }},
		{"an ID is not the library's own", "id", func(c *credits.Capture) { c.ID = "~do/capture/job" }},
		{"an account is required", "account", func(c *credits.Capture) { c.Account = "" }},
		{"a hold is required", "hold", func(c *credits.Capture) { c.Hold = "" }},
		{"a hold is not too long", "hold", func(c *credits.Capture) { c.Hold = long }},
		{"an amount is not negative", "amount", func(c *credits.Capture) { c.Amount = credits.Micros(-1) }},
		{"a quantity is text", "quantity", func(c *credits.Capture) { c.Quantity = "\xff" }},
		{"a price is not too long", "price explanation", func(c *credits.Capture) { c.Price.Explanation = strings.Repeat("x", credits.MaxTextLen+1) }},
		{"notes are not too long", "meta", func(c *credits.Capture) { c.Meta = notes(2, credits.MaxMetaLen) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := holding(t)
			command := credits.Capture{ID: "done", Account: "ada", Hold: "job", Amount: credits.Of(1)}
			c.set(&command)
			if got := field(b.fails(credits.ErrInvalid, command)); got != c.field {
				t.Errorf("Capture(%+v) = an error about %q, want %q", command, got, c.field)
			}
		})
	}
	b := holding(t)
	b.fails(credits.ErrOverflow, credits.Capture{ID: "done", Account: "ada", Hold: "job", Amount: credits.Micros(credits.MaxCredits*1_000_000 + 1)})
}

// Every verb on a hold says whether there never was one, or what became of it.
func TestAHoldIsNotFoundOrClosed(t *testing.T) {
	commands := map[string]func(hold string) credits.Command{
		"capture": func(hold string) credits.Command {
			return credits.Capture{ID: "op", Account: "ada", Hold: hold, Amount: credits.Of(1)}
		},
		"release": func(hold string) credits.Command { return credits.Release{ID: "op", Account: "ada", Hold: hold} },
		"extend": func(hold string) credits.Command {
			return credits.Extend{ID: "op", Account: "ada", Hold: hold, Deadline: day(2)}
		},
	}
	closings := map[credits.Kind]func(b booth){
		credits.KindCapture: func(b booth) { b.capture(credits.Capture{ID: "end", Hold: "job", Amount: credits.Of(2)}) },
		credits.KindRelease: func(b booth) { b.release("end", "job") },
		credits.KindLapse:   func(b booth) { b.clock.set(day(1)) },
	}
	for verb, command := range commands {
		t.Run(verb, func(t *testing.T) {
			b := holding(t)
			b.capture(credits.Capture{ID: "part", Hold: "job", Amount: credits.Of(1), More: true})
			for _, id := range []string{"none", "pack", "part", "~do/capture/job"} {
				missing, _ := errors.AsType[*credits.NotFoundError](b.fails(credits.ErrNotFound, command(id)))
				if missing == nil || missing.ID != id || missing.What != "hold" || missing.Account != "ada" {
					t.Errorf("%s(%s) = %+v, want that hold not found", verb, id, missing)
				}
			}
			for kind, end := range closings {
				b := holding(t)
				end(b)
				closed, _ := errors.AsType[*credits.ClosedError](b.fails(credits.ErrClosed, command("job")))
				if closed == nil || closed.ID != "job" || closed.What != "hold" || closed.Account != "ada" || closed.Last.Kind != kind {
					t.Errorf("%s(after a %s) = %+v, want that entry", verb, kind, closed)
				}
			}
		})
	}
}

// What a hold has can be captured after the end of its lot; no later lot and no
// other spend can touch it.
func TestCaptureOfALotPastItsEnd(t *testing.T) {
	for _, c := range []struct {
		name string
		now  time.Time
	}{
		{"a microsecond before the end", day(2).Add(-micro)},
		{"at the end", day(2)},
		{"a microsecond after the end", day(2).Add(micro)},
		{"a microsecond before the deadline", day(9).Add(-micro)},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBooth(t)
			b.grant(credits.Grant{ID: "trial", Amount: credits.Of(10), Validity: expiry.Days(2)})
			b.reserve(credits.Reserve{ID: "job", Amount: credits.Of(6), Deadline: day(9)})
			b.clock.set(c.now)
			ended := !c.now.Before(day(2))
			if ended {
				b.wantBalance(c.name, "0", "6")
			}
			got := b.capture(credits.Capture{ID: "done", Hold: "job", Amount: credits.Of(4)})
			if got.Amount != credits.Of(-4) || posted(got.Entry) != "trial 2 -6" {
				t.Errorf("Capture(%s) = %v, %s, want -4, trial 2 -6", c.name, got.Amount, posted(got.Entry))
			}
			if !ended {
				b.wantBalance(c.name, "6", "0")
				b.clock.set(day(2))
				b.wantBalance("the end", "0", "0")
				b.wantKinds(2, "capture -4, end -6")
				return
			}
			b.wantBalance(c.name, "0", "0")
			b.wantKinds(2, "end -4, capture -4, end -2")
		})
	}
}

func TestCaptureBeyondAHoldThatOutlivedItsLot(t *testing.T) {
	b := newBooth(t)
	b.grant(credits.Grant{ID: "trial", Amount: credits.Of(10), Validity: expiry.Days(2)})
	b.reserve(credits.Reserve{ID: "job", Amount: credits.Of(6), Deadline: day(9)})
	b.clock.set(day(3))
	b.fails(credits.ErrInsufficient, credits.Capture{ID: "done", Account: "ada", Hold: "job", Amount: mustAdd("6", 1)})
	b.grant(credits.Grant{ID: "pack", Amount: credits.Of(1)})
	got := b.capture(credits.Capture{ID: "done", Hold: "job", Amount: credits.Of(7)})
	if posted(got.Entry) != "trial 0 -6, pack -1 0" {
		t.Errorf("Capture(7).Postings = %s, want trial 0 -6, pack -1 0", posted(got.Entry))
	}
	b.wantBalance("Capture(7)", "0", "0")
}

func TestCaptureSaysItsOwnPriceWhereItHasOne(t *testing.T) {
	b := stocked(t)
	b.reserve(credits.Reserve{ID: "job", Amount: credits.Of(4), Price: credits.Price{Card: "web", Version: "1"}})
	own := credits.Price{Card: "web", Version: "1", Explanation: "12 words = 2"}
	got := b.capture(credits.Capture{ID: "done", Hold: "job", Amount: credits.Of(2), Price: own, Meta: map[string]string{"a": "b"}})
	if got.Price != own || got.Hold.Price.Explanation != "" || got.Meta["a"] != "b" {
		t.Errorf("Capture(done) = price %v, hold's %v, meta %v, want its own price, the hold's as it was", got.Price, got.Hold.Price, got.Meta)
	}
	command := credits.Capture{ID: "done", Account: "ada", Hold: "job", Amount: credits.Of(2), Price: own}
	b.fails(credits.ErrIDReused, command) // other notes
	for name, change := range map[string]func(*credits.Capture){
		"amount":   func(c *credits.Capture) { c.Amount = credits.Of(3) },
		"more":     func(c *credits.Capture) { c.More = true },
		"hold":     func(c *credits.Capture) { c.Hold = "other" },
		"quantity": func(c *credits.Capture) { c.Quantity = "12 words" },
		"card":     func(c *credits.Capture) { c.Price.Card = "app" },
		"version":  func(c *credits.Capture) { c.Price.Version = "2" },
	} {
		other := command
		other.Meta = map[string]string{"a": "b"}
		change(&other)
		if err := b.fails(credits.ErrIDReused, other); !strings.Contains(err.Error(), "done") {
			t.Errorf("Capture(other %s) = %v, want the ID named", name, err)
		}
	}
}

// An overdraft lowered below what a hold has of it takes nothing from the hold.
func TestCaptureOfAnOverdraftThatWasLowered(t *testing.T) {
	b := newBooth(t)
	b.configure(credits.Configure{ID: "limit", Overdraft: new(credits.Of(5))})
	b.reserve(credits.Reserve{ID: "job", Amount: credits.Of(5)})
	b.configure(credits.Configure{ID: "lower", Overdraft: new(credits.Amount{})})
	b.fails(credits.ErrInsufficient, credits.Capture{ID: "done", Account: "ada", Hold: "job", Amount: mustAdd("5", 1)})
	got := b.capture(credits.Capture{ID: "done", Hold: "job", Amount: credits.Of(4)})
	if posted(got.Entry) != "overdraft 1 -5" || got.Balance != credits.Of(-4) {
		t.Errorf("Capture(4) = %s, balance %v, want overdraft 1 -5, -4", posted(got.Entry), got.Balance)
	}
	if got := b.balance(); got.Debt != credits.Of(4) || got.For("") != credits.Of(-4) {
		t.Errorf("Balance() = debt %v, for any %v, want 4, -4", got.Debt, got.For(""))
	}
	b.grant(credits.Grant{ID: "pack", Amount: credits.Of(10)})
	b.wantBalance("the debt is repaid", "6", "0")
}

// What passes the bounds over a hold's life is an error, not a crash.
func TestCaptureAndExtendBeyondTheMostOfOneHold(t *testing.T) {
	most := credits.Of(credits.MaxCredits)
	b := newBooth(t)
	b.grant(credits.Grant{ID: "first", Amount: most})
	b.reserve(credits.Reserve{ID: "job", Amount: most})
	b.capture(credits.Capture{ID: "part", Hold: "job", Amount: most, More: true})
	b.grant(credits.Grant{ID: "second", Amount: most})
	b.fails(credits.ErrOverflow, credits.Extend{ID: "longer", Account: "ada", Hold: "job", Amount: credits.Micros(1)})
	b.fails(credits.ErrOverflow, credits.Capture{ID: "done", Account: "ada", Hold: "job", Amount: credits.Micros(1)})
	b.capture(credits.Capture{ID: "done", Hold: "job"})
	b.wantBalance("the bounds", "1000000000000", "0")
}
