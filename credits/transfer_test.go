package credits_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
	"github.com/scriphq/scrip/store/memory"
)

// cut is a store whose Update fails once, before or after it wrote.
type cut struct {
	credits.Store
	left  int // Updates until it fails
	after bool
}

var errCut = errors.New("connection lost")

func (s *cut) Update(ctx context.Context, account string, ids []string, decide credits.Decision) error {
	s.left--
	if s.left != 0 {
		return s.Store.Update(ctx, account, ids, decide)
	}
	if s.after {
		if err := s.Store.Update(ctx, account, ids, decide); err != nil {
			return err
		}
	}
	return errCut
}

// inAccount returns what an account has, after its ledger has verified.
func inAccount(t *testing.T, ledger *credits.Ledger, account string) string {
	t.Helper()
	if found, err := ledger.Verify(t.Context(), account); err != nil || len(found) > 0 {
		t.Errorf("Verify(%s) = %v, %v, want nothing", account, found, err)
	}
	balance, err := ledger.Balance(t.Context(), account)
	if err != nil {
		t.Fatalf("Balance(%s) = %v, want no error", account, err)
	}
	return balance.Posted.String()
}

func TestR48_ATransferKeepsValidityAndCostBasis(t *testing.T) {
	d := newDesk(t)
	d.grant(credits.Grant{ID: "plan", Amount: credits.Of(3), Validity: expiry.Days(30), Features: []string{"music"}})
	d.grant(credits.Grant{ID: "pack", Amount: credits.Of(10), Paid: credits.Money{Minor: 999, Currency: "USD"}})
	moved, err := d.ledger.Transfer(t.Context(), credits.Transfer{ID: "gift", From: "ada", To: "bob", Amount: credits.Of(7), Feature: "music"})
	if err != nil || moved.Replayed || len(moved.Out) != 2 || len(moved.In) != 2 {
		t.Fatalf("Transfer(gift) = %+v, %v, want two entries on each side", moved, err)
	}
	balance, err := d.ledger.Balance(t.Context(), "bob")
	if err != nil || len(balance.Lots) != 2 {
		t.Fatalf("Balance(bob) = %+v, %v, want two lots", balance, err)
	}
	plan, pack := balance.Lots[0], balance.Lots[1]
	if plan.ID != "gift" || plan.Granted != credits.Of(3) || !plan.End.Equal(start.AddDate(0, 0, 30)) || plan.Features[0] != "music" {
		t.Errorf("the lot of the plan became %+v, want 3 for music for 30 days from %v", plan, start)
	}
	if want := (credits.Money{Minor: 399, Currency: "USD"}); pack.Granted != credits.Of(4) || pack.Paid != want {
		t.Errorf("the lot of the pack became %+v, want 4 paid with %v", pack, want)
	}
	if ada, bob := inAccount(t, d.ledger, "ada"), inAccount(t, d.ledger, "bob"); ada != "6" || bob != "7" {
		t.Errorf("after Transfer(gift) ada has %s and bob %s, want 6 and 7", ada, bob)
	}
}

// A crash between the two steps, before or after either wrote, leaves the credits
// on their way at worst; repetition completes the transfer, once.
func TestTransferIsCompletedByRepetition(t *testing.T) {
	for step := 1; step <= 3; step++ { // the check of the ID, out, in
		for _, after := range []bool{false, true} {
			t.Run(fmt.Sprintf("step %d, written %v", step, after), func(t *testing.T) {
				store := &cut{Store: memory.New()}
				ledger := credits.New(store, credits.Options{Now: func() time.Time { return start }})
				if _, err := ledger.Grant(t.Context(), credits.Grant{ID: "pack", Account: "ada", Amount: credits.Of(10), Validity: expiry.Permanent()}); err != nil {
					t.Fatal(err)
				}
				gift := credits.Transfer{ID: "gift", From: "ada", To: "bob", Amount: credits.Of(4)}
				store.left, store.after = step, after
				_, err := ledger.Transfer(t.Context(), gift)
				transit, ok := errors.AsType[*credits.TransitError](err)
				if !ok || transit.ID != "gift" || !errors.Is(err, credits.ErrUnknown) || !errors.Is(err, errCut) {
					t.Fatalf("Transfer(gift) = %v, want a TransitError around an unknown outcome", err)
				}
				second, err := ledger.Transfer(t.Context(), gift)
				if all := step == 3 && after; err != nil || second.Replayed != all {
					t.Fatalf("Transfer(gift again) = replayed %v, %v, want %v and no error", second.Replayed, err, all)
				}
				again, err := ledger.Transfer(t.Context(), gift)
				if err != nil || !again.Replayed {
					t.Errorf("Transfer(gift once more) = replayed %v, %v, want true", again.Replayed, err)
				}
				if ada, bob := inAccount(t, ledger, "ada"), inAccount(t, ledger, "bob"); ada != "6" || bob != "4" {
					t.Errorf("in the end ada has %s and bob %s, want 6 and 4", ada, bob)
				}
			})
		}
	}
}

func TestTransferRefusesWhatIsInvalid(t *testing.T) {
	gift := credits.Transfer{ID: "gift", From: "ada", To: "bob", Amount: credits.Of(4)}
	for _, c := range []struct {
		name  string
		want  error
		spoil func(*credits.Transfer)
	}{
		{"the ID is missing", credits.ErrInvalid, func(c *credits.Transfer) { c.ID = "" }},
		{"the ID is the library's", credits.ErrInvalid, func(c *credits.Transfer) { c.ID = "~gift" }},
		{"nobody gives", credits.ErrInvalid, func(c *credits.Transfer) { c.From = "" }},
		{"nobody gets", credits.ErrInvalid, func(c *credits.Transfer) { c.To = "" }},
		{"it goes where it is", credits.ErrInvalid, func(c *credits.Transfer) { c.To = "ada" }},
		{"nothing goes", credits.ErrInvalid, func(c *credits.Transfer) { c.Amount = credits.Amount{} }},
		{"less than nothing goes", credits.ErrInvalid, func(c *credits.Transfer) { c.Amount = credits.Of(-1) }},
		{"the feature is not UTF-8", credits.ErrInvalid, func(c *credits.Transfer) { c.Feature = "a\xff" }},
		{"the notes have an empty key", credits.ErrInvalid, func(c *credits.Transfer) { c.Meta = map[string]string{"": "b"} }},
		{"more goes than there is", credits.ErrInsufficient, func(c *credits.Transfer) { c.Amount = credits.Of(11) }},
		{"an amount beyond the most", credits.ErrOverflow, func(c *credits.Transfer) { c.Amount = credits.Micros(credits.MaxCredits*1_000_000 + 1) }},
		{"the ID is used in the account that gets", credits.ErrIDReused, func(c *credits.Transfer) { c.ID = "bobs" }},
		{"the ID is used in the account that gives", credits.ErrIDReused, func(c *credits.Transfer) { c.ID = "pack" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t)
			d.grant(credits.Grant{ID: "pack", Amount: credits.Of(10)})
			if _, err := d.ledger.Grant(t.Context(), credits.Grant{ID: "bobs", Account: "bob", Amount: credits.Of(1), Validity: expiry.Permanent()}); err != nil {
				t.Fatal(err)
			}
			command := gift
			c.spoil(&command)
			bob := d.record("bob")
			d.refuses(c.want, func() error {
				_, err := d.ledger.Transfer(t.Context(), command)
				return err
			})
			if diff := compare(bob, d.record("bob")); diff != "" {
				t.Errorf("a refused Transfer changed bob (-before +after):\n%s", diff)
			}
		})
	}
}

func TestTransferMovesNeitherDebtNorOverdraft(t *testing.T) {
	d := newDesk(t)
	d.grant(credits.Grant{ID: "pack", Amount: credits.Of(10)})
	if _, err := d.ledger.Configure(t.Context(), credits.Configure{ID: "limit", Account: "ada", Overdraft: new(credits.Of(credits.MaxCredits))}); err != nil {
		t.Fatal(err)
	}
	d.refuses(credits.ErrInsufficient, func() error {
		_, err := d.ledger.Transfer(t.Context(), credits.Transfer{ID: "gift", From: "ada", To: "bob", Amount: credits.Of(11)})
		return err
	})
	if _, err := d.ledger.Transfer(t.Context(), credits.Transfer{ID: "gift", From: "ada", To: "bob", Amount: credits.Of(10)}); err != nil {
		t.Errorf("Transfer(10 of 10) = %v, want no error beside a large overdraft", err)
	}
}

// A transfer that cannot arrive says so, and arrives once it can.
func TestTransferThatCannotArriveYet(t *testing.T) {
	d := newDesk(t)
	d.grant(credits.Grant{ID: "pack", Amount: credits.Of(10)})
	full := credits.Grant{ID: "all", Account: "bob", Amount: credits.Of(credits.MaxCredits), Validity: expiry.Permanent()}
	if _, err := d.ledger.Grant(t.Context(), full); err != nil {
		t.Fatal(err)
	}
	gift := credits.Transfer{ID: "gift", From: "ada", To: "bob", Amount: credits.Of(4)}
	_, err := d.ledger.Transfer(t.Context(), gift)
	if _, ok := errors.AsType[*credits.TransitError](err); !ok || !errors.Is(err, credits.ErrOverflow) {
		t.Fatalf("Transfer(to a full account) = %v, want a TransitError around an overflow", err)
	}
	if _, err := d.ledger.Spend(t.Context(), credits.Spend{ID: "job", Account: "bob", Amount: credits.Of(4)}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.ledger.Transfer(t.Context(), gift); err != nil {
		t.Errorf("Transfer(once there is room) = %v, want no error", err)
	}
	if ada := inAccount(t, d.ledger, "ada"); ada != "6" {
		t.Errorf("in the end ada has %s, want 6", ada)
	}
}

// Debt beyond the overdraft, as a revocation leaves it, keeps as much where it is.
func TestTransferLeavesWhatADebtNeeds(t *testing.T) {
	b := openTill(t)
	b.grant(credits.Grant{ID: "disputed", Amount: credits.Of(10), Priority: -1})
	b.grant(credits.Grant{ID: "pack", Amount: credits.Of(20)})
	b.spend(credits.Spend{ID: "job", Amount: credits.Of(10)})
	b.revoke(credits.Revoke{ID: "chargeback", Lot: "disputed", Debt: true})
	gift := credits.Transfer{ID: "gift", From: "ada", To: "bob", Amount: credits.Of(11)}
	b.refuses(credits.ErrInsufficient, func() error {
		_, err := b.ledger.Transfer(t.Context(), gift)
		return err
	})
	gift.Amount = credits.Of(10)
	if _, err := b.ledger.Transfer(t.Context(), gift); err != nil {
		t.Errorf("Transfer(10 of 20, with a debt of 10) = %v, want no error", err)
	}
}

// Repeated later, a transfer answers with its own entries, and not with what followed.
func TestTransferAgainHasItsOwnEntriesOnly(t *testing.T) {
	b := openTill(t)
	b.grant(credits.Grant{ID: "plan", Amount: credits.Of(3), Validity: expiry.Days(30)})
	b.grant(credits.Grant{ID: "pack", Amount: credits.Of(10)})
	gift := credits.Transfer{ID: "gift", From: "ada", To: "bob", Amount: credits.Of(7)}
	first, err := b.ledger.Transfer(t.Context(), gift)
	if err != nil {
		t.Fatal(err)
	}
	for _, account := range []string{"ada", "bob"} {
		for _, id := range []string{"a", "b", "c"} {
			b.spend(credits.Spend{ID: id, Account: account, Amount: credits.Of(1)})
		}
	}
	again, err := b.ledger.Transfer(t.Context(), gift)
	if diff := compare(first.Out, again.Out) + compare(first.In, again.In); err != nil || diff != "" {
		t.Errorf("Transfer(again) = %v (-first +again):\n%s", err, diff)
	}
}

// A term stays behind: what followed it ends when the term would have, and what had
// an end of its own keeps its policy.
func TestTransferLeavesTheTermBehind(t *testing.T) {
	b := openTill(t)
	b.renew(credits.Renew{ID: "sub", Term: "pro", Until: day(20)})
	b.grant(credits.Grant{ID: "follows", Amount: credits.Of(1), Term: "pro", Validity: expiry.WhileSubscribed()})
	b.grant(credits.Grant{ID: "lasts", Amount: credits.Of(1), Term: "pro", Validity: expiry.Days(30)})
	b.grant(credits.Grant{ID: "stays", Amount: credits.Of(1), Term: "pro"})
	if _, err := b.ledger.Transfer(t.Context(), credits.Transfer{ID: "gift", From: "ada", To: "bob", Amount: credits.Of(3)}); err != nil {
		t.Fatal(err)
	}
	balance, err := b.ledger.Balance(t.Context(), "bob")
	if err != nil || len(balance.Lots) != 3 {
		t.Fatalf("Balance(bob) = %+v, %v, want three lots", balance, err)
	}
	for i, want := range []credits.Lot{
		{Validity: expiry.Until(day(20)), End: day(20)}, {Validity: expiry.Days(30), End: day(30)}, {Validity: expiry.Permanent()},
	} {
		if got := balance.Lots[i]; got.Term != "" || !got.Validity.Equal(want.Validity) || !got.End.Equal(want.End) {
			t.Errorf("lot %s = of term %q, valid %v to %v, want of none, %v to %v", got.ID, got.Term, got.Validity, got.End, want.Validity, want.End)
		}
	}
}

// A transfer fills an account up to MaxLots, and not beyond.
func TestTransferKeepsToMaxLots(t *testing.T) {
	b := openTill(t)
	hourly := credits.Allow{ID: "set", Account: "bob", Allowance: "hourly", Amount: credits.Of(1), Every: hourly, Validity: expiry.Permanent()}
	if _, err := b.ledger.Allow(t.Context(), hourly); err != nil {
		t.Fatal(err)
	}
	b.clock.set(start.Add((credits.MaxLots - 3) * time.Hour)) // the first came at once
	if _, err := b.ledger.Allow(t.Context(), credits.Allow{ID: "stop", Account: "bob", Allowance: "hourly", Stop: true}); err != nil {
		t.Fatal(err)
	}
	b.grant(credits.Grant{ID: "plan", Amount: credits.Of(3), Validity: expiry.Days(30)})
	b.grant(credits.Grant{ID: "pack", Amount: credits.Of(10)})
	if _, err := b.ledger.Transfer(t.Context(), credits.Transfer{ID: "two", From: "ada", To: "bob", Amount: credits.Of(4)}); err != nil {
		t.Fatalf("Transfer(of two lots, to an account with room for two) = %v, want no error", err)
	}
	_, err := b.ledger.Transfer(t.Context(), credits.Transfer{ID: "one", From: "ada", To: "bob", Amount: credits.Of(1)})
	if _, ok := errors.AsType[*credits.TransitError](err); !ok || !errors.Is(err, credits.ErrLimit) {
		t.Errorf("Transfer(of one lot, to an account without room) = %v, want a TransitError around %v", err, credits.ErrLimit)
	}
}

func TestTransferRepaysDebtWhereItArrives(t *testing.T) {
	d := newDesk(t)
	d.grant(credits.Grant{ID: "pack", Amount: credits.Of(10)})
	if _, err := d.ledger.Configure(t.Context(), credits.Configure{ID: "limit", Account: "bob", Overdraft: new(credits.Of(3))}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.ledger.Spend(t.Context(), credits.Spend{ID: "job", Account: "bob", Amount: credits.Of(3)}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.ledger.Transfer(t.Context(), credits.Transfer{ID: "gift", From: "ada", To: "bob", Amount: credits.Of(4)}); err != nil {
		t.Fatalf("Transfer(gift) = %v, want no error", err)
	}
	balance, err := d.ledger.Balance(t.Context(), "bob")
	if err != nil || !balance.Debt.IsZero() || balance.Available != credits.Of(1) {
		t.Errorf("Balance(bob) = %v available, %v debt, %v, want 1 and none", balance.Available, balance.Debt, err)
	}
}

func TestR34_OppositeTransfersFinish(t *testing.T) {
	d := newDesk(t)
	d.grant(credits.Grant{ID: "pack", Amount: credits.Of(100)})
	if _, err := d.ledger.Grant(t.Context(), credits.Grant{ID: "pack", Account: "bob", Amount: credits.Of(100), Validity: expiry.Permanent()}); err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	for i := range 40 {
		wait.Go(func() {
			c := credits.Transfer{ID: fmt.Sprintf("move-%d", i), From: "ada", To: "bob", Amount: credits.Of(1)}
			if i%2 == 0 {
				c.From, c.To = c.To, c.From
			}
			if _, err := d.ledger.Transfer(t.Context(), c); err != nil {
				t.Errorf("Transfer(%s) = %v, want no error", c.ID, err)
			}
		})
	}
	wait.Wait()
	if ada, bob := inAccount(t, d.ledger, "ada"), inAccount(t, d.ledger, "bob"); ada != "100" || bob != "100" {
		t.Errorf("after as many transfers each way ada has %s and bob %s, want 100 each", ada, bob)
	}
}

func ExampleLedger_Transfer() {
	ctx := context.Background()
	ledger := credits.New(memory.New(), credits.Options{})
	_, err := ledger.Grant(ctx, credits.Grant{ID: "pack", Account: "ada", Amount: credits.Of(100), Validity: expiry.Permanent()})
	if err != nil {
		panic(err)
	}
	moved, err := ledger.Transfer(ctx, credits.Transfer{ID: "gift-7", From: "ada", To: "bob", Amount: credits.Of(30)})
	if err != nil {
		panic(err)
	}
	fmt.Println(moved.Out[0].Amount, moved.Out[0].Balance, moved.In[0].Amount, moved.In[0].Balance)
	// Output: -30 70 30 30
}
