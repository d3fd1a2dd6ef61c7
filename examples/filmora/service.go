package main

import (
	"context"
	"fmt"
	"time"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/pricing"
	"github.com/scriphq/scrip/store/memory"
)

// service is Filmora as far as credits care: a price list, a ledger, and a clock
// that the story sets.
type service struct {
	catalog *pricing.Catalog
	ledger  *credits.Ledger
	now     time.Time

	quotes  map[string]pricing.Quote // by job: a retry pays what the first attempt was quoted
	notices []notice                 // in the order they came up
}

// notice is something the customer was told. The ledger has no entry for it,
// because nothing changed: a service that shows such things keeps them itself.
type notice struct {
	at      time.Time
	account string
	what    string
	refusal *credits.InsufficientError // nil: it was heard before
	offer   pricing.Pack               // for a refusal; without an ID: no pack is large enough
}

func newService(catalog *pricing.Catalog) *service {
	s := &service{catalog: catalog, quotes: make(map[string]pricing.Quote)}
	s.ledger = credits.New(memory.New(), credits.Options{Now: func() time.Time { return s.now }})
	return s
}

// scene is an event at an instant.
type scene struct {
	at    string // in UTC
	event event
}

// event is something the service hears, possibly more than once.
type event interface {
	handle(ctx context.Context, s *service) error
}

// hear advances the clock and handles the event.
func (s *service) hear(ctx context.Context, next scene) error {
	s.now = instant(next.at)
	if err := next.event.handle(ctx, s); err != nil {
		return fmt.Errorf("at %s: %w", next.at, err)
	}
	return nil
}

// grant sends a grant, which may have been sent before.
func (s *service) grant(ctx context.Context, grant credits.Grant) error {
	receipt, err := s.ledger.Grant(ctx, grant)
	if err != nil {
		return err
	}
	if receipt.Replayed {
		s.notices = append(s.notices, notice{at: s.now, account: grant.Account, what: nameOf(&receipt.Lots[0])})
	}
	return nil
}

// nameOf says what a lot is: "bonus first-login". The item is in the notes that
// the grant came with.
func nameOf(lot *credits.Lot) string { return lot.Source + " " + lot.Meta["item"] }

// instant reads an instant of the story.
func instant(text string) time.Time {
	t, err := time.Parse(time.DateTime, text)
	if err != nil {
		panic(err)
	}
	return t
}
