package credits

import (
	"context"
	"fmt"
	"time"

	"github.com/scriphq/scrip/expiry"
)

// Burn is a rate at which credits are used: Amount at once, every Every. The zero
// value uses nothing.
type Burn struct {
	Feature string
	Amount  Amount      // zero or more
	Every   expiry.Span // required with an Amount: at least an hour
}

// Forecast is what will become of an account if it goes on like this. Allowances
// that run, holds that lapse and terms that end are part of it.
type Forecast struct {
	Until   time.Time
	Lost    []End     // what would end unspent, in order
	Used    Amount    // what would be used
	Left    Amount    // the balance at the end
	RunsOut time.Time // when the first use could not be paid; zero: never before Until
}

// maxBurns bounds the uses that a forecast plays through: a year of hours.
const maxBurns = 10_000

// Forecast plays the account through to an instant: time goes on, and credits are
// used at the given rate, the first time one Every from now, until one use cannot
// be paid. It writes nothing. Errors: [ErrInvalid] for the account's name, a rate,
// or an instant that is not after now or too many uses away; the store's own.
func (l *Ledger) Forecast(ctx context.Context, account string, burn Burn, until time.Time) (Forecast, error) {
	state, err := l.state(ctx, account)
	if err != nil {
		return Forecast{}, err
	}
	now := later(l.now(), state.At)
	if err := burn.check(now, &until); err != nil {
		return Forecast{}, err
	}
	if err := state.checkAhead("until", until); err != nil {
		return Forecast{}, err
	}
	var d draft
	d.begin(&state, now, l.options.Order)
	d.owned = true
	d.settle()
	seen := len(d.change.Entries)
	f := Forecast{Until: until}
	for n := 1; !burn.Amount.IsZero() && f.RunsOut.IsZero(); n++ {
		at := burn.Every.Nth(now, n)
		if at.IsZero() || at.After(until) {
			break
		}
		f.use(&d, burn, at)
	}
	d.now = until
	d.settle()
	for _, entry := range d.change.Entries[seen:] {
		if entry.Kind == KindEnd {
			f.Lost = append(f.Lost, End{At: entry.At, Amount: entry.Amount.Neg(), Lot: entry.Of})
		}
	}
	f.Left = d.total
	return f, nil
}

// use plays one use.
func (f *Forecast) use(d *draft, burn Burn, at time.Time) {
	d.now = at
	d.settle()
	postings, err := d.draw(burn.Feature, burn.Amount, true)
	if err != nil {
		f.RunsOut = at
		return
	}
	use := d.next()
	use.Kind, use.At, use.Amount, use.Postings = KindSpend, at, burn.Amount.Neg(), postings
	if err := d.post(); err != nil {
		f.RunsOut = at
		return
	}
	f.Used = f.Used.plus(burn.Amount)
}

func (b *Burn) check(now time.Time, until *time.Time) error {
	if err := cutInstant("until", until); err != nil {
		return err
	}
	if !until.After(now) {
		return &InvalidError{Field: "until", Reason: "is not after now"}
	}
	if err := checkNotNegative(b.Amount); err != nil {
		return err
	}
	if b.Amount.IsZero() {
		return nil
	}
	if err := checkSpan("every", b.Every); err != nil {
		return err
	}
	if uses := b.Every.Index(now, *until); uses > maxBurns {
		return &InvalidError{Field: "until", Reason: fmt.Sprintf("is %d uses away, more than %d", uses, maxBurns)}
	}
	return checkText("feature", b.Feature, MaxNameLen)
}
