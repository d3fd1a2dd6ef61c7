package credits

import (
	"context"
	"errors"
	"slices"
	"sync"
)

// MaxWaiting bounds the commands that wait in a lane of [Options.Lane]: at a
// thousand an Update, what an account can answer within seconds.
const MaxWaiting = 10_000

// maxTogether bounds the commands that share an Update, so that the last of them is
// not answered much later than the first could have been.
const maxTogether = 512

// lanes are the accounts of a ledger that have an Update under way, with the
// commands that wait for it. The zero value is ready.
type lanes struct {
	mu   sync.Mutex
	busy map[string][]*operation // by account, in the order in which they came
}

// join makes an operation the account's own business, and reports whether it may go
// on at once. If not, it waits for op.turn.
func (l *lanes) join(account string, op *operation) (first bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	waiting, busy := l.busy[account]
	switch {
	case !busy:
		if l.busy == nil {
			l.busy = make(map[string][]*operation)
		}
		l.busy[account] = nil
		return true, nil
	case len(waiting) >= MaxWaiting:
		return false, &BusyError{Account: account}
	}
	op.turn, op.answered = make(chan struct{}), false // it may come a second time
	l.busy[account] = append(waiting, op)
	return false, nil
}

// next takes those that waited longest off a lane; none ends it.
func (l *lanes) next(account string) []*operation {
	l.mu.Lock()
	defer l.mu.Unlock()
	waiting := l.busy[account]
	if len(waiting) == 0 {
		delete(l.busy, account)
		return nil
	}
	n := min(len(waiting), maxTogether)
	l.busy[account] = waiting[n:]
	return waiting[:n:n]
}

// withdraw takes an operation off a lane that still waits in it.
func (l *lanes) withdraw(account string, op *operation) (waited bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	waiting := l.busy[account]
	i := slices.Index(waiting, op)
	if i < 0 {
		return false
	}
	l.busy[account] = slices.Delete(slices.Clone(waiting), i, i+1)
	return true
}

// update takes an operation through the store: at once where the account has
// nothing under way, else together with the others that wait. It returns what
// Update returned, and whether the operation is the caller's again.
func (l *Ledger) update(ctx context.Context, account string, op *operation) (mine bool, err error) {
	if !l.options.Lane {
		return true, l.store.Update(ctx, account, op.ids, op.decision)
	}
	op.context = ctx
	first, err := l.lanes.join(account, op)
	if err != nil {
		op.refusal = err
		return true, err
	}
	if first {
		defer l.followUp(account)
		return true, l.store.Update(ctx, account, op.ids, op.decision)
	}
	select {
	case <-op.turn:
	case <-ctx.Done():
		if l.lanes.withdraw(account, op) {
			op.refusal = ctx.Err() // it was not even tried
			return true, op.refusal
		}
		if !op.leave() {
			return false, ctx.Err()
		}
	}
	if op.panicked != nil {
		panic(op.panicked)
	}
	return true, op.failure
}

// followUp lets those go on who came meanwhile, in a goroutine of their own, after
// which the next follow: also where a decision ended it with [runtime.Goexit].
func (l *Ledger) followUp(account string) {
	if waiting := l.lanes.next(account); waiting != nil {
		go func() {
			defer l.followUp(account)
			l.together(account, waiting)
		}()
	}
}

// errExited is what became of operations one of which ended the goroutine.
var errExited = errors.New("credits: a decision in the same update ended its goroutine")

// together decides operations one after the other in one Update. None of their
// callers' contexts ends it before all of them have gone.
func (l *Ledger) together(account string, ops []*operation) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ops[0].context))
	defer cancel()
	stay := len(ops)
	var mu sync.Mutex
	for _, op := range ops {
		stop := context.AfterFunc(op.context, func() {
			mu.Lock()
			defer mu.Unlock()
			if stay--; stay == 0 {
				cancel()
			}
		})
		defer stop()
	}
	err := errExited
	defer func() {
		for _, op := range ops {
			op.answer(err)
		}
	}()
	var ids []string
	for _, op := range ops {
		ids = append(ids, op.ids...)
	}
	slices.Sort(ids)
	err = l.store.Update(ctx, account, slices.Compact(ids), func(s State, prior []Entry) (Change, error) {
		return decideAll(ops, s, prior)
	})
}

// answer tells an operation's caller what became of it. A refusal counts only where
// what was decided before it was written.
func (op *operation) answer(err error) {
	op.mu.Lock()
	defer op.mu.Unlock()
	op.failure = err
	if err == nil {
		op.failure = op.refusal
	}
	op.answered = true
	close(op.turn)
}

// leave says that the caller waits no longer. It reports whether the operation is
// the caller's again: its decision does not run any more.
func (op *operation) leave() bool {
	op.mu.Lock()
	defer op.mu.Unlock()
	op.gone = true
	return op.answered
}

// decideAll decides operations one after the other, each on what the ones before
// left. A refused one leaves nothing.
func decideAll(ops []*operation, s State, prior []Entry) (Change, error) {
	j := joint{state: s, index: make(map[string][]int)}
	for i := range prior {
		j.note(&prior[i])
	}
	for _, op := range ops {
		j.decide(op)
	}
	return j.change, nil
}

// joint is several decisions about one account that become one change.
type joint struct {
	state   State
	changed bool // state's records are its own
	entries []Entry
	index   map[string][]int // of entries, by ID and by what they are about
	change  Change
}

func (j *joint) note(e *Entry) {
	at := len(j.entries)
	j.entries = append(j.entries, *e)
	j.index[e.ID] = append(j.index[e.ID], at)
	j.index[e.Of] = append(j.index[e.Of], at)
}

// prior returns the entries that an operation asked for, by Seq.
func (j *joint) prior(ids []string) []Entry {
	var places []int
	for _, id := range ids {
		places = append(places, j.index[id]...)
	}
	slices.Sort(places)
	var prior []Entry
	for _, place := range slices.Compact(places) {
		prior = append(prior, j.entries[place])
	}
	return prior
}

func (j *joint) decide(op *operation) {
	op.mu.Lock()
	defer op.mu.Unlock()
	if op.gone {
		return
	}
	change := op.caught(j.state, j.prior(op.ids))
	if change.IsZero() { // refused, or replayed
		return
	}
	for i := range change.Entries {
		j.note(&change.Entries[i])
	}
	if !j.changed {
		j.state.own()
		j.changed = true
	}
	j.state.Apply(change)
	j.change.Join(change)
}

// caught is decide, whose panic belongs to its caller.
func (op *operation) caught(s State, prior []Entry) (change Change) {
	defer func() { op.panicked = recover() }()
	change, _ = op.decide(s, prior) // a refusal is the operation's own
	return change
}

// Join makes c the change that c and then next make together. Afterwards c shares
// no memory with next, but for what records point to.
func (c *Change) Join(next Change) {
	if next.IsZero() {
		return
	}
	c.Entries = append(c.Entries, next.Entries...)
	c.Due, c.Debt, c.DebtHeld, c.Settings = next.Due, next.Debt, next.DebtHeld, next.Settings
	c.Lots = joined(c.Lots, next.Lots, func(l *Lot) string { return l.ID })
	c.Holds = joined(c.Holds, next.Holds, (*Hold).key)
	c.Terms = joined(c.Terms, next.Terms, (*Term).key)
	c.Allowances = joined(c.Allowances, next.Allowances, (*Allowance).key)
}

// joined puts later versions of records in the places of earlier ones.
func joined[T any](records, later []T, id func(*T) string) []T {
	if len(later) == 0 {
		return records
	}
	places := make(map[string]int, len(records))
	for i := range records {
		places[id(&records[i])] = i
	}
	for i := range later {
		if at, known := places[id(&later[i])]; known {
			records[at] = later[i]
		} else {
			records = append(records, later[i])
		}
	}
	return records
}
