package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/pricing"
)

var errBroken = errors.New("the line broke")

func TestWhatAnAnswerIsCharged(t *testing.T) {
	tests := []struct {
		rule    string
		most    int64
		speak   func(context.Context, func(int64, error) bool)
		want    string // charged
		failure error
	}{
		{"a whole answer", 4_000, says(1_000, 1_000, 500), "4.05", nil},
		{"an answer of exactly the maximum", 2_000, says(1_000, 1_000), "3.3", nil},
		{"an answer that would pass the maximum is cut there", 2_000, says(1_500, 1_500, 1_500), "3.3", nil},
		{"an answer of nothing costs its prompt", 2_000, says(), "0.3", nil},
		{"an answer of one token", 2_000, says(1), "0.31", nil},
		{"a failure before the first token is free, the prompt too", 4_000, fails(errBroken), "0", errBroken},
		{"a failure after the first token pays for the part", 4_000, fails(errBroken, 1), "0.31", errBroken},
		{"a failure in the middle pays for the part", 4_000, fails(errBroken, 1_000, 1_000), "3.3", errBroken},
		{"no maximum, within the first stretch", 0, says(8_000), "12.3", nil},
		{"no maximum, one token more than the first stretch", 0, says(8_000, 1), "12.31", nil},
		{"no maximum, a piece larger than a stretch", 0, says(20_000), "30.3", nil},
		{"no maximum, failed in the second stretch", 0, fails(errBroken, 8_000, 4_000), "18.3", errBroken},
	}
	for _, test := range tests {
		t.Run(test.rule, func(t *testing.T) {
			f, m := opened(t, "100", test.speak)
			r := ask(f, "req-1", test.most)
			receipt, err := f.answer(t.Context(), r, nobody)
			if !errors.Is(err, test.failure) || receipt.Amount.Neg() != credits.MustParse(test.want) {
				t.Errorf("answer(%v) = %v charged, %v, want %s, %v", r, receipt.Amount.Neg(), err, test.want, test.failure)
			}
			left, err := credits.Of(100).Sub(credits.MustParse(test.want))
			if err != nil {
				t.Fatal(err)
			}
			checkBalance(t, f, left.String(), "0")
			checkLedger(t, f)
			if m.ran["req-1"] != 1 {
				t.Errorf("the model ran %d times, want once", m.ran["req-1"])
			}
		})
	}
}

func TestR47_AClientThatHangsUpPaysForWhatWasSent(t *testing.T) {
	for after, want := range map[int]string{1: "1.8", 2: "3.3", 3: "4.8"} {
		t.Run(fmt.Sprintf("after %d of 4 pieces", after), func(t *testing.T) {
			f, _ := opened(t, "100", says(1_000, 1_000, 1_000, 1_000))
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			pieces := 0
			receipt, err := f.answer(ctx, ask(f, "req-1", 8_000), func(int64) {
				if pieces++; pieces == after {
					cancel()
				}
			})
			if !errors.Is(err, context.Canceled) || receipt.Amount.Neg() != credits.MustParse(want) || pieces != after {
				t.Errorf("answer = %v charged for %d pieces, %v, want %s for %d, %v", receipt.Amount.Neg(), pieces, err, want, after, context.Canceled)
			}
			if receipt.Hold.Reserved != credits.MustParse("12.3") || !receipt.Hold.Settled {
				t.Errorf("Hold = %+v, want 12.3 reserved, settled", receipt.Hold)
			}
			checkLedger(t, f)
			if again, err := f.answer(t.Context(), ask(f, "req-1", 8_000), nobody); err != nil || !again.Replayed || again.Seq != receipt.Seq {
				t.Errorf("the same request after the client hung up = %v, %v, want the first receipt replayed", again, err)
			}
		})
	}
}

func TestAClientThatIsGoneBeforeItIsServedCostsNothing(t *testing.T) {
	f, m := opened(t, "100", says(1_000))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.answer(ctx, ask(f, "req-1", 1_000), nobody); !errors.Is(err, context.Canceled) || errors.Is(err, credits.ErrUnknown) {
		t.Errorf("answer = %v, want %v", err, context.Canceled)
	}
	if got := entries(t, f); len(got) != 1 || m.ran["req-1"] != 0 {
		t.Errorf("History = %v after %d runs, want the top-up alone, and none", got, m.ran["req-1"])
	}
}

func TestR04_AHandlerThatPanicsGivesItsHoldBack(t *testing.T) {
	f, m := opened(t, "100", says(1_000, 1_000))
	r := ask(f, "req-1", 4_000)
	func() {
		defer func() {
			if reason := recover(); reason != "boom" {
				t.Errorf("answer panics with %v, want boom: it is passed on", reason)
			}
		}()
		_, _ = f.answer(t.Context(), r, func(int64) { panic("boom") })
	}()
	checkBalance(t, f, "100", "0")
	if _, err := f.answer(t.Context(), r, nobody); !errors.Is(err, credits.ErrClosed) || m.ran["req-1"] != 1 {
		t.Errorf("the same request after a panic = %v after %d runs, want %v and one", err, m.ran["req-1"], credits.ErrClosed)
	}
	if _, err := f.answer(t.Context(), ask(f, "req-2", 4_000), nobody); err != nil {
		t.Errorf("a new request after a panic = %v, want no error", err)
	}
	checkBalance(t, f, "96.7", "0")
	checkLedger(t, f)
}

func TestTheFrontDoorSurvivesAPanic(t *testing.T) {
	f, _ := opened(t, "100", says(1_000))
	f.serve(t.Context(), ask(f, "req-1", 4_000), func(int64) { panic("boom") })
	want := []line{{at: f.clock.now(), who: "req-1", text: "500 the handler panicked: boom; nothing is charged"}}
	if diff := cmp.Diff(want, f.log, cmp.AllowUnexported(line{})); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
}

func TestR09_ARetryIsNotChargedAndDoesNotRunTheModelAgain(t *testing.T) {
	f, m := opened(t, "100", says(1_000, 1_000))
	r := ask(f, "req-1", 4_000)
	first, err := f.answer(t.Context(), r, nobody)
	if err != nil || first.Replayed {
		t.Fatalf("answer(%v) = %v, %v, want a first receipt", r, first, err)
	}
	for _, later := range []time.Duration{0, time.Second, time.Hour, 90 * 24 * time.Hour} {
		f.clock.pass(later)
		again, err := f.answer(t.Context(), r, nobody)
		if err != nil || !again.Replayed {
			t.Errorf("answer(%v) %v later = %v, %v, want it replayed", r, later, again, err)
		}
		if diff := cmp.Diff(first.Entry, again.Entry, cmp.AllowUnexported(credits.Amount{})); diff != "" {
			t.Errorf("the receipt %v later (-first +again):\n%s", later, diff)
		}
	}
	if m.ran["req-1"] != 1 {
		t.Errorf("the model ran %d times, want once", m.ran["req-1"])
	}
	checkBalance(t, f, "96.7", "0")
}

func TestR43_ARetryGoesByThePricesOfItsRequest(t *testing.T) {
	f, m := opened(t, "100", says(1_000))
	r := ask(f, "req-1", 4_000)
	first, err := f.answer(t.Context(), r, nobody)
	if err != nil {
		t.Fatalf("answer(%v) = %v, want no error", r, err)
	}
	second := `{"name": "gateway", "version": "2026-04", "effective": "2026-03-02T12:00:00Z",
		"features": {"chat": {"by": "model", "prices": {"deep": {"meters": {
			"input tokens": {"credits": 600, "per": "1000000 tokens", "charge": "pro rata"},
			"output tokens": {"credits": 3000, "per": "1000000 tokens", "charge": "pro rata"}}}}}}},`
	f.catalog = pricing.MustParse(bytes.Replace(catalogJSON, []byte(`"cards": [`), []byte(`"cards": [`+second), 1))
	f.clock.set(instant("13:00:00"))
	again, err := f.answer(t.Context(), r, nobody)
	if err != nil || !again.Replayed || again.Seq != first.Seq || m.ran["req-1"] != 1 {
		t.Errorf("answer(%v) by a new card = %v, %v, want the first receipt", r, again, err)
	}
	dearer, err := f.answer(t.Context(), ask(f, "req-2", 4_000), nobody)
	if err != nil || dearer.Amount != credits.MustParse("-3.6") || dearer.Price.Version != "2026-04" {
		t.Errorf("answer by the new card = %v at %s, %v, want -3.6 at 2026-04", dearer.Amount, dearer.Price.Version, err)
	}
}

func TestAnIDThatNamesAnotherRequestIsRefused(t *testing.T) {
	f, m := opened(t, "100", says(1_000))
	first := ask(f, "req-1", 4_000)
	if _, err := f.answer(t.Context(), first, nobody); err != nil {
		t.Fatalf("answer(%v) = %v, want no error", first, err)
	}
	longer, swift := ask(f, "req-1", 8_000), ask(f, "req-1", 4_000)
	swift.model = "swift"
	for _, r := range []request{longer, swift} {
		if _, err := f.answer(t.Context(), r, nobody); !errors.Is(err, credits.ErrIDReused) {
			t.Errorf("answer(%v) = %v, want %v", r, err, credits.ErrIDReused)
		}
	}
	if m.ran["req-1"] != 1 {
		t.Errorf("the model ran %d times, want once", m.ran["req-1"])
	}
}

func TestR02_WhoCannotPayTheMostIsRefusedBeforeTheModelRuns(t *testing.T) {
	f, m := opened(t, "6.29", says(1_000))
	r := ask(f, "req-1", 4_000) // at most 6.3
	_, err := f.answer(t.Context(), r, nobody)
	short, ok := errors.AsType[*credits.InsufficientError](err)
	if !ok || short.Needed != credits.MustParse("6.3") || short.Shortfall != credits.MustParse("0.01") {
		t.Errorf("answer(%v) = %v, want 0.01 of 6.3 missing", r, err)
	}
	if m.ran["req-1"] != 0 || len(entries(t, f)) != 1 {
		t.Errorf("the model ran %d times, want never, and the top-up to be alone", m.ran["req-1"])
	}
	grant(t, f, "top-up-2", "0.01")
	if receipt, err := f.answer(t.Context(), r, nobody); err != nil || receipt.Amount != credits.MustParse("-1.8") {
		t.Errorf("answer(%v) after a top-up = %v, %v, want -1.8", r, receipt.Amount, err)
	}
	checkBalance(t, f, "4.5", "0")
}

func TestRequestsThatHaveNoPriceAreRefused(t *testing.T) {
	tests := []struct {
		rule   string
		change func(*request)
		want   error
	}{
		{"a model that there is not", func(r *request) { r.model = "huge" }, pricing.ErrAttribute},
		{"no model", func(r *request) { r.model = "" }, pricing.ErrAttribute},
		{"a negative prompt", func(r *request) { r.input = -1 }, pricing.ErrQuantity},
		{"a negative maximum", func(r *request) { r.most = -1 }, pricing.ErrQuantity},
		{"a maximum beyond all credits", func(r *request) { r.most = 1 << 62 }, credits.ErrOverflow},
		{"made before there were prices", func(r *request) { r.made = r.made.AddDate(-1, 0, 0) }, pricing.ErrUnknown},
		{"made longer ago than anyone waits", func(r *request) { r.made = r.made.Add(-patience) }, credits.ErrInvalid},
		{"nobody's", func(r *request) { r.account = "" }, credits.ErrInvalid},
		{"without an ID", func(r *request) { r.id = "" }, credits.ErrInvalid},
	}
	for _, test := range tests {
		t.Run(test.rule, func(t *testing.T) {
			f, m := opened(t, "100", says(1_000))
			r := ask(f, "req-1", 4_000)
			test.change(&r)
			if _, err := f.answer(t.Context(), r, nobody); !errors.Is(err, test.want) {
				t.Errorf("answer(%v) = %v, want %v", r, err, test.want)
			}
			if len(m.ran) != 0 || len(entries(t, f)) != 1 {
				t.Errorf("the model ran: %v, want never, and the top-up to be alone", m.ran)
			}
		})
	}
}

func TestR37_ALowBalanceIsToldOncePerCrossing(t *testing.T) {
	f, _ := opened(t, "32", says(1_000)) // each answer costs 1.8
	for i := range 4 {
		f.serve(t.Context(), ask(f, fmt.Sprintf("req-%d", i), 1_000), nobody)
	}
	grant(t, f, "top-up-2", "6") // 30.8
	f.serve(t.Context(), ask(f, "req-5", 1_000), nobody)
	var got []string
	for _, l := range f.log {
		if l.who == "" {
			got = append(got, l.text)
		}
	}
	want := []string{"notice to ada: 28.40 left, less than 30.00", "notice to ada: 29.00 left, less than 30.00"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("notices (-want +got):\n%s", diff)
	}
}

func TestWhatTheFrontDoorSays(t *testing.T) {
	f, _ := opened(t, "100", nil)
	charged := credits.Receipt{Entry: credits.Entry{Seq: 7, Amount: credits.Of(-3), Hold: &credits.Hold{Reserved: credits.Of(12)}}}
	replayed := charged
	replayed.Replayed = true
	short := &credits.InsufficientError{Feature: "chat", Needed: credits.Of(9), Available: credits.Of(2), Held: credits.Of(1), Shortfall: credits.Of(7)}
	beyond := &credits.InsufficientError{Feature: "chat", Needed: credits.Of(9_000), Shortfall: credits.Of(9_000)}
	tests := []struct {
		rule    string
		receipt credits.Receipt
		err     error
		want    string
	}{
		{"an answer", charged, nil, "200 answered: 3.00 charged of 12.00 held"},
		{"a retry", replayed, nil, "200 answered before: 3.00 charged then, nothing now; the model did not run"},
		{"the client left", charged, errors.Join(context.Canceled), "200 cut short, the client hung up: 3.00 charged of 12.00 held"},
		{"the credits ran out", charged, errors.Join(short), "200 cut short, the credits ran out midway: 3.00 charged of 12.00 held"},
		{"the provider broke off", charged, errBroken, "200 cut short, the line broke: 3.00 charged of 12.00 held"},
		{"too few credits for it", credits.Receipt{}, short, "402 needs 9.00, has 2.00 free and 1.00 held; a small pack brings the 7.00 missing; the model did not run"},
		{"no pack is large enough", credits.Receipt{}, beyond, "402 needs 9,000.00, has 0.00 free and 0.00 held; the model did not run"},
		{"no room", credits.Receipt{}, errOverloaded, "503 the provider is overloaded; nothing is charged"},
		{"anything else", credits.Receipt{}, errBroken, "500 the line broke"},
	}
	for _, test := range tests {
		t.Run(test.rule, func(t *testing.T) {
			if got := f.verdict(test.receipt, test.err); got != test.want {
				t.Errorf("verdict(%v, %v) = %q, want %q", test.receipt, test.err, got, test.want)
			}
		})
	}
}
