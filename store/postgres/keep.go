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
	most  int         // records; zero: it keeps nothing
	makes atomic.Bool // most accounts that it did not have, lately, there were not

	mu         sync.Mutex
	young, old map[string]*kept // those used lately, and those used before
	size       int              // of young, in records
}

// kept is an account as a keeper has it.
type kept struct {
	state   credits.State
	written int64
	alone   bool // nobody else wrote it between this store's last two updates
	size    int  // in records
}

// maxKept bounds a keeper, in records, to about 10 MB.
const maxKept = 16 * 1024

// get returns an account that is kept, or nil. It is for who has the account's next
// update, and nobody else meanwhile.
func (k *keeper) get(account string) *kept {
	k.mu.Lock()
	defer k.mu.Unlock()
	found := k.young[account]
	if found == nil {
		if found = k.old[account]; found != nil {
			k.add(account, found)
		}
	}
	return found
}

// keep takes over what an account was read as, with what was written.
func (k *keeper) keep(a *account) {
	if k.most == 0 {
		return
	}
	name := a.read.Account
	of := k.get(name)
	if of == nil {
		of = &kept{alone: true}
	} else {
		of.alone = versionOf(&of.state, of.written) == versionOf(&a.read, a.written)
	}
	a.read.Apply(a.touched)
	of.state, of.written = a.read, a.wrote
	k.mu.Lock()
	defer k.mu.Unlock()
	k.add(name, of)
}

// add puts an account among the young. When these are too many, they are the old.
func (k *keeper) add(account string, of *kept) {
	if k.young[account] != nil {
		k.size -= of.size
	}
	of.size = 1 + len(of.state.Lots) + len(of.state.Holds) + len(of.state.Terms) + len(of.state.Allowances)
	if k.young == nil || k.size+of.size > k.most {
		k.young, k.old, k.size = make(map[string]*kept), k.young, 0
	}
	k.young[account] = of
	k.size += of.size
}
