package memory

import (
	"context"
	"hash/maphash"
	"iter"
	"slices"
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
	texts  texts
	shards [shards]shard
}

var _ credits.Store = (*Store)(nil)

// New returns an empty store.
func New() *Store { return newStore(mostAwake, mostAsleep) }

// newStore returns an empty store with that many accounts awake per shard at most, and
// that many records in one that is asleep.
func newStore(mostAwake, mostAsleep int) *Store {
	s := &Store{seed: maphash.MakeSeed()}
	for i := range s.shards {
		s.shards[i].begin(s.seed, &s.texts, mostAwake, mostAsleep)
	}
	return s
}

// shard returns the shard of an account, and the hash of its name.
func (s *Store) shard(account string) (*shard, uint64) {
	hash := maphash.String(s.seed, account)
	return &s.shards[hash%shards], hash
}

// Update implements [credits.Store]. It fails only with decide's error, or with
// ctx's before anything was done.
func (s *Store) Update(ctx context.Context, account string, ids []string, decide credits.Decision) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	sh, hash := s.shard(account)
	return sh.update(account, hash, ids, decide)
}

// State implements [credits.Store]. It fails only with ctx's error.
func (s *Store) State(ctx context.Context, account string) (credits.State, error) {
	if err := ctx.Err(); err != nil {
		return credits.State{}, err
	}
	sh, hash := s.shard(account)
	return sh.state(account, hash), nil
}

// Entries implements [credits.Store]. It fails only with ctx's error.
func (s *Store) Entries(ctx context.Context, q credits.Query) iter.Seq2[credits.Entry, error] {
	q.Kinds = slices.Clone(q.Kinds)
	return func(yield func(credits.Entry, error) bool) {
		sh, hash := s.shard(q.Account)
		past := sh.past(q.Account, hash)
		next, left := past.window(&q), q.Limit
		for {
			if err := ctx.Err(); err != nil {
				yield(credits.Entry{}, err)
				return
			}
			var page [][]byte
			page, next = past.page(next, q.NewestFirst)
			for _, record := range page {
				entry := decode(record, q.Account, &s.texts)
				if !q.Matches(&entry) {
					continue
				}
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
