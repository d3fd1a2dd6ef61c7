package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/scriphq/scrip/credits"
)

// page is what a customer sees of an account.
type page struct {
	account string
	balance credits.Balance
	rows    []row             // oldest first
	lots    map[string]string // what each lot is, by ID
}

// row is a line of the history.
type row struct {
	at      time.Time
	what    string
	change  string // empty: nothing changed
	balance string
	why     string
}

// page reads an account and what the customer was told.
func (s *service) page(ctx context.Context, account string) (*page, error) {
	balance, err := s.ledger.Balance(ctx, account)
	if err != nil {
		return nil, err
	}
	p := &page{account: account, balance: balance, lots: make(map[string]string)}
	for entry, err := range s.ledger.History(ctx, credits.Query{Account: account}) {
		if err != nil {
			return nil, err
		}
		p.rows = append(p.rows, p.entryRow(entry))
	}
	for _, n := range s.notices {
		if n.account == account {
			p.rows = append(p.rows, noticeRow(n))
		}
	}
	slices.SortStableFunc(p.rows, func(a, b row) int { return a.at.Compare(b.at) })
	return p, nil
}

// entryRow writes down an entry of the ledger.
func (p *page) entryRow(e credits.Entry) row {
	r := row{at: e.At, change: signed(e.Amount), balance: grouped(e.Balance)}
	switch e.Kind {
	case credits.KindGrant:
		p.lots[e.Lots[0].ID] = nameOf(&e.Lots[0])
		r.what, r.why = nameOf(&e.Lots[0]), reason(&e.Lots[0])
	case credits.KindSpend:
		r.what = e.Feature
		r.why = fmt.Sprintf("%s [%s %s]", e.Price.Explanation, e.Price.Card, e.Price.Version)
	case credits.KindEnd:
		r.what, r.why = p.lots[e.Of]+" ends", "not spent by their end"
	case credits.KindRenew:
		r.what, r.why = "subscription "+e.Term.ID, "paid until "+minute(e.Term.Until)
	case credits.KindLapse:
		r.what, r.why = "subscription "+e.Of, "the paid period is over: lapsed"
	default:
		r.what = string(e.Kind)
	}
	return r
}

// reason says what a lot was granted for, and how long it is good.
func reason(lot *credits.Lot) string {
	text := "permanent"
	if !lot.End.IsZero() {
		text = "until " + minute(lot.End)
	}
	if left := lot.Meta["left"]; left != "" {
		text = "for " + left + " left of the old version, " + text
	}
	return text
}

func noticeRow(n notice) row {
	if n.refusal == nil {
		return row{at: n.at, what: n.what, why: "reported again: it counts once, nothing changed"}
	}
	why := fmt.Sprintf("refused: needs %s, has %s, missing %s", grouped(n.refusal.Needed), grouped(n.refusal.Available), grouped(n.refusal.Shortfall))
	if n.offer.ID != "" {
		why += fmt.Sprintf("; offered: pack %s, %s for %v", n.offer.ID, grouped(n.offer.Credits), n.offer.Price)
	}
	return row{at: n.at, what: n.what, why: why}
}

// print writes the page as text.
func (p *page) print(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "AI CREDITS OF %s, %s UTC\n\n", strings.ToUpper(p.account), minute(p.balance.AsOf))
	fmt.Fprintf(&b, "Balance: %s credits\n", grouped(p.balance.Posted))
	for _, term := range p.balance.Terms {
		fmt.Fprintf(&b, "Subscription %s: since %s, paid until %s\n", term.ID, minute(term.Since), minute(term.Until))
	}
	for _, next := range p.balance.Ends() {
		fmt.Fprintf(&b, "Next to end: %s credits at %s\n", grouped(next.Amount), minute(next.At))
	}
	p.printLots(&b)
	p.printRows(&b)
	_, err := io.WriteString(w, b.String())
	return err
}

func (p *page) printLots(b *strings.Builder) {
	fmt.Fprintf(b, "\n%-29s %7s %7s  %s\n", "Credits, next to spend on top", "granted", "left", "ends")
	for _, lot := range p.balance.Lots {
		fmt.Fprintf(b, "%-29s %7s %7s  %s\n", nameOf(&lot), grouped(lot.Granted), grouped(lot.Available), rule(&lot))
	}
}

func (p *page) printRows(b *strings.Builder) {
	fmt.Fprintf(b, "\n%-16s  %-26s %6s  %7s  %s\n", "History", "", "change", "balance", "why")
	for _, r := range p.rows {
		fmt.Fprintf(b, "%s  %-26s %6s  %7s  %s\n", minute(r.at), r.what, r.change, r.balance, r.why)
	}
	b.WriteString("\n")
}

// rule says when a lot ends, and why then.
func rule(lot *credits.Lot) string {
	if lot.End.IsZero() {
		return lot.Validity.String()
	}
	return fmt.Sprintf("%s (%v)", minute(lot.End), lot.Validity)
}

func minute(t time.Time) string { return t.Format("2006-01-02 15:04") }

// signed is the change of a balance; empty for none.
func signed(a credits.Amount) string {
	switch a.Sign() {
	case 0:
		return ""
	case 1:
		return "+" + grouped(a)
	}
	return grouped(a)
}

// grouped is an amount with commas between thousands.
func grouped(a credits.Amount) string {
	whole, fraction, _ := strings.Cut(a.String(), ".")
	digits := strings.TrimPrefix(whole, "-")
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	if fraction != "" {
		digits += "." + fraction
	}
	if a.Sign() < 0 {
		digits = "-" + digits
	}
	return digits
}
