package memory

import (
	"context"
	"hash/maphash"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/scriphq/scrip/credits"
)

// shards is how many parts the accounts are spread over, each with a lock of its
// own: many more than any machine has cores, so that callers seldom meet.
const shards = 256

// Store keeps accounts in memory. Make one with [New]. It is safe for
// simultaneous use and must not be copied.
type Store struct {
	seed   maphash.Seed
	shards [shards]shard
}

var _ credits.Store = (*Store)(nil)

// New returns an empty store.
func New() *Store {
	s := &Store{seed: maphash.MakeSeed()}
	for i := range s.shards {
		s.shards[i].accounts = make(map[string]*account)
		s.shards[i].index = newIndex(s.seed, &s.shards[i].log)
	}
	return s
}

func (s *Store) shard(account string) *shard {
	return &s.shards[maphash.String(s.seed, account)%shards]
}

// Update implements [credits.Store]. It fails only with decide's error, or with
// ctx's before anything was done.
func (s *Store) Update(ctx context.Context, account string, ids []string, decide credits.Decision) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.shard(account).update(account, ids, decide)
}

// State implements [credits.Store]. It fails only with ctx's error.
func (s *Store) State(ctx context.Context, account string) (credits.State, error) {
	if err := ctx.Err(); err != nil {
		return credits.State{}, err
	}
	return s.shard(account).state(account), nil
}

// Entries implements [credits.Store]. It fails only with ctx's error.
func (s *Store) Entries(ctx context.Context, q credits.Query) iter.Seq2[credits.Entry, error] {
	q.Kinds = slices.Clone(q.Kinds)
	return func(yield func(credits.Entry, error) bool) {
		sh := s.shard(q.Account)
		next, left := sh.window(&q), q.Limit
		for {
			if err := ctx.Err(); err != nil {
				yield(credits.Entry{}, err)
				return
			}
			var page []credits.Entry
			page, next = sh.page(&q, next)
			for _, entry := range page {
				if !yield(entry, nil) {
					return
				}
				if left--; left == 0 {
					return
				}
			}
			if next.empty() {
				return
			}
		}
	}
}

// Due implements [credits.Store]. It fails only with ctx's error.
func (s *Store) Due(ctx context.Context, at time.Time, limit int) ([]string, error) {
	var names []string
	for i := range s.shards {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		names = s.shards[i].appendDue(names, at, limit)
	}
	return names, nil
}

// shard is a part of the accounts under one lock.
type shard struct {
	mu       sync.Mutex
	accounts map[string]*account
	log      log
	index    index
	due      dueHeap  // of accounts
	_        [64]byte // keeps the locks of two shards off one cache line
}
