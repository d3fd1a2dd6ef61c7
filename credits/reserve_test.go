package credits_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
)

// booth is a desk at which holds are made and used. When its test ends, the
// ledger of every account that it was asked to watch has to verify.
type booth struct{ *desk }

func newBooth(t *testing.T) booth { return openBooth(t, credits.Options{}) }

func openBooth(t *testing.T, options credits.Options) booth {
	b := booth{openDesk(t, options)}
	b.watch(t, "ada")
	return b
}

// watch verifies an account when the test ends.
func (b booth) watch(t *testing.T, account string) {
	t.Cleanup(func() {
		found, err := b.ledger.Verify(context.Background(), account)
		if err != nil || len(found) > 0 {
			t.Errorf("Verify(%s) = %v, %v, want nothing", account, found, err)
		}
	})
}

// stocked is a booth whose account has 10 credits for ever, in the lot "pack".
func stocked(t *testing.T) booth {
	b := newBooth(t)
	b.grant(credits.Grant{ID: "pack", Amount: credits.Of(10)})
	return b
}

func (b booth) reserve(c credits.Reserve) credits.Receipt {
	b.t.Helper()
	receipt, err := b.ledger.Reserve(b.ctx, filledReserve(c))
	if err != nil {
		b.t.Fatalf("Reserve(%q) = %v, want no error", c.ID, err)
	}
	return receipt
}

// filledReserve fills in the account "ada" and a deadline on day 1.
func filledReserve(c credits.Reserve) credits.Reserve {
	if c.Account == "" {
		c.Account = "ada"
	}
	if c.Deadline.IsZero() {
		c.Deadline = day(1)
	}
	return c
}

func (b booth) capture(c credits.Capture) credits.Receipt {
	b.t.Helper()
	c.Account = "ada"
	receipt, err := b.ledger.Capture(b.ctx, c)
	if err != nil {
		b.t.Fatalf("Capture(%q) = %v, want no error", c.ID, err)
	}
	return receipt
}

func (b booth) release(id, hold string) credits.Receipt {
	b.t.Helper()
	receipt, err := b.ledger.Release(b.ctx, credits.Release{ID: id, Account: "ada", Hold: hold})
	if err != nil {
		b.t.Fatalf("Release(%q) = %v, want no error", id, err)
	}
	return receipt
}

func (b booth) extend(c credits.Extend) credits.Receipt {
	b.t.Helper()
	c.Account = "ada"
	receipt, err := b.ledger.Extend(b.ctx, c)
	if err != nil {
		b.t.Fatalf("Extend(%q) = %v, want no error", c.ID, err)
	}
	return receipt
}

func (b booth) configure(c credits.Configure) credits.Receipt {
	b.t.Helper()
	c.Account = "ada"
	receipt, err := b.ledger.Configure(b.ctx, c)
	if err != nil {
		b.t.Fatalf("Configure(%q) = %v, want no error", c.ID, err)
	}
	return receipt
}

// fails is refuses for any command.
func (b booth) fails(want error, c credits.Command) error {
	b.t.Helper()
	return b.refuses(want, func() error {
		results, err := b.ledger.Batch(b.ctx, []credits.Command{c})
		return errors.Join(err, results[0].Err)
	})
}

// parts returns what a hold has, as text: "plan 5, pack 1".
func parts(hold *credits.Hold) string {
	if hold == nil {
		return "no hold"
	}
	var texts []string
	for _, part := range hold.Parts {
		lot := part.Lot
		if lot == "" {
			lot = "overdraft"
		}
		texts = append(texts, fmt.Sprintf("%s %v", lot, part.Amount))
	}
	return strings.Join(texts, ", ")
}

// wantBalance checks what is available and what is held.
func (b booth) wantBalance(after, available, held string) {
	b.t.Helper()
	if got := b.balance(); got.Available.String() != available || got.Held.String() != held {
		b.t.Errorf("Balance(%s) = %v available, %v held, want %s and %s", after, got.Available, got.Held, available, held)
	}
}

// wantKinds checks what is recorded, from the entry after the first skip ones.
func (b booth) wantKinds(skip int, want string) {
	b.t.Helper()
	var kinds []string
	for _, entry := range b.history(credits.Query{After: int64(skip)}) {
		kinds = append(kinds, fmt.Sprintf("%s %v", entry.Kind, entry.Amount))
	}
	if got := strings.Join(kinds, ", "); got != want {
		b.t.Errorf("History(after %d) = %s, want %s", skip, got, want)
	}
}

func TestReserveDrawsIntoAHold(t *testing.T) {
	for _, c := range []struct {
		name      string
		reserve   credits.Reserve
		parts     string
		available string
		held      string
	}{
		{"the lot that ends first goes first", credits.Reserve{Amount: credits.Of(4)}, "plan 4", "11", "4"},
		{"a hold spans lots in the drawdown order", credits.Reserve{Amount: credits.Of(8)}, "plan 5, pack 3", "7", "8"},
		{"a lot for the feature goes before a lot for all", credits.Reserve{Amount: credits.Of(6), Feature: "ai-music"}, "songs 5, plan 1", "9", "6"},
		{"a use without a feature does not touch a scoped lot", credits.Reserve{Amount: credits.Of(10)}, "plan 5, pack 5", "5", "10"},
		{"everything can be held", credits.Reserve{Amount: credits.Of(15), Feature: "ai-music"}, "songs 5, plan 5, pack 5", "0", "15"},
		{"a hold of nothing is a hold", credits.Reserve{}, "", "15", "0"},
		{"one micro can be held", credits.Reserve{Amount: credits.Micros(1)}, "plan 0.000001", "14.999999", "0.000001"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBooth(t)
			b.grant(credits.Grant{ID: "pack", Amount: credits.Of(5)})
			b.grant(credits.Grant{ID: "plan", Amount: credits.Of(5), Validity: expiry.Days(30)})
			b.grant(credits.Grant{ID: "songs", Amount: credits.Of(5), Features: []string{"ai-music"}})
			c.reserve.ID = "job"
			receipt := b.reserve(c.reserve)
			if got := parts(receipt.Hold); got != c.parts || !receipt.Amount.IsZero() || receipt.Kind != credits.KindReserve || receipt.ID != "job" {
				t.Errorf("Reserve(%v) = %s %q of %v in %s, want reserve \"job\" of 0 in %s", c.reserve.Amount, receipt.Kind, receipt.ID, receipt.Amount, got, c.parts)
			}
			hold := receipt.HoldNow
			if hold.Reserved != c.reserve.Amount || hold.Held() != c.reserve.Amount || !hold.Captured.IsZero() || hold.Settled || hold.Closed() {
				t.Errorf("Reserve(%v).HoldNow = %+v, want it open with %v", c.reserve.Amount, hold, c.reserve.Amount)
			}
			if diff := compare([]credits.Hold{*hold}, b.balance().Holds); diff != "" {
				t.Errorf("Balance(ada).Holds (-receipt +balance):\n%s", diff)
			}
			if got := b.balance().Posted; got != credits.Of(15) {
				t.Errorf("Balance(ada).Posted = %v, want 15", got)
			}
			b.wantBalance("Reserve", c.available, c.held)
			b.refusesSpend(credits.ErrInsufficient, credits.Spend{ID: "more", Account: "ada", Feature: "ai-music", Amount: mustAdd(c.available, 1)})
		})
	}
}

// mustAdd returns an amount of that text and some micros.
func mustAdd(text string, micros int64) credits.Amount {
	return credits.Micros(credits.MustParse(text).Micros() + micros)
}

func TestReservePinsWhatWasQuoted(t *testing.T) {
	b := stocked(t)
	price := credits.Price{Card: "web", Version: "3", Explanation: "at most 2 minutes x 4 = 8"}
	meta := map[string]string{"request": "r-1"}
	receipt := b.reserve(credits.Reserve{ID: "job", Feature: "speech-to-text", Amount: credits.Of(8), Quantity: "2m", Price: price, Meta: meta})
	meta["request"] = "r-2"
	hold := receipt.Hold
	if receipt.Meta["request"] != "r-1" || receipt.Price != price || receipt.Quantity != "2m" || receipt.Feature != "speech-to-text" {
		t.Errorf("Reserve(job) = %+v, want what was said", receipt.Entry)
	}
	if hold.Price != price || hold.Quantity != "2m" || hold.Feature != "speech-to-text" || !hold.Deadline.Equal(day(1)) {
		t.Errorf("Reserve(job).Hold = %+v, want what was said", hold)
	}
	captured := b.capture(credits.Capture{ID: "done", Hold: "job", Amount: credits.Of(3), Quantity: "45s"})
	if captured.Price != price || captured.Feature != "speech-to-text" || captured.Quantity != "45s" {
		t.Errorf("Capture(job) = price %v, feature %q, quantity %q, want %v, speech-to-text, 45s", captured.Price, captured.Feature, captured.Quantity, price)
	}
}

func TestReserveRefusesWhatIsInvalid(t *testing.T) {
	long := strings.Repeat("x", credits.MaxIDLen+1)
	for _, c := range []struct {
		name  string
		field string
		set   func(*credits.Reserve)
	}{
		{"an ID is required", "id", func(c *credits.Reserve) { c.ID = "" }},
		{"an ID is not too long", "id", func(c *credits.Reserve) { c.ID = long }},
		{"an ID is not the library's own", "id", func(c *credits.Reserve) { c.ID = "~do/capture/job" }},
		{"an account is required", "account", func(c *credits.Reserve) { c.Account = "" }},
		{"an account is not too long", "account", func(c *credits.Reserve) { c.Account = long }},
		{"an amount is not negative", "amount", func(c *credits.Reserve) { c.Amount = credits.Micros(-1) }},
		{"a deadline is required", "deadline", func(c *credits.Reserve) { c.Deadline = time.Time{} }},
		{"a deadline is not now", "deadline", func(c *credits.Reserve) { c.Deadline = start }},
		{"a deadline is not now within a microsecond", "deadline", func(c *credits.Reserve) { c.Deadline = start.Add(999) }},
		{"a deadline is not past", "deadline", func(c *credits.Reserve) { c.Deadline = start.Add(-micro) }},
		{"a deadline is not too far away", "deadline", func(c *credits.Reserve) { c.Deadline = start.Add(credits.MaxHold + micro) }},
		{"a deadline is within the years", "deadline", func(c *credits.Reserve) { c.Deadline = time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC) }},
		{"a feature is not too long", "feature", func(c *credits.Reserve) { c.Feature = strings.Repeat("x", credits.MaxNameLen+1) }},
		{"a quantity is not too long", "quantity", func(c *credits.Reserve) { c.Quantity = strings.Repeat("x", credits.MaxTextLen+1) }},
		{"a price is text", "price card", func(c *credits.Reserve) { c.Price.Card = "\x00" }},
		{"notes are not too many", "meta", func(c *credits.Reserve) { c.Meta = notes(credits.MaxMetaPairs+1, 2) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := stocked(t)
			command := filledReserve(credits.Reserve{ID: "job", Amount: credits.Of(1)})
			c.set(&command)
			if got := field(b.fails(credits.ErrInvalid, command)); got != c.field {
				t.Errorf("Reserve(%+v) = an error about %q, want %q", command, got, c.field)
			}
		})
	}
	b := stocked(t)
	b.fails(credits.ErrOverflow, filledReserve(credits.Reserve{ID: "job", Amount: credits.Micros(credits.MaxCredits*1_000_000 + 1)}))
}

func TestReserveIsWholeOrNotAtAll(t *testing.T) {
	b := stocked(t)
	b.reserve(credits.Reserve{ID: "other", Amount: credits.Of(4)})
	err := b.fails(credits.ErrInsufficient, filledReserve(credits.Reserve{ID: "job", Feature: "image", Amount: credits.Of(7)}))
	short, _ := errors.AsType[*credits.InsufficientError](err)
	want := &credits.InsufficientError{
		Account: "ada", Feature: "image", Needed: credits.Of(7), Available: credits.Of(6), Held: credits.Of(4), Shortfall: credits.Of(1),
	}
	if diff := compare(want, short); diff != "" {
		t.Errorf("Reserve(7 of 6) (-want +got):\n%s", diff)
	}
}

// A deadline is exclusive: at it, and not a microsecond before, the hold is over.
func TestReserveLapsesAtItsDeadline(t *testing.T) {
	for _, c := range []struct {
		name string
		now  time.Time
		open bool
	}{
		{"a microsecond before the deadline it is open", day(1).Add(-micro), true},
		{"a nanosecond before the deadline it is open", day(1).Add(-1), true},
		{"at the deadline it is over", day(1), false},
		{"a microsecond after the deadline it is over", day(1).Add(micro), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := stocked(t)
			b.reserve(credits.Reserve{ID: "job", Amount: credits.Of(4)})
			b.clock.set(c.now)
			if c.open {
				b.wantBalance(c.name, "6", "4")
				b.capture(credits.Capture{ID: "done", Hold: "job", Amount: credits.Of(4)})
				b.wantKinds(2, "capture -4")
				return
			}
			b.wantBalance(c.name, "10", "0")
			if got := b.balance().Holds; len(got) > 0 {
				t.Errorf("Balance(%s).Holds = %v, want none", c.name, got)
			}
			for _, command := range []credits.Command{
				credits.Capture{ID: "done", Account: "ada", Hold: "job", Amount: credits.Of(4)},
				credits.Release{ID: "done", Account: "ada", Hold: "job"},
				credits.Extend{ID: "done", Account: "ada", Hold: "job", Amount: credits.Of(1)},
			} {
				closed, _ := errors.AsType[*credits.ClosedError](b.fails(credits.ErrClosed, command))
				if closed == nil || closed.ID != "job" || closed.Account != "ada" || closed.Last.Kind != credits.KindLapse || !closed.Last.At.Equal(day(1)) {
					t.Errorf("%T(job) = %v, want the lapse at %v", command, closed, day(1))
				}
			}
			b.wantKinds(2, "lapse 0")
			before := b.history(credits.Query{})
			sweep(b.desk)
			if diff := compare(before, b.record("ada").Entries); diff != "" {
				t.Errorf("Sweep() (-read +recorded):\n%s", diff)
			}
		})
	}
}

func TestReserveReplayedSaysWhatTheHoldIsNow(t *testing.T) {
	command := filledReserve(credits.Reserve{ID: "job", Amount: credits.Of(4)})
	for _, c := range []struct {
		name     string
		use      func(b booth)
		captured string
		held     string
		settled  bool
	}{
		{"an untouched hold is open", func(booth) {}, "0", "4", false},
		{"a hold captured in part is open", func(b booth) {
			b.capture(credits.Capture{ID: "part", Hold: "job", Amount: credits.Of(1), More: true})
		}, "1", "3", false},
		{"a captured hold is over", func(b booth) { b.capture(credits.Capture{ID: "all", Hold: "job", Amount: credits.Of(3)}) }, "3", "0", true},
		{"a released hold is over", func(b booth) { b.release("back", "job") }, "0", "0", true},
		{"an extended hold has more", func(b booth) { b.extend(credits.Extend{ID: "longer", Hold: "job", Amount: credits.Of(2)}) }, "0", "6", false},
		{"a lapsed hold is over, though nobody recorded it", func(b booth) { b.clock.set(day(1)) }, "0", "0", true},
		{"a lapsed hold is over after a sweep", func(b booth) { b.clock.set(day(1)); sweep(b.desk) }, "0", "0", true},
		{"a lapsed hold is over long after its deadline", func(b booth) { b.clock.set(day(400)) }, "0", "0", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := stocked(t)
			first := b.reserve(command)
			c.use(b)
			before := b.record("ada")
			again := b.reserve(command)
			if diff := compare(first.Entry, again.Entry); diff != "" || !again.Replayed {
				t.Errorf("Reserve(again) = replayed %v (-first +again):\n%s", again.Replayed, diff)
			}
			now := again.HoldNow
			if now.Captured.String() != c.captured || now.Held().String() != c.held || now.Settled != c.settled {
				t.Errorf("Reserve(again).HoldNow = %v captured, %v held, settled %v, want %s, %s, %v", now.Captured, now.Held(), now.Settled, c.captured, c.held, c.settled)
			}
			if diff := compare(before, b.record("ada")); diff != "" {
				t.Errorf("Reserve(again) wrote (-before +after):\n%s", diff)
			}
		})
	}
}

func TestReserveWithOtherContentIsAnotherIntent(t *testing.T) {
	for name, change := range map[string]func(*credits.Reserve){
		"amount":   func(c *credits.Reserve) { c.Amount = credits.Of(3) },
		"feature":  func(c *credits.Reserve) { c.Feature = "image" },
		"quantity": func(c *credits.Reserve) { c.Quantity = "2" },
		"card":     func(c *credits.Reserve) { c.Price.Card = "web" },
		"version":  func(c *credits.Reserve) { c.Price.Version = "2" },
		"meta":     func(c *credits.Reserve) { c.Meta = map[string]string{"a": "b"} },
	} {
		t.Run(name, func(t *testing.T) {
			b := stocked(t)
			command := filledReserve(credits.Reserve{ID: "job", Amount: credits.Of(2)})
			b.reserve(command)
			change(&command)
			reused, _ := errors.AsType[*credits.IDReusedError](b.fails(credits.ErrIDReused, command))
			if reused == nil || reused.First.ID != "job" || reused.Second == "" {
				t.Errorf("Reserve(other %s) = %v, want both intents", name, reused)
			}
		})
	}
	b := stocked(t)
	command := filledReserve(credits.Reserve{ID: "job", Amount: credits.Of(2)})
	b.reserve(command)
	command.Price.Explanation = "worded anew"
	if got := b.reserve(command); !got.Replayed {
		t.Errorf("Reserve(other explanation).Replayed = false, want true")
	}
	command.Deadline = command.Deadline.Add(time.Hour) // computed anew: the first counts
	if got := b.reserve(command); !got.Replayed || !got.HoldNow.Deadline.Equal(day(1)) {
		t.Errorf("Reserve(other deadline) = replayed %v, until %v, want true, %v", got.Replayed, got.HoldNow.Deadline, day(1))
	}
	b.fails(credits.ErrIDReused, credits.Spend{ID: "job", Account: "ada", Amount: credits.Of(2)})
}

func TestReserveOfTheOverdraft(t *testing.T) {
	b := stocked(t)
	b.configure(credits.Configure{ID: "limit", Overdraft: new(credits.Of(5))})
	hold := b.reserve(credits.Reserve{ID: "job", Amount: credits.Of(13)}).Hold
	if got := parts(hold); got != "pack 10, overdraft 3" {
		t.Errorf("Reserve(13 of 10 and 5) = %s, want pack 10, overdraft 3", got)
	}
	if got := b.balance(); !got.Available.IsZero() || got.Held != credits.Of(10) || !got.Debt.IsZero() || got.Overdraft != credits.Of(2) || got.Posted != credits.Of(10) {
		t.Errorf("Balance(held overdraft) = %+v, want no debt, 2 of the overdraft and 10 held", got)
	}
	b.fails(credits.ErrInsufficient, credits.Spend{ID: "more", Account: "ada", Amount: mustAdd("2", 1)})
	b.spend(credits.Spend{ID: "rest", Amount: credits.Of(2)})
	b.capture(credits.Capture{ID: "done", Hold: "job", Amount: credits.Of(12)})
	if got := b.balance(); got.Debt != credits.Of(4) || got.Overdraft != credits.Of(5) || got.Posted != credits.Of(-4) {
		t.Errorf("Balance(captured overdraft) = debt %v, overdraft %v, posted %v, want 4, 5, -4", got.Debt, got.Overdraft, got.Posted)
	}
	if got := b.balance(); got.For("") != credits.Of(1) {
		t.Errorf("Balance(captured overdraft).For() = %v, want 1", got.For(""))
	}
}

func TestReserveOfTheOverdraftGoesBack(t *testing.T) {
	for name, back := range map[string]func(b booth){
		"a release gives the overdraft back": func(b booth) { b.release("back", "job") },
		"a lapse gives the overdraft back":   func(b booth) { b.clock.set(day(1)) },
	} {
		t.Run(name, func(t *testing.T) {
			b := stocked(t)
			b.configure(credits.Configure{ID: "limit", Overdraft: new(credits.Of(5))})
			b.reserve(credits.Reserve{ID: "job", Amount: credits.Of(15)})
			back(b)
			if got := b.balance(); !got.Debt.IsZero() || got.Overdraft != credits.Of(5) || got.Available != credits.Of(10) || !got.Held.IsZero() {
				t.Errorf("Balance(%s) = %+v, want 10, an overdraft of 5 and no debt", name, got)
			}
			b.spend(credits.Spend{ID: "all", Amount: credits.Of(15)})
		})
	}
}

func TestReserveStopsAtMaxHolds(t *testing.T) {
	state := credits.State{Account: "ada", Seq: 1, At: start, Due: day(1)}
	for i := range credits.MaxHolds {
		state.Holds = append(state.Holds, credits.Hold{ID: fmt.Sprintf("job-%05d", i), Deadline: day(1 + min(i, 1))})
	}
	d := newDesk(t)
	ledger := credits.New(fullStore{d.store, state}, credits.Options{Now: d.clock.read})
	command := filledReserve(credits.Reserve{ID: "one-more", Deadline: day(2)})
	_, err := ledger.Reserve(t.Context(), command)
	limit, ok := errors.AsType[*credits.LimitError](err)
	if !ok || !errors.Is(err, credits.ErrLimit) || limit.Limit != credits.MaxHolds || limit.Account != "ada" || limit.What == "" {
		t.Errorf("Reserve(hold %d) = %v, want %v", credits.MaxHolds+1, err, credits.ErrLimit)
	}
	d.clock.set(day(1))
	if _, err := ledger.Reserve(t.Context(), command); err != nil {
		t.Errorf("Reserve(after a hold lapsed) = %v, want no error", err)
	}
}
