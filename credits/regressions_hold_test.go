package credits_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
	"pgregory.net/rapid"
)

// TestR02_ covers paid work that was done before its deduction failed: of many
// that want 4 from 10 at once, two run, and the losers' work is never called.
func TestR02_WorkRunsOnlyAfterItsHold(t *testing.T) {
	b := stocked(t)
	var ran atomic.Int64
	gate := make(chan struct{})
	errs := atOnce(20, func(i int) error {
		_, err := b.ledger.Do(t.Context(), filledReserve(credits.Reserve{ID: fmt.Sprintf("job-%d", i), Amount: credits.Of(4)}),
			func(context.Context) (credits.Usage, error) {
				if ran.Add(1) == 2 {
					close(gate)
				}
				<-gate // both are at work at once
				return credits.Usage{Amount: credits.Of(4)}, nil
			})
		return err
	})
	paid := 0
	for _, err := range errs {
		if err == nil {
			paid++
		} else if !errors.Is(err, credits.ErrInsufficient) {
			t.Errorf("Do(4) = %v, want %v", err, credits.ErrInsufficient)
		}
	}
	if ran.Load() != 2 || paid != 2 {
		t.Errorf("20 x Do(4 of 10) = %d ran, %d paid, want 2 and 2", ran.Load(), paid)
	}
	b.wantBalance("20 x Do", "2", "0")
}

// TestR04_ covers error paths, panics and cancellations that leaked a hold.
func TestR04_WhateverEndsTheWorkTheHoldGoesBack(t *testing.T) {
	for name, work := range map[string]func(context.Context) (credits.Usage, error){
		"an error": func(context.Context) (credits.Usage, error) { return credits.Usage{}, errModel },
		"a panic":  func(context.Context) (credits.Usage, error) { panic("boom") },
		"an end of the context": func(ctx context.Context) (credits.Usage, error) {
			<-ctx.Done()
			return credits.Usage{}, ctx.Err()
		},
		"no usage": func(context.Context) (credits.Usage, error) { return credits.Usage{}, nil },
	} {
		t.Run(name, func(t *testing.T) {
			b := stocked(t)
			ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
			defer cancel()
			func() {
				defer func() { _ = recover() }()
				_, _ = b.ledger.Do(context.WithoutCancel(ctx), filledReserve(credits.Reserve{ID: "job", Amount: credits.Of(4)}),
					func(context.Context) (credits.Usage, error) { return work(ctx) })
			}()
			b.wantBalance(name, "10", "0")
			if got := b.balance().Holds; len(got) > 0 {
				t.Errorf("Balance(after %s).Holds = %v, want none", name, got)
			}
		})
	}
	b := stocked(t)
	b.reserve(credits.Reserve{ID: "dead", Amount: credits.Of(4)}) // by a process that died
	b.clock.set(day(1))
	b.wantBalance("the deadline", "10", "0")
}

// TestR05_ covers settlements that ran twice after a lost acknowledgement.
func TestR05_AReplayedCaptureOrReleaseWritesNothing(t *testing.T) {
	for name, command := range map[string]credits.Command{
		"capture":         credits.Capture{ID: "op", Account: "ada", Hold: "job", Amount: credits.Of(3)},
		"partial capture": credits.Capture{ID: "op", Account: "ada", Hold: "job", Amount: credits.Of(3), More: true},
		"release":         credits.Release{ID: "op", Account: "ada", Hold: "job"},
		"extend":          credits.Extend{ID: "op", Account: "ada", Hold: "job", Amount: credits.Of(1)},
	} {
		t.Run(name, func(t *testing.T) {
			d, store := newFaultyDesk(t)
			b := booth{d}
			b.watch(t, "ada")
			b.grant(credits.Grant{ID: "pack", Amount: credits.Of(10)})
			b.reserve(credits.Reserve{ID: "job", Amount: credits.Of(4)})
			store.fault = (*faultyStore).after
			if got := b.batch(command)[0]; !errors.Is(got.Err, credits.ErrUnknown) {
				t.Fatalf("%s(lost acknowledgement) = %v, want %v", name, got.Err, credits.ErrUnknown)
			}
			before := b.record("ada")
			for _, now := range []int{0, 0, 1, 40} {
				b.clock.set(day(now))
				got := b.batch(command)[0]
				if got.Err != nil || !got.Receipt.Replayed || compare(before.Entries[2], got.Receipt.Entry) != "" {
					t.Errorf("%s(again on day %d) = replayed %v, %v, %v, want the first entry", name, now, got.Receipt.Replayed, got.Receipt.Entry, got.Err)
				}
			}
			if diff := compare(before, b.record("ada")); diff != "" {
				t.Errorf("%s(again) wrote (-before +after):\n%s", name, diff)
			}
		})
	}
}

// TestR09_ covers one key twice in one batch.
func TestR09_TheSameIDTwiceInABatchHasOneEffect(t *testing.T) {
	b := stocked(t)
	spend := credits.Spend{ID: "job", Account: "ada", Amount: credits.Of(4)}
	results := b.batch(spend, spend, &spend, spend)
	for i, got := range results {
		if got.Err != nil || got.Receipt.Replayed != (i > 0) || compare(results[0].Receipt.Entry, got.Receipt.Entry) != "" {
			t.Errorf("Batch(one ID)[%d] = replayed %v, %v, %v, want the first receipt", i, got.Receipt.Replayed, got.Receipt.Entry, got.Err)
		}
	}
	b.wantBalance("Batch(one ID)", "6", "0")
}

// TestR10_ covers the replay of a resolved hold that still said "held".
func TestR10_AReplaySaysWhatIsTrueNow(t *testing.T) {
	for name, end := range map[string]func(b booth){
		"captured": func(b booth) { b.capture(credits.Capture{ID: "end", Hold: "job", Amount: credits.Of(3)}) },
		"released": func(b booth) { b.release("end", "job") },
		"lapsed":   func(b booth) { b.clock.set(day(1)) },
	} {
		t.Run(name, func(t *testing.T) {
			b := stocked(t)
			b.reserve(credits.Reserve{ID: "job", Amount: credits.Of(4)})
			part := credits.Capture{ID: "part", Hold: "job", Amount: credits.Of(1), More: true}
			b.capture(part)
			longer := credits.Extend{ID: "longer", Hold: "job", Amount: credits.Of(1)}
			b.extend(longer)
			end(b)
			for verb, got := range map[string]credits.Receipt{
				"Reserve": b.reserve(credits.Reserve{ID: "job", Amount: credits.Of(4)}), "Capture": b.capture(part), "Extend": b.extend(longer),
			} {
				if !got.Replayed || !got.HoldNow.Settled || got.HoldNow.Held().Sign() != 0 || got.Hold.Settled {
					t.Errorf("%s(again, %s) = then %+v, now %+v, want open then, over now", verb, name, got.Hold, got.HoldNow)
				}
			}
		})
	}
}

// TestR11_ covers a released hold that killed its key or made the retry free.
func TestR11_AReleasedHoldNeverCountsAsPaid(t *testing.T) {
	b := stocked(t)
	command := filledReserve(credits.Reserve{ID: "job", Amount: credits.Of(4)})
	_, err := b.ledger.Do(t.Context(), command, func(context.Context) (credits.Usage, error) { return credits.Usage{}, errModel })
	if !errors.Is(err, errModel) {
		t.Fatalf("Do(failing) = %v, want %v", err, errModel)
	}
	if got, err := b.ledger.Do(t.Context(), command, idle(t)); !errors.Is(err, credits.ErrClosed) || got.Seq != 0 {
		t.Errorf("Do(again) = %v, %v, want no receipt and %v", got, err, credits.ErrClosed)
	}
	if got := b.reserve(command); !got.Replayed || !got.HoldNow.Settled || !got.HoldNow.Captured.IsZero() {
		t.Errorf("Reserve(again).HoldNow = %+v, want it over and nothing captured", got.HoldNow)
	}
	b.fails(credits.ErrClosed, credits.Capture{ID: "late", Account: "ada", Hold: "job", Amount: credits.Of(4)})
	command.ID = "job/2"
	if got, err := b.ledger.Do(t.Context(), command, works("4")); err != nil || got.Amount != credits.Of(-4) {
		t.Errorf("Do(a new attempt) = %v, %v, want -4", got.Amount, err)
	}
	b.wantBalance("a new attempt", "6", "0")
}

// settlement is one way for a hold to be over.
type settlement struct {
	name string
	run  func(b booth, ctx context.Context) error
}

var settlements = []settlement{
	{"capture", func(b booth, ctx context.Context) error {
		return second(b.ledger.Capture(ctx, credits.Capture{ID: "capture", Account: "ada", Hold: "job", Amount: credits.Of(3)}))
	}},
	{"release", func(b booth, ctx context.Context) error {
		return second(b.ledger.Release(ctx, credits.Release{ID: "release", Account: "ada", Hold: "job"}))
	}},
	{"deadline", func(b booth, _ context.Context) error { b.clock.set(day(1)); return nil }},
	{"sweep", func(b booth, ctx context.Context) error {
		_, err := b.ledger.Sweep(ctx)
		return err
	}},
}

// contested is a booth with a hold of 4 on a lot of 10 that ends with it.
func contested(t *testing.T) booth {
	b := newBooth(t)
	b.grant(credits.Grant{ID: "trial", Amount: credits.Of(10), Validity: expiry.Days(1)})
	b.reserve(credits.Reserve{ID: "job", Amount: credits.Of(4)})
	return b
}

// outcome checks that exactly one thing became of the hold, and returns it.
func outcome(t *testing.T, b booth) string {
	t.Helper()
	b.clock.set(day(1))
	var kinds []string
	var ended int64
	for _, e := range b.history(credits.Query{After: 2}) {
		switch e.Kind {
		case credits.KindCapture, credits.KindRelease, credits.KindLapse:
			kinds = append(kinds, string(e.Kind))
		case credits.KindEnd:
			ended -= e.Amount.Micros()
		}
	}
	if len(kinds) != 1 {
		t.Fatalf("outcomes of the hold = %v, want exactly one", kinds)
	}
	want := int64(10_000_000)
	if kinds[0] == "capture" {
		want = 7_000_000
	}
	if got := b.balance(); !got.Posted.IsZero() || len(got.Holds) > 0 || ended != want {
		t.Errorf("Balance(after a %s) = %v, %d micros ended, want 0, %d", kinds[0], got.Posted, ended, want)
	}
	return kinds[0]
}

// TestR12_ covers captures that raced an expiry or a sweep, and both won: the
// first of them in every order is the outcome.
func TestR12_EveryOrderOfSettlementsHasOneOutcome(t *testing.T) {
	var permute func(done, left []settlement)
	permute = func(done, left []settlement) {
		if len(left) > 0 {
			for i := range left {
				rest := append(append([]settlement{}, left[:i]...), left[i+1:]...)
				permute(append(append([]settlement{}, done...), left[i]), rest)
			}
			return
		}
		name, want := "", ""
		for _, s := range done {
			name += s.name + " "
			if kind, decides := map[string]string{"capture": "capture", "release": "release", "deadline": "lapse"}[s.name]; decides && want == "" {
				want = kind
			}
		}
		t.Run(name, func(t *testing.T) {
			b := contested(t)
			for _, s := range done {
				err := s.run(b, t.Context())
				if refused := (s.name == "capture" || s.name == "release") && s.name != want; refused != errors.Is(err, credits.ErrClosed) {
					t.Errorf("%s = %v, want %v only after the hold is over", s.name, err, credits.ErrClosed)
				}
			}
			if got := outcome(t, b); got != want {
				t.Errorf("outcome(%s) = %s, want %s", name, got, want)
			}
		})
	}
	permute(nil, settlements)
}

// TestR12_ covers the same race with all of them at once.
func TestR12_SettlementsAtOnceHaveOneOutcome(t *testing.T) {
	for range 100 {
		b := contested(t)
		errs := atOnce(3*len(settlements), func(i int) error { return settlements[i%len(settlements)].run(b, t.Context()) })
		acknowledged := map[string]bool{}
		for i, err := range errs {
			name := settlements[i%len(settlements)].name
			if err != nil && !errors.Is(err, credits.ErrClosed) {
				t.Errorf("%s = %v, want no error or %v", name, err, credits.ErrClosed)
			}
			if err == nil && (name == "capture" || name == "release") {
				acknowledged[name] = true
			}
		}
		got := outcome(t, b)
		if want := map[string]bool{got: true}; got == "lapse" && len(acknowledged) > 0 || got != "lapse" && compare(want, acknowledged) != "" {
			t.Errorf("outcome = %s, want what was acknowledged, %v", got, acknowledged)
		}
	}
}

// TestR13_ covers a lot that expired while held: credits that vanished, or that
// came back to life.
func TestR13_AHoldPinsCreditsAndNeverLengthensALife(t *testing.T) {
	for _, c := range []struct {
		name string
		run  func(b booth)
		want string
	}{
		{"captured after the end", func(b booth) { b.capture(credits.Capture{ID: "x", Hold: "job", Amount: credits.Of(4)}) }, "end -6, capture -4"},
		{"captured in part after the end", func(b booth) { b.capture(credits.Capture{ID: "x", Hold: "job", Amount: credits.Of(1)}) }, "end -6, capture -1, end -3"},
		{"released after the end", func(b booth) { b.release("x", "job") }, "end -6, release 0, end -4"},
		{"lapsed after the end", func(b booth) { b.clock.set(day(9)) }, "end -6, lapse 0, end -4"},
		{"extended and released after the end", func(b booth) {
			b.extend(credits.Extend{ID: "longer", Hold: "job", Deadline: day(20)})
			b.clock.set(day(19))
			b.release("x", "job")
		}, "end -6, extend 0, release 0, end -4"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBooth(t)
			b.grant(credits.Grant{ID: "trial", Amount: credits.Of(10), Validity: expiry.Days(2)})
			b.reserve(credits.Reserve{ID: "job", Amount: credits.Of(4), Deadline: day(9)})
			b.clock.set(day(5))
			b.wantBalance("the end", "0", "4")
			b.refusesSpend(credits.ErrInsufficient, credits.Spend{ID: "steal", Account: "ada", Amount: credits.Micros(1)})
			c.run(b)
			b.wantKinds(2, c.want)
			if got := b.balance(); !got.Posted.IsZero() || len(got.Lots) > 0 {
				t.Errorf("Balance(%s) = %v in %v, want nothing", c.name, got.Posted, lotIDs(got.Lots))
			}
		})
	}
}

// TestR47_ covers a refund on any error that let users keep the output: a stream
// that is cut pays for its part.
func TestR47_ACutStreamPaysForItsPart(t *testing.T) {
	b := stocked(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	got, err := b.ledger.Do(ctx, filledReserve(credits.Reserve{ID: "chat", Feature: "chat", Amount: credits.Of(8)}), func(ctx context.Context) (credits.Usage, error) {
		var used int64
		for ctx.Err() == nil {
			if used += 1_500_000; used == 4_500_000 {
				cancel() // the client is gone
			}
		}
		return credits.Usage{Amount: credits.Micros(used), Quantity: "3 chunks"}, ctx.Err()
	})
	if !errors.Is(err, context.Canceled) || got.Amount != credits.MustParse("-4.5") || got.Quantity != "3 chunks" || !got.HoldNow.Settled {
		t.Errorf("Do(cut) = %v of %s, %v, want -4.5 of 3 chunks, %v", got.Amount, got.Quantity, err, context.Canceled)
	}
	b.wantBalance("a cut stream", "5.5", "0")
}

// TestR50_ covers runs that were killed midway because they ran out.
func TestR50_ALongRunExtendsItsHoldAndIsPaidInParts(t *testing.T) {
	b := stocked(t)
	got, err := b.ledger.Do(t.Context(), filledReserve(credits.Reserve{ID: "run", Amount: credits.Of(4), Deadline: start.Add(time.Hour)}), func(context.Context) (credits.Usage, error) {
		for i := range 3 {
			b.capture(credits.Capture{ID: fmt.Sprintf("run/%d", i), Hold: "run", Amount: credits.Of(2), More: true})
			b.extend(credits.Extend{ID: fmt.Sprintf("run/longer-%d", i), Hold: "run", Amount: credits.Of(2), Deadline: start.Add(time.Duration(i+2) * time.Hour)})
			b.clock.set(start.Add(time.Duration(i+2)*time.Hour - micro))
		}
		return credits.Usage{Amount: credits.Of(3)}, nil
	})
	if err != nil || got.HoldNow.Captured != credits.Of(9) || got.HoldNow.Reserved != credits.Of(10) || !got.HoldNow.Settled {
		t.Errorf("Do(long) = %+v, %v, want 9 captured of 10", got.HoldNow, err)
	}
	b.wantBalance("a long run", "1", "0")
}

// TestR53_ covers a settlement that minted credits: whatever happens to a hold,
// 0 <= captured, and captured from it + released + lapsed + held = what was
// reserved, for the hold and for each lot; and a negative price is refused.
func TestR53_WhatIsHeldIsCapturedOrGoesBack(t *testing.T) {
	b := stocked(t)
	b.reserve(credits.Reserve{ID: "job", Amount: credits.Of(4)})
	b.fails(credits.ErrInvalid, credits.Capture{ID: "mint", Account: "ada", Hold: "job", Amount: credits.Of(-4)})
	b.fails(credits.ErrInvalid, credits.Extend{ID: "mint", Account: "ada", Hold: "job", Amount: credits.Of(-4)})
	rapid.Check(t, conserveHold)
}

func conserveHold(t *rapid.T) {
	b := booth{openDesk(t, credits.Options{})}
	overdraft := credits.Micros(rapid.Int64Range(0, 5_000_000).Draw(t, "overdraft"))
	b.configure(credits.Configure{ID: "limit", Overdraft: &overdraft})
	for i := range rapid.IntRange(1, 4).Draw(t, "lots") {
		lot := credits.Grant{ID: fmt.Sprintf("lot-%d", i), Amount: credits.Micros(rapid.Int64Range(1, 9_000_000).Draw(t, "granted"))}
		if days := rapid.IntRange(0, 5).Draw(t, "days"); days > 0 {
			lot.Validity = expiry.Days(days)
		}
		b.grant(lot)
	}
	amount := func() credits.Amount { return credits.Micros(rapid.Int64Range(0, 6_000_000).Draw(t, "amount")) }
	_, _ = b.ledger.Reserve(b.ctx, filledReserve(credits.Reserve{ID: "job", Amount: amount(), Deadline: day(4)}))
	for i := range rapid.IntRange(0, 8).Draw(t, "steps") {
		id := fmt.Sprintf("op-%d", i)
		switch rapid.IntRange(0, 4).Draw(t, "verb") {
		case 0:
			_, _ = b.ledger.Capture(b.ctx, credits.Capture{ID: id, Account: "ada", Hold: "job", Amount: amount(), More: rapid.IntRange(0, 3).Draw(t, "more") > 0})
		case 1:
			_, _ = b.ledger.Extend(b.ctx, credits.Extend{ID: id, Account: "ada", Hold: "job", Amount: amount(), Deadline: b.clock.read().AddDate(0, 0, 3)})
		case 2:
			_, _ = b.ledger.Spend(b.ctx, credits.Spend{ID: id, Account: "ada", Amount: amount(), Partial: true})
		case 3:
			b.clock.set(b.clock.read().Add(time.Duration(rapid.IntRange(0, 60).Draw(t, "hours")) * time.Hour))
		case 4:
			if rapid.IntRange(0, 5).Draw(t, "release") == 0 {
				_, _ = b.ledger.Release(b.ctx, credits.Release{ID: id, Account: "ada", Hold: "job"})
			}
		}
		checkHeld(t, b)
	}
	if found, err := b.ledger.Verify(b.ctx, "ada"); err != nil || len(found) > 0 {
		t.Fatalf("Verify(ada) = %v, %v, want nothing", found, err)
	}
}

// checkHeld adds up what entries did to what is held, in all and by lot.
func checkHeld(t *rapid.T, b booth) {
	held, parts := map[string]int64{}, map[string]int64{}
	var captured, reserved int64
	var last *credits.Hold
	for _, e := range b.history(credits.Query{}) {
		if e.Hold == nil {
			continue
		}
		last = e.Hold
		for _, posting := range e.Postings {
			held[posting.Lot] += posting.Held.Micros()
			if e.Kind == credits.KindReserve || e.Kind == credits.KindExtend {
				reserved += posting.Held.Micros()
			}
		}
		if e.Kind == credits.KindCapture {
			captured -= e.Amount.Micros()
		}
	}
	if last == nil {
		return
	}
	for _, part := range last.Parts {
		parts[part.Lot] += part.Amount.Micros()
		if part.Amount.Sign() <= 0 {
			t.Fatalf("part of %q = %v, want more than zero", part.Lot, part.Amount)
		}
	}
	for lot, amount := range held {
		if amount != parts[lot] || amount < 0 {
			t.Fatalf("held of lot %q = %d micros by postings, %d by the hold, want the same", lot, amount, parts[lot])
		}
	}
	if last.Captured.Micros() != captured || last.Reserved.Micros() != reserved || captured < 0 {
		t.Fatalf("hold = %v captured, %v reserved, want %d and %d micros", last.Captured, last.Reserved, captured, reserved)
	}
	if last.Settled && len(last.Parts) > 0 {
		t.Fatalf("settled hold = %v, want nothing in it", last.Parts)
	}
}
