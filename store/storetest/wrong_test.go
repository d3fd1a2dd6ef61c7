package storetest

import (
	"context"
	"errors"
	"iter"
	"math"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/store/memory"
)

// wrong is a way to break promises.
type wrong struct {
	does   string
	store  func() credits.Store
	breaks []string
}

// bent is a store in memory of which some methods are others.
type bent struct {
	credits.Store
	update  func(ctx context.Context, account string, ids []string, decide credits.Decision) error
	state   func(ctx context.Context, account string) (credits.State, error)
	entries func(ctx context.Context, q credits.Query) iter.Seq2[credits.Entry, error]
	due     func(ctx context.Context, at time.Time, limit int) ([]string, error)
}

func (s *bent) Update(ctx context.Context, account string, ids []string, decide credits.Decision) error {
	if s.update == nil {
		return s.Store.Update(ctx, account, ids, decide)
	}
	return s.update(ctx, account, ids, decide)
}

func (s *bent) State(ctx context.Context, account string) (credits.State, error) {
	if s.state == nil {
		return s.Store.State(ctx, account)
	}
	return s.state(ctx, account)
}

func (s *bent) Entries(ctx context.Context, q credits.Query) iter.Seq2[credits.Entry, error] {
	if s.entries == nil {
		return s.Store.Entries(ctx, q)
	}
	return s.entries(ctx, q)
}

func (s *bent) Due(ctx context.Context, at time.Time, limit int) ([]string, error) {
	if s.due == nil {
		return s.Store.Due(ctx, at, limit)
	}
	return s.due(ctx, at, limit)
}

// bend returns what makes a store that bend changes.
func bend(change func(s *bent)) func() credits.Store {
	return func() credits.Store {
		s := &bent{Store: memory.New()}
		change(s)
		return s
	}
}

// deciding makes a store whose decisions are other ones.
func deciding(other func(decide credits.Decision) credits.Decision) func() credits.Store {
	return bend(func(s *bent) {
		s.update = func(ctx context.Context, account string, ids []string, decide credits.Decision) error {
			return s.Store.Update(ctx, account, ids, other(decide))
		}
	})
}

// writing makes a store that writes other changes.
func writing(other func(s credits.State, c *credits.Change)) func() credits.Store {
	return deciding(func(decide credits.Decision) credits.Decision {
		return func(s credits.State, prior []credits.Entry) (credits.Change, error) {
			change, err := decide(s, prior)
			change = detached(change)
			other(s, &change)
			return change, err
		}
	})
}

// asking makes a store that asks for other IDs.
func asking(other func(ids []string) []string) func() credits.Store {
	return bend(func(s *bent) {
		s.update = func(ctx context.Context, account string, ids []string, decide credits.Decision) error {
			return s.Store.Update(ctx, account, other(ids), decide)
		}
	})
}

// querying makes a store that reads other entries.
func querying(other func(q *credits.Query)) func() credits.Store {
	return bend(func(s *bent) {
		s.entries = func(ctx context.Context, q credits.Query) iter.Seq2[credits.Entry, error] {
			other(&q)
			return s.Store.Entries(ctx, q)
		}
	})
}

// dueing makes a store that tells other accounts.
func dueing(other func(s *bent, at time.Time, limit int) []string) func() credits.Store {
	return bend(func(s *bent) {
		s.due = func(_ context.Context, at time.Time, limit int) ([]string, error) { return other(s, at, limit), nil }
	})
}

// told is what the store that is bent would tell.
func (s *bent) told(at time.Time, limit int) []string {
	names, _ := s.Store.Due(context.Background(), at, limit)
	return names
}

// mapped changes every value of type T in a record.
func mapped[T any](record any, change func(T) T) {
	var walk func(v reflect.Value)
	walk = func(v reflect.Value) {
		if v.CanAddr() && v.CanSet() {
			if value, ok := v.Addr().Interface().(*T); ok {
				*value = change(*value)
				return
			}
		}
		switch v.Kind() {
		case reflect.Pointer:
			if !v.IsNil() {
				walk(v.Elem())
			}
		case reflect.Slice:
			for i := range v.Len() {
				walk(v.Index(i))
			}
		case reflect.Struct:
			for i := range v.NumField() {
				walk(v.Field(i))
			}
		}
	}
	walk(reflect.ValueOf(record))
}

// mapping makes a store that keeps other values of type T.
func mapping[T any](change func(T) T) func() credits.Store {
	return writing(func(_ credits.State, c *credits.Change) { mapped(c, change) })
}

// lagging keeps, for each account, the state and the Seq before its last update.
func lagging(s *bent) (before func(account string) credits.State) {
	var mu sync.Mutex
	states := make(map[string]credits.State)
	s.update = func(ctx context.Context, account string, ids []string, decide credits.Decision) error {
		state, _ := s.Store.State(ctx, account)
		mu.Lock()
		states[account] = state
		mu.Unlock()
		return s.Store.Update(ctx, account, ids, decide)
	}
	return func(account string) credits.State {
		mu.Lock()
		defer mu.Unlock()
		state := states[account]
		state.Account = account
		return state
	}
}

// stall lets all others go on as far as they can: in a bubble, time passes when every
// goroutine waits.
func stall() { time.Sleep(time.Millisecond) }

// guessing decides on what was read before, and writes it whatever happened
// meanwhile.
func guessing(s *bent) {
	s.update = func(ctx context.Context, account string, ids []string, decide credits.Decision) error {
		state, err := s.Store.State(ctx, account)
		if err != nil {
			return err
		}
		change, err := decide(state, nil)
		if err != nil {
			return err
		}
		stall()
		return s.Store.Update(ctx, account, ids, func(credits.State, []credits.Entry) (credits.Change, error) { return change, nil })
	}
}

// colliding makes accounts in a step of its own, which fails for all but the first.
func colliding(s *bent) {
	s.update = func(ctx context.Context, account string, ids []string, decide credits.Decision) error {
		before, _ := s.Store.State(ctx, account)
		stall()
		return s.Store.Update(ctx, account, ids, func(now credits.State, prior []credits.Entry) (credits.Change, error) {
			if before.Seq == 0 && now.Seq > 0 {
				return credits.Change{}, errors.New("duplicate key")
			}
			return decide(now, prior)
		})
	}
}

// mixing shows a decision, at last, an old state with newer entries.
func mixing(s *bent) {
	s.update = func(ctx context.Context, account string, ids []string, decide credits.Decision) error {
		before, _ := s.Store.State(ctx, account)
		stall()
		return s.Store.Update(ctx, account, ids, func(now credits.State, prior []credits.Entry) (credits.Change, error) {
			change, err := decide(now, prior)
			change = detached(change)
			_, _ = decide(before, prior)
			return change, err
		})
	}
}

// halving writes the first entry in an update of its own.
func halving(s *bent) {
	s.update = func(ctx context.Context, account string, ids []string, decide credits.Decision) error {
		var rest credits.Change
		err := s.Store.Update(ctx, account, ids, func(state credits.State, prior []credits.Entry) (credits.Change, error) {
			change, err := decide(state, prior)
			if len(change.Entries) < 2 || err != nil {
				return change, err
			}
			rest = detached(change)
			rest.Entries = rest.Entries[1:]
			first := credits.Change{Entries: change.Entries[:1], Due: state.Due, Debt: state.Debt}
			return first, nil
		})
		if err != nil || rest.IsZero() {
			return err
		}
		runtime.Gosched()
		return s.Store.Update(ctx, account, nil, func(state credits.State, prior []credits.Entry) (credits.Change, error) {
			for i := range rest.Entries {
				rest.Entries[i].Seq = state.Seq + int64(i) + 1
			}
			return rest, nil
		})
	}
}

// locking holds a lock while it yields.
func locking(s *bent) {
	var lock chan struct{} // made in the bubble that uses it
	var once sync.Once
	acquire := func(ctx context.Context) error {
		once.Do(func() { lock = make(chan struct{}, 1) })
		select {
		case lock <- struct{}{}:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	s.update = func(ctx context.Context, account string, ids []string, decide credits.Decision) error {
		if err := acquire(ctx); err != nil {
			return err
		}
		defer func() { <-lock }()
		return s.Store.Update(ctx, account, ids, decide)
	}
	s.entries = func(ctx context.Context, q credits.Query) iter.Seq2[credits.Entry, error] {
		return func(yield func(credits.Entry, error) bool) {
			if err := acquire(ctx); err != nil {
				yield(credits.Entry{}, err)
				return
			}
			defer func() { <-lock }()
			s.Store.Entries(ctx, q)(yield)
		}
	}
}

// leaking loses a connection with every reading that is broken off.
func leaking(s *bent) {
	connections := 20
	s.entries = func(ctx context.Context, q credits.Query) iter.Seq2[credits.Entry, error] {
		return func(yield func(credits.Entry, error) bool) {
			for entry, err := range s.Store.Entries(ctx, q) {
				if !yield(entry, err) {
					connections--
					return
				}
			}
		}
	}
	s.update = func(ctx context.Context, account string, ids []string, decide credits.Decision) error {
		if connections <= 0 {
			<-ctx.Done()
			return ctx.Err()
		}
		return s.Store.Update(ctx, account, ids, decide)
	}
}

// sharing is a store that hands its memory around, in some places.
type sharing struct {
	in, states, entries, lists bool

	accounts map[string]*credits.State
	ledger   map[string][]credits.Entry
	list     []string
}

func (s *sharing) Update(_ context.Context, account string, ids []string, decide credits.Decision) error {
	state, known := s.accounts[account]
	if !known {
		state = &credits.State{Account: account}
	}
	var prior []credits.Entry
	for _, e := range s.ledger[account] {
		if slices.Contains(ids, e.ID) || slices.Contains(ids, e.Of) {
			prior = append(prior, e)
		}
	}
	change, err := decide(*state, prior)
	if err != nil || change.IsZero() {
		return err
	}
	if !s.in {
		change = detached(change)
	}
	state.Apply(change)
	s.accounts[account] = state
	s.ledger[account] = append(s.ledger[account], change.Entries...)
	return nil
}

func (s *sharing) State(_ context.Context, account string) (credits.State, error) {
	state, known := s.accounts[account]
	switch {
	case !known:
		return credits.State{Account: account}, nil
	case s.states:
		return *state, nil
	}
	return state.Clone(), nil
}

func (s *sharing) Entries(_ context.Context, q credits.Query) iter.Seq2[credits.Entry, error] {
	return func(yield func(credits.Entry, error) bool) {
		for _, e := range s.ledger[q.Account] {
			if !s.entries {
				e = e.Clone()
			}
			if !yield(e, nil) {
				return
			}
		}
	}
}

func (s *sharing) Due(_ context.Context, at time.Time, _ int) ([]string, error) {
	if s.lists && len(s.list) == len(s.accounts) {
		return s.list, nil
	}
	s.list = nil
	for name, state := range s.accounts {
		if !state.Due.IsZero() && !state.Due.After(at) {
			s.list = append(s.list, name)
		}
	}
	return s.list, nil
}

// share returns what makes a store that shares memory in those places.
func share(places sharing) func() credits.Store {
	return func() credits.Store {
		s := places
		s.accounts, s.ledger = make(map[string]*credits.State), make(map[string][]credits.Entry)
		return &s
	}
}

// float is an amount as a floating-point number has it.
func float(a credits.Amount) credits.Amount {
	return credits.Micros(int64(math.Min(float64(a.Micros()), math.MaxInt64/2)))
}

// foldID asks for an ID in other cases too.
func foldID(ids []string) []string {
	var all []string
	for _, id := range ids {
		all = append(all, id, strings.ToLower(id), strings.ToUpper(id[:1])+id[1:])
	}
	return all
}
