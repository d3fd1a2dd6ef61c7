package storetest

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/scriphq/scrip/credits"
)

// side is what a call of a transfer is to one of the two accounts. Each of them is
// linearizable, and the transfer takes effect in one before it does in the other.
type side int

const (
	notTransfer side = iota
	sends
	receives
)

// transfer makes a call of a transfer, as its sender sees it.
func transfer(c credits.Transfer) call { return sideOf(c, sends) }

func sideOf(c credits.Transfer, s side) call {
	account := c.From
	if s == receives {
		account = c.To
	}
	return call{
		account: account, id: c.ID, side: s, transfer: c, what: fmt.Sprintf("%T%s", c, fields(c)),
		do: func(ctx context.Context, ledger *credits.Ledger) answer {
			done, err := ledger.Transfer(ctx, c)
			return answer{seen: done, err: err}.on(s)
		},
	}
}

// on picks what one account was told. A transfer does not say which of its steps
// was new, so that none of them counts as written for sure by this call.
func (a answer) on(s side) answer {
	done, _ := a.seen.(credits.Transferred)
	legs := done.Out
	if s == receives {
		legs = done.In
	}
	if len(legs) > 0 {
		a.receipt = credits.Receipt{Entry: legs[0], Replayed: true}
	}
	return a
}

// received returns the same call of a transfer as its receiver sees it.
func (c *call) received() call {
	in := sideOf(c.transfer, receives)
	in.client, in.invoked, in.returned, in.clock = c.client, c.invoked, c.returned, c.clock
	in.answer = c.answer.on(receives)
	return in
}

// refusedHere reports whether the refusal of a transfer is about the side's
// account: the receiver refuses only IDs that it used for something else.
func (c *call) refusedHere() bool {
	if reused, ok := errors.AsType[*credits.IDReusedError](c.answer.err); ok {
		return reused.Account == c.account
	}
	return c.answer.err != nil && c.side == sends
}

// sentTo returns the first entries of the transfers to an account from another.
func sentTo(account string, entries []credits.Entry) []credits.Entry {
	var sent []credits.Entry
	for _, e := range entries {
		if e.Kind == credits.KindTransfer && e.Peer == account && e.Amount.Sign() < 0 && !strings.HasPrefix(e.ID, "~") {
			sent = append(sent, e)
		}
	}
	return sent
}
