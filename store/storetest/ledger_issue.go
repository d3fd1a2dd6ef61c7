package storetest

import (
	"errors"
	"reflect"
	"slices"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/scriphq/scrip/credits"
)

// issue sends commands to the ledger and the model, and compares the answers. Two
// or more go as a batch.
func (m *machine) issue(t *rapid.T, commands ...modelCommand) {
	for i, result := range m.send(t, commands) {
		c := commands[i]
		name, id, hold := c.target()
		t.Logf("%v %s %s: %v", m.now, id, c.said(), result.Err)
		a := m.view(t, name)
		replayed, refusal := a.try(c)
		m.compare(t, a, id, c.said(), result, replayed, refusal)
		if refusal == nil {
			checkHoldNow(t, id, result.Receipt.HoldNow, a.hold(hold))
		}
		if refusal == nil && !replayed {
			m.commit(a)
			m.said = append(m.said, c)
		}
	}
}

func (m *machine) send(t *rapid.T, commands []modelCommand) []credits.Result {
	if len(commands) == 1 {
		receipt, err := m.sendOne(t, commands[0].c)
		return []credits.Result{{Receipt: receipt, Err: err}}
	}
	var all []credits.Command
	for _, c := range commands {
		all = append(all, c.c)
	}
	results, err := m.ledger.Batch(t.Context(), all)
	mustNot(t, "Batch", err)
	if len(results) != len(all) {
		t.Fatalf("Batch() = %d results, want %d", len(results), len(all))
	}
	return results
}

func (m *machine) sendOne(t *rapid.T, c credits.Command) (credits.Receipt, error) {
	ctx := t.Context()
	switch v := c.(type) {
	case credits.Grant:
		return m.ledger.Grant(ctx, v)
	case credits.Spend:
		return m.ledger.Spend(ctx, v)
	case credits.Reserve:
		return m.ledger.Reserve(ctx, v)
	case credits.Extend:
		return m.ledger.Extend(ctx, v)
	case credits.Capture:
		return m.ledger.Capture(ctx, v)
	case credits.Release:
		return m.ledger.Release(ctx, v)
	case credits.Refund:
		return m.ledger.Refund(ctx, v)
	case credits.Revoke:
		return m.ledger.Revoke(ctx, v)
	case credits.Renew:
		return m.ledger.Renew(ctx, v)
	case credits.Allow:
		return m.ledger.Allow(ctx, v)
	case credits.Amend:
		return m.ledger.Amend(ctx, v)
	}
	return m.ledger.Configure(ctx, c.(credits.Configure))
}

// compare compares an answer with what the model says. That nothing was written by
// a refusal or a replay is for check to see.
func (m *machine) compare(t *rapid.T, a *modelAccount, id, said string, got credits.Result, replayed bool, refusal error) {
	m.compareError(t, a, id+" "+said, got.Err, refusal)
	if got.Receipt.Replayed != replayed {
		t.Fatalf("%s %s at %v = replayed %v, want %v", id, said, m.now, got.Receipt.Replayed, replayed)
	}
	if refusal != nil {
		if !reflect.DeepEqual(got.Receipt, credits.Receipt{}) {
			t.Fatalf("%s %s = %+v, want no receipt beside an error", id, said, got.Receipt)
		}
		return
	}
	mustEqual(t, "receipt of "+id, got.Receipt.Entry, a.told(t, id))
}

// told returns the ledger's entry of that ID.
func (a *modelAccount) told(t *rapid.T, id string) credits.Entry {
	i := slices.IndexFunc(a.seen, func(e credits.Entry) bool { return e.ID == id })
	if i < 0 {
		t.Fatalf("History(%s) has no %q, want it recorded", a.name, id)
	}
	return a.seen[i]
}

var sentinels = []error{
	credits.ErrInvalid, credits.ErrInsufficient, credits.ErrIDReused, credits.ErrNotFound, credits.ErrClosed,
	credits.ErrFrozen, credits.ErrOverflow, credits.ErrLimit, credits.ErrBusy, credits.ErrUnknown, errWork,
}

// compareError compares what callers branch on, and the figures in it. Where the
// model has several errors any of them is right.
func (m *machine) compareError(t *rapid.T, a *modelAccount, what string, got, want error) {
	if (want == nil) != (got == nil) {
		t.Fatalf("%s at %v = %v, want %v", what, m.now, got, want)
	}
	for _, sentinel := range sentinels {
		if errors.Is(got, sentinel) && !errors.Is(want, sentinel) {
			t.Fatalf("%s at %v = %v, want %v", what, m.now, got, want)
		}
	}
	known := got == nil
	for _, sentinel := range sentinels {
		known = known || errors.Is(got, sentinel)
	}
	if !known {
		t.Fatalf("%s at %v = %v, want one of the package's errors", what, m.now, got)
	}
	if short, ok := errors.AsType[*credits.InsufficientError](got); ok {
		figures, _ := errors.AsType[*credits.InsufficientError](want)
		mustEqual(t, what, *short, *figures)
	}
	if reused, ok := errors.AsType[*credits.IDReusedError](got); ok {
		first := reused.First
		if reused.Second == "" || !slices.Contains(accounts, reused.Account) {
			t.Fatalf("%s = %+v, want the account and the second intent", what, reused)
		}
		if reused.Account == a.name {
			mustEqual(t, what, first, a.told(t, first.ID))
		}
	}
}

// mustEqual compares exactly, instants with their place. Only whether nothing is nil or
// empty makes no difference.
func mustEqual(t *rapid.T, what string, got, want any) {
	t.Helper()
	diff := cmp.Diff(want, got, cmpopts.EquateEmpty(),
		cmp.Comparer(func(a, b credits.Amount) bool { return a == b }),
		cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) && a.Location() == b.Location() }))
	if diff != "" {
		t.Fatalf("%s (-want +got):\n%s", what, diff)
	}
}

func checkHoldNow(t *rapid.T, id string, got *credits.Hold, want *modelHold) {
	if got == nil && want == nil {
		return
	}
	if got == nil || want == nil || holdText(*got) != want.text() {
		t.Fatalf("HoldNow of %s = %+v, want %+v", id, got, want)
	}
}

// batch sends several commands at once.
func (m *machine) batch(t *rapid.T) {
	var commands []modelCommand
	verbs := m.verbs()
	for range rapid.IntRange(2, 5).Draw(t, "commands") {
		verb := rapid.SampledFrom([]string{"grant", "spend", "reserve", "capture", "refund", "configure", "renew"}).Draw(t, "verb")
		commands = append(commands, verbs[verb](t))
	}
	m.issue(t, commands...)
}

// repeat sends a command again that took effect.
func (m *machine) repeat(t *rapid.T) {
	if len(m.said) == 0 {
		t.Skip("nothing was said")
	}
	m.issue(t, rapid.SampledFrom(m.said).Draw(t, "again"))
}
