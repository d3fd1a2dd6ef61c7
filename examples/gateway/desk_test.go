package main

import (
	"context"
	"iter"
	"sync"
	"testing"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
	"github.com/scriphq/scrip/pricing"
	"github.com/scriphq/scrip/store/memory"
)

// model is a provider for tests: it counts how often it ran.
type model struct {
	mu    sync.Mutex
	ran   map[string]int // by request
	speak func(ctx context.Context, yield func(int64, error) bool)
}

func (m *model) answer(ctx context.Context, r request) iter.Seq2[int64, error] {
	m.mu.Lock()
	m.ran[r.id]++
	m.mu.Unlock()
	return func(yield func(int64, error) bool) { m.speak(ctx, yield) }
}

// says is an answer in pieces that ends well, or, with ctx, early.
func says(pieces ...int64) func(context.Context, func(int64, error) bool) {
	return fails(nil, pieces...)
}

// fails is an answer that breaks off after some pieces.
func fails(failure error, pieces ...int64) func(context.Context, func(int64, error) bool) {
	return func(ctx context.Context, yield func(int64, error) bool) {
		for _, piece := range pieces {
			if ctx.Err() != nil {
				yield(0, ctx.Err())
				return
			}
			if !yield(piece, nil) {
				return
			}
		}
		if failure != nil {
			yield(0, failure)
		}
	}
}

// opened returns a front door whose customer has a number of credits.
func opened(t *testing.T, amount string, speak func(context.Context, func(int64, error) bool)) (*front, *model) {
	t.Helper()
	catalog, err := pricing.Parse(catalogJSON)
	if err != nil {
		t.Fatalf("Parse(catalog.json) = %v, want no error", err)
	}
	m := &model{ran: make(map[string]int), speak: speak}
	f := newFront(catalog, memory.New(), m.answer)
	f.clock.set(instant("09:00:00"))
	grant(t, f, "top-up", amount)
	return f, m
}

func grant(t *testing.T, f *front, id, amount string) {
	t.Helper()
	c := credits.Grant{ID: id, Account: customer, Amount: credits.MustParse(amount), Validity: expiry.Permanent()}
	if _, err := f.ledger.Grant(t.Context(), c); err != nil {
		t.Fatalf("Grant(%v) = %v, want no error", c, err)
	}
}

// played returns the front door after the story.
func played(t *testing.T) *front {
	t.Helper()
	f := newFront(pricing.MustParse(catalogJSON), memory.New(), nil)
	f.model = f.script
	for _, scene := range story {
		f.clock.set(instant(scene.at))
		if err := scene.play(t.Context(), f); err != nil {
			t.Fatalf("scene at %s = %v, want no error", scene.at, err)
		}
	}
	return f
}

// ask is a request to the deep model with a thousand tokens of prompt, made now:
// 0.3 credits, and 1.5 for each thousand tokens of output.
func ask(f *front, id string, most int64) request {
	return request{id: id, account: customer, made: f.clock.now(), model: "deep", input: 1_000, most: most}
}

// nobody listens.
func nobody(int64) {}

// checkBalance checks what the customer has, and what of it is held.
func checkBalance(t *testing.T, f *front, posted, held string) {
	t.Helper()
	b, err := f.ledger.Balance(t.Context(), customer)
	if err != nil {
		t.Fatalf("Balance = %v, want no error", err)
	}
	if b.Posted != credits.MustParse(posted) || b.Held != credits.MustParse(held) {
		t.Errorf("Balance = %v with %v held, want %s with %s held", b.Posted, b.Held, posted, held)
	}
}

// checkLedger checks that the ledger's entries come to what it says.
func checkLedger(t *testing.T, f *front) {
	t.Helper()
	found, err := f.ledger.Verify(t.Context(), customer)
	if err != nil || len(found) != 0 {
		t.Errorf("Verify = %v, %v, want nothing", found, err)
	}
}

// entries returns the customer's entries of some kinds.
func entries(t *testing.T, f *front, kinds ...credits.Kind) []credits.Entry {
	t.Helper()
	var found []credits.Entry
	for entry, err := range f.ledger.History(t.Context(), credits.Query{Account: customer, Kinds: kinds}) {
		if err != nil {
			t.Fatalf("History = %v, want no error", err)
		}
		found = append(found, entry)
	}
	return found
}

func sum(t *testing.T, a, b credits.Amount) credits.Amount {
	t.Helper()
	c, err := a.Add(b)
	if err != nil {
		t.Fatalf("%v + %v = %v, want no error", a, b, err)
	}
	return c
}
