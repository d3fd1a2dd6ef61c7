package postgres

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/scriphq/scrip/credits"
)

// lane is a queue of updates, which one transaction after the other takes off. An
// account's updates are all in the same lane, so that no two transactions of a
// store wait for each other, and a hot account never takes more than one
// connection.
type lane struct {
	mu      sync.Mutex
	waiting []*update
	busy    bool // a transaction is under way
}

// maxWaiting bounds a lane, so that a database that does not answer fills the
// callers' queue instead of the memory.
const maxWaiting = 16 * 1024

var laneSeed = maphash.MakeSeed()

func (s *Store) lane(account string) *lane {
	return &s.lanes[maphash.String(laneSeed, account)%uint64(len(s.lanes))]
}

// join queues an update, and starts to work where nobody does.
func (l *lane) join(s *Store, u *update) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting) >= maxWaiting {
		return fmt.Errorf("postgres: %d updates are waiting: %w", maxWaiting, credits.ErrBusy)
	}
	l.waiting = append(l.waiting, u)
	if !l.busy {
		l.busy = true
		go l.work(s)
	}
	return nil
}

// work takes updates off until there are none.
func (l *lane) work(s *Store) {
	for {
		updates := l.take(s.options.Together)
		if updates == nil {
			return
		}
		s.commit(updates)
		for _, u := range updates {
			close(u.done)
		}
	}
}

// take returns the updates that waited longest, or nil, which ends the work.
func (l *lane) take(most int) []*update {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting) == 0 {
		l.busy, l.waiting = false, nil
		return nil
	}
	n := min(most, len(l.waiting))
	updates := slices.Clone(l.waiting[:n])
	l.waiting = append(l.waiting[:0:0], l.waiting[n:]...)
	return updates
}

// transactionTimeout bounds a transaction besides what it waits for locks. It is
// for servers that do not answer at all.
const transactionTimeout = 30 * time.Second

// commit runs the updates in one transaction; where the database refuses one of
// them, apart, so that it fails alone.
func (s *Store) commit(updates []*update) {
	ctx, cancel := context.WithTimeout(context.Background(), transactionTimeout+s.options.LockTimeout)
	defer cancel()
	definite, err := s.attempt(ctx, updates)
	if err == nil {
		return
	}
	if parts := apart(updates, err); definite && len(parts) > 1 {
		for _, part := range parts {
			s.commit(part)
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

// attempt runs the updates in a transaction on a connection of the pool, again where
// certainly nothing was written and another time may be better.
func (s *Store) attempt(ctx context.Context, updates []*update) (definite bool, err error) {
	create := false
	for tries := 0; ; tries++ {
		definite = false
		err = s.pool.AcquireFunc(ctx, func(pooled *pgxpool.Conn) error {
			var err error
			conn := pooled.Conn()
			definite, err = newTransaction(s.sql, updates, create).run(ctx, conn, &s.options)
			switch {
			case err == nil:
				return nil
			case conn.IsClosed():
				return fmt.Errorf("%w: %w", errLost, err)
			case hasCode(err, forgotten):
				return errors.Join(err, conn.DeallocateAll(ctx)) // it knows none of the others either
			}
			return err
		})
		if err == nil {
			return true, nil
		}
		if errors.Is(err, errMissing) {
			create = true
			continue
		}
		if !definite || !passes(err) || tries == maxRetries || !pause(ctx, tries) {
			return definite, wrap("update", err)
		}
	}
}
