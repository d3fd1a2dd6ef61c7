package main

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/scriphq/scrip/credits"
)

func TestR50_AnAnswerWithoutAMaximumGrowsItsHold(t *testing.T) {
	f, _ := opened(t, "100", says(8_000, 8_000, 500))
	var held []credits.Amount
	receipt, err := f.answer(t.Context(), ask(f, "req-1", 0), func(int64) {
		b, err := f.ledger.Balance(t.Context(), customer)
		if err != nil {
			t.Fatalf("Balance = %v, want no error", err)
		}
		held = append(held, b.Held)
	})
	if err != nil || receipt.Amount != credits.MustParse("-25.05") {
		t.Errorf("answer = %v, %v, want -25.05", receipt.Amount, err)
	}
	want := []credits.Amount{credits.MustParse("12.3"), credits.MustParse("24.3"), credits.MustParse("36.3")}
	if len(held) != 3 || held[0] != want[0] || held[1] != want[1] || held[2] != want[2] {
		t.Errorf("held while it streams = %v, want %v", held, want)
	}
	checkBalance(t, f, "74.95", "0")
	checkLedger(t, f)
}

func TestR50_AnAnswerIsCutWhereTheCreditsRunOut(t *testing.T) {
	tests := []struct {
		rule, credits, charged string
		sent                   int64
	}{
		{"in the second stretch", "24.29", "12.3", 8_000},
		{"at the end of the second stretch", "24.3", "24.3", 16_000},
		{"with less than a stretch left", "36.29", "24.3", 16_000},
	}
	for _, test := range tests {
		t.Run(test.rule, func(t *testing.T) {
			f, _ := opened(t, test.credits, says(4_000, 4_000, 4_000, 4_000, 4_000, 4_000, 4_000))
			sent := int64(0)
			receipt, err := f.answer(t.Context(), ask(f, "req-1", 0), func(tokens int64) { sent += tokens })
			if !errors.Is(err, credits.ErrInsufficient) || sent != test.sent || receipt.Amount.Neg() != credits.MustParse(test.charged) {
				t.Errorf("answer = %v charged for %d tokens, %v, want %s for %d, %v",
					receipt.Amount.Neg(), sent, err, test.charged, test.sent, credits.ErrInsufficient)
			}
			left, err := credits.MustParse(test.credits).Sub(credits.MustParse(test.charged))
			if err != nil {
				t.Fatal(err)
			}
			checkBalance(t, f, left.String(), "0")
			checkLedger(t, f)
		})
	}
}

func TestAnAnswerMayTakeLongerThanItsFirstDeadline(t *testing.T) {
	f, _ := opened(t, "100", nil)
	slow := says(100, 100, 100, 100, 100, 100, 100, 100, 100, 100)
	f.model = (&model{ran: make(map[string]int), speak: func(ctx context.Context, yield func(int64, error) bool) {
		slow(ctx, func(tokens int64, err error) bool {
			f.clock.pass(2 * time.Minute)
			return yield(tokens, err)
		})
	}}).answer
	receipt, err := f.answer(t.Context(), ask(f, "req-1", 4_000), nobody)
	if err != nil || receipt.Amount != credits.MustParse("-1.8") {
		t.Errorf("answer that took 20 minutes = %v, %v, want -1.8", receipt.Amount, err)
	}
	for _, e := range entries(t, f, credits.KindExtend) {
		if e.Hold.Reserved != credits.MustParse("6.3") || !e.Hold.Deadline.Equal(e.At.Add(patience)) {
			t.Errorf("extended to %v until %v at %v, want 6.3 until %v later", e.Hold.Reserved, e.Hold.Deadline, e.At, patience)
		}
	}
	checkBalance(t, f, "98.2", "0")
}

func TestAnAnswerThatPausesForTooLongIsGivenUp(t *testing.T) {
	f, m := opened(t, "100", nil)
	m.speak = func(_ context.Context, yield func(int64, error) bool) {
		if yield(1_000, nil) {
			f.clock.pass(patience)
			yield(1_000, nil)
		}
	}
	sent := int64(0)
	_, err := f.answer(t.Context(), ask(f, "req-1", 4_000), func(tokens int64) { sent += tokens })
	if !errors.Is(err, credits.ErrClosed) || sent != 1_000 {
		t.Errorf("answer = %v after %d tokens, want %v after 1000", err, sent, credits.ErrClosed)
	}
	checkBalance(t, f, "100", "0")
	checkLedger(t, f)
}

func TestR04_WhatADeadProcessHeldComesBackByItself(t *testing.T) {
	f, m := opened(t, "10", says(1_000))
	r := ask(f, "req-1", 4_000)
	s, err := f.open(r)
	if err != nil {
		t.Fatalf("open(%v) = %v, want no error", r, err)
	}
	if _, err := f.ledger.Reserve(t.Context(), s.hold); err != nil {
		t.Fatalf("Reserve(%v) = %v, want no error", s.hold, err)
	}
	checkBalance(t, f, "10", "6.3")

	f.clock.pass(patience - time.Microsecond)
	_, err = f.answer(t.Context(), r, nobody)
	busy, ok := errors.AsType[*credits.BusyError](err)
	if !ok || !busy.Until.Equal(r.made.Add(patience)) {
		t.Errorf("answer(%v) before the deadline = %v, want busy until %v", r, err, r.made.Add(patience))
	}
	if _, err := f.answer(t.Context(), ask(f, "req-2", 4_000), nobody); !errors.Is(err, credits.ErrInsufficient) {
		t.Errorf("another request meanwhile = %v, want %v", err, credits.ErrInsufficient)
	}
	f.clock.pass(time.Microsecond)
	checkBalance(t, f, "10", "0")
	if _, err := f.answer(t.Context(), r, nobody); !errors.Is(err, credits.ErrClosed) {
		t.Errorf("answer(%v) at the deadline = %v, want %v", r, err, credits.ErrClosed)
	}
	if m.ran["req-1"] != 0 {
		t.Errorf("the model ran %d times, want never", m.ran["req-1"])
	}
	if _, err := f.answer(t.Context(), ask(f, "req-3", 4_000), nobody); err != nil {
		t.Errorf("a new request at the deadline = %v, want no error", err)
	}
	checkBalance(t, f, "8.2", "0")
	checkLedger(t, f)
}
