package memory

import (
	"fmt"
	"hash/maphash"
	"strings"
	"sync/atomic"

	"github.com/scriphq/scrip/expiry"
)

// texts knows what the texts of policies, spans and rollovers mean. A service has few
// of them, in nearly every lot.
type texts struct {
	policies  meanings[expiry.Policy]
	spans     meanings[expiry.Span]
	rollovers meanings[expiry.Rollover]
}

func (t *texts) policy(text string) expiry.Policy {
	return t.policies.of(text, expiry.Parse)
}

func (t *texts) span(text string) expiry.Span {
	return t.spans.of(text, expiry.ParseSpan)
}

func (t *texts) rollover(text string) expiry.Rollover {
	return t.rollovers.of(text, expiry.ParseRollover)
}

// meanings remembers what texts mean, each in a slot of its own; two that want the same
// push each other out. So what it takes is bounded, and readers need no lock, in
// whichever shard they are.
type meanings[T any] struct {
	slots [256]atomic.Pointer[meaning[T]]
}

type meaning[T any] struct {
	text  string
	value T
}

var textSeed = maphash.MakeSeed()

// of returns what a text that came from a value means. The empty text means the zero
// value.
func (m *meanings[T]) of(text string, parse func(string) (T, error)) (value T) {
	if text == "" {
		return value
	}
	slot := &m.slots[maphash.String(textSeed, text)%uint64(len(m.slots))]
	if known := slot.Load(); known != nil && known.text == text {
		return known.value
	}
	value, err := parse(text)
	if err != nil {
		panic(fmt.Sprintf("memory: broken invariant: stored text %q: %v", text, err))
	}
	slot.Store(&meaning[T]{strings.Clone(text), value})
	return value
}
