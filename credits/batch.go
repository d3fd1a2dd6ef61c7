package credits

import (
	"context"
	"fmt"
	"reflect"
	"sync"
)

// Command is one of the commands of this package, as a value: [Grant], [Spend],
// [Reserve], [Extend], [Capture], [Release], [Refund], [Revoke], [Renew], [Allow],
// [Amend] or [Configure].
type Command interface {
	// command returns a copy to prepare and decide.
	command() command
}

func (c Grant) command() command     { return &c }
func (c Spend) command() command     { return &c }
func (c Reserve) command() command   { return &c }
func (c Extend) command() command    { return &c }
func (c Capture) command() command   { return &c }
func (c Release) command() command   { return &c }
func (c Refund) command() command    { return &c }
func (c Revoke) command() command    { return &c }
func (c Renew) command() command     { return &c }
func (c Allow) command() command     { return &c }
func (c Amend) command() command     { return &c }
func (c Configure) command() command { return &c }

// Result is what became of one command of a batch: a receipt, or an error.
type Result struct {
	Receipt Receipt
	Err     error
}

// MaxBatch bounds the commands of one batch, so that its answers fit in memory.
const MaxBatch = 10_000

// usualWidth is the width of a store that is not [Wide]: enough to hide a
// database's round trips, few enough to leave connections to others.
const usualWidth = 16

// Batch carries out many commands, and returns the verdict of each in their
// order. Commands on one account happen in their order, each in a step of its own,
// whatever became of the ones before; different accounts are independent, and as
// many of them are at work at once as serve the store (see [Wide]). It is not a
// transaction: repeat a batch that was cut short, and what was done is replayed. A
// batch of more than [MaxBatch] is refused whole, with an error that is
// [ErrInvalid]; there is no other error.
func (l *Ledger) Batch(ctx context.Context, commands []Command) ([]Result, error) {
	if len(commands) > MaxBatch {
		return nil, &InvalidError{Field: "batch", Reason: fmt.Sprintf("has %d commands, more than %d: split it", len(commands), MaxBatch)}
	}
	results := make([]Result, len(commands))
	var queues [][]int // by account, the commands' places
	byAccount := make(map[string]int)
	for i, c := range commands {
		if isNil(c) {
			results[i].Err = &InvalidError{Field: "command", Reason: "is missing"}
			continue
		}
		account, _ := c.command().target()
		at, known := byAccount[account]
		if !known {
			at = len(queues)
			byAccount[account] = at
			queues = append(queues, nil)
		}
		queues[at] = append(queues[at], i)
	}
	work := func(queue []int) {
		for _, i := range queue {
			results[i].Receipt, results[i].Err = l.run(ctx, commands[i].command())
		}
	}
	each(queues, l.width(), work)
	return results, nil
}

// width is how many accounts a batch or a sweep has at work at once.
func (l *Ledger) width() int {
	if wide, ok := l.store.(Wide); ok {
		return min(max(wide.Width(), 1), MaxBatch)
	}
	return usualWidth
}

// isNil reports whether there is no command, or only a pointer to none.
func isNil(c Command) bool {
	if c == nil {
		return true
	}
	v := reflect.ValueOf(c)
	return v.Kind() == reflect.Pointer && v.IsNil()
}

// each calls work for all items from that many goroutines, and waits for them.
func each[T any](items []T, workers int, work func(T)) {
	workers = min(workers, len(items))
	if workers <= 1 {
		for _, item := range items {
			work(item)
		}
		return
	}
	next := make(chan T)
	var wait sync.WaitGroup
	for range workers {
		wait.Go(func() {
			for item := range next {
				work(item)
			}
		})
	}
	for _, item := range items {
		next <- item
	}
	close(next)
	wait.Wait()
}
