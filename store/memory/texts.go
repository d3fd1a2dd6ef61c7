package memory

import (
	"fmt"
	"maps"
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

// mostMeanings is how many texts of a kind are known at most: where each lot has
// another, such as an instant, they are not worth their memory.
const mostMeanings = 64

// meanings is a table of texts that is never written to: who finds another text makes
// a new table. So readers need no lock, in whichever shard they are.
type meanings[T any] struct{ known atomic.Pointer[map[string]T] }

// of returns what a text that came from a value means. The empty text means the zero
// value.
func (m *meanings[T]) of(text string, parse func(string) (T, error)) (value T) {
	if text == "" {
		return value
	}
	known := m.known.Load()
	if known != nil {
		if value, found := (*known)[text]; found {
			return value
		}
	}
	value, err := parse(text)
	if err != nil {
		panic(fmt.Sprintf("memory: broken invariant: stored text %q: %v", text, err))
	}
	m.learn(known, strings.Clone(text), value)
	return value
}

// learn adds a text to those known, or begins anew where they are many. Where another
// did so meanwhile, the text will come again.
func (m *meanings[T]) learn(known *map[string]T, text string, value T) {
	more := make(map[string]T)
	if known != nil && len(*known) < mostMeanings {
		maps.Copy(more, *known)
	}
	more[text] = value
	m.known.CompareAndSwap(known, &more)
}
