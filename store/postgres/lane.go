package postgres

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/scriphq/scrip/credits"
)

// lane is a queue of updates, which one transaction after the other takes off. An
// account's updates are all in the same lane, so that no two transactions of a
// store wait for each other, and a hot account never takes more than one
// connection.
//
// An account that others have locked leaves the queue for one of its own, until that
// is empty, so that nobody waits with it.
type lane struct {
	mu      sync.Mutex
	queues  map[string][]*update // those that are at work: the common one, and those of single accounts
	waiting int                  // updates in all queues

	kept keeper
}

// common is the queue of all accounts that have none of their own. PostgreSQL keeps no
// account of that name.
const common = "\x00"

// maxWaiting bounds a lane, so that a database that does not answer fills the
// callers' queue instead of the memory.
const maxWaiting = 16 * 1024

var laneSeed = maphash.MakeSeed()

func (s *Store) lane(account string) *lane {
	return &s.lanes[maphash.String(laneSeed, account)%uint64(len(s.lanes))]
}

// join queues an update, and starts to work where nobody does. Who finds nobody at
// work leads: the update is not queued, but is the caller's to commit, who then leaves.
func (l *lane) join(s *Store, u *update) (leads bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.waiting >= maxWaiting {
		return false, fmt.Errorf("postgres: %d updates are waiting: %w", maxWaiting, credits.ErrBusy)
	}
	if _, own := l.queues[u.account]; own {
		l.add(s, u.account, u)
		return false, nil
	}
	if _, busy := l.queues[common]; busy {
		l.add(s, common, u)
		return false, nil
	}
	if l.queues == nil {
		l.queues = make(map[string][]*update)
	}
	l.queues[common] = nil
	return true, nil
}

// leave ends a lead: others do what came meanwhile.
func (l *lane) leave(s *Store) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.queues[common]) > 0 {
		go l.work(s, common)
	} else {
		delete(l.queues, common)
	}
}

// lead commits the update of a caller who found nobody at work, and reports whether
// it is answered. It saves the caller two changes of goroutine.
func (l *lane) lead(ctx context.Context, s *Store, u *update) bool {
	defer l.leave(s)
	s.commit(ctx, l, []*update{u}, s.sql.lockFree == "")
	return len(l.setApart(s, []*update{u})) > 0
}

// add puts an update at the end of a queue, and starts to work where nobody does.
func (l *lane) add(s *Store, queue string, u *update) {
	waiting, busy := l.queues[queue]
	l.queues[queue] = append(waiting, u)
	l.waiting++
	if !busy {
		go l.work(s, queue)
	}
}

// work takes updates off a queue until there are none. Between two transactions it
// lets others run, as long as that brings updates and the next has room for them:
// callers who were just answered may share it, instead of waiting for it.
func (l *lane) work(s *Store, queue string) {
	for l.serve(s, queue) {
		for before, now := -1, l.queued(queue); before < now && now < s.options.Together; before, now = now, l.queued(queue) {
			runtime.Gosched()
		}
	}
}

func (l *lane) queued(queue string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.queues[queue])
}

// errExited is what became of updates one of which ended the goroutine.
var errExited = errors.New("postgres: a decision in the same transaction ended its goroutine")

// serve answers the updates that waited longest, and reports whether there were any.
// Where a decision ends the goroutine, another goes on.
func (l *lane) serve(s *Store, queue string) bool {
	if queue != common {
		s.apart <- struct{}{}
		defer func() { <-s.apart }()
	}
	updates := l.take(queue, s.options.Together)
	if updates == nil {
		return false
	}
	returned := false
	defer func() {
		if !returned {
			go l.work(s, queue)
		}
		for _, u := range updates {
			if !returned {
				u.fail(errExited)
			}
			close(u.done)
		}
	}()
	s.commit(context.Background(), l, updates, queue != common || s.sql.lockFree == "")
	updates = l.setApart(s, updates)
	returned = true
	return true
}

// take returns the updates that waited longest, or nil, which ends the work.
func (l *lane) take(queue string, most int) []*update {
	l.mu.Lock()
	defer l.mu.Unlock()
	waiting := l.queues[queue]
	if len(waiting) == 0 {
		delete(l.queues, queue)
		return nil
	}
	n := min(most, len(waiting))
	l.waiting -= n
	l.queues[queue] = slices.Clone(waiting[n:])
	return waiting[:n:n]
}

// setApart gives accounts that others have locked queues of their own, which those
// updates follow that came meanwhile. It returns the updates of all other accounts.
func (l *lane) setApart(s *Store, updates []*update) []*update {
	l.mu.Lock()
	defer l.mu.Unlock()
	answered := make([]*update, 0, len(updates))
	for _, u := range updates {
		if u.locked {
			u.locked = false // it is waited for from here on
			l.add(s, u.account, u)
		} else {
			answered = append(answered, u)
		}
	}
	if len(answered) < len(updates) {
		l.queues[common] = slices.DeleteFunc(l.queues[common], func(u *update) bool {
			waiting, own := l.queues[u.account]
			if own {
				l.queues[u.account] = append(waiting, u)
			}
			return own
		})
	}
	return answered
}

// transactionTimeout bounds a transaction besides what it waits for locks. It is
// for servers that do not answer at all.
const transactionTimeout = 30 * time.Second

// commit runs the updates in one transaction; where the database refuses one of
// them, apart, so that it fails alone. Those of accounts that others have locked it
// leaves alone, unless it waits.
func (s *Store) commit(ctx context.Context, l *lane, updates []*update, waits bool) {
	ctx, cancel := context.WithTimeout(ctx, transactionTimeout+s.options.LockTimeout)
	defer cancel()
	if !waits {
		updates = s.guess(ctx, l, updates)
	}
	if len(updates) == 0 {
		return
	}
	updates, definite, err := s.attempt(ctx, l, updates, waits)
	if err == nil {
		return
	}
	updates = slices.DeleteFunc(slices.Clone(updates), func(u *update) bool { return u.locked })
	if parts := apart(updates, err); definite && len(parts) > 1 {
		for _, part := range parts {
			s.commit(ctx, l, part, waits)
		}
		return
	}
	for _, u := range updates {
		u.fail(err)
	}
}

// apart splits updates that failed together: by account, and those of one account
// one by one. What is due to the server, or to a lock on the one account, it leaves
// together: it would be the same for each.
func apart(updates []*update, err error) (parts [][]*update) {
	if ofServer(err) {
		return nil
	}
	places := make(map[string]int)
	for _, u := range updates {
		i, found := places[u.account]
		if !found {
			i, parts = len(parts), append(parts, nil)
			places[u.account] = i
		}
		parts[i] = append(parts[i], u)
	}
	if len(parts) > 1 || isLockTimeout(err) {
		return parts
	}
	return slices.Collect(slices.Chunk(updates, 1))
}

// errMade is what becomes of an account that is not there to be read, and is there
// already when it is made.
var errMade = errors.New("others have made the account, and it can't be read")

// attempt runs the updates in a transaction on a connection of the pool, again where
// certainly nothing was written and another time may be better. It returns those that
// it failed to answer.
func (s *Store) attempt(ctx context.Context, l *lane, updates []*update, waits bool) (rest []*update, definite bool, err error) {
	for tries := 0; ; tries++ {
		definite = false
		t := newTransaction(s.sql, updates)
		t.waits, t.kept = waits, &l.kept
		err = over(ctx, s.pool, func(conn *pgx.Conn) (err error) {
			definite, err = t.run(ctx, conn, &s.options)
			return err
		})
		again := definite && passes(err)
		switch made := t.writes.made.account; {
		case err == nil:
			updates, err, again = t.answered(l), errMade, true
		case !waits && len(made) == 1 && isLockTimeout(err):
			updates, again = leave(updates, made[0]), true
		}
		if len(updates) == 0 {
			return nil, true, nil
		}
		if !again || tries == maxRetries || !pause(ctx, tries) {
			return updates, definite, wrap("update", err)
		}
	}
}

// answered keeps the accounts of a transaction that is committed, and returns the
// updates that it has not answered: those that it was to write and has not, because
// somebody else came first.
func (t *transaction) answered(l *lane) (rest []*update) {
	for _, u := range t.updates {
		if a := t.accounts[u.account]; a.unsure || !a.done && (a.fenced || a.last().Seq > 0) {
			rest = append(rest, u)
		}
	}
	strangers, made := 0, 0
	for _, a := range t.accounts {
		if begun := a.read.Seq > 0; !a.kept || !begun {
			strangers++
			if a.done && !begun {
				made++
			}
		}
		if a.done || a.locked && a.last().Seq == 0 && a.read.Seq > 0 {
			l.kept.keep(a)
		}
	}
	if strangers > 0 {
		l.kept.makes.Store(2*made > strangers)
	}
	return rest
}

// leave says of an account's updates that others have it locked, and returns the rest.
func leave(updates []*update, account string) (rest []*update) {
	for _, u := range updates {
		if u.locked = u.account == account; !u.locked {
			rest = append(rest, u)
		}
	}
	return rest
}
