package credits_test

import (
	"testing"

	"github.com/scriphq/scrip/credits"
)

// Every kind of entry has its parts, its sign, and nothing of another kind's.
func TestVerifyFindsAnEntryWithTheWrongParts(t *testing.T) {
	one := credits.Micros(1)
	hold := &credits.Hold{ID: "x", Settled: true}
	lot := credits.Lot{ID: "x"}
	more := func(e *credits.Entry) { e.Amount = one }
	less := func(e *credits.Entry) { e.Amount = one.Neg() }
	of := func(e *credits.Entry) { e.Of = "x" }
	held := func(e *credits.Entry) { e.Hold = hold }
	unheld := func(e *credits.Entry) { e.Hold = nil }
	lots := func(e *credits.Entry) { e.Lots = append(e.Lots[:len(e.Lots):len(e.Lots)], lot) }
	lotless := func(e *credits.Entry) { e.Lots = nil }
	otherLot := func(e *credits.Entry) { e.Lots[0].ID = "x" }
	settled := func(e *credits.Entry) { e.Hold.Settled = true }
	open := func(e *credits.Entry) { e.Hold.Settled = false }
	named := func(e *credits.Entry) { e.ID = "x" }
	nothing := func(e *credits.Entry) { e.Amount = credits.Amount{} }
	const occurrence = "~allow/2026-03-10T09:30:00Z/plan"
	for id, wrong := range map[string]map[string]func(e *credits.Entry){
		"pack":     {"a hold": held, "nothing of an allowance": of, "no amount": nothing, "less than nothing": less, "no lot": lotless, "another lot": otherLot},
		occurrence: {"a hold": held, "no allowance": func(e *credits.Entry) { e.Of = "" }, "less than nothing": less, "no lot": lotless, "an ID of the caller's": named},
		"job":      {"more than nothing": more, "a hold": held, "a lot": lots, "something it is about": of},
		"hold":     {"more than nothing": more, "less than nothing": less, "no hold": unheld, "another hold": held, "something it is about": of},
		"extend":   {"more than nothing": more, "less than nothing": less, "no hold": unheld, "another hold": held, "an end of the hold": settled, "another subject": of},
		"capture":  {"more than nothing": more, "no hold": unheld, "another hold": held, "another subject": of},
		"release":  {"more than nothing": more, "less than nothing": less, "no hold": unheld, "another hold": held, "another subject": of, "an open hold": open},
		"refund":   {"nothing": nothing, "less than nothing": less, "a hold": held},
		"revoke":   {"more than nothing": more, "no lot": lotless, "two lots": lots, "another lot": otherLot},
		"amend": {
			"more than nothing": more, "less than nothing": less, "no lot": lotless, "two lots": lots, "another lot": otherLot,
			"a posting": func(e *credits.Entry) { e.Postings = []credits.Posting{{Lot: "pack"}} },
		},
		"sub":          {"more than nothing": more, "less than nothing": less, "something it is about": of, "no term": func(e *credits.Entry) { e.Term = nil }},
		"allow":        {"more than nothing": more, "less than nothing": less, "another subject": of, "no allowance": func(e *credits.Entry) { e.Allowance = nil }},
		"overdraft-10": {"more than nothing": more, "less than nothing": less},
		"gift":         {"nothing": nothing, "more than nothing, and no lot": func(e *credits.Entry) { e.Amount, e.Lots = one, nil }},
		"~lapse/hold/brief": {
			"more than nothing": more, "less than nothing": less, "an ID of the caller's": named, "no hold": unheld, "an open hold": open, "another subject": of,
		},
		"~end/old":          {"nothing": nothing, "more than nothing": more, "an ID of the caller's": named, "a lot": lots},
		"~rollover/1/rolls": {"more than nothing": more, "less than nothing": less, "an ID of the caller's": named, "no lot": lotless, "two lots": lots, "another lot": otherLot},
	} {
		b := lived(t)
		for name, spoil := range wrong {
			found := b.verify(entryOf(id, func(e *credits.Entry) {
				copied := e.Clone()
				spoil(&copied)
				*e = copied
			}))
			if !incomplete(found) {
				t.Errorf("Verify(%s with %s) = %v, want an entry whose parts are not those of its kind", id, name, found)
			}
		}
	}
}

func incomplete(found []credits.Discrepancy) bool {
	for _, d := range found {
		if d.Rule == credits.RuleEntry && d.What == "kind" {
			return true
		}
	}
	return false
}
