package postgres

import (
	"encoding/json"
	"time"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
)

// What is kept as JSON has names of its own, so that a new name in Go does not
// change what databases hold. Amounts are micros.

type posting struct {
	Lot       string `json:"lot,omitempty"`
	Available int64  `json:"available,omitempty"`
	Held      int64  `json:"held,omitempty"`
}

// record is what an entry left, besides its columns.
type record struct {
	Lots      []lot      `json:"lots,omitempty"`
	Hold      *hold      `json:"hold,omitempty"`
	Term      *term      `json:"term,omitempty"`
	Allowance *allowance `json:"allowance,omitempty"`
	Settings  *settings  `json:"settings,omitempty"`
}

type lot struct {
	ID            string            `json:"id"`
	Source        string            `json:"source,omitempty"`
	Granted       int64             `json:"granted"`
	Available     int64             `json:"available,omitempty"`
	Held          int64             `json:"held,omitempty"`
	Spent         int64             `json:"spent,omitempty"`
	Start         time.Time         `json:"start,omitzero"`
	End           time.Time         `json:"end,omitzero"`
	Validity      string            `json:"validity,omitempty"`
	Term          string            `json:"term,omitempty"`
	PeriodEnd     time.Time         `json:"period_end,omitzero"`
	Features      []string          `json:"features,omitempty"`
	Priority      int               `json:"priority,omitempty"`
	OnlyWith      string            `json:"only_with,omitempty"`
	PaidMinor     int64             `json:"paid_minor,omitempty"`
	PaidCurrency  string            `json:"paid_currency,omitempty"`
	NonRefundable bool              `json:"non_refundable,omitempty"`
	Rollover      string            `json:"rollover,omitempty"`
	Origin        int64             `json:"origin,omitempty"`
	Rolled        int               `json:"rolled,omitempty"`
	Allowance     string            `json:"allowance,omitempty"`
	Meta          map[string]string `json:"meta,omitempty"`
}

type hold struct {
	ID          string    `json:"id"`
	Feature     string    `json:"feature,omitempty"`
	Deadline    time.Time `json:"deadline"`
	Reserved    int64     `json:"reserved"`
	Captured    int64     `json:"captured,omitempty"`
	Parts       []part    `json:"parts,omitempty"`
	Quantity    string    `json:"quantity,omitempty"`
	Card        string    `json:"card,omitempty"`
	CardVersion string    `json:"card_version,omitempty"`
	Explanation string    `json:"explanation,omitempty"`
	Settled     bool      `json:"settled,omitempty"`
}

type part struct {
	Lot    string `json:"lot,omitempty"`
	Amount int64  `json:"amount"`
}

type term struct {
	ID     string    `json:"id"`
	Since  time.Time `json:"since,omitzero"`
	Until  time.Time `json:"until,omitzero"`
	Lapsed bool      `json:"lapsed,omitempty"`
}

type settings struct {
	Overdraft int64 `json:"overdraft,omitempty"`
	Frozen    bool  `json:"frozen,omitempty"`
}

type allowance struct {
	ID            string            `json:"id"`
	Amount        int64             `json:"amount"`
	Every         string            `json:"every"`
	Anchor        time.Time         `json:"anchor,omitzero"`
	Number        int               `json:"number,omitempty"`
	Next          time.Time         `json:"next,omitzero"`
	Reset         bool              `json:"reset,omitempty"`
	Most          int64             `json:"most,omitempty"`
	Within        string            `json:"within,omitempty"`
	Granted       int64             `json:"granted,omitempty"`
	Counted       time.Time         `json:"counted,omitzero"`
	ResetAt       time.Time         `json:"reset_at,omitzero"`
	ResetSeq      int64             `json:"reset_seq,omitempty"`
	SinceSeq      int64             `json:"since_seq,omitempty"`
	Term          string            `json:"term,omitempty"`
	Source        string            `json:"source,omitempty"`
	Validity      string            `json:"validity,omitempty"`
	Features      []string          `json:"features,omitempty"`
	Priority      int               `json:"priority,omitempty"`
	OnlyWith      string            `json:"only_with,omitempty"`
	NonRefundable bool              `json:"non_refundable,omitempty"`
	Rollover      string            `json:"rollover,omitempty"`
	PaidMinor     int64             `json:"paid_minor,omitempty"`
	PaidCurrency  string            `json:"paid_currency,omitempty"`
	PaidFor       int               `json:"paid_for,omitempty"`
	Meta          map[string]string `json:"meta,omitempty"`
	Stopped       bool              `json:"stopped,omitempty"`
}

// recordOf returns what an entry left as JSON; nil: nothing.
func recordOf(e *credits.Entry) ([]byte, error) {
	if len(e.Lots) == 0 && e.Hold == nil && e.Term == nil && e.Allowance == nil && e.Settings == nil {
		return nil, nil
	}
	var r record
	for i := range e.Lots {
		r.Lots = append(r.Lots, lotOf(&e.Lots[i]))
	}
	if e.Hold != nil {
		r.Hold = new(holdOf(e.Hold))
	}
	if e.Term != nil {
		r.Term = &term{ID: e.Term.ID, Since: e.Term.Since, Until: e.Term.Until, Lapsed: e.Term.Lapsed}
	}
	if e.Allowance != nil {
		r.Allowance = new(allowanceOf(e.Allowance))
	}
	if e.Settings != nil {
		r.Settings = &settings{Overdraft: e.Settings.Overdraft.Micros(), Frozen: e.Settings.Frozen}
	}
	return json.Marshal(r)
}

// readRecord puts what an entry left into it.
func readRecord(data []byte, e *credits.Entry) error {
	if data == nil {
		return nil
	}
	var r record
	if err := json.Unmarshal(data, &r); err != nil {
		return err
	}
	for i := range r.Lots {
		l, err := r.Lots[i].lot()
		if err != nil {
			return err
		}
		e.Lots = append(e.Lots, l)
	}
	if r.Hold != nil {
		e.Hold = new(r.Hold.hold())
	}
	if r.Term != nil {
		e.Term = &credits.Term{ID: r.Term.ID, Since: r.Term.Since, Until: r.Term.Until, Lapsed: r.Term.Lapsed}
	}
	if r.Allowance != nil {
		a, err := r.Allowance.allowance()
		if err != nil {
			return err
		}
		e.Allowance = &a
	}
	if r.Settings != nil {
		e.Settings = &credits.Settings{Overdraft: credits.Micros(r.Settings.Overdraft), Frozen: r.Settings.Frozen}
	}
	return nil
}

func lotOf(l *credits.Lot) lot {
	return lot{
		ID: l.ID, Source: l.Source, Granted: l.Granted.Micros(), Available: l.Available.Micros(), Held: l.Held.Micros(), Spent: l.Spent.Micros(),
		Start: l.Start, End: l.End, Validity: l.Validity.String(), Term: l.Term, PeriodEnd: l.PeriodEnd, Features: l.Features,
		Priority: l.Priority, OnlyWith: l.OnlyWith, PaidMinor: l.Paid.Minor, PaidCurrency: l.Paid.Currency, NonRefundable: l.NonRefundable,
		Rollover: l.Rollover.String(), Origin: l.Origin.Micros(), Rolled: l.Rolled, Allowance: l.Allowance, Meta: l.Meta,
	}
}

func (l *lot) lot() (credits.Lot, error) {
	validity, rollover, err := policies(l.Validity, l.Rollover)
	return credits.Lot{
		ID: l.ID, Source: l.Source, Granted: credits.Micros(l.Granted), Available: credits.Micros(l.Available), Held: credits.Micros(l.Held),
		Spent: credits.Micros(l.Spent), Start: l.Start.UTC(), End: l.End.UTC(), Validity: validity, Term: l.Term, PeriodEnd: l.PeriodEnd.UTC(),
		Features: l.Features, Priority: l.Priority, OnlyWith: l.OnlyWith, Paid: credits.Money{Minor: l.PaidMinor, Currency: l.PaidCurrency},
		NonRefundable: l.NonRefundable, Rollover: rollover, Origin: credits.Micros(l.Origin), Rolled: l.Rolled, Allowance: l.Allowance, Meta: l.Meta,
	}, err
}

func holdOf(h *credits.Hold) hold {
	body := hold{
		ID: h.ID, Feature: h.Feature, Deadline: h.Deadline, Reserved: h.Reserved.Micros(), Captured: h.Captured.Micros(), Quantity: h.Quantity,
		Card: h.Price.Card, CardVersion: h.Price.Version, Explanation: h.Price.Explanation, Settled: h.Settled,
	}
	for _, p := range h.Parts {
		body.Parts = append(body.Parts, part{Lot: p.Lot, Amount: p.Amount.Micros()})
	}
	return body
}

func (h *hold) hold() credits.Hold {
	hold := credits.Hold{
		ID: h.ID, Feature: h.Feature, Deadline: h.Deadline.UTC(), Reserved: credits.Micros(h.Reserved), Captured: credits.Micros(h.Captured),
		Quantity: h.Quantity, Price: credits.Price{Card: h.Card, Version: h.CardVersion, Explanation: h.Explanation}, Settled: h.Settled,
	}
	for _, p := range h.Parts {
		hold.Parts = append(hold.Parts, credits.Part{Lot: p.Lot, Amount: credits.Micros(p.Amount)})
	}
	return hold
}

func allowanceOf(a *credits.Allowance) allowance {
	return allowance{
		ID: a.ID, Amount: a.Amount.Micros(), Every: a.Every.String(), Anchor: a.Anchor, Number: a.Number, Next: a.Next, Reset: a.Reset,
		Most: a.Most.Micros(), Within: a.Within.String(), Granted: a.Granted.Micros(), Counted: a.Counted, ResetAt: a.ResetAt, ResetSeq: a.ResetSeq,
		SinceSeq: a.Since, Term: a.Term, Source: a.Source, Validity: a.Validity.String(), Features: a.Features, Priority: a.Priority,
		OnlyWith: a.OnlyWith, NonRefundable: a.NonRefundable, Rollover: a.Rollover.String(), PaidMinor: a.Paid.Minor, PaidCurrency: a.Paid.Currency,
		PaidFor: a.PaidFor, Meta: a.Meta, Stopped: a.Stopped,
	}
}

func (a *allowance) allowance() (credits.Allowance, error) {
	validity, rollover, err := policies(a.Validity, a.Rollover)
	if err != nil {
		return credits.Allowance{}, err
	}
	every, err := parsed(a.Every, expiry.ParseSpan)
	if err != nil {
		return credits.Allowance{}, err
	}
	within, err := parsed(a.Within, expiry.ParseSpan)
	return credits.Allowance{
		ID: a.ID, Amount: credits.Micros(a.Amount), Every: every, Anchor: a.Anchor.UTC(), Number: a.Number, Next: a.Next.UTC(), Reset: a.Reset,
		Most: credits.Micros(a.Most), Within: within, Granted: credits.Micros(a.Granted), Counted: a.Counted.UTC(), ResetAt: a.ResetAt.UTC(),
		ResetSeq: a.ResetSeq, Since: a.SinceSeq, Term: a.Term, Source: a.Source, Validity: validity, Features: a.Features, Priority: a.Priority,
		OnlyWith: a.OnlyWith, NonRefundable: a.NonRefundable, Rollover: rollover, Paid: credits.Money{Minor: a.PaidMinor, Currency: a.PaidCurrency},
		PaidFor: a.PaidFor, Meta: a.Meta, Stopped: a.Stopped,
	}, err
}

func policies(validity, rollover string) (expiry.Policy, expiry.Rollover, error) {
	policy, err := parsed(validity, expiry.Parse)
	if err != nil {
		return expiry.Policy{}, expiry.Rollover{}, err
	}
	over, err := parsed(rollover, expiry.ParseRollover)
	return policy, over, err
}

// parsed reads a text form, where no text is the zero value.
func parsed[T any](text string, parse func(string) (T, error)) (T, error) {
	if text == "" {
		var zero T
		return zero, nil
	}
	return parse(text)
}
