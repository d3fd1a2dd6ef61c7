package memory

import "github.com/scriphq/scrip/credits"

// account is one account that is awake: its open state as Go values, and where its
// history is. Accounts that nobody updates fall asleep: they are kept encoded, as a
// text, which takes a tenth of the memory and of which the garbage collector looks at
// one pointer. Only an Update wakes an account; a reader decodes it for itself.
type account struct {
	state   credits.State
	history history
	number  int  // within the shard, from 0
	used    bool // updated again since it woke, or since the hand passed
}

// nobody is the number of an account that is not there: its place is free.
const nobody = -1

// mostAwake is how many accounts of a shard are awake at most: 16384 in all, whose
// spends cost no decoding, in 30 MB with three lots each. Spends from so many more that
// none of them is in a cache cost about the same from accounts that are asleep.
//
// Large accounts, which would take long to wake, are awake for ever, and not counted.
const mostAwake = 64

// wake returns the account with that number, awake.
func (sh *shard) wake(number int) *account {
	p := &sh.places[number]
	if p.asleep == "" {
		a := sh.awakeAt(p)
		a.used = true
		return a
	}
	at := sh.vacate()
	a := &sh.awake[at]
	r := decoder{rest: p.asleep, texts: sh.texts}
	r.account(a)
	a.number, a.used = number, false
	p.asleep, p.awake = "", int32(at)
	return a
}

// awakeAt returns the account of a place, which is awake.
func (sh *shard) awakeAt(p *place) *account {
	if p.awake < 0 {
		return sh.large[^p.awake]
	}
	return &sh.awake[p.awake]
}

// vacate returns a place for an account to be awake in: a new one, or that of the
// first, from the hand on, that was not used again since the hand came by. What is
// in it is asleep, or among the large, and its memory there to be used again.
func (sh *shard) vacate() int {
	if len(sh.awake) < sh.most {
		sh.awake = append(sh.awake, account{number: nobody})
		return len(sh.awake) - 1
	}
	for {
		at := sh.hand
		a := &sh.awake[at]
		sh.hand = (at + 1) % len(sh.awake)
		switch {
		case a.number == nobody: // who was to wake here did not
		case a.used:
			a.used = false
			continue
		case records(&a.state) > sh.small:
			sh.places[a.number].awake = ^int32(len(sh.large))
			sh.large = append(sh.large, new(*a))
			*a = account{}
		default:
			sh.sleep(a)
		}
		a.number = nobody
		return at
	}
}

// sleep keeps an account encoded.
func (sh *shard) sleep(a *account) {
	w := encoder{bytes: sh.scratch[:0]}
	w.account(a)
	sh.scratch = w.bytes
	sh.places[a.number].asleep = string(w.bytes)
}

// mostAsleep is how many open records an account that falls asleep has at most. Each
// takes 0.15 us to wake, and a spend is to cost the same however many lots are open.
const mostAsleep = 8

func records(s *credits.State) int {
	return len(s.Lots) + len(s.Holds) + len(s.Terms) + len(s.Allowances)
}

// fewLots is how many lots most accounts have at most.
const fewLots = 16

// reuse returns n zero records, in the memory of others if these are few.
func reuse[T any](records []T, n int) []T {
	if records == nil || cap(records) < n || cap(records) > fewLots {
		return make([]T, n)
	}
	records = records[:cap(records)]
	clear(records)
	return records[:n]
}
