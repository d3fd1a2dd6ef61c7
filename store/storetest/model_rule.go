package storetest

import (
	"fmt"
	"time"

	"github.com/scriphq/scrip/expiry"
)

// modelRule is a validity policy as the model knows it: it makes the policy that
// goes into a command, and works out ends by itself, with a calendar of its own.
// The zero value is none.
type modelRule struct {
	kind  string
	n     int
	at    time.Time
	parts []modelRule
}

// modelIssuance is what a rule may ask about a lot. A zero instant is absent.
type modelIssuance struct{ start, since, until, periodEnd time.Time }

// window returns the end of what is issued, zero for never, and whether there is
// an end at all: one that is not after the start is none.
func (r modelRule) window(i modelIssuance) (end time.Time, ok bool) {
	end, ok = r.end(i)
	return end, ok && (end.IsZero() || end.After(i.start))
}

func (r modelRule) end(i modelIssuance) (end time.Time, ok bool) {
	switch r.kind {
	case "permanent":
		return time.Time{}, true
	case "days":
		return i.start.Add(time.Duration(r.n) * 24 * time.Hour), true
	case "months":
		return monthsAfter(i.start, r.n), true
	case "end of period":
		return i.periodEnd, !i.periodEnd.IsZero()
	case "while subscribed":
		return i.until, !i.until.IsZero()
	case "purchased before":
		return r.branch(i).end(i)
	case "earliest", "latest":
		return r.ofParts(i)
	}
	panic("no such rule: " + r.kind)
}

// branch chooses by the term's first purchase, or else by the start.
func (r modelRule) branch(i modelIssuance) modelRule {
	purchase := i.since
	if purchase.IsZero() {
		purchase = i.start
	}
	if purchase.Before(r.at) {
		return r.parts[0]
	}
	return r.parts[1]
}

// ofParts takes the first or the last of the parts' ends, where never is after
// every instant.
func (r modelRule) ofParts(i modelIssuance) (chosen time.Time, ok bool) {
	for n, part := range r.parts {
		end, ok := part.end(i)
		if !ok {
			return time.Time{}, false
		}
		sooner := !end.IsZero() && (chosen.IsZero() || end.Before(chosen))
		if n == 0 || sooner == (r.kind == "earliest") {
			chosen = end
		}
	}
	return chosen, true
}

// followsTerm reports whether a renewal may move the end.
func (r modelRule) followsTerm() bool {
	if r.kind == "while subscribed" {
		return true
	}
	for _, part := range r.parts {
		if part.followsTerm() {
			return true
		}
	}
	return false
}

// policy makes the library's form of the rule.
func (r modelRule) policy() expiry.Policy {
	var parts []expiry.Policy
	for _, part := range r.parts {
		parts = append(parts, part.policy())
	}
	switch r.kind {
	case "permanent":
		return expiry.Permanent()
	case "days":
		return expiry.Days(r.n)
	case "months":
		return expiry.Months(r.n)
	case "end of period":
		return expiry.EndOfPeriod()
	case "while subscribed":
		return expiry.WhileSubscribed()
	case "purchased before":
		return expiry.PurchasedBefore(r.at, parts[0], parts[1])
	case "earliest":
		return expiry.Earliest(parts[0], parts[1])
	case "latest":
		return expiry.Latest(parts[0], parts[1])
	}
	panic(fmt.Sprintf("no such rule: %+v", r))
}

// monthsAfter counts the months on one by one, and then goes back to the day of
// the month, or to the last one there is.
func monthsAfter(t time.Time, n int) time.Time {
	year, month, day := t.Year(), int(t.Month()), t.Day()
	for range n {
		if month++; month == 13 {
			year, month = year+1, 1
		}
	}
	return time.Date(year, time.Month(month), min(day, monthLength(year, month)),
		t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
}

func monthLength(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}
