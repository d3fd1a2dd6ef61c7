package credits_test

import (
	"context"
	"errors"
	"iter"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/store/memory"
)

var errModel = errors.New("the model is down")

// works returns a piece of work that used that much.
func works(amount string) func(context.Context) (credits.Usage, error) {
	return func(context.Context) (credits.Usage, error) {
		return credits.Usage{Amount: credits.MustParse(amount)}, nil
	}
}

// idle is work that must not be done.
func idle(t *testing.T) func(context.Context) (credits.Usage, error) {
	return func(context.Context) (credits.Usage, error) {
		t.Error("Do() ran the work, want it left alone")
		return credits.Usage{}, nil
	}
}

func TestDoCapturesWhatWasUsed(t *testing.T) {
	for _, c := range []struct {
		name      string
		used      string
		available string
	}{
		{"less than was held", "1.5", "8.5"},
		{"all that was held", "4", "6"},
		{"nothing", "0", "10"},
		{"more than was held, of what is free", "9", "1"},
		{"everything", "10", "0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := stocked(t)
			used := credits.Usage{Amount: credits.MustParse(c.used), Quantity: "30s", Price: credits.Price{Card: "web", Version: "2"}}
			got, err := b.ledger.Do(t.Context(), filledReserve(credits.Reserve{ID: "job", Feature: "image", Amount: credits.Of(4)}),
				func(context.Context) (credits.Usage, error) {
					b.wantBalance("while the work runs", "6", "4")
					return used, nil
				})
			if err != nil || got.Kind != credits.KindCapture || got.Of != "job" || got.Amount != used.Amount.Neg() || got.Replayed ||
				got.Quantity != "30s" || got.Price != used.Price || got.Feature != "image" || !got.HoldNow.Settled {
				t.Errorf("Do(%s) = %+v, %v, want its capture", c.used, got, err)
			}
			b.wantBalance("Do", c.available, "0")
			b.wantKinds(1, "reserve 0, capture "+got.Amount.String())
			again, err := b.ledger.Do(t.Context(), filledReserve(credits.Reserve{ID: "job", Feature: "image", Amount: credits.Of(4)}), idle(t))
			if diff := compare(got.Entry, again.Entry); err != nil || !again.Replayed || !again.HoldNow.Settled || diff != "" {
				t.Errorf("Do(again) = replayed %v, %v (-first +again):\n%s", again.Replayed, err, diff)
			}
		})
	}
}

func TestDoOfUsageBeyondWhatThereIsLeavesTheHoldOpen(t *testing.T) {
	b := stocked(t)
	got, err := b.ledger.Do(t.Context(), filledReserve(credits.Reserve{ID: "job", Amount: credits.Of(4)}), works("10.5"))
	short, _ := errors.AsType[*credits.InsufficientError](err)
	if short == nil || short.Shortfall != credits.MustParse("0.5") || got.Seq != 0 {
		t.Errorf("Do(10.5 of 10) = %v, %v, want 0.5 missing and no receipt", got, err)
	}
	b.wantBalance("Do", "6", "4")
	b.grant(credits.Grant{ID: "top-up", Amount: credits.Of(1)})
	b.capture(credits.Capture{ID: "late", Hold: "job", Amount: credits.MustParse("10.5")})
	b.wantBalance("the late capture", "0.5", "0")
	_, err = b.ledger.Do(t.Context(), filledReserve(credits.Reserve{ID: "job", Amount: credits.Of(4)}), idle(t))
	if closed, _ := errors.AsType[*credits.ClosedError](err); closed == nil || closed.Last.ID != "late" {
		t.Errorf("Do(again) = %v, want %v by the late capture", err, credits.ErrClosed)
	}
}

func TestDoOfWorkThatFails(t *testing.T) {
	for _, c := range []struct {
		name      string
		usage     credits.Usage
		available string
		kinds     string
	}{
		{"without usage gives everything back", credits.Usage{Quantity: "ignored"}, "10", "reserve 0, release 0"},
		{"with usage pays for that part", credits.Usage{Amount: credits.Of(3), Quantity: "12 words"}, "7", "reserve 0, capture -3"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := stocked(t)
			command := filledReserve(credits.Reserve{ID: "job", Amount: credits.Of(4)})
			got, err := b.ledger.Do(t.Context(), command, func(context.Context) (credits.Usage, error) { return c.usage, errModel })
			if !errors.Is(err, errModel) || got.Amount != c.usage.Amount.Neg() {
				t.Errorf("Do(failing) = %v, %v, want %v, %v", got.Amount, err, c.usage.Amount.Neg(), errModel)
			}
			b.wantBalance("Do", c.available, "0")
			b.wantKinds(1, c.kinds)
			again, err := b.ledger.Do(t.Context(), command, idle(t))
			if c.usage.Amount.IsZero() {
				closed, _ := errors.AsType[*credits.ClosedError](err)
				if closed == nil || closed.Last.Kind != credits.KindRelease || closed.ID != "job" || closed.Account != "ada" {
					t.Errorf("Do(again) = %v, want the release", err)
				}
			} else if err != nil || !again.Replayed || again.Amount != c.usage.Amount.Neg() {
				t.Errorf("Do(again) = %v, %v, want the capture replayed", again.Amount, err)
			}
		})
	}
}

func TestDoJoinsTheErrorsOfWorkAndCapture(t *testing.T) {
	b := stocked(t)
	_, err := b.ledger.Do(t.Context(), filledReserve(credits.Reserve{ID: "job", Amount: credits.Of(4)}), func(context.Context) (credits.Usage, error) {
		return credits.Usage{Amount: credits.Of(11)}, errModel
	})
	if !errors.Is(err, errModel) || !errors.Is(err, credits.ErrInsufficient) {
		t.Errorf("Do() = %v, want %v and %v", err, errModel, credits.ErrInsufficient)
	}
	_, err = b.ledger.Do(t.Context(), filledReserve(credits.Reserve{ID: "other", Amount: credits.Of(4)}), works("-1"))
	if !errors.Is(err, credits.ErrInvalid) {
		t.Errorf("Do(usage of -1) = %v, want %v", err, credits.ErrInvalid)
	}
	b.wantBalance("both holds are open", "2", "8")
}

func TestDoPassesAPanicOn(t *testing.T) {
	b := stocked(t)
	func() {
		defer func() {
			if got := recover(); got != errModel {
				t.Errorf("recover() = %v, want %v", got, errModel)
			}
		}()
		_, _ = b.ledger.Do(t.Context(), filledReserve(credits.Reserve{ID: "job", Amount: credits.Of(4)}), func(context.Context) (credits.Usage, error) {
			panic(errModel)
		})
	}()
	b.wantBalance("a panic", "10", "0")
	b.wantKinds(1, "reserve 0, release 0")
}

func TestDoOfWorkThatEndsItsGoroutine(t *testing.T) {
	b := stocked(t)
	var wait sync.WaitGroup
	wait.Go(func() {
		_, _ = b.ledger.Do(t.Context(), filledReserve(credits.Reserve{ID: "job", Amount: credits.Of(4)}), func(context.Context) (credits.Usage, error) {
			runtime.Goexit()
			return credits.Usage{}, nil
		})
	})
	wait.Wait()
	b.wantBalance("Goexit", "10", "0")
}

// The end of the caller's context reaches the work, and not the settlement.
func TestDoOfWorkThatIsCancelled(t *testing.T) {
	type key struct{}
	for _, c := range []struct {
		name      string
		used      int64
		available string
		start     func(context.Context) (context.Context, context.CancelFunc)
		want      error
	}{
		{"cancelled before anything was used", 0, "10", context.WithCancel, context.Canceled},
		{"cancelled after a part was used", 2, "8", context.WithCancel, context.Canceled},
		{"out of time after a part was used", 2, "8", func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, time.Millisecond)
		}, context.DeadlineExceeded},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := stocked(t)
			ctx, cancel := c.start(context.WithValue(t.Context(), key{}, "request-9"))
			defer cancel()
			got, err := b.ledger.Do(ctx, filledReserve(credits.Reserve{ID: "job", Amount: credits.Of(4)}), func(ctx context.Context) (credits.Usage, error) {
				if ctx.Value(key{}) != "request-9" {
					t.Errorf("the work's context has %v, want the caller's", ctx.Value(key{}))
				}
				if c.want == context.Canceled {
					cancel()
				}
				<-ctx.Done()
				return credits.Usage{Amount: credits.Of(c.used)}, ctx.Err()
			})
			if !errors.Is(err, c.want) || got.Amount != credits.Of(-c.used) {
				t.Errorf("Do(%s) = %v, %v, want %d, %v", c.name, got.Amount, err, -c.used, c.want)
			}
			b.wantBalance(c.name, c.available, "0")
		})
	}
	b := stocked(t)
	ctx, cancel := context.WithCancel(t.Context())
	got, err := b.ledger.Do(ctx, filledReserve(credits.Reserve{ID: "job", Amount: credits.Of(4)}), func(context.Context) (credits.Usage, error) {
		cancel() // but the work was done
		return credits.Usage{Amount: credits.Of(4)}, nil
	})
	if err != nil || got.Amount != credits.Of(-4) {
		t.Errorf("Do(done although cancelled) = %v, %v, want -4", got.Amount, err)
	}
}

func TestDoWithoutAHoldRunsNothing(t *testing.T) {
	b := stocked(t)
	b.spend(credits.Spend{ID: "used", Amount: credits.Of(1)})
	done, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		name    string
		ctx     context.Context
		reserve credits.Reserve
		want    error
	}{
		{"too few credits", t.Context(), credits.Reserve{ID: "job", Amount: credits.Of(10)}, credits.ErrInsufficient},
		{"no ID", t.Context(), credits.Reserve{Amount: credits.Of(1)}, credits.ErrInvalid},
		{"a deadline too far away", t.Context(), credits.Reserve{ID: "job", Deadline: day(400)}, credits.ErrInvalid},
		{"an ID of something else", t.Context(), credits.Reserve{ID: "used", Amount: credits.Of(1)}, credits.ErrIDReused},
		{"a context that is done", done, credits.Reserve{ID: "job", Amount: credits.Of(1)}, context.Canceled},
	} {
		t.Run(c.name, func(t *testing.T) {
			b.refuses(c.want, func() error { return second(b.ledger.Do(c.ctx, filledReserve(c.reserve), idle(t))) })
		})
	}
}

func TestDoWhileAnotherIsAtWork(t *testing.T) {
	b := stocked(t)
	command := filledReserve(credits.Reserve{ID: "job", Amount: credits.Of(4)})
	_, err := b.ledger.Do(t.Context(), command, func(ctx context.Context) (credits.Usage, error) {
		_, err := b.ledger.Do(ctx, command, idle(t))
		busy, _ := errors.AsType[*credits.BusyError](err)
		if !errors.Is(err, credits.ErrBusy) || busy == nil || busy.ID != "job" || busy.Account != "ada" || !busy.Until.Equal(day(1)) {
			t.Errorf("Do(while it runs) = %v, want busy until %v", err, day(1))
		}
		other := command
		other.Amount = credits.Of(5)
		if _, err := b.ledger.Do(ctx, other, idle(t)); !errors.Is(err, credits.ErrIDReused) {
			t.Errorf("Do(another intent) = %v, want %v", err, credits.ErrIDReused)
		}
		return credits.Usage{Amount: credits.Of(4)}, nil
	})
	if err != nil {
		t.Errorf("Do() = %v, want no error", err)
	}
	b.wantKinds(1, "reserve 0, capture -4")
}

// What became of other holds meanwhile is not what became of this one.
func TestDoAgainAmongOtherHolds(t *testing.T) {
	b := stocked(t)
	command := filledReserve(credits.Reserve{ID: "job", Amount: credits.Of(4)})
	first, err := b.ledger.Do(t.Context(), command, func(context.Context) (credits.Usage, error) {
		b.reserve(credits.Reserve{ID: "other", Amount: credits.Of(1)})
		b.capture(credits.Capture{ID: "other done", Hold: "other", Amount: credits.Of(1)})
		return credits.Usage{Amount: credits.Of(4)}, nil
	})
	if err != nil {
		t.Fatalf("Do() = %v, want no error", err)
	}
	again, err := b.ledger.Do(t.Context(), command, idle(t))
	if err != nil || !again.Replayed || compare(first.Entry, again.Entry) != "" {
		t.Errorf("Do(again) = %v, %v, want the first receipt", again.Entry, err)
	}
}

func TestDoThatLapsed(t *testing.T) {
	b := stocked(t)
	command := filledReserve(credits.Reserve{ID: "job", Amount: credits.Of(4)})
	got, err := b.ledger.Do(t.Context(), command, func(context.Context) (credits.Usage, error) {
		b.clock.set(day(1))
		return credits.Usage{Amount: credits.Of(4)}, nil
	})
	if !errors.Is(err, credits.ErrClosed) || got.Seq != 0 {
		t.Errorf("Do(until the deadline) = %v, %v, want %v", got, err, credits.ErrClosed)
	}
	b.wantBalance("a lapse", "10", "0")
	_, err = b.ledger.Do(t.Context(), command, idle(t))
	if closed, _ := errors.AsType[*credits.ClosedError](err); closed == nil || closed.Last.Kind != credits.KindLapse {
		t.Errorf("Do(again) = %v, want the lapse", err)
	}
	command.ID, command.Deadline = "job-2", day(2) // a new attempt has a new ID
	if _, err := b.ledger.Do(t.Context(), command, works("4")); err != nil {
		t.Errorf("Do(a new attempt) = %v, want no error", err)
	}
}

func TestDoOfWorkThatUsesTheLedger(t *testing.T) {
	b := stocked(t)
	got, err := b.ledger.Do(t.Context(), filledReserve(credits.Reserve{ID: "job", Amount: credits.Of(4)}), func(context.Context) (credits.Usage, error) {
		b.spend(credits.Spend{ID: "side", Amount: credits.Of(1)})
		b.capture(credits.Capture{ID: "part", Hold: "job", Amount: credits.Of(1), More: true})
		b.extend(credits.Extend{ID: "longer", Hold: "job", Amount: credits.Of(2), Deadline: day(2)})
		return credits.Usage{Amount: credits.Of(2)}, nil
	})
	if err != nil || got.Hold.Captured != credits.Of(3) || got.Hold.Reserved != credits.Of(6) {
		t.Errorf("Do() = %+v, %v, want 3 captured of 6", got.Hold, err)
	}
	b.wantBalance("Do", "6", "0")
}

// The library's own IDs are longer than the hold's, which may be of any length.
func TestDoTakesTheLongestID(t *testing.T) {
	for name, failure := range map[string]error{"captured": nil, "released": errModel} {
		t.Run(name, func(t *testing.T) {
			b := stocked(t)
			var used credits.Usage
			if failure == nil {
				used.Amount = credits.Of(4)
			}
			id := strings.Repeat("x", credits.MaxIDLen)
			got, err := b.ledger.Do(t.Context(), filledReserve(credits.Reserve{ID: id, Amount: credits.Of(4)}), func(context.Context) (credits.Usage, error) {
				return used, failure
			})
			if !errors.Is(err, failure) || got.Amount != used.Amount.Neg() {
				t.Errorf("Do(an ID of %d bytes) = %v, %v, want %v, %v", len(id), got.Amount, err, used.Amount.Neg(), failure)
			}
			if got := b.balance().Held; !got.IsZero() {
				t.Errorf("Balance(after Do).Held = %v, want 0", got)
			}
		})
	}
}

// unsureStore loses the connection at every Update from the second on, so often.
type unsureStore struct {
	*memory.Store
	updates, failures int
	before            bool // loses it before the commit, not after
}

func (s *unsureStore) Update(ctx context.Context, account string, ids []string, decide credits.Decision) error {
	s.updates++
	fails := s.updates > 1 && s.failures > 0
	if fails {
		s.failures--
	}
	if fails && s.before {
		return errLost
	}
	if err := s.Store.Update(ctx, account, ids, decide); err != nil || !fails {
		return err
	}
	return errLost
}

// Do repeats its own capture or release, whose ID the caller does not have.
func TestDoInsistsWhereTheOutcomeIsUnknown(t *testing.T) {
	for _, c := range []struct {
		name     string
		failures int
		before   bool
		work     error
		unknown  bool
		left     string
		held     string
	}{
		{"a capture whose acknowledgement was lost", 1, false, nil, false, "7", "0"},
		{"a capture that was lost thrice", 3, true, nil, false, "7", "0"},
		{"a capture that is lost for ever", 99, true, nil, true, "6", "4"},
		{"a release whose acknowledgement was lost", 1, false, errModel, false, "10", "0"},
		{"a release that was lost thrice", 3, true, errModel, false, "10", "0"},
		{"a release that is lost for ever", 99, true, errModel, true, "6", "4"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := stocked(t)
			ledger := credits.New(&unsureStore{Store: b.store, failures: c.failures, before: c.before}, credits.Options{Now: b.clock.read})
			_, err := ledger.Do(t.Context(), filledReserve(credits.Reserve{ID: "job", Amount: credits.Of(4)}), func(context.Context) (credits.Usage, error) {
				if c.work != nil {
					return credits.Usage{}, c.work
				}
				return credits.Usage{Amount: credits.Of(3)}, nil
			})
			if errors.Is(err, credits.ErrUnknown) != c.unknown || c.work != nil && !errors.Is(err, c.work) || c.work == nil && !c.unknown && err != nil {
				t.Errorf("Do(%s) = %v, want %v, unknown %v", c.name, err, c.work, c.unknown)
			}
			b.wantBalance(c.name, c.left, c.held)
			if c.unknown && c.work == nil { // the caller captures under an ID of its own
				b.capture(credits.Capture{ID: "mine", Hold: "job", Amount: credits.Of(3)})
				b.wantBalance("the caller's capture", "7", "0")
			}
		})
	}
}

// mutedStore cannot read entries.
type mutedStore struct{ *memory.Store }

func (mutedStore) Entries(context.Context, credits.Query) iter.Seq2[credits.Entry, error] {
	return func(yield func(credits.Entry, error) bool) { yield(credits.Entry{}, errLost) }
}

func TestDoAgainWithAStoreThatCannotReadWhatBecameOfIt(t *testing.T) {
	b := stocked(t)
	command := filledReserve(credits.Reserve{ID: "job", Amount: credits.Of(4)})
	if _, err := b.ledger.Do(t.Context(), command, works("3")); err != nil {
		t.Fatalf("Do() = %v, want no error", err)
	}
	ledger := credits.New(mutedStore{b.store}, credits.Options{Now: b.clock.read})
	if got, err := ledger.Do(t.Context(), command, idle(t)); !errors.Is(err, errLost) || got.Seq != 0 {
		t.Errorf("Do(again) = %v, %v, want no receipt and %v", got, err, errLost)
	}
}
