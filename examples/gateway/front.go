package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/pricing"
)

// errOverloaded is what a provider says that has no room for a request.
var errOverloaded = errors.New("the provider is overloaded")

// front is the gateway's front door: it hears requests, survives handlers that
// panic, and keeps a log of what it told whom.
type front struct {
	*gateway
	mu  sync.Mutex
	log []line
}

// line is one thing that the front door said.
type line struct {
	at   time.Time
	who  string // the request; empty: nobody asked
	text string
}

func newFront(catalog *pricing.Catalog, store credits.Store, model provider) *front {
	f := &front{gateway: &gateway{catalog: catalog, clock: &clock{}, model: model}}
	f.ledger = credits.New(store, credits.Options{Now: f.clock.now, Notify: f.notify, Low: []credits.Amount{credits.Of(30)}})
	return f
}

func (f *front) say(who, text string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.log = append(f.log, line{at: f.clock.now(), who: who, text: text})
}

// notify passes on what customers want to hear unasked.
func (f *front) notify(_ context.Context, n credits.Notice) {
	if n.Kind == credits.NoticeLow {
		f.say("", fmt.Sprintf("notice to %s: %s left, less than %s", n.Account, cents(n.Balance), cents(n.Threshold)))
	}
}

// toppedUp: a customer bought a pack.
func (f *front) toppedUp(ctx context.Context, account, order, id string) error {
	pack, err := f.catalog.Pack(id)
	if err != nil {
		return err
	}
	grant, err := pack.Grant(account, pricing.Purchase{Order: order})
	if err != nil {
		return err
	}
	grant.Meta = map[string]string{"order": order, "item": fmt.Sprintf("%s pack for %v", pack.ID, pack.Price)}
	receipt, err := f.ledger.Grant(ctx, grant)
	if err != nil {
		return err
	}
	f.say(order, fmt.Sprintf("%s pack: %s credits for %v", pack.ID, grouped(receipt.Amount.String()), pack.Price))
	return nil
}

// serve answers a request and logs what came of it. Like a web server it survives
// a handler that panics.
func (f *front) serve(ctx context.Context, r request, send func(int64)) {
	defer func() {
		if reason := recover(); reason != nil {
			f.say(r.id, fmt.Sprintf("500 the handler panicked: %v; nothing is charged", reason))
		}
	}()
	receipt, err := f.answer(ctx, r, send)
	f.say(r.id, f.verdict(receipt, err))
}

// verdict is what the client is told, as an HTTP status and a sentence.
func (f *front) verdict(receipt credits.Receipt, err error) string {
	charged := cents(receipt.Amount.Neg()) + " charged"
	if err == nil && receipt.Replayed {
		return "200 answered before: " + charged + " then, nothing now; the model did not run"
	}
	if err == nil {
		return fmt.Sprintf("200 answered: %s of %s held", charged, cents(receipt.Hold.Reserved))
	}
	if receipt.Seq > 0 {
		return cut(receipt, err)
	}
	if errors.Is(err, errOverloaded) {
		return "503 " + err.Error() + "; nothing is charged"
	}
	if busy, ok := errors.AsType[*credits.BusyError](err); ok {
		return "409 under way or left behind, ask again at " + busy.Until.Format(time.TimeOnly) + "; the model did not run"
	}
	if closed, ok := errors.AsType[*credits.ClosedError](err); ok {
		return fmt.Sprintf("410 given up at %s without an answer: ask anew; the model did not run", closed.Last.At.Format(time.TimeOnly))
	}
	if short, ok := errors.AsType[*credits.InsufficientError](err); ok {
		return "402 " + f.offer(short) + "; the model did not run"
	}
	return "500 " + err.Error()
}

// cut says why only a part of an answer was sent.
func cut(receipt credits.Receipt, err error) string {
	why := err.Error()
	switch {
	case errors.Is(err, context.Canceled):
		why = "the client hung up"
	case errors.Is(err, credits.ErrInsufficient):
		why = "the credits ran out midway"
	}
	return fmt.Sprintf("200 cut short, %s: %s charged of %s held", why, cents(receipt.Amount.Neg()), cents(receipt.Hold.Reserved))
}

// offer says how many credits are missing, and what would bring them.
func (f *front) offer(short *credits.InsufficientError) string {
	text := fmt.Sprintf("needs %s, has %s free and %s held", cents(short.Needed), cents(short.Available), cents(short.Held))
	pack, err := f.catalog.CheapestPack(short.Shortfall, short.Feature)
	if err != nil {
		return text
	}
	return fmt.Sprintf("%s; a %s pack brings the %s missing", text, pack.ID, cents(short.Shortfall))
}
