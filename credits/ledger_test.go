package credits_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
	"github.com/scriphq/scrip/store/memory"
)

// faultyStore does the next Update by way of a fault.
type faultyStore struct {
	*memory.Store
	fault fault
}

type fault func(s *faultyStore, ctx context.Context, account string, ids []string, decide credits.Decision) error

func (s *faultyStore) Update(ctx context.Context, account string, ids []string, decide credits.Decision) error {
	fault := s.fault
	s.fault = nil
	if fault == nil {
		return s.Store.Update(ctx, account, ids, decide)
	}
	return fault(s, ctx, account, ids, decide)
}

var errLost = errors.New("connection lost")

// before loses the connection before anything was decided.
func (s *faultyStore) before(context.Context, string, []string, credits.Decision) error {
	return errLost
}

// undone decides, and loses the connection before the commit.
func (s *faultyStore) undone(ctx context.Context, account string, ids []string, decide credits.Decision) error {
	return s.Store.Update(ctx, account, ids, func(state credits.State, prior []credits.Entry) (credits.Change, error) {
		if _, err := decide(state, prior); err != nil {
			return credits.Change{}, err
		}
		return credits.Change{}, errLost
	})
}

// after loses the connection after the commit.
func (s *faultyStore) after(ctx context.Context, account string, ids []string, decide credits.Decision) error {
	if err := s.Store.Update(ctx, account, ids, decide); err != nil {
		return err
	}
	return errLost
}

// again decides twice on fresh arguments, as a store does after a conflict.
func (s *faultyStore) again(ctx context.Context, account string, ids []string, decide credits.Decision) error {
	_, _ = decide(credits.State{Account: account}, nil)
	return s.Store.Update(ctx, account, ids, decide)
}

func newFaultyDesk(t *testing.T) (*desk, *faultyStore) {
	d := newDesk(t)
	store := &faultyStore{Store: d.store}
	d.ledger = credits.New(store, credits.Options{Now: d.clock.read})
	return d, store
}

// verbs is one command of each verb, to be run and repeated.
var verbs = []struct {
	name string
	run  func(*credits.Ledger, context.Context) (credits.Receipt, error)
}{
	{"grant", func(l *credits.Ledger, ctx context.Context) (credits.Receipt, error) {
		return l.Grant(ctx, credits.Grant{ID: "op", Account: "ada", Amount: credits.Of(3), Validity: expiry.Days(9), Meta: map[string]string{"a": "b"}})
	}},
	{"spend", func(l *credits.Ledger, ctx context.Context) (credits.Receipt, error) {
		return l.Spend(ctx, credits.Spend{ID: "op", Account: "ada", Amount: credits.Of(3), Feature: "image"})
	}},
	{"a free spend", func(l *credits.Ledger, ctx context.Context) (credits.Receipt, error) {
		return l.Spend(ctx, credits.Spend{ID: "op", Account: "ada", Feature: "image"})
	}},
	{"renew", func(l *credits.Ledger, ctx context.Context) (credits.Receipt, error) {
		return l.Renew(ctx, credits.Renew{ID: "op", Account: "ada", Term: "pro", Until: day(60)})
	}},
	{"renew to end", func(l *credits.Ledger, ctx context.Context) (credits.Receipt, error) {
		return l.Renew(ctx, credits.Renew{ID: "op", Account: "ada", Term: "pro", End: true})
	}},
}

func furnish(d *desk) {
	d.renew(credits.Renew{ID: "sub", Term: "pro", Until: day(50)})
	d.grant(credits.Grant{ID: "stock", Amount: credits.Of(4)})
	d.grant(credits.Grant{ID: "plan", Amount: credits.Of(4), Validity: expiry.WhileSubscribed(), Term: "pro"})
}

func TestEveryVerbCanBeRepeated(t *testing.T) {
	for _, verb := range verbs {
		t.Run(verb.name, func(t *testing.T) {
			d := newDesk(t)
			furnish(d)
			first, err := verb.run(d.ledger, t.Context())
			if err != nil || first.Replayed {
				t.Fatalf("%s = replayed %v, %v, want the first receipt", verb.name, first.Replayed, err)
			}
			d.clock.set(day(100)) // everything has ended, and would settle
			before := d.record("ada")
			for range 3 {
				again, err := verb.run(d.ledger, t.Context())
				if err != nil || !again.Replayed {
					t.Fatalf("%s again = replayed %v, %v, want a replay", verb.name, again.Replayed, err)
				}
				if diff := compare(first.Entry, again.Entry); diff != "" {
					t.Errorf("%s again (-first +again):\n%s", verb.name, diff)
				}
			}
			if diff := compare(before, d.record("ada")); diff != "" {
				t.Errorf("%s again changed the account (-before +after):\n%s", verb.name, diff)
			}
		})
	}
}

func TestEveryVerbWithAStoreThatFails(t *testing.T) {
	for _, verb := range verbs {
		for _, c := range []struct {
			name    string
			written bool
			fault   fault
		}{
			{"before the decision", false, (*faultyStore).before},
			{"before the commit", false, (*faultyStore).undone},
			{"after the commit", true, (*faultyStore).after},
		} {
			t.Run(verb.name+" "+c.name, func(t *testing.T) {
				d, store := newFaultyDesk(t)
				furnish(d)
				before := d.record("ada")
				store.fault = c.fault
				receipt, err := verb.run(d.ledger, t.Context())
				unknown, ok := errors.AsType[*credits.UnknownError](err)
				if !ok || !errors.Is(err, credits.ErrUnknown) || !errors.Is(err, errLost) || unknown.ID != "op" || unknown.Account != "ada" {
					t.Fatalf("%s = %v, want an *UnknownError for op of ada around %v", verb.name, err, errLost)
				}
				if receipt.Seq != 0 {
					t.Errorf("%s = entry %d, want none beside an error", verb.name, receipt.Seq)
				}
				if written := compare(before, d.record("ada")) != ""; written != c.written {
					t.Errorf("%s wrote %v, want %v", verb.name, written, c.written)
				}
				again, err := verb.run(d.ledger, t.Context())
				if err != nil || again.Replayed != c.written {
					t.Errorf("%s again = replayed %v, %v, want %v", verb.name, again.Replayed, err, c.written)
				}
				ids := entryIDs(d.record("ada").Entries)
				if n := len(ids) - len(slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return id == "op" })); n != 1 {
					t.Errorf("entries = %v, want op once", ids)
				}
			})
		}
	}
}

func TestARefusalIsReportedAsItIsByAStoreThatDecidesAgain(t *testing.T) {
	d, store := newFaultyDesk(t)
	furnish(d)
	store.fault = (*faultyStore).again // refuses on an empty account first
	if got := d.spend(credits.Spend{ID: "job", Amount: credits.Of(8)}); got.Seq != 4 || got.Balance != (credits.Amount{}) {
		t.Errorf("Spend(decided twice) = entry %d, balance %v, want 4 and 0", got.Seq, got.Balance)
	}
	store.fault = (*faultyStore).again
	if got := d.grant(credits.Grant{ID: "more", Amount: credits.Of(8)}); got.Seq != 5 {
		t.Errorf("Grant(decided twice) = entry %d, want 5", got.Seq)
	}
	store.fault = func(s *faultyStore, ctx context.Context, account string, ids []string, decide credits.Decision) error {
		return errors.Join(s.Store.Update(ctx, account, ids, decide), errLost) // a rollback that fails
	}
	err := d.refusesSpend(credits.ErrInsufficient, credits.Spend{ID: "dear", Account: "ada", Amount: credits.Of(9)})
	if errors.Is(err, credits.ErrUnknown) {
		t.Errorf("Spend(refused, then a failed rollback) = %v, want the refusal: nothing was written", err)
	}
	// A refusal of an earlier attempt does not hide a later failure.
	store.fault = func(_ *faultyStore, _ context.Context, account string, _ []string, decide credits.Decision) error {
		_, _ = decide(credits.State{Account: account}, nil)
		return errLost
	}
	d.refusesSpend(credits.ErrUnknown, credits.Spend{ID: "job-2", Account: "ada", Amount: credits.Of(1)})
}

func TestEveryVerbWithADoneContext(t *testing.T) {
	for _, verb := range verbs {
		t.Run(verb.name, func(t *testing.T) {
			d := newDesk(t)
			furnish(d)
			ctx, cancel := context.WithCancelCause(t.Context())
			cancel(errLost)
			err := d.refuses(context.Canceled, func() error { return second(verb.run(d.ledger, ctx)) })
			if errors.Is(err, credits.ErrUnknown) {
				t.Errorf("%s(cancelled) = %v, want an error that says nothing happened", verb.name, err)
			}
			expired, stop := context.WithDeadline(t.Context(), time.Unix(0, 0))
			defer stop()
			d.refuses(context.DeadlineExceeded, func() error { return second(verb.run(d.ledger, expired)) })
			if _, err := verb.run(d.ledger, t.Context()); err != nil {
				t.Errorf("%s(afterwards) = %v, want no error", verb.name, err)
			}
		})
	}
}

// What is wrong with a command counts more than that its context is done.
func TestAnInvalidCommandIsInvalidWhateverTheContext(t *testing.T) {
	d := newDesk(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	d.refuses(credits.ErrInvalid, func() error { return second(d.ledger.Spend(ctx, credits.Spend{ID: "", Account: "ada"})) })
}

// A store that wraps ctx's error after it may have written leaves it open.
func TestAContextThatEndsInsideTheStoreLeavesTheOutcomeOpen(t *testing.T) {
	d, store := newFaultyDesk(t)
	furnish(d)
	store.fault = func(*faultyStore, context.Context, string, []string, credits.Decision) error { return context.Canceled }
	err := d.refusesSpend(credits.ErrUnknown, credits.Spend{ID: "job", Account: "ada", Amount: credits.Of(1)})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Spend(cancelled in the store) = %v, want %v inside", err, context.Canceled)
	}
}

func TestOptionsNowIsTheSystemClockWhereItIsNil(t *testing.T) {
	ledger := credits.New(memory.New(), credits.Options{})
	earliest := time.Now().UTC().Truncate(micro)
	receipt, err := ledger.Grant(t.Context(), filledGrant(credits.Grant{ID: "pack", Amount: credits.Of(1)}))
	if err != nil || receipt.At.Before(earliest) || receipt.At.After(time.Now()) || receipt.At.Location() != time.UTC {
		t.Errorf("Grant(pack).At = %v, %v, want now in UTC", receipt.At, err)
	}
}

func TestOptionsNowIsReadOncePerCall(t *testing.T) {
	d := newDesk(t)
	furnish(d)
	reads := 0
	ledger := credits.New(d.store, credits.Options{Now: func() time.Time { reads++; return start }})
	for _, call := range []func(){
		func() { _, _ = ledger.Spend(t.Context(), credits.Spend{ID: "a", Account: "ada"}) },
		func() { _, _ = ledger.Balance(t.Context(), "ada") },
		func() { collect(t, ledger.History(t.Context(), credits.Query{Account: "ada"})) },
		func() { _, _ = ledger.Sweep(t.Context()) },
	} {
		reads = 0
		call()
		if reads != 1 {
			t.Errorf("Options.Now was read %d times, want once", reads)
		}
	}
}

func TestANanosecondClockIsCutToMicroseconds(t *testing.T) {
	d := newDesk(t)
	d.clock.set(start.In(time.FixedZone("CET", 3600)).Add(1999))
	receipt := d.grant(credits.Grant{ID: "pack", Amount: credits.Of(1), Validity: expiry.Days(1)})
	if want := start.Add(micro); receipt.At != want || receipt.Lots[0].Start != want || receipt.Lots[0].End != want.AddDate(0, 0, 1) {
		t.Errorf("Grant(pack) = at %v, from %v to %v, want %v and a day", receipt.At, receipt.Lots[0].Start, receipt.Lots[0].End, want)
	}
}

func TestTwoLedgersShareAStore(t *testing.T) {
	d := newDesk(t)
	other := credits.New(d.store, credits.Options{Now: d.clock.read})
	d.grant(credits.Grant{ID: "pack", Amount: credits.Of(10)})
	if _, err := other.Spend(t.Context(), credits.Spend{ID: "job", Account: "ada", Amount: credits.Of(9)}); err != nil {
		t.Fatalf("Spend(9) of another ledger = %v, want no error", err)
	}
	d.refusesSpend(credits.ErrInsufficient, credits.Spend{ID: "job-2", Account: "ada", Amount: credits.Of(2)})
	if got := d.spend(credits.Spend{ID: "job", Amount: credits.Of(9)}); !got.Replayed {
		t.Errorf("Spend(job).Replayed = false, want the other ledger's receipt")
	}
}

func TestAReceiptIsTheCallers(t *testing.T) {
	d := newDesk(t)
	grant := credits.Grant{ID: "pack", Amount: credits.Of(10), Features: []string{"image"}, Meta: map[string]string{"a": "b"}}
	var receipts []credits.Receipt
	for range 2 {
		receipts = append(receipts, d.grant(grant))
		receipts = append(receipts, d.spend(credits.Spend{ID: "job", Feature: "image", Amount: credits.Of(1), Meta: map[string]string{"a": "b"}}))
	}
	before := d.record("ada")
	for _, receipt := range receipts {
		receipt.Postings[0].Lot, receipt.Meta["a"] = "x", "x"
		if len(receipt.Lots) > 0 {
			receipt.Lots[0].Features[0], receipt.Lots[0].Meta["a"], receipt.Lots[0].ID = "x", "x", "x"
		}
	}
	d.spend(credits.Spend{ID: "next", Feature: "image", Amount: credits.Of(1)})
	if diff := compare(before.Entries, d.record("ada").Entries[:2]); diff != "" {
		t.Errorf("changing receipts changed the entries (-before +after):\n%s", diff)
	}
	if lot := d.record("ada").State.Lots[0]; lot.ID != "pack" || lot.Features[0] != "image" || lot.Meta["a"] != "b" {
		t.Errorf("changing receipts changed the lot: %v, want pack", lot)
	}
}

// A receipt must not change under its owner when the ledger reuses memory.
func TestAReceiptStaysAsItIs(t *testing.T) {
	d := newDesk(t)
	d.grant(credits.Grant{ID: "a", Amount: credits.Of(10), Validity: expiry.Days(1)})
	d.grant(credits.Grant{ID: "b", Amount: credits.Of(10)})
	receipt := d.spend(credits.Spend{ID: "job-1", Amount: credits.Of(12)})
	before := credits.Receipt{Entry: receipt.Clone()}
	err := d.refusesSpend(credits.ErrIDReused, credits.Spend{ID: "job-1", Account: "ada", Amount: credits.Of(11)})
	for _, id := range []string{"job-2", "job-3"} {
		d.spend(credits.Spend{ID: id, Amount: credits.Of(1), Feature: "image"})
		d.refusesSpend(credits.ErrInsufficient, credits.Spend{ID: "dear", Account: "ada", Amount: credits.Of(99)})
	}
	if diff := compare(before, receipt); diff != "" {
		t.Errorf("a receipt changed by itself (-before +after):\n%s", diff)
	}
	if reused, _ := errors.AsType[*credits.IDReusedError](err); compare(before.Entry, reused.First) != "" {
		t.Errorf("an error changed by itself: %v, want %v", reused.First, before.Entry)
	}
}
