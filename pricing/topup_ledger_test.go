package pricing_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
	"github.com/scriphq/scrip/pricing"
	"github.com/scriphq/scrip/store/memory"
	"pgregory.net/rapid"
)

// seller sells a pack that is bought by itself, in one process of several that share
// a store and a payment provider.
type seller struct {
	*credits.Ledger
	pack    pricing.Pack
	now     func() time.Time
	charges *charges
}

// charges is a payment provider: one idempotency key, one payment.
type charges struct {
	sync.Mutex
	keys map[string]credits.Money
}

func (c *charges) charge(key string, paid credits.Money) {
	c.Lock()
	defer c.Unlock()
	c.keys[key] = paid
}

func openSeller(store credits.Store, pack pricing.Pack, now func() time.Time, payments *charges, notify func(*seller, credits.Notice)) *seller {
	s := &seller{pack: pack, now: now, charges: payments}
	s.Ledger = credits.New(store, credits.Options{
		Now: now, Low: []credits.Amount{pack.Auto.Below, credits.Of(20)},
		Notify: func(_ context.Context, n credits.Notice) { notify(s, n) },
	})
	return s
}

// act is what the documentation of Pack.TopUp says.
func (s *seller) act(ctx context.Context, n credits.Notice) error {
	crossing := pricing.Crossing{Notice: n, At: s.now()}
	grant, err := s.pack.TopUp(crossing, s.History(ctx, s.pack.TopUpQuery(crossing)))
	if err != nil {
		return err
	}
	s.charges.charge(grant.ID, grant.Paid)
	_, err = s.Grant(ctx, grant)
	return err
}

// history is all of ada's.
func (s *seller) history(t rapid.TB) []credits.Entry {
	t.Helper()
	var all []credits.Entry
	for e, err := range s.History(context.Background(), credits.Query{Account: "ada"}) {
		if err != nil {
			t.Fatalf("History(ada) = %v, want no error", err)
		}
		all = append(all, e)
	}
	return all
}

func isOwnTopUp(e credits.Entry) bool { return strings.HasPrefix(e.ID, "topup:") }

// R39, R19: hundreds of spends at once below the trigger, each crossing delivered
// to two processes several times at once: one top-up for each crossing, one payment
// for each top-up, and no more than the limit.
func TestR39_AStormBelowTheTriggerBuysOnce(t *testing.T) {
	store, payments := memory.New(), &charges{keys: map[string]credits.Money{}}
	at := instant("2026-05-20T10:00:00Z")
	pack := topUpPack()
	pack.Features = nil
	clock := func() time.Time { return at }
	other := openSeller(store, pack, clock, payments, func(*seller, credits.Notice) {})
	var mutex sync.Mutex
	var delivered []error
	var lows []int64
	notify := func(s *seller, n credits.Notice) {
		mutex.Lock()
		if n.Kind == credits.NoticeLow && n.Threshold == pack.Auto.Below {
			lows = append(lows, n.Seq)
		}
		mutex.Unlock()
		var all sync.WaitGroup
		for i := range 6 {
			all.Go(func() {
				err := []*seller{s, other}[i%2].act(t.Context(), n)
				mutex.Lock()
				defer mutex.Unlock()
				delivered = append(delivered, err)
			})
		}
		all.Wait()
	}
	s := openSeller(store, pack, clock, payments, notify)
	must(s.Grant(t.Context(), credits.Grant{ID: "ord-1", Account: "ada", Amount: credits.Of(60), Validity: expiry.Permanent()}))
	spend := func(id string) error {
		_, err := s.Spend(t.Context(), credits.Spend{ID: id, Account: "ada", Amount: credits.Of(1)})
		return err
	}
	var all sync.WaitGroup
	for worker := range 16 {
		all.Go(func() {
			for i := range 25 {
				if err := spend(fmt.Sprintf("job-%d-%d", worker, i)); err != nil && !errors.Is(err, credits.ErrInsufficient) {
					t.Errorf("Spend(1) = %v, want no error or %v", err, credits.ErrInsufficient)
				}
			}
		})
	}
	all.Wait()
	for i := 0; spend(fmt.Sprintf("last-%d", i)) == nil; i++ {
	}
	for _, err := range delivered {
		if err != nil && !errors.Is(err, pricing.ErrTopUp) {
			t.Errorf("a delivery = %v, want no error or %v", err, pricing.ErrTopUp)
		}
	}
	var bought []string
	for _, e := range s.history(t) {
		if isOwnTopUp(e) {
			bought = append(bought, e.ID)
		}
	}
	want := []string{fmt.Sprintf("topup:small:%d", lows[0]), fmt.Sprintf("topup:small:%d", lows[1])}
	if len(lows) != 3 || !slices.Equal(bought, want) || len(payments.keys) != 2 {
		t.Errorf("top-ups = %v with %d payments after crossings at %v, want %v", bought, len(payments.keys), lows, want)
	}
	for _, id := range bought {
		if payments.keys[id] != pack.Price.Paid() {
			t.Errorf("payment for %s = %v, want %v", id, payments.keys[id], pack.Price.Paid())
		}
	}
	// A month later the last crossing, which the limit refused, is acted on.
	at = instant("2026-06-20T10:00:00Z")
	last := credits.Notice{Kind: credits.NoticeLow, Account: "ada", Seq: lows[2], At: instant("2026-05-20T10:00:00Z"), Threshold: pack.Auto.Below}
	if err := s.act(t.Context(), last); err != nil {
		t.Errorf("TopUp(a month later) = %v, want no error", err)
	}
	if got := must(s.Balance(t.Context(), "ada")).Available; got != pack.Credits {
		t.Errorf("Available = %v, want %v", got, pack.Credits)
	}
}

// A process dies after the payment and before the grant, or before it heard that
// it had been granted: the crossing, delivered again, mends it, without a second
// payment.
func TestR07_ATopUpThatWasCutShortIsMendedByItsCrossing(t *testing.T) {
	payments := &charges{keys: map[string]credits.Money{}}
	at := instant("2026-05-20T10:00:00Z")
	var crossing credits.Notice
	pack := topUpPack()
	pack.Features = nil
	s := openSeller(memory.New(), pack, func() time.Time { return at }, payments, func(_ *seller, n credits.Notice) {
		if n.Kind == credits.NoticeLow && n.Threshold == pack.Auto.Below {
			crossing = n
		}
	})
	must(s.Grant(t.Context(), credits.Grant{ID: "ord-1", Account: "ada", Amount: credits.Of(60), Validity: expiry.Permanent()}))
	must(s.Spend(t.Context(), credits.Spend{ID: "job-1", Account: "ada", Amount: credits.Of(15)}))
	event := pricing.Crossing{Notice: crossing, At: at}
	grant := must(pack.TopUp(event, s.History(t.Context(), pack.TopUpQuery(event))))
	payments.charge(grant.ID, grant.Paid) // and dies
	at = at.Add(time.Hour)
	if err := s.act(t.Context(), crossing); err != nil {
		t.Errorf("TopUp(again) = %v, want no error", err)
	}
	if receipt := must(s.Grant(t.Context(), grant)); !receipt.Replayed {
		t.Errorf("Grant(%s, again) = %v, want a replay", grant.ID, receipt.Entry)
	}
	if err := s.act(t.Context(), crossing); !errors.Is(err, pricing.ErrTopUp) {
		t.Errorf("TopUp(a third time) = %v, want %v", err, pricing.ErrTopUp)
	}
	if got := must(s.Balance(t.Context(), "ada")).Available; got != credits.Of(145) || len(payments.keys) != 1 {
		t.Errorf("Available = %v after %d payments, want 145 after one", got, len(payments.keys))
	}
}

// Whatever is spent, granted, refunded and ends, and whenever which crossing is
// delivered how often, the pack is bought exactly where a naive reading of the
// whole ledger says so.
func TestR39_TopUpsAgreeWithANaiveReadingOfTheLedger(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := instant("2026-03-27T10:00:00Z")
		pack := topUpPack()
		pack.Features, pack.Validity = nil, expiry.Days(9)
		pack.Auto.Limit = must(pricing.ParseLimit(rapid.SampledFrom([]string{
			"at most 100 within 1 day in Europe/Berlin", "at most 250 within 3 days", "at most 300 within 1 month", "at most 200 within 36 hours", "at most 100 within 1 week in America/Havana",
		}).Draw(t, "limit")))
		var crossings []credits.Notice
		s := openSeller(memory.New(), pack, func() time.Time { return now }, &charges{keys: map[string]credits.Money{}}, func(_ *seller, n credits.Notice) {
			crossings = append(crossings, n)
		})
		amount := rapid.Int64Range(1, 120)
		for i := range rapid.IntRange(1, 40).Draw(t, "steps") {
			id := fmt.Sprintf("op-%d", i)
			switch rapid.SampledFrom([]string{"spend", "spend", "spend", "grant", "refund", "pass", "act", "act"}).Draw(t, "what") {
			case "spend":
				c := credits.Spend{ID: id, Account: "ada", Amount: credits.Of(amount.Draw(t, "spent")), Partial: true}
				if _, err := s.Spend(context.Background(), c); err != nil && !errors.Is(err, credits.ErrInsufficient) {
					t.Fatalf("Spend(%v) = %v, want no error or %v", c.Amount, err, credits.ErrInsufficient)
				}
			case "grant":
				c := credits.Grant{ID: id, Account: "ada", Amount: credits.Of(amount.Draw(t, "granted")), Validity: expiry.Days(rapid.IntRange(1, 5).Draw(t, "days"))}
				must(s.Grant(context.Background(), c))
			case "refund":
				c := credits.Refund{ID: id, Account: "ada", Of: fmt.Sprintf("op-%d", rapid.IntRange(0, i).Draw(t, "of"))}
				_, _ = s.Refund(context.Background(), c) // of what is no spend, or nothing is left of: nothing
			case "pass":
				now = now.Add(time.Duration(rapid.IntRange(1, 50).Draw(t, "hours")) * time.Hour)
			case "act":
				if len(crossings) > 0 {
					s.checkAct(t, rapid.SampledFrom(crossings).Draw(t, "crossing"))
				}
			}
		}
	})
}

// checkAct delivers a notice and compares with the naive reading.
func (s *seller) checkAct(t *rapid.T, n credits.Notice) {
	before, now := s.history(t), s.now()
	buys, never := s.naive(before, n, now)
	crossing := pricing.Crossing{Notice: n, At: now}
	grant, err := s.pack.TopUp(crossing, s.History(context.Background(), s.pack.TopUpQuery(crossing)))
	failure, refused := errors.AsType[*pricing.TopUpError](err)
	if refused == buys || err != nil && !refused || refused && failure.Next.IsZero() != never {
		t.Fatalf("TopUp(%v) at %v = %v, %v, want bought: %v, never: %v", n, now, grant.ID, err, buys, never)
	}
	if refused && !never {
		for _, at := range []time.Time{failure.Next.Add(-time.Microsecond), failure.Next} {
			if buys, _ := s.naive(before, n, at); buys != at.Equal(failure.Next) {
				t.Fatalf("TopUp(%v) at %v has room again from %v, but at %v it is bought: %v", n, now, failure.Next, at, buys)
			}
		}
	}
	if err := s.act(context.Background(), n); err == nil != buys {
		t.Fatalf("Grant(%s) = %v, want no error", grant.ID, err)
	}
}

// naive reads the whole ledger, and the limit as what it is for: in no span that
// begins with a top-up do more come. It reports whether a pack is bought at an
// instant, and if not, whether it never is.
func (s *seller) naive(all []credits.Entry, n credits.Notice, now time.Time) (buys, never bool) {
	if n.Kind != credits.NoticeLow || n.Threshold != s.pack.Auto.Below {
		return false, true
	}
	var topUps []credits.Entry
	for _, e := range all {
		if e.ID == fmt.Sprintf("topup:small:%d", n.Seq) || e.Seq > n.Seq && e.Balance.Compare(s.pack.Auto.Below) >= 0 {
			return false, true
		}
		if isOwnTopUp(e) {
			topUps = append(topUps, e)
		}
	}
	topUps = append(topUps, credits.Entry{At: now, Amount: s.pack.Credits})
	for i, first := range topUps {
		var sum int64
		for _, e := range topUps[i:] {
			if e.At.Before(s.pack.Auto.Limit.Within.Nth(first.At, 1)) {
				sum += e.Amount.Micros()
			}
		}
		if sum > s.pack.Auto.Limit.Most.Micros() {
			return false, false
		}
	}
	return true, false
}
