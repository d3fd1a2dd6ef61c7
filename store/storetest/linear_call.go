package storetest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/scriphq/scrip/credits"
)

// call is one call of a ledger: what was asked, when, and what came back.
type call struct {
	client  int
	account string
	id      string // of the command; empty: a read
	what    string // for messages
	do      func(context.Context, *credits.Ledger) answer

	side     side // of a transfer
	transfer credits.Transfer

	invoked, returned int64       // places in the order of all invocations and returns
	clock             []time.Time // what the clock said in between, ascending
	answer            answer
}

// answer is what a call came to.
type answer struct {
	receipt credits.Receipt // of a command
	seen    any             // by a read
	err     error
}

// command makes a call of a command. Ledger.Batch takes any command as a value.
func command(account, id string, c credits.Command) call {
	return call{
		account: account, id: id, what: fmt.Sprintf("%T%s", c, fields(c)),
		do: func(ctx context.Context, ledger *credits.Ledger) answer {
			results, err := ledger.Batch(ctx, []credits.Command{c})
			if err != nil {
				return answer{err: err}
			}
			return answer{receipt: results[0].Receipt, err: results[0].Err}
		},
	}
}

// readBalance makes a call that reads everything about an account.
func readBalance(account string) call {
	return call{
		account: account, what: "Balance",
		do: func(ctx context.Context, ledger *credits.Ledger) answer {
			balance, err := ledger.Balance(ctx, account)
			return answer{seen: balance, err: err}
		},
	}
}

// readHistory makes a call that reads the last entries of an account.
func readHistory(account string, limit int) call {
	return call{
		account: account, what: fmt.Sprintf("History of the last %d", limit),
		do: func(ctx context.Context, ledger *credits.Ledger) answer {
			var entries []credits.Entry
			for entry, err := range ledger.History(ctx, credits.Query{Account: account, NewestFirst: true, Limit: limit}) {
				if err != nil {
					return answer{err: err}
				}
				entries = append(entries, entry)
			}
			return answer{seen: entries}
		},
	}
}

// wrote reports whether the answer is that this call took effect.
func (c *call) wrote() bool { return c.id != "" && c.answer.err == nil && !c.answer.receipt.Replayed }

// replayed reports whether the answer is that the command had taken effect.
func (c *call) replayed() bool { return c.id != "" && c.answer.err == nil && c.answer.receipt.Replayed }

// unknown reports whether the call may or may not have taken effect.
func (c *call) unknown() bool {
	_, underWay := errors.AsType[*credits.TransitError](c.answer.err)
	return underWay || errors.Is(c.answer.err, credits.ErrUnknown)
}

// observed reports whether the answer says something about the account at one
// instant, without having changed it. An error of the context or, of a read, of the
// store does not.
func (c *call) observed() bool {
	switch {
	case c.wrote(), c.unknown():
		return false
	case c.id == "":
		return c.answer.err == nil
	}
	if c.side != notTransfer && !c.refusedHere() {
		return false
	}
	return !errors.Is(c.answer.err, context.Canceled) && !errors.Is(c.answer.err, context.DeadlineExceeded)
}

// on makes the call of a copy of an account, at an instant. What a sender is told
// does not hang on what the receiver ever sent itself.
func (c *call) on(ctx context.Context, r *replica, at time.Time) answer {
	if c.side == sends {
		defer func(sent map[string][]credits.Entry) { r.sent = sent }(r.sent)
		r.sent = nil
	}
	return c.do(ctx, credits.New(r, credits.Options{Now: func() time.Time { return at }}))
}

func (c *call) String() string {
	return fmt.Sprintf("client %d, from %d to %d: %s = %s", c.client, c.invoked, c.returned, c.what, c.answer.gist())
}

// fields lists what is set in a struct.
func fields(record any) string {
	var set []string
	for field, value := range reflect.ValueOf(record).Fields() {
		if value.IsZero() {
			continue
		}
		set = append(set, fmt.Sprintf("%s: %v", field.Name, reflect.Indirect(value)))
	}
	return "{" + strings.Join(set, ", ") + "}"
}

// lenient compares as callers do: an empty slice is none, and an instant is the
// same in every zone. Errors keep what they wrap to themselves.
var lenient = cmp.Options{cmpopts.EquateEmpty(), cmp.Exporter(func(reflect.Type) bool { return true })}

// same compares values, the quick way first.
func same(a, b any) bool { return reflect.DeepEqual(a, b) || cmp.Equal(a, b, lenient) }

// difference lists how values differ.
func difference(want, got any) string { return cmp.Diff(want, got, lenient) }

// sameEntries compares parts of ledgers.
func sameEntries(a, b []credits.Entry) bool {
	return slices.EqualFunc(a, b, func(a, b credits.Entry) bool { return same(a, b) })
}

// sameAs compares answers. Most that differ do so in what is compared first.
func (a *answer) sameAs(b *answer) bool {
	if a.gist() != b.gist() {
		return false
	}
	return same(*a, *b)
}

// gist says in a few words what was answered. Equal answers have the same gist.
func (a *answer) gist() string {
	if a.err != nil {
		return fmt.Sprintf("%T %v", a.err, a.err)
	}
	switch seen := a.seen.(type) {
	case credits.Balance:
		return fmt.Sprintf("%v available, %v held, %v in all, in %d lots and %d holds, at %s",
			seen.Available, seen.Held, seen.Posted, len(seen.Lots), len(seen.Holds), seen.AsOf.Format(time.RFC3339))
	case []credits.Entry:
		var named []string
		for _, e := range seen {
			named = append(named, fmt.Sprintf("%d %s", e.Seq, e.ID))
		}
		return "entries " + strings.Join(named, ", ")
	}
	if a.receipt.Replayed {
		return fmt.Sprintf("entry %d, replayed", a.receipt.Seq)
	}
	return fmt.Sprintf("entry %d", a.receipt.Seq)
}
