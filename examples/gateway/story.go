package main

import (
	"context"
	"fmt"
	"iter"
	"sync"
	"time"
)

const customer = "ada"

// scene is something that happens at an instant of the morning.
type scene struct {
	at   string // in UTC
	play func(context.Context, *front) error
}

// story is a morning of one customer.
var story = []scene{
	{"09:00:00", tops("order-1", "small")},
	{"09:01:00", asks("req-1")},
	{"09:05:00", hangsUp("req-2", 3_000)},
	{"09:08:00", asks("req-3")},
	{"09:10:00", panics("req-4")},
	{"09:12:00", asks("req-1")}, // the client's retry: the answer was lost
	{"09:15:00", dies("req-5")},
	{"09:16:00", asks("req-5")},
	{"09:21:00", asks("req-5")},
	{"09:21:10", asks("req-6")}, // the same prompt, asked anew
	{"09:25:00", asks("req-7")}, // without a maximum
	{"09:40:00", twoAtOnce("req-8", "req-9")},
	{"09:45:00", asks("req-10")}, // without a maximum
	{"09:50:00", tops("order-2", "large")},
	{"09:50:30", asks("req-11")},
}

// requests are what the customer asks.
var requests = map[string]request{
	"req-1":  {made: instant("09:01:00"), model: "deep", input: 12_000, most: 8_000},
	"req-2":  {made: instant("09:05:00"), model: "deep", input: 2_450, most: 16_000},
	"req-3":  {made: instant("09:08:00"), model: "deep", input: 900, most: 4_000},
	"req-4":  {made: instant("09:10:00"), model: "swift", input: 40_000, most: 4_000},
	"req-5":  {made: instant("09:15:00"), model: "deep", input: 6_000, most: 8_000},
	"req-6":  {made: instant("09:21:10"), model: "deep", input: 6_000, most: 8_000},
	"req-7":  {made: instant("09:25:00"), model: "deep", input: 1_800},
	"req-8":  {made: instant("09:40:00"), model: "deep", input: 2_000, most: 16_000},
	"req-9":  {made: instant("09:40:10"), model: "deep", input: 2_000, most: 16_000},
	"req-10": {made: instant("09:45:00"), model: "deep", input: 500},
	"req-11": {made: instant("09:50:30"), model: "swift", input: 1_234, most: 4_000},
}

// answers are how many tokens the models come up with.
var answers = map[string]int64{
	"req-1": 3_150, "req-2": 9_000, "req-3": 0, "req-4": 2_000, "req-6": 5_020, "req-7": 21_300,
	"req-8": 5_600, "req-9": 5_600, "req-10": 24_000, "req-11": 777,
}

// script is the provider of the story: 100 tokens a second, in pieces of a
// thousand. It has no room for a request of which nothing comes.
func (f *front) script(ctx context.Context, r request) iter.Seq2[int64, error] {
	return func(yield func(int64, error) bool) {
		left := answers[r.id]
		if left == 0 {
			yield(0, errOverloaded)
			return
		}
		for left > 0 {
			if ctx.Err() != nil {
				yield(0, ctx.Err())
				return
			}
			piece := min(left, 1_000)
			left -= piece
			f.clock.pass(time.Duration(piece) * 10 * time.Millisecond)
			if !yield(piece, nil) {
				return
			}
		}
	}
}

func asked(id string) request {
	r := requests[id]
	r.id, r.account = id, customer
	return r
}

func tops(order, pack string) func(context.Context, *front) error {
	return func(ctx context.Context, f *front) error { return f.toppedUp(ctx, customer, order, pack) }
}

func asks(id string) func(context.Context, *front) error {
	return serves(id, func(int64) {})
}

func panics(id string) func(context.Context, *front) error {
	return serves(id, func(int64) { panic("index out of range") })
}

func serves(id string, send func(int64)) func(context.Context, *front) error {
	return func(ctx context.Context, f *front) error {
		f.serve(ctx, asked(id), send)
		return nil
	}
}

// hangsUp is a client that goes away after so many tokens.
func hangsUp(id string, after int64) func(context.Context, *front) error {
	return func(ctx context.Context, f *front) error {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		var got int64
		f.serve(ctx, asked(id), func(tokens int64) {
			if got += tokens; got >= after {
				cancel()
			}
		})
		return nil
	}
}

// dies is a request whose process goes away after the hold was made: it does what
// Do does first, and no more.
func dies(id string) func(context.Context, *front) error {
	return func(ctx context.Context, f *front) error {
		s, err := f.open(asked(id))
		if err != nil {
			return err
		}
		receipt, err := f.ledger.Reserve(ctx, s.hold)
		if err != nil {
			return err
		}
		f.say(id, fmt.Sprintf("... the gateway's process dies: %s stay held until %s", cents(receipt.Hold.Reserved), receipt.Hold.Deadline.Format(time.TimeOnly)))
		return nil
	}
}

// twoAtOnce is a request that comes while another one streams.
func twoAtOnce(first, second string) func(context.Context, *front) error {
	return func(ctx context.Context, f *front) error {
		var once sync.Once
		f.serve(ctx, asked(first), func(int64) {
			once.Do(func() { f.serve(ctx, asked(second), func(int64) {}) })
		})
		return nil
	}
}

// instant is a time of the morning.
func instant(text string) time.Time {
	t, err := time.Parse(time.DateTime, "2026-03-02 "+text)
	if err != nil {
		panic(err)
	}
	return t
}
