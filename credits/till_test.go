package credits_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
)

// till is a desk at which credits are given back and taken away. Its methods fill
// in the account and end the test on an error. When its test ends, the ledger of
// "ada" has to verify.
type till struct{ *desk }

func openTill(t *testing.T) till {
	b := till{newDesk(t)}
	t.Cleanup(b.verified)
	return b
}

// verified ends the test if the ledger contradicts itself.
func (b till) verified() {
	b.t.Helper()
	if found, err := b.ledger.Verify(b.ctx, "ada"); err != nil || len(found) > 0 {
		b.t.Errorf("Verify(ada) = %v, %v, want nothing", found, err)
	}
}

func (b till) must(what string, receipt credits.Receipt, err error) credits.Receipt {
	b.t.Helper()
	if err != nil {
		b.t.Fatalf("%s = %v, want no error", what, err)
	}
	return receipt
}

func (b till) refund(c credits.Refund) credits.Receipt {
	b.t.Helper()
	c.Account = "ada"
	receipt, err := b.ledger.Refund(b.ctx, c)
	return b.must(fmt.Sprintf("Refund(%q)", c.ID), receipt, err)
}

func (b till) revoke(c credits.Revoke) credits.Receipt {
	b.t.Helper()
	c.Account = "ada"
	receipt, err := b.ledger.Revoke(b.ctx, c)
	return b.must(fmt.Sprintf("Revoke(%q)", c.ID), receipt, err)
}

func (b till) amend(c credits.Amend) credits.Receipt {
	b.t.Helper()
	c.Account = "ada"
	receipt, err := b.ledger.Amend(b.ctx, c)
	return b.must(fmt.Sprintf("Amend(%q)", c.ID), receipt, err)
}

func (b till) allow(c credits.Allow) credits.Receipt {
	b.t.Helper()
	c.Account = "ada"
	if c.Validity.IsZero() && !c.Stop {
		c.Validity = expiry.Permanent()
	}
	receipt, err := b.ledger.Allow(b.ctx, c)
	return b.must(fmt.Sprintf("Allow(%q)", c.ID), receipt, err)
}

func (b till) hold(c credits.Reserve) credits.Receipt {
	b.t.Helper()
	c.Account = "ada"
	receipt, err := b.ledger.Reserve(b.ctx, c)
	return b.must(fmt.Sprintf("Reserve(%q)", c.ID), receipt, err)
}

func (b till) capture(c credits.Capture) credits.Receipt {
	b.t.Helper()
	c.Account = "ada"
	receipt, err := b.ledger.Capture(b.ctx, c)
	return b.must(fmt.Sprintf("Capture(%q)", c.ID), receipt, err)
}

func (b till) overdraft(most int64) {
	b.t.Helper()
	c := credits.Configure{ID: fmt.Sprintf("overdraft-%d", most), Account: "ada", Overdraft: new(credits.Of(most))}
	receipt, err := b.ledger.Configure(b.ctx, c)
	b.must("Configure", receipt, err)
}

// lots is what is open, as text: "bonus 5, pack 7+4", where 4 are held.
func (b till) lots() string {
	b.t.Helper()
	var lots []string
	balance := b.balance()
	for _, lot := range balance.Lots {
		text := lot.ID + " " + lot.Available.String()
		if lot.Held.Sign() != 0 {
			text += "+" + lot.Held.String()
		}
		lots = append(lots, text)
	}
	if balance.Debt.Sign() != 0 {
		lots = append(lots, "debt "+balance.Debt.String())
	}
	return strings.Join(lots, ", ")
}

// since is what the ledger recorded after an entry, as text: "end pack -5".
func (b till) since(seq int64) string {
	b.t.Helper()
	var lines []string
	for _, entry := range b.history(credits.Query{After: seq}) {
		lines = append(lines, fmt.Sprintf("%s %s %v", entry.Kind, entry.Of, entry.Amount))
	}
	return strings.Join(lines, ", ")
}

// gave is the postings of an entry, as text: "pack 5, debt 2".
func gave(e credits.Entry) string {
	var texts []string
	for _, posting := range e.Postings {
		lot := posting.Lot
		if lot == "" {
			lot = "debt"
		}
		texts = append(texts, fmt.Sprintf("%s %v", lot, posting.Available))
	}
	return strings.Join(texts, ", ")
}
