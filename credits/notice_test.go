package credits_test

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
)

// inbox keeps the notices it is told.
type inbox struct {
	mu  sync.Mutex
	got []credits.Notice
}

func (i *inbox) notify(_ context.Context, n credits.Notice) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.got = append(i.got, n)
}

// take empties the inbox, and returns what was in it as text.
func (i *inbox) take() string {
	i.mu.Lock()
	defer i.mu.Unlock()
	var texts []string
	for _, n := range i.got {
		text := string(n.Kind)
		if !n.Threshold.IsZero() {
			text += " " + n.Threshold.String()
		}
		if n.Lot != "" {
			text += " " + n.Lot + " " + n.Amount.String()
		}
		texts = append(texts, text)
	}
	i.got = nil
	return strings.Join(texts, ", ")
}

// told is a booth with 20 in "pack" that is told of balances below 10 and 5, and
// of ends within two days.
func told(t *testing.T) (booth, *inbox) {
	var box inbox
	b := openBooth(t, credits.Options{
		Notify: box.notify, Low: []credits.Amount{credits.Of(10), credits.Of(5)}, EndingSoon: 48 * time.Hour,
	})
	b.grant(credits.Grant{ID: "pack", Amount: credits.Of(20)})
	return b, &box
}

func (b booth) wantNotices(box *inbox, after, want string) {
	b.t.Helper()
	if got := box.take(); got != want {
		b.t.Errorf("notices(%s) = %s, want %s", after, got, want)
	}
}

func TestNoticesOfALowBalance(t *testing.T) {
	b, box := told(t)
	n := 0
	spend := func(amount string) {
		n++
		b.spend(credits.Spend{ID: fmt.Sprintf("job-%d", n), Amount: credits.MustParse(amount)})
	}
	b.wantNotices(box, "a grant", "")
	spend("10")
	b.wantNotices(box, "falling to the threshold", "")
	spend("0.000001")
	b.wantNotices(box, "falling below it", "low 10")
	spend("1")
	b.wantNotices(box, "falling further", "")
	b.grant(credits.Grant{ID: "almost", Amount: credits.Of(1)})
	spend("1")
	b.wantNotices(box, "a recovery that stays below", "")
	b.grant(credits.Grant{ID: "enough", Amount: credits.MustParse("1.000001")})
	b.wantNotices(box, "a recovery", "")
	spend("6")
	b.wantNotices(box, "falling below both", "low 10, low 5")
	spend("4")
	b.wantNotices(box, "falling to nothing", "depleted")
	b.grant(credits.Grant{ID: "more", Amount: credits.Of(20)})
	spend("20")
	b.wantNotices(box, "falling through everything", "low 10, low 5, depleted")
}

func TestNoticesNameTheCrossing(t *testing.T) {
	b, box := told(t)
	got := b.spend(credits.Spend{ID: "job", Amount: credits.Of(12)})
	want := []credits.Notice{{
		Kind: credits.NoticeLow, Account: "ada", Seq: got.Seq, At: start, Balance: credits.Of(8), Threshold: credits.Of(10),
	}}
	if diff := compare(want, box.got); diff != "" {
		t.Errorf("notices(Spend) (-want +got):\n%s", diff)
	}
	box.take()
	b.refusesSpend(credits.ErrInsufficient, credits.Spend{ID: "song", Account: "ada", Feature: "ai-music", Amount: credits.Of(30)})
	want = []credits.Notice{{Kind: credits.NoticeRefused, Account: "ada", At: start, Amount: credits.Of(22), Feature: "ai-music"}}
	if diff := compare(want, box.got); diff != "" {
		t.Errorf("notices(refused) (-want +got):\n%s", diff)
	}
}

func TestNoticesOfHoldsAndDebt(t *testing.T) {
	b, box := told(t)
	b.configure(credits.Configure{ID: "limit", Overdraft: new(credits.Of(5))})
	b.reserve(credits.Reserve{ID: "job", Amount: credits.Of(22)})
	b.wantNotices(box, "a hold, which changes no balance", "")
	b.capture(credits.Capture{ID: "part", Hold: "job", Amount: credits.Of(11), More: true})
	b.wantNotices(box, "a capture", "low 10")
	b.release("back", "job")
	b.wantNotices(box, "a release", "")
	b.spend(credits.Spend{ID: "into-debt", Amount: credits.Of(12)})
	b.wantNotices(box, "a debt", "low 5, depleted")
	b.spend(credits.Spend{ID: "further", Amount: credits.Of(1)})
	b.wantNotices(box, "more debt", "")
	b.grant(credits.Grant{ID: "repaid", Amount: credits.Of(4)})
	b.wantNotices(box, "a grant that repays", "")
}

func TestNoticesOfReplaysAndRefusals(t *testing.T) {
	b, box := told(t)
	spend := credits.Spend{ID: "job", Account: "ada", Amount: credits.Of(20)}
	b.spend(spend)
	b.wantNotices(box, "a spend", "low 10, low 5, depleted")
	b.spend(spend)
	b.wantNotices(box, "its replay", "")
	spend.Amount = credits.Of(21)
	b.refusesSpend(credits.ErrIDReused, spend)
	b.refusesSpend(credits.ErrInvalid, credits.Spend{ID: "x", Account: "ada", Amount: credits.Of(-1)})
	b.fails(credits.ErrNotFound, credits.Release{ID: "x", Account: "ada", Hold: "none"})
	b.wantNotices(box, "refusals for other reasons", "")
	b.fails(credits.ErrInsufficient, filledReserve(credits.Reserve{ID: "x", Amount: credits.Of(1)}))
	b.fails(credits.ErrInsufficient, filledReserve(credits.Reserve{ID: "x", Amount: credits.Of(1)}))
	b.wantNotices(box, "two refusals for want of credits", "refused, refused")
	b.refusesSpend(credits.ErrInsufficient, credits.Spend{ID: "x", Account: "ada", Amount: credits.Of(1), Partial: true})
	b.wantNotices(box, "a partial spend of nothing", "refused")
}

func TestNoticesOfALotThatEndsSoon(t *testing.T) {
	b, box := told(t)
	b.grant(credits.Grant{ID: "trial", Amount: credits.Of(8), Validity: expiry.Days(5)})
	use := func(id string) { b.spend(credits.Spend{ID: id, Amount: credits.Of(1)}) }
	use("early")
	b.clock.set(day(3).Add(-micro))
	use("before")
	b.wantNotices(box, "a write before that time", "")
	b.clock.set(day(3))
	use("soon")
	b.wantNotices(box, "the first write in that time", "ending soon trial 5")
	use("next")
	b.clock.set(day(4))
	use("later")
	b.wantNotices(box, "further writes", "")
	b.clock.set(day(5))
	b.balance()
	b.history(credits.Query{})
	b.wantNotices(box, "reads after the end", "")
	if got := sweep(b.desk); got != 1 {
		t.Errorf("Sweep() = %d, want 1", got)
	}
	b.wantNotices(box, "the sweep", "ended trial 3")
	sweep(b.desk)
	use("after")
	b.wantNotices(box, "another sweep and a write", "")
	b.grant(credits.Grant{ID: "short", Amount: credits.Of(1), Validity: expiry.Days(1)})
	b.wantNotices(box, "a lot that ends soon from the start", "ending soon short 1")
	if _, err := b.ledger.Amend(b.ctx, credits.Amend{ID: "longer", Account: "ada", Lot: "short", Validity: expiry.Days(9)}); err != nil {
		t.Fatalf("Amend(short) = %v, want no error", err)
	}
	b.wantNotices(box, "an amendment", "")
	b.clock.set(day(13))
	b.grant(credits.Grant{ID: "bonus", Amount: credits.Of(1)})
	b.wantNotices(box, "the new end", "ending soon short 1")
}

// Lots that never end, or end later, hide none that ends soon.
func TestNoticesOfALotThatEndsSoonBehindOthers(t *testing.T) {
	b, box := told(t)
	b.grant(credits.Grant{ID: "for ever", Amount: credits.Of(1), Priority: -3})
	b.grant(credits.Grant{ID: "for long", Amount: credits.Of(1), Priority: -2, Validity: expiry.Days(30)})
	b.grant(credits.Grant{ID: "soon", Amount: credits.Of(1), Priority: -1, Validity: expiry.Days(2)})
	b.wantNotices(box, "a lot behind others", "ending soon soon 1")
}

// Time that a command settles on its way is told with it, crossings included.
func TestNoticesOfWhatCameDueOnTheWay(t *testing.T) {
	var box inbox
	b := openBooth(t, credits.Options{Notify: box.notify, Low: []credits.Amount{credits.Of(10)}})
	b.grant(credits.Grant{ID: "plan", Amount: credits.Of(15), Validity: expiry.Days(2)})
	b.clock.set(day(3))
	got := b.grant(credits.Grant{ID: "pack", Amount: credits.Of(20)})
	want := []credits.Notice{
		{Kind: credits.NoticeLow, Account: "ada", Seq: got.Seq - 1, At: day(2), Threshold: credits.Of(10)},
		{Kind: credits.NoticeDepleted, Account: "ada", Seq: got.Seq - 1, At: day(2)},
		{Kind: credits.NoticeEnded, Account: "ada", Seq: got.Seq - 1, At: day(2), Lot: "plan", Amount: credits.Of(15)},
	}
	if diff := compare(want, box.got); diff != "" {
		t.Errorf("notices(Grant after an end) (-want +got):\n%s", diff)
	}
}

func TestNoticesWithAStoreThatFailsOrDecidesAgain(t *testing.T) {
	for _, c := range []struct {
		name  string
		fault fault
		want  string
	}{
		{"before the decision", (*faultyStore).before, ""},
		{"a commit that was undone", (*faultyStore).undone, ""},
		{"a decision made twice", (*faultyStore).again, "depleted"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, store := newFaultyDesk(t)
			var box inbox
			d.ledger = credits.New(store, credits.Options{Now: d.clock.read, Notify: box.notify})
			d.grant(credits.Grant{ID: "pack", Amount: credits.Of(1)})
			spend := credits.Spend{ID: "job", Account: "ada", Amount: credits.Of(1)}
			store.fault = c.fault
			_, err := d.ledger.Spend(t.Context(), spend)
			if got := box.take(); got != c.want || (err == nil) != (c.want != "") {
				t.Errorf("Spend(%s) = %v, notices %q, want %q", c.name, err, got, c.want)
			}
			d.spend(spend)
			if got := box.take() + c.want; got != "depleted" {
				t.Errorf("notices(after the repeat) = %q, want one in all", got)
			}
			booth{d}.watch(t, "ada")
		})
	}
}

// Notify runs after the commit and under no lock.
func TestNotifyMayUseTheLedger(t *testing.T) {
	var b booth
	var errs []error
	b = openBooth(t, credits.Options{Low: []credits.Amount{credits.Of(10)}, Notify: func(ctx context.Context, n credits.Notice) {
		balance, err := b.ledger.Balance(ctx, n.Account)
		if n.Kind == credits.NoticeLow && balance.Posted != n.Balance {
			err = errors.Join(err, fmt.Errorf("Balance() = %v in the notice of %v", balance.Posted, n.Balance))
		}
		_, topUp := b.ledger.Grant(ctx, filledGrant(credits.Grant{ID: fmt.Sprintf("top-up-%s-%d", n.Kind, n.Seq), Account: n.Account, Amount: credits.Of(50)}))
		errs = append(errs, err, topUp)
	}})
	b.grant(credits.Grant{ID: "pack", Amount: credits.Of(12)})
	got := b.spend(credits.Spend{ID: "job", Amount: credits.Of(5)})
	if err := errors.Join(errs...); err != nil || len(errs) != 2 {
		t.Errorf("Notify() = %v after %d calls, want one and no error", err, len(errs)/2)
	}
	if got.Balance != credits.Of(7) {
		t.Errorf("Spend().Balance = %v, want 7, as of its own entry", got.Balance)
	}
	b.wantBalance("a top-up", "57", "0")
}

func TestNoticesOfManyAccountsAreEachAccountsOwn(t *testing.T) {
	var box inbox
	b := openBooth(t, credits.Options{Notify: box.notify})
	const accounts = 40
	for i := range accounts {
		b.grant(credits.Grant{ID: "trial", Account: fmt.Sprintf("user-%02d", i), Amount: credits.Of(1), Validity: expiry.Days(1)})
	}
	b.clock.set(day(2))
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			if _, err := b.ledger.Sweep(t.Context()); err != nil {
				t.Errorf("Sweep() = %v, want no error", err)
			}
		})
	}
	wait.Wait()
	byAccount := make(map[string][]credits.NoticeKind)
	for _, n := range box.got {
		byAccount[n.Account] = append(byAccount[n.Account], n.Kind)
	}
	for i := range accounts {
		account := fmt.Sprintf("user-%02d", i)
		if want := []credits.NoticeKind{credits.NoticeDepleted, credits.NoticeEnded}; !slices.Equal(byAccount[account], want) {
			t.Errorf("notices(%s) = %v, want %v", account, byAccount[account], want)
		}
		b.watch(t, account)
	}
}
