package postgres

import (
	"sync"
	"sync/atomic"

	"github.com/scriphq/scrip/credits"
)

// keeper has the accounts of a lane as they were when it last read or wrote them, so
// that the next update can be decided without reading. That is a guess: it is written
// only where the account is still the same. An account that others write too is read
// each time, until they left it alone between two updates.
type keeper struct {
	most  int         // bytes, about, of the young and of the old; zero: it keeps nothing
	makes atomic.Bool // most accounts that it did not have, lately, there were not

	mu         sync.Mutex
	young, old map[string]*kept // those used lately, and those used before
	size       int              // of young, in bytes
	lost       map[string]int64 // the versions that guesses were sent for whose answers were lost
}

// kept is an account as a keeper has it.
type kept struct {
	state            credits.State
	version, written int64
	alone            bool // nobody else wrote it between this store's last two updates
	size             int  // in bytes, about
}

// maxKept bounds the young and the old of a keeper.
const maxKept = 8 << 20

// maxLost bounds the guesses that were lost: beyond, none are made until accounts of
// theirs are read.
const maxLost = 16 * 1024

// get returns an account that is kept, or nil. It is for who has the account's next
// update, and nobody else meanwhile.
func (k *keeper) get(account string) *kept {
	k.mu.Lock()
	defer k.mu.Unlock()
	found := k.remove(account)
	if found != nil {
		k.add(account, found)
	}
	return found
}

// keep takes over what an account was read as, with what was written. No guess that
// was lost can be written any more.
func (k *keeper) keep(a *account) {
	name := a.read.Account
	of := k.take(name)
	switch {
	case of == nil:
		of = &kept{alone: true, size: sizeOf(&a.read)}
	case !a.kept:
		of.alone, of.size = of.version == a.version, sizeOf(&a.read)
	}
	before := len(a.read.Lots)
	a.read.Apply(a.touched)
	if len(a.read.Lots) > before {
		of.size += sizeOf(&credits.State{Lots: a.touched.Lots})
	}
	of.state, of.version, of.written = a.read, a.version, a.wrote
	if a.done {
		of.version = a.next
	}
	if a.read.Seq > 0 && of.size <= k.most/4 { // a larger one would push out many
		k.mu.Lock()
		defer k.mu.Unlock()
		k.add(name, of)
	}
}

// take is get for who gives it back, and forgets the guess that was lost.
func (k *keeper) take(account string) *kept {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.lost, account)
	return k.remove(account)
}

// add puts an account among the young. When these are too many, they are the old.
func (k *keeper) add(account string, of *kept) {
	if k.young == nil || k.size+of.size > k.most {
		k.young, k.old, k.size = make(map[string]*kept), k.young, 0
	}
	k.young[account] = of
	k.size += of.size
}

func (k *keeper) remove(account string) *kept {
	if of := k.young[account]; of != nil {
		delete(k.young, account)
		k.size -= of.size
		return of
	}
	of := k.old[account]
	delete(k.old, account)
	return of
}

// lose notes that a guess for a version of an account may be written at any time.
func (k *keeper) lose(account string, version int64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.lost == nil {
		k.lost = make(map[string]int64)
	}
	k.lost[account] = version
}

// mayBeWritten reports whether a guess for this version of an account was lost.
func (k *keeper) mayBeWritten(account string, version int64) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	lost, found := k.lost[account]
	return found && lost == version
}

func (k *keeper) hasLostMany() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.lost) > maxLost
}

// lotSize and recordSize are what a lot, and any other record, takes at least, with
// the texts that it has in any case.
const (
	lotSize    = 400
	recordSize = 300
)

// sizeOf returns about how many bytes a state takes.
func sizeOf(s *credits.State) int {
	size := 2*recordSize + len(s.Lots)*lotSize + (len(s.Holds)+len(s.Terms)+len(s.Allowances))*recordSize
	for i := range s.Lots {
		size += sizeOfTexts(s.Lots[i].Features, s.Lots[i].Meta)
	}
	for i := range s.Allowances {
		size += sizeOfTexts(s.Allowances[i].Features, s.Allowances[i].Meta)
	}
	for i := range s.Holds {
		size += len(s.Holds[i].Parts)*recordSize/8 + len(s.Holds[i].Price.Explanation)
	}
	return size
}

func sizeOfTexts(list []string, meta map[string]string) (size int) {
	const header = 16
	for _, s := range list {
		size += header + len(s)
	}
	for key, value := range meta {
		size += 2*header + len(key) + len(value)
	}
	return size
}
