package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/pricing"
	"github.com/scriphq/scrip/store/memory"
	"pgregory.net/rapid"
)

// Each answer holds 6.3 of 20 credits until all have been heard: three fit.
func TestR02_OfManyAtOnceTheModelRunsOnlyForThoseWhoCanPay(t *testing.T) {
	f, m := opened(t, "20", nil)
	const asked, fit = 12, 3
	refused := make(chan struct{}, asked)
	all := make(chan struct{})
	m.speak = func(_ context.Context, yield func(int64, error) bool) {
		<-all
		yield(1_000, nil)
	}
	go func() {
		for range asked - fit {
			<-refused
		}
		close(all)
	}()
	var requests []request
	for i := range asked {
		requests = append(requests, ask(f, fmt.Sprintf("req-%d", i), 4_000))
	}
	errs := make([]error, asked)
	var streams sync.WaitGroup
	for i, r := range requests {
		streams.Go(func() {
			if _, errs[i] = f.answer(t.Context(), r, nobody); errs[i] != nil {
				refused <- struct{}{}
			}
		})
	}
	streams.Wait()
	for i, r := range requests {
		ran := m.ran[r.id]
		if errs[i] == nil && ran != 1 || errs[i] != nil && (ran != 0 || !errors.Is(errs[i], credits.ErrInsufficient)) {
			t.Errorf("answer(%v) = %v after %d runs, want one run, or none and %v", r, errs[i], ran, credits.ErrInsufficient)
		}
	}
	if len(m.ran) != fit {
		t.Errorf("the model ran for %d requests, want %d", len(m.ran), fit)
	}
	checkBalance(t, f, "14.6", "0")
	checkLedger(t, f)
}

// Two gateways share a store, as two processes would share a database.
func TestR09_TheSameRequestManyTimesAtOnceRunsTheModelOnce(t *testing.T) {
	const times = 16
	store, m := memory.New(), &model{ran: make(map[string]int), speak: says(1_000)}
	var gateways []*front
	for range 2 {
		f := newFront(pricing.MustParse(catalogJSON), store, m.answer)
		f.clock.set(instant("09:00:00"))
		gateways = append(gateways, f)
	}
	grant(t, gateways[0], "top-up", "100")
	r := ask(gateways[0], "req-1", 4_000)
	receipts, errs := make([]credits.Receipt, times), make([]error, times)
	var all sync.WaitGroup
	for i := range times {
		all.Go(func() { receipts[i], errs[i] = gateways[i%2].answer(t.Context(), r, nobody) })
	}
	all.Wait()
	first := 0
	for i := range times {
		switch {
		case errs[i] != nil && !errors.Is(errs[i], credits.ErrBusy):
			t.Errorf("answer(%v) = %v, want a receipt or %v", r, errs[i], credits.ErrBusy)
		case errs[i] == nil && receipts[i].Amount != credits.MustParse("-1.8"):
			t.Errorf("answer(%v) = %v, want -1.8", r, receipts[i].Amount)
		case errs[i] == nil && !receipts[i].Replayed:
			first++
		}
	}
	if first != 1 || m.ran["req-1"] != 1 {
		t.Errorf("%d first receipts and %d runs, want one each", first, m.ran["req-1"])
	}
	checkBalance(t, gateways[1], "98.2", "0")
	checkLedger(t, gateways[1])
}

// Whatever becomes of a stream, nothing of its hold is left, and what was charged
// is the price of what was sent.
func TestEveryStreamIsChargedForWhatWasSent(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		amount := rapid.Int64Range(1, 60).Draw(rt, "credits")
		pieces := rapid.SliceOfN(rapid.Int64Range(1, 9_000), 0, 8).Draw(rt, "pieces")
		most := rapid.SampledFrom([]int64{0, 1, 4_000, 20_000}).Draw(rt, "most")
		hangUp := rapid.IntRange(-1, 8).Draw(rt, "hang up after")
		var failure error
		if rapid.Bool().Draw(rt, "fails") {
			failure = errBroken
		}
		f, _ := opened(t, credits.Of(amount).String(), fails(failure, pieces...))
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		sent, heard := int64(0), 0
		r := ask(f, "req-1", most)
		receipt, err := f.answer(ctx, r, func(tokens int64) {
			sent += tokens
			if heard++; heard == hangUp {
				cancel()
			}
		})
		want := credits.Amount{}
		if sent > 0 || err == nil {
			quote, err := f.catalog.Quote(r.made, r.use(sent))
			if err != nil {
				rt.Fatalf("Quote(%v) = %v, want no error", r.use(sent), err)
			}
			want = quote.Amount
		}
		if receipt.Amount.Neg() != want || most > 0 && sent > most {
			rt.Errorf("answer(%v) = %v charged for %d tokens, %v, want %v", r, receipt.Amount.Neg(), sent, err, want)
		}
		left, err := credits.Of(amount).Sub(want)
		if err != nil {
			rt.Fatal(err)
		}
		checkBalance(t, f, left.String(), "0")
		checkLedger(t, f)
	})
}
