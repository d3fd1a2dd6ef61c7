package memory

import (
	"context"
	"fmt"
	"math"

	"github.com/scriphq/scrip/credits"
)

// Drowsy is a store in which an account falls asleep after each of its updates, however
// large it is: only one in a shard may be awake, and another is woken.
type Drowsy struct {
	*Store
	sandmen map[*shard]string // an account for each
}

// NewDrowsy returns an empty store.
func NewDrowsy() *Drowsy {
	s := &Drowsy{Store: newStore(1, math.MaxInt), sandmen: make(map[*shard]string)}
	for i := 0; len(s.sandmen) < shards; i++ {
		name := fmt.Sprintf("sandman-%d", i)
		sh, hash := s.shard(name)
		if s.sandmen[sh] != "" {
			continue
		}
		s.sandmen[sh] = name
		_ = sh.update(name, hash, nil, func(credits.State, []credits.Entry) (credits.Change, error) {
			return credits.Change{Entries: []credits.Entry{{Account: name, Seq: 1, ID: "born"}}}, nil
		})
	}
	return s
}

// Update implements credits.Store.
func (s *Drowsy) Update(ctx context.Context, account string, ids []string, decide credits.Decision) error {
	sh, _ := s.shard(account)
	defer s.sleep(sh)
	return s.Store.Update(ctx, account, ids, decide)
}

// sleep wakes a shard's sandman.
func (s *Drowsy) sleep(sh *shard) {
	_, hash := s.shard(s.sandmen[sh])
	_ = sh.update(s.sandmen[sh], hash, nil, func(credits.State, []credits.Entry) (credits.Change, error) {
		return credits.Change{}, nil
	})
}

// NewAwake returns an empty store with that many accounts awake per shard at most.
func NewAwake(most int) *Store { return newStore(most, mostAsleep) }

// MostAwake is how many accounts of a shard are awake at most.
const MostAwake = mostAwake

// Neighbours returns the names of n accounts of one shard, of which there may be none
// yet.
func (s *Store) Neighbours(n int) []string {
	first, _ := s.shard("ada")
	names := []string{"ada"}
	for i := 0; len(names) < n; i++ {
		name := fmt.Sprintf("neighbour-%d", i)
		if sh, _ := s.shard(name); sh == first {
			names = append(names, name)
		}
	}
	return names
}

// Awake returns those of the accounts that are awake.
func (s *Store) Awake(names []string) (awake []string) {
	for _, name := range names {
		sh, hash := s.shard(name)
		if number, known := sh.number(name, hash); known && sh.places[number].asleep == "" {
			awake = append(awake, name)
		}
	}
	return awake
}

// Lookalikes returns two IDs that an account's index cannot tell apart but by looking at
// the entries.
func (s *Store) Lookalikes(account string) (a, b string) {
	sh, hash := s.shard(account)
	return alike("id", func(id string) uint64 { return uint64(sh.index.tag(hash, id)) })
}

// Namesakes returns two accounts that a shard cannot tell apart but by their names.
func (s *Store) Namesakes() (a, b string) {
	return alike("account", func(name string) uint64 {
		_, hash := s.shard(name)
		return hash>>32<<8 | hash%shards
	})
}

// Twins returns two accounts of a shard whose entries of one ID its index cannot tell
// apart but by looking at them.
func (s *Store) Twins() (a, b string) {
	return alike("account", func(name string) uint64 {
		sh, hash := s.shard(name)
		return uint64(sh.index.tag(hash, "id"))<<8 | hash%shards
	})
}

// alike returns two names of one hash.
func alike(prefix string, hash func(name string) uint64) (a, b string) {
	names := make(map[uint64]int)
	for i := 0; ; i++ {
		b = fmt.Sprint(prefix, "-", i)
		if first, found := names[hash(b)]; found {
			return fmt.Sprint(prefix, "-", first), b
		}
		names[hash(b)] = i
	}
}

// Dream puts an account to sleep, and wakes it in the place of another.
func Dream(s, other credits.State) credits.State {
	w := encoder{}
	w.account(&account{state: s, history: history{1, 2, 1 << 40}})
	r := decoder{rest: string(w.bytes), texts: new(texts)}
	a := account{state: other.Clone(), history: history{3}}
	r.account(&a)
	if r.rest != "" || fmt.Sprint(a.history) != "[1 2 1099511627776]" {
		panic(fmt.Sprintf("%d bytes are left, and the history is %v", len(r.rest), a.history))
	}
	return a.state
}
