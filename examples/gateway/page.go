package main

import (
	"context"
	"fmt"
	"io"
	"math/big"
	"strings"
	"time"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/pricing"
)

// page is what a customer sees of an account.
type page struct {
	account string
	balance credits.Balance
	rows    []row // oldest first
}

// row is a line of the history.
type row struct {
	at      time.Time
	about   string // a request or an order
	what    string
	change  credits.Amount
	held    credits.Amount // the change of what is held
	balance credits.Amount
	why     string
}

// page reads an account.
func (f *front) page(ctx context.Context, account string) (*page, error) {
	balance, err := f.ledger.Balance(ctx, account)
	if err != nil {
		return nil, err
	}
	p := &page{account: account, balance: balance}
	for entry, err := range f.ledger.History(ctx, credits.Query{Account: account}) {
		if err != nil {
			return nil, err
		}
		r, err := entryRow(&entry)
		if err != nil {
			return nil, err
		}
		p.rows = append(p.rows, r)
	}
	return p, nil
}

// entryRow writes down an entry of the ledger.
func entryRow(e *credits.Entry) (row, error) {
	r := row{at: e.At, about: e.Meta["order"], what: string(e.Kind), change: e.Amount, balance: e.Balance}
	for _, posting := range e.Postings {
		var err error
		if r.held, err = r.held.Add(posting.Held); err != nil {
			return row{}, err
		}
	}
	if e.Hold != nil {
		r.about = e.Hold.ID
	}
	switch e.Kind {
	case credits.KindGrant:
		r.why = e.Meta["item"] + ", " + e.Lots[0].Validity.String()
	case credits.KindReserve:
		r.why = "at most " + e.Price.Explanation
	case credits.KindExtend:
		r.why = "goes on, until " + e.Hold.Deadline.Format(time.TimeOnly)
		if r.held.Sign() > 0 {
			r.why = fmt.Sprintf("goes on: %v held for it by now", e.Hold.Reserved)
		}
	case credits.KindCapture:
		r.why = e.Price.Explanation + " [" + e.Price.Version + "]"
	case credits.KindRelease:
		r.why = "it came to nothing: all goes back"
	case credits.KindLapse:
		r.why = "nothing was heard of it: all goes back"
	}
	return r, nil
}

// because replaces a price's explanation with one in the words of this trade.
func because(q pricing.Quote, price credits.Price) credits.Price {
	var items []string
	exact := new(big.Rat) // a rate's decimals, and six more for the million
	for _, line := range q.Lines() {
		direction := strings.TrimSuffix(line.Meter, "put tokens") // in, out
		items = append(items, fmt.Sprintf("%s %s x %s/M", grouped(line.Given.Ratio().String()), direction, grouped(line.Rate.String())))
		exact.Add(exact, line.Amount.Rat())
	}
	sum := strings.TrimRight(strings.TrimRight(exact.FloatString(pricing.MaxDecimals+6), "0"), ".")
	if sum != q.Amount.String() {
		sum += ", up to " + q.Amount.String()
	}
	price.Explanation = fmt.Sprintf("%s: %s = %s", q.Use.Attributes["model"], strings.Join(items, " + "), sum)
	return price
}

// printLog writes what clients were told.
func (f *front) printLog(w io.Writer) error {
	var b strings.Builder
	b.WriteString("WHAT THE GATEWAY SAID\n\n")
	for _, l := range f.log {
		fmt.Fprintf(&b, "%s  %-8s %s\n", l.at.Format(time.TimeOnly), l.who, l.text)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// print writes the page as text.
func (p *page) print(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "\nCREDITS OF %s, %s UTC\n\n", strings.ToUpper(p.account), p.balance.AsOf.Format("2006-01-02 15:04"))
	fmt.Fprintf(&b, "Balance %s, held %s\n", cents(p.balance.Posted), cents(p.balance.Held))
	for _, lot := range p.balance.Lots {
		fmt.Fprintf(&b, "%7s left of %s: %s, %v\n", cents(lot.Available), cents(lot.Granted), lot.Meta["item"], lot.Validity)
	}
	fmt.Fprintf(&b, "\n%-8s  %-7s %-7s %7s %7s  %7s  %s\n", "at", "for", "", "change", "held", "balance", "why")
	for _, r := range p.rows {
		fmt.Fprintf(&b, "%s  %-7s %-7s %7s %7s  %7s  %s\n", r.at.Format(time.TimeOnly), r.about, r.what,
			signed(r.change), signed(r.held), cents(r.balance), r.why)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// signed is a change; empty for none.
func signed(a credits.Amount) string {
	switch a.Sign() {
	case 0:
		return ""
	case 1:
		return "+" + cents(a)
	}
	return cents(a)
}

// cents is an amount with two decimals, or more if it has more.
func cents(a credits.Amount) string {
	text := a.String()
	_, fraction, fractional := strings.Cut(text, ".")
	if !fractional {
		text += "."
	}
	return grouped(text + strings.Repeat("0", max(0, 2-len(fraction))))
}

// grouped is a decimal with commas between thousands.
func grouped(decimal string) string {
	whole, fraction, fractional := strings.Cut(decimal, ".")
	digits, negative := strings.CutPrefix(whole, "-")
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	if negative {
		digits = "-" + digits
	}
	if fractional {
		digits += "." + fraction
	}
	return digits
}
