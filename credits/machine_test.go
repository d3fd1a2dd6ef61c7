package credits_test

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/store/memory"
)

// The machine runs random commands, reads and jumps of the clock on a ledger and
// on a naive model, and after every step compares the two and checks what is
// always true of a ledger.

func TestMachine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newMachine(nil, modelBefore)
		m.mayRunBack = rapid.Bool().Draw(t, "the clock may run back")
		m.run(t)
	})
}

func TestMachineWithAnotherOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { newMachine(machineOrder, modelOrder).run(t) })
}

var (
	machineStart    = time.Date(2028, 1, 30, 22, 30, 0, 0, time.UTC) // months of 29 and 31 days lie ahead
	machineAccounts = []string{"ada", "ben", "cleo"}
	machineTerms    = []string{"addon", "plan"}
	machineFeatures = []string{"ai-image", "ai-music", "speech-to-text"}
)

// machine is a ledger, its model, and a twin that is swept at every step and
// keeps its accounts in another store.
type machine struct {
	clock      time.Time
	mayRunBack bool
	models     map[string]*modelAccount
	store      *memory.Store
	ledger     *credits.Ledger

	// The twin is given up when the clock runs back, since it then has recorded
	// what the ledger never will.
	twinStore *plainStore
	twin      *credits.Ledger

	samples []machineSample
	refused map[string][]modelCommand
	ids     int
}

// machineSample is what Balance said once, when the clock had moved on and
// nothing could happen at that instant any more.
type machineSample struct {
	account string
	balance credits.Balance
}

func newMachine(order func(a, b credits.Lot) int, before func(a, b *modelLot) bool) *machine {
	m := &machine{
		clock: machineStart, models: map[string]*modelAccount{}, refused: map[string][]modelCommand{},
		store: memory.New(), twinStore: newPlainStore(),
	}
	options := credits.Options{Now: func() time.Time { return m.clock }, Order: order}
	m.ledger, m.twin = credits.New(m.store, options), credits.New(m.twinStore, options)
	for _, account := range machineAccounts {
		m.models[account] = &modelAccount{name: account, before: before}
	}
	return m
}

func (m *machine) run(t *rapid.T) {
	t.Repeat(map[string]func(*rapid.T){
		"":                        m.check,
		"grant":                   m.grant,
		"grant under a term":      m.grantUnderTerm,
		"grant many":              m.grantMany,
		"spend":                   m.spend,
		"spend again":             m.spend,
		"renew":                   m.renew,
		"renew again":             m.renew,
		"repeat":                  m.repeat,
		"reuse an ID":             m.reuse,
		"retry what was refused":  m.retry,
		"a command that is wrong": m.wrong,
		"jump to an end":          m.jumpToEnd,
		"jump to another end":     m.jumpToEnd,
		"jump":                    m.jump,
		"run back":                m.runBack,
		"sweep":                   m.sweep,
		"balance at":              m.balanceAt,
		"history":                 m.history,
	})
	m.finish(t)
}

// issue sends a command to the ledger and its twin, and compares what comes back
// with the model. A refused or replayed command must not change a byte.
func (m *machine) issue(t *rapid.T, account string, c modelCommand) {
	model := m.models[account]
	before := machineStored(t, m.store, account)
	balance, err := m.ledger.Balance(t.Context(), account)
	machineOK(t, "Balance", err)

	want := model.try(c, m.clock)
	got, err := machineSend(t, m.ledger, c)
	if len(want.refusals) > 0 {
		if !want.isAny(err) || !reflect.DeepEqual(got, credits.Receipt{}) {
			t.Fatalf("%s of %s = %v, %v, want no receipt and one of %v", c.intent(), account, got, err, want.refusals)
		}
		m.checkRefusal(t, model, c, err)
	} else {
		machineOK(t, c.intent(), err)
		machineSame(t, c.intent(), credits.Receipt{Entry: machineUntimed(got.Entry), Replayed: got.Replayed},
			credits.Receipt{Entry: want.entry, Replayed: want.replayed})
		machineScribble(got.Entry)
	}
	switch {
	case len(want.refusals) > 0 || want.replayed:
		machineIdentical(t, "what is stored at "+c.intent(), machineStored(t, m.store, account), before)
	case c.spend != nil:
		machineDrawnInOrder(t, balance, *c.spend, want.entry)
	}
	m.issueTwin(t, c, want)
	if c.wrong == nil && len(want.refusals) > 0 && want.refusals[0] != credits.ErrIDReused {
		m.refused[account] = append(m.refused[account], c)
	}
}

func (m *machine) issueTwin(t *rapid.T, c modelCommand, want modelVerdict) {
	if m.twin == nil {
		return
	}
	got, err := machineSend(t, m.twin, c)
	if len(want.refusals) > 0 {
		if !want.isAny(err) {
			t.Fatalf("%s on the twin = %v, want one of %v", c.intent(), err, want.refusals)
		}
		if reused, ok := err.(*credits.IDReusedError); ok {
			machineScribble(reused.First)
		}
		return
	}
	machineOK(t, c.intent()+" on the twin", err)
	machineSame(t, c.intent()+" on the twin", machineUntimed(got.Entry), want.entry)
	machineScribble(got.Entry)
}

// machineSend runs a command from memory that is overwritten right after the
// call, as a caller may, and that the call has to leave as it was.
func machineSend(t *rapid.T, ledger *credits.Ledger, c modelCommand) (receipt credits.Receipt, err error) {
	var said, left any
	switch {
	case c.grant != nil:
		g := *c.grant
		g.Features, g.Meta = slices.Clone(g.Features), maps.Clone(g.Meta)
		receipt, err = ledger.Grant(t.Context(), g)
		said, left = *c.grant, g
		defer machineScribbleLots([]credits.Lot{{Features: g.Features, Meta: g.Meta}})
	case c.spend != nil:
		s := *c.spend
		s.Meta = maps.Clone(s.Meta)
		receipt, err = ledger.Spend(t.Context(), s)
		said, left = *c.spend, s
		defer machineScribbleMeta(s.Meta)
	default:
		r := *c.renew
		r.Meta = maps.Clone(r.Meta)
		receipt, err = ledger.Renew(t.Context(), r)
		said, left = *c.renew, r
		defer machineScribbleMeta(r.Meta)
	}
	machineIdentical(t, "arguments of "+c.intent(), left, said)
	return receipt, err
}

// checkRefusal compares the figures in an error with the model.
func (m *machine) checkRefusal(t *rapid.T, model *modelAccount, c modelCommand, err error) {
	now := model.now(m.clock)
	switch err := err.(type) {
	case *credits.InsufficientError:
		w := model.world(now)
		available := modelAmount(w.payable(c.spend.Feature, now))
		shortfall := credits.Micros(c.spend.Amount.Micros() - available.Micros())
		machineSame(t, c.intent(), *err, credits.InsufficientError{
			Account: model.name, Feature: c.spend.Feature, Needed: c.spend.Amount, Available: available,
			Shortfall: shortfall, NextStart: w.nextStart(c.spend.Feature, now),
		})
	case *credits.IDReusedError:
		if err.Account != model.name || err.Second == "" {
			t.Fatalf("%s = %+v, want the account %s and the second intent", c.intent(), err, model.name)
		}
		machineSame(t, c.intent(), machineUntimed(err.First), model.entry(c.id()))
		machineScribble(err.First)
	case *credits.InvalidError:
		if err.Field == "" || err.Reason == "" {
			t.Fatalf("%s = %+v, want a field and a reason", c.intent(), err)
		}
	case *credits.NotFoundError, *credits.OverflowError:
	default:
		t.Fatalf("%s = %T, want one of the typed errors", c.intent(), err)
	}
}

// machineDrawnInOrder checks, without the model, that a spend drew only on lots
// that may pay, each as far as it goes before the next (R41).
func machineDrawnInOrder(t *rapid.T, before credits.Balance, c credits.Spend, e credits.Entry) {
	rest := c.Amount.Micros()
	var want []credits.Posting
	for i := range before.Lots {
		lot := &before.Lots[i]
		if rest == 0 || !lot.UsableAt(e.At) || !lot.Covers(c.Feature) {
			continue
		}
		taken := min(rest, lot.Available.Micros())
		rest -= taken
		want = append(want, credits.Posting{Lot: lot.ID, Available: credits.Micros(-taken)})
	}
	machineSame(t, "postings of spend "+c.ID, e.Postings, want)
}

// machineSnapshot is all that a store holds of an account.
type machineSnapshot struct {
	State   credits.State
	Entries []credits.Entry
}

func machineStored(t *rapid.T, store credits.Store, account string) machineSnapshot {
	state, err := store.State(t.Context(), account)
	machineOK(t, "State", err)
	return machineSnapshot{State: state, Entries: machineEntries(t, store.Entries(t.Context(), credits.Query{Account: account}))}
}

func machineEntries(t *rapid.T, sequence func(func(credits.Entry, error) bool)) []credits.Entry {
	var entries []credits.Entry
	for e, err := range sequence {
		machineOK(t, "entries", err)
		entries = append(entries, e)
	}
	return entries
}

// machineUntimed returns the entry as the model has it: without a fingerprint,
// and without the ID that the library derives for what time does.
func machineUntimed(e credits.Entry) credits.Entry {
	if e.Kind == credits.KindEnd || e.Kind == credits.KindLapse {
		if e.ID == "" || e.ID[0] != '~' || e.Digest != (credits.Digest{}) {
			e.ID = fmt.Sprintf("ID %q and digest %v, want a derived ID and no digest", e.ID, e.Digest)
			return e
		}
		e.ID = ""
	}
	e.Digest = credits.Digest{}
	return e
}

func machineAllUntimed(entries []credits.Entry) []credits.Entry {
	out := make([]credits.Entry, len(entries))
	for i, e := range entries {
		out[i] = machineUntimed(e)
	}
	return out
}

// machineSame compares exactly: instants have to be UTC too. Only whether
// nothing is nil or empty makes no difference.
func machineSame(t *rapid.T, what string, got, want any) {
	if reflect.DeepEqual(got, want) {
		return
	}
	if diff := machineDiff(got, want); diff != "" {
		t.Fatalf("%s (-want +got):\n%s", what, diff)
	}
}

func machineIdentical(t *rapid.T, what string, got, want any) {
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("%s changed (-before +after):\n%s", what, machineDiff(got, want))
	}
}

func machineDiff(got, want any) string {
	return gocmp.Diff(want, got, cmpopts.EquateEmpty(),
		gocmp.Comparer(func(a, b credits.Amount) bool { return a == b }),
		gocmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) && a.Location() == b.Location() }))
}

func machineOK(t *rapid.T, what string, err error) {
	if err != nil {
		t.Fatalf("%s = %v, want no error", what, err)
	}
}

// machineScribble overwrites what an entry refers to: it is the caller's.
func machineScribble(e credits.Entry) {
	for i := range e.Postings {
		e.Postings[i] = credits.Posting{Lot: "scribbled", Available: credits.Of(-7)}
	}
	if len(e.Lots) > 0 {
		machineScribbleLots(e.Lots)
		e.Lots[0] = credits.Lot{ID: "scribbled"}
	}
	if e.Term != nil {
		*e.Term = credits.Term{ID: "scribbled"}
	}
	machineScribbleMeta(e.Meta)
}

func machineScribbleLots(lots []credits.Lot) {
	for i := range lots {
		for j := range lots[i].Features {
			lots[i].Features[j] = "scribbled"
		}
		machineScribbleMeta(lots[i].Meta)
		lots[i] = credits.Lot{ID: "scribbled", Available: credits.Of(7)}
	}
}

func machineScribbleMeta(meta map[string]string) {
	for key := range meta {
		meta[key] = "scribbled"
	}
	if meta != nil {
		meta["scribbled"] = "true"
	}
}
