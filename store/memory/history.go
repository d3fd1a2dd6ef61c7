package memory

import (
	"math/bits"
	"slices"
	"time"

	"github.com/scriphq/scrip/credits"
)

// history is where an account's entries are: at k, the position of the last one whose
// Seq is a multiple of 8^k. The rest of it is in the log: the record of an entry has a
// link to the entry with the Seq before it; where its Seq is a multiple of 8, also to
// that 8 before it, of 64, that 64 before it, and so on. So any entry is a few steps
// away, however many there are, and an account's history takes no memory but the
// links, of four or five bytes.
type history []position

// stepBits is how many bits of a Seq a level of links skips.
const stepBits = 3

// levels returns how many links beyond the first the entry with that Seq has.
func levels(seq int64) int { return bits.TrailingZeros64(uint64(seq)) / stepBits }

// step returns how far the links of a level reach.
func step(level int) int64 { return 1 << (level * stepBits) }

// link returns the next entry's link of a level.
func (h history) link(level int) link {
	if level < len(h) {
		return linkTo(h[level])
	}
	return 0
}

// add notes where the next entry is.
func (h *history) add(seq int64, at position) {
	for level := range levels(seq) + 1 {
		if level == len(*h) {
			*h = append(*h, at)
		} else {
			(*h)[level] = at
		}
	}
}

// past reads an account's history as it was at one moment. Records never change, so
// that it needs no lock.
type past struct {
	log     log
	history history
	last    int64 // Seq
}

// past returns an account's past.
func (sh *shard) past(name string, hash uint64) past {
	sh.mu.Lock()
	number, known := sh.number(name, hash)
	if !known {
		sh.mu.Unlock()
		return past{}
	}
	p := past{log: sh.log.view()}
	asleep := sh.places[number].asleep
	if asleep == "" {
		a := sh.awakeAt(&sh.places[number])
		p.history, p.last = slices.Clone(a.history), a.state.Seq
		sh.mu.Unlock()
		return p
	}
	sh.mu.Unlock()
	r := decoder{rest: asleep}
	r.text()
	p.history, p.last = r.history(nil), r.number()
	return p
}

// first returns the Seq and position of the first entry that since holds for, where
// it holds for all later ones too; of none, the Seq after the last.
func (p *past) first(since func(seq int64, at position) bool) (seq int64, at position) {
	level := len(p.history) - 1
	for ; level >= 0; level-- {
		seq, at = p.last&^(step(level)-1), p.history[level]
		if since(seq, at) {
			break
		}
	}
	if level < 0 {
		return p.last + 1, 0
	}
	for ; level >= 0; level-- {
		for seq > step(level) {
			before := linkAt(p.log.at(at), level).position()
			if !since(seq-step(level), before) {
				break
			}
			seq, at = seq-step(level), before
		}
	}
	return seq, at
}

// firstAt returns the Seq of the first entry at or after an instant. At never
// decreases with Seq.
func (p *past) firstAt(t time.Time) int64 {
	seq, _ := p.first(func(_ int64, at position) bool { return !recordedAt(p.log.at(at)).Before(t) })
	return seq
}

// window is what is left of a query to look at: Seqs from first to last.
type window struct{ first, last int64 }

func (w window) empty() bool { return w.first > w.last }

// window returns the Seqs that a query can select.
func (p *past) window(q *credits.Query) window {
	w := window{first: max(0, min(q.After, p.last)) + 1, last: p.last}
	if q.Before > 0 {
		w.last = min(w.last, q.Before-1)
	}
	if !q.From.IsZero() {
		w.first = max(w.first, p.firstAt(q.From))
	}
	if !q.To.IsZero() {
		w.last = min(w.last, p.firstAt(q.To)-1)
	}
	return w
}

// pageSize is how many entries a reader finds at a time: each page of the oldest
// first has to be found from its last entry backwards.
const pageSize = 64

// page returns the records of the next few Seqs of a window, and the rest of it.
func (p *past) page(w window, newestFirst bool) ([][]byte, window) {
	if w.empty() {
		return nil, w
	}
	now := w
	if newestFirst {
		now.first = max(w.first, w.last-pageSize+1)
		w.last = now.first - 1
	} else {
		now.last = min(w.last, w.first+pageSize-1)
		w.first = now.last + 1
	}
	_, at := p.first(func(seq int64, _ position) bool { return seq >= now.last })
	page := make([][]byte, 0, pageSize)
	for range now.last - now.first + 1 {
		record := p.log.at(at)
		page = append(page, record)
		at = linkAt(record, 0).position()
	}
	if !newestFirst {
		slices.Reverse(page)
	}
	return page, w
}
