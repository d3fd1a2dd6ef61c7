package credits_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
	"github.com/scriphq/scrip/store/memory"
)

func (b booth) batch(commands ...credits.Command) []credits.Result {
	b.t.Helper()
	results, err := b.ledger.Batch(b.ctx, commands)
	if err != nil || len(results) != len(commands) {
		b.t.Fatalf("Batch(%d commands) = %d results, %v, want one of each", len(commands), len(results), err)
	}
	return results
}

// Each command has its own verdict, whatever became of the others.
func TestBatchGivesEachCommandItsVerdict(t *testing.T) {
	b := newBooth(t)
	grant := filledGrant(credits.Grant{ID: "pack", Amount: credits.Of(10)})
	commands := []struct {
		command credits.Command
		want    error
		balance string
	}{
		{credits.Spend{ID: "early", Account: "ada", Amount: credits.Of(1)}, credits.ErrInsufficient, ""},
		{grant, nil, "10"},
		{nil, credits.ErrInvalid, ""},
		{(*credits.Spend)(nil), credits.ErrInvalid, ""},
		{credits.Spend{ID: "job", Account: "ada", Amount: credits.Of(3)}, nil, "7"},
		{credits.Spend{ID: "job", Account: "ada", Amount: credits.Of(4)}, credits.ErrIDReused, ""},
		{credits.Spend{ID: "bad", Account: "ada", Amount: credits.Of(-1)}, credits.ErrInvalid, ""},
		{credits.Spend{ID: "nobody"}, credits.ErrInvalid, ""},
		{filledReserve(credits.Reserve{ID: "hold", Amount: credits.Of(5)}), nil, "7"},
		{credits.Extend{ID: "longer", Account: "ada", Hold: "hold", Amount: credits.Of(1)}, nil, "7"},
		{credits.Extend{ID: "too-long", Account: "ada", Hold: "hold", Amount: credits.Of(2)}, credits.ErrInsufficient, ""},
		{credits.Capture{ID: "part", Account: "ada", Hold: "hold", Amount: credits.Of(2), More: true}, nil, "5"},
		{credits.Release{ID: "back", Account: "ada", Hold: "hold"}, nil, "5"},
		{credits.Release{ID: "back-again", Account: "ada", Hold: "hold"}, credits.ErrClosed, ""},
		{credits.Refund{ID: "refund", Account: "ada", Of: "job", Amount: credits.Of(1)}, nil, "6"},
		{credits.Renew{ID: "sub", Account: "ada", Term: "pro", Until: day(30)}, nil, "6"},
		{credits.Allow{ID: "daily", Account: "ada", Allowance: "free", Amount: credits.Of(1), Every: expiry.MustParseSpan("1 day"), Validity: expiry.Days(1)}, nil, ""},
		{credits.Amend{ID: "first", Account: "ada", Lot: "pack", Priority: new(-1)}, nil, ""},
		{credits.Revoke{ID: "dispute", Account: "ada", Lot: "pack"}, nil, ""},
		{credits.Configure{ID: "freeze", Account: "ada", Frozen: new(true)}, nil, ""},
		{credits.Spend{ID: "frozen", Account: "ada"}, credits.ErrFrozen, ""},
	}
	var all []credits.Command
	for _, c := range commands {
		all = append(all, c.command)
	}
	for i, got := range b.batch(all...) {
		c := commands[i]
		if !errors.Is(got.Err, c.want) || (c.want == nil) != (got.Receipt.Seq > 0) || c.balance != "" && got.Receipt.Balance.String() != c.balance {
			t.Errorf("Batch()[%d], %T = %v, balance %v, %v, want balance %s, %v", i, c.command, got.Receipt.Kind, got.Receipt.Balance, got.Err, c.balance, c.want)
		}
	}
	before := b.record("ada")
	for i, got := range b.batch(all...) {
		if first := commands[i].want == nil; first != (got.Err == nil && got.Receipt.Replayed) {
			t.Errorf("Batch(again)[%d], %T = replayed %v, %v, want what was done replayed", i, commands[i].command, got.Receipt.Replayed, got.Err)
		}
	}
	if diff := compare(before, b.record("ada")); diff != "" {
		t.Errorf("Batch(again) wrote (-before +after):\n%s", diff)
	}
}

func TestBatchKeepsTheOrderWithinAnAccount(t *testing.T) {
	b := newBooth(t)
	var commands []credits.Command
	for i := range 100 {
		for _, account := range []string{"ada", "bob", "cy"} {
			amount := credits.Of(1)
			if i%2 == 0 {
				commands = append(commands, filledGrant(credits.Grant{ID: fmt.Sprintf("lot-%d", i), Account: account, Amount: amount}))
			} else {
				commands = append(commands, credits.Spend{ID: fmt.Sprintf("job-%d", i), Account: account, Amount: amount})
			}
		}
	}
	for i, got := range b.batch(commands...) {
		if want := int64(i/3 + 1); got.Err != nil || got.Receipt.Seq != want {
			t.Errorf("Batch()[%d] = Seq %d, %v, want %d", i, got.Receipt.Seq, got.Err, want)
		}
	}
	b.watch(t, "bob")
	b.watch(t, "cy")
}

func TestBatchTakesPointersAndLeavesThemAlone(t *testing.T) {
	b := stocked(t)
	command := &credits.Spend{ID: "job", Account: "ada", Amount: credits.Of(1), Meta: map[string]string{"a": "b"}}
	want := *command
	if got := b.batch(command)[0]; got.Err != nil || got.Receipt.Balance != credits.Of(9) {
		t.Errorf("Batch(pointer) = %v, %v, want 9", got.Receipt.Balance, got.Err)
	}
	if diff := compare(want, *command); diff != "" {
		t.Errorf("Batch(pointer) changed it (-before +after):\n%s", diff)
	}
}

func TestBatchOfNothingAndOfTooMany(t *testing.T) {
	b := stocked(t)
	if got := b.batch(); len(got) != 0 {
		t.Errorf("Batch() = %v, want nothing", got)
	}
	commands := make([]credits.Command, credits.MaxBatch+1)
	for i := range commands {
		commands[i] = credits.Spend{ID: fmt.Sprintf("job-%d", i), Account: "ada"}
	}
	err := b.refuses(credits.ErrInvalid, func() error {
		results, err := b.ledger.Batch(b.ctx, commands)
		if len(results) > 0 {
			t.Errorf("Batch(%d) = %d results, want none", len(commands), len(results))
		}
		return err
	})
	if field(err) != "batch" {
		t.Errorf("Batch(%d) = %v, want an error about the batch", len(commands), err)
	}
	for i, got := range b.batch(commands[1:]...) {
		if got.Err != nil || got.Receipt.Seq != int64(i+2) {
			t.Fatalf("Batch(%d)[%d] = Seq %d, %v, want %d", credits.MaxBatch, i, got.Receipt.Seq, got.Err, i+2)
		}
	}
}

// stoppingStore ends a context at its third Update.
type stoppingStore struct {
	*memory.Store
	left   int
	cancel context.CancelFunc
}

func (s *stoppingStore) Update(ctx context.Context, account string, ids []string, decide credits.Decision) error {
	if s.left--; s.left == 0 {
		defer s.cancel()
	}
	return s.Store.Update(ctx, account, ids, decide)
}

func TestBatchCutShortIsCompletedByRepetition(t *testing.T) {
	b := newBooth(t)
	ctx, cancel := context.WithCancel(t.Context())
	ledger := credits.New(&stoppingStore{b.store, 3, cancel}, credits.Options{Now: b.clock.read})
	commands := []credits.Command{filledGrant(credits.Grant{ID: "pack", Amount: credits.Of(9)})}
	for i := range 5 {
		commands = append(commands, credits.Spend{ID: fmt.Sprintf("job-%d", i), Account: "ada", Amount: credits.Of(1)})
	}
	results, err := ledger.Batch(ctx, commands)
	if err != nil {
		t.Fatalf("Batch(cut short) = %v, want no error", err)
	}
	for i, got := range results {
		if done := i < 3; done != (got.Err == nil) || !done && !errors.Is(got.Err, context.Canceled) {
			t.Errorf("Batch(cut short)[%d] = %v, want three done, then %v", i, got.Err, context.Canceled)
		}
	}
	for i, got := range b.batch(commands...) {
		if got.Err != nil || got.Receipt.Replayed != (i < 3) || got.Receipt.Seq != int64(i+1) {
			t.Errorf("Batch(again)[%d] = Seq %d, replayed %v, %v, want Seq %d", i, got.Receipt.Seq, got.Receipt.Replayed, got.Err, i+1)
		}
	}
	b.wantBalance("the repeat", "4", "0")
}

func TestBatchesOfManyAccountsAtOnce(t *testing.T) {
	b := newBooth(t)
	const accounts, callers = 50, 4
	var commands []credits.Command
	for i := range accounts {
		account := fmt.Sprintf("user-%02d", i)
		commands = append(commands,
			filledGrant(credits.Grant{ID: "pack", Account: account, Amount: credits.Of(10)}),
			filledReserve(credits.Reserve{ID: "job", Account: account, Amount: credits.Of(4)}),
			credits.Capture{ID: "done", Account: account, Hold: "job", Amount: credits.Of(3)},
			credits.Spend{ID: "too-much", Account: account, Amount: credits.Of(8)})
		b.watch(t, account)
	}
	firsts := make([]int, len(commands))
	all := make([][]credits.Result, callers)
	for _, err := range atOnce(callers, func(i int) (err error) {
		all[i], err = b.ledger.Batch(t.Context(), commands)
		return err
	}) {
		if err != nil {
			t.Fatalf("Batch() = %v, want no error", err)
		}
	}
	for _, results := range all {
		for i, got := range results {
			if want := i%4 == 3; want != errors.Is(got.Err, credits.ErrInsufficient) || !want && got.Receipt.Seq != int64(i%4+1) {
				t.Errorf("Batch()[%d] = Seq %d, %v, want Seq %d, or the last refused", i, got.Receipt.Seq, got.Err, i%4+1)
			}
			if got.Err == nil && !got.Receipt.Replayed {
				firsts[i]++
			}
		}
	}
	for i, n := range firsts {
		if want := min(1, 3-i%4); n != want {
			t.Errorf("%d Batches = command %d took effect %d times, want %d", callers, i, n, want)
		}
	}
}
