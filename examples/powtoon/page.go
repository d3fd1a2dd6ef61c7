package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/pricing"
)

// page is the text of an account page. All formatting is here.
type page struct {
	strings.Builder
	lines []line            // of the next history
	names map[string]string // of lots, by ID
}

// line is one line of a history.
type line struct {
	at                         time.Time
	what, change, balance, why string
}

// columns lays out a line of a history.
const columns = "  %-15s  %-23s  %8s  %4s  %s\n"

func newPage() *page {
	p := &page{names: make(map[string]string)}
	p.WriteString("POWTOON IMAGINE - the AI credits of " + account + ", all times UTC\n\n")
	fmt.Fprintf(p, columns, "when", "what", "change", "left", "why [rate card]")
	return p
}

// happened adds an entry of the ledger to the next history.
func (p *page) happened(e credits.Entry) {
	l := line{at: e.At, what: string(e.Kind), change: signed(e.Amount), balance: e.Balance.String()}
	switch e.Kind {
	case credits.KindGrant:
		p.names[e.ID] = e.Meta["name"]
		l.what, l.why = e.Meta["name"], paid(e.Lots[0])
		if e.Lots[0].Start.After(e.At) {
			l.why += ", from " + date(e.Lots[0].Start)
		}
	case credits.KindSpend:
		l.what, l.why = e.Feature, because(e.Price)
	case credits.KindRenew:
		l.what, l.why = "subscription", e.Term.ID+" and its credits run until "+date(e.Term.Until)
	case credits.KindEnd:
		l.what, l.why = p.names[e.Of], "ended with the subscription, unspent"
	case credits.KindLapse:
		l.what, l.why = "subscription", e.Of+" ended: it was not renewed in time"
	}
	p.lines = append(p.lines, l)
}

// repeated adds a command that had already taken effect, which the ledger does
// not record again. Any other is an entry, and comes with happened.
func (p *page) repeated(at time.Time, r credits.Receipt) {
	if r.Replayed {
		p.note(at, r.Meta["name"], "repeated", fmt.Sprintf("delivered again: entry %d stands, nothing is added", r.Seq))
	}
}

// tooLong adds a use that no account could pay for.
func (p *page) tooLong(at time.Time, e *pricing.MostError) {
	p.note(at, e.Feature, "refused", fmt.Sprintf("%v is too long: at most %v are allowed", e.Quantity, e.Most))
}

// short adds a use that the account could not pay for, and the pack that helps.
func (p *page) short(at time.Time, e *credits.InsufficientError, pack pricing.Pack) {
	p.note(at, e.Feature, "refused", fmt.Sprintf("needs %v, %v are missing; cheapest: %s, %v",
		e.Needed, e.Shortfall, pack.Name, pack.Price))
}

// offered adds a price that was shown and not yet accepted.
func (p *page) offered(at time.Time, q pricing.Quote) {
	p.note(at, q.Use.Feature, "offered", because(credits.Price{Card: q.Card, Version: q.Version, Explanation: q.Explanation()}))
}

// note adds what the ledger does not record.
func (p *page) note(at time.Time, what, change, why string) {
	p.lines = append(p.lines, line{at: at, what: what, change: change, why: why})
}

// history writes what was added since the last one, in order of time.
func (p *page) history(title string) {
	fmt.Fprintf(p, "\n%s\n", title)
	slices.SortStableFunc(p.lines, func(a, b line) int { return a.at.Compare(b.at) })
	for _, l := range p.lines {
		fmt.Fprintf(p, columns, l.at.Format("Jan _2 15:04:05"), l.what, l.change, l.balance, l.why)
	}
	p.lines = nil
}

// lots writes the balance and what it is made of.
func (p *page) lots(b credits.Balance) {
	fmt.Fprintf(p, "  Balance at %s: %v credits\n", date(b.AsOf), b.Available)
	for _, lot := range b.Lots {
		fmt.Fprintf(p, "    %4v of %3v  %-20s  ends %s  %s\n",
			lot.Available, lot.Granted, lot.Meta["name"], date(lot.End), paid(lot))
	}
}

// nextEnd writes when credits end next, and what would be left then.
func (p *page) nextEnd(after credits.Balance) {
	fmt.Fprintf(p, "    Next end: %s, which leaves %v unless it is renewed before.\n", date(after.AsOf), after.Posted)
}

// because says why a use costs what it does, by which card.
func because(p credits.Price) string {
	return fmt.Sprintf("%s [%s %s]", p.Explanation, p.Card, p.Version)
}

// paid says what was paid for a lot, and whether it is given back.
func paid(lot credits.Lot) string {
	text := "part of the plan"
	if !lot.Paid.IsZero() {
		price, err := pricing.MoneyFrom(lot.Paid)
		if err != nil {
			panic(err) // the price came from the catalog
		}
		text = "bought for " + price.String()
	}
	if lot.NonRefundable {
		text += ", non-refundable"
	}
	return text
}

// signed shows a change of the balance; none is left out.
func signed(a credits.Amount) string {
	switch a.Sign() {
	case 0:
		return ""
	case 1:
		return "+" + a.String()
	}
	return a.String()
}

func date(t time.Time) string { return t.Format("2006-01-02 15:04:05") }
