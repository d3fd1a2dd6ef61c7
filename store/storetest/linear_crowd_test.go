package storetest

import (
	"errors"
	"testing"

	"github.com/scriphq/scrip/credits"
)

// TestACrowdDoesEverything counts what comes of a crowd's calls: a rule that is
// never met is not checked.
func TestACrowdDoesEverything(t *testing.T) {
	count := make(map[string]int)
	for seed := range uint64(8) {
		crowd := newCrowd(newShelf(), seed)
		calls := crowd.run(t.Context())
		for i := range calls {
			for _, what := range kindsOf(calls, i) {
				count[what]++
			}
		}
		histories, err := crowd.histories(t.Context(), calls)
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range histories {
			for _, e := range h.entries {
				count["entry "+string(e.Kind)]++
			}
		}
	}
	for what, least := range map[string]int{
		"overlap": 300, "unknown": 200, "replayed": 100, "cancelled": 20, "read": 200, "clock moved": 100,
		"insufficient": 30, "frozen": 4, "closed": 50, "not found": 50, "ID reused": 20, "invalid": 10,
		"entry grant": 200, "entry spend": 150, "entry reserve": 80, "entry extend": 4, "entry capture": 20,
		"entry release": 5, "entry refund": 20, "entry revoke": 10, "entry renew": 15, "entry allow": 20,
		"entry amend": 6, "entry configure": 12, "entry end": 40, "entry lapse": 40, "entry rollover": 4, "entry transfer": 15,
	} {
		if count[what] < least {
			t.Errorf("crowds = %d x %s, want at least %d", count[what], what, least)
		}
	}
}

// kindsOf names what a call shows.
func kindsOf(calls []call, i int) []string {
	c := &calls[i]
	var all []string
	for name, is := range map[string]bool{
		"unknown": c.unknown(), "replayed": c.replayed(), "read": c.id == "" && c.answer.err == nil,
		"cancelled": c.id != "" && !c.observed() && !c.wrote() && !c.unknown(),
		"overlap":   overlaps(calls, i), "clock moved": len(c.clock) > 1,
	} {
		if is {
			all = append(all, name)
		}
	}
	for name, sentinel := range map[string]error{
		"insufficient": credits.ErrInsufficient, "frozen": credits.ErrFrozen, "closed": credits.ErrClosed,
		"not found": credits.ErrNotFound, "ID reused": credits.ErrIDReused, "invalid": credits.ErrInvalid,
	} {
		if errors.Is(c.answer.err, sentinel) {
			all = append(all, name)
		}
	}
	return all
}

// overlaps reports whether another call of the account was under way.
func overlaps(calls []call, i int) bool {
	for j := range calls {
		if j != i && calls[j].account == calls[i].account && calls[j].invoked < calls[i].returned && calls[i].invoked < calls[j].returned {
			return true
		}
	}
	return false
}
