package credits_test

import (
	"fmt"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/scriphq/scrip/expiry"
)

// modelRule is a validity policy as the model knows it: it makes the policy that
// goes into a command, and works out ends by itself, with a calendar of its own.
// Everything is in UTC.
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
	case "hours":
		return i.start.Add(time.Duration(r.n) * time.Hour), true
	case "days":
		return i.start.Add(time.Duration(r.n) * 24 * time.Hour), true
	case "weeks":
		return i.start.Add(time.Duration(r.n) * 7 * 24 * time.Hour), true
	case "months":
		return modelMonthsAfter(i.start, r.n), true
	case "years":
		return modelMonthsAfter(i.start, 12*r.n), true
	case "until":
		return modelCut(r.at), true
	case "end of day":
		return modelMidnight(i.start).Add(24 * time.Hour), true
	case "end of month":
		first := modelMidnight(i.start).Add(-time.Duration(i.start.Day()-1) * 24 * time.Hour)
		return modelMonthsAfter(first, 1), true
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

func (r modelRule) branch(i modelIssuance) modelRule {
	purchase := i.since
	if purchase.IsZero() {
		purchase = i.start
	}
	if purchase.Before(modelCut(r.at)) {
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

// policy makes the library's form of the rule.
func (r modelRule) policy() expiry.Policy {
	parts := make([]expiry.Policy, len(r.parts))
	for i, part := range r.parts {
		parts[i] = part.policy()
	}
	switch r.kind {
	case "permanent":
		return expiry.Permanent()
	case "hours":
		return expiry.Hours(r.n)
	case "days":
		return expiry.Days(r.n)
	case "weeks":
		return expiry.Weeks(r.n)
	case "months":
		return expiry.Months(r.n)
	case "years":
		return expiry.Years(r.n)
	case "until":
		return expiry.Until(r.at)
	case "end of day":
		return expiry.EndOfDay()
	case "end of month":
		return expiry.EndOfMonth()
	case "end of period":
		return expiry.EndOfPeriod()
	case "while subscribed":
		return expiry.WhileSubscribed()
	case "purchased before":
		return expiry.PurchasedBefore(r.at, parts[0], parts[1])
	case "earliest":
		return expiry.Earliest(parts[0], parts[1], parts[2:]...)
	case "latest":
		return expiry.Latest(parts[0], parts[1], parts[2:]...)
	}
	panic("no such rule: " + r.kind)
}

// String tells two rules apart exactly when they are different policies.
func (r modelRule) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s", r.kind)
	if r.n != 0 {
		fmt.Fprintf(&b, " %d", r.n)
	}
	if !r.at.IsZero() {
		fmt.Fprintf(&b, " %s", modelCut(r.at).Format(time.RFC3339Nano))
	}
	if len(r.parts) > 0 {
		fmt.Fprintf(&b, "%v", r.parts)
	}
	return b.String()
}

// modelCut is an instant as accounts keep it.
func modelCut(t time.Time) time.Time {
	t = t.UTC()
	return t.Add(-time.Duration(t.Nanosecond() % 1000))
}

func modelMidnight(t time.Time) time.Time {
	return t.Add(-time.Duration(t.Hour())*time.Hour - time.Duration(t.Minute())*time.Minute -
		time.Duration(t.Second())*time.Second - time.Duration(t.Nanosecond()))
}

// modelMonthsAfter counts the months on one by one, and then goes back to the
// day of the month, or to the last one there is.
func modelMonthsAfter(t time.Time, n int) time.Time {
	year, month, day := t.Year(), int(t.Month()), t.Day()
	for range n {
		if month++; month == 13 {
			year, month = year+1, 1
		}
	}
	return time.Date(year, time.Month(month), min(day, modelMonthLength(year, month)),
		t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
}

func modelMonthLength(year, month int) int {
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

// drawRule draws a rule, of which about a third asks for a term. instant draws
// the instants in it.
func drawRule(t *rapid.T, depth int, instant func() time.Time) modelRule {
	kinds := []string{
		"permanent", "hours", "days", "while subscribed", "until", "weeks", "months", "years",
		"while subscribed", "end of day", "end of month", "end of period",
	}
	if depth > 0 {
		kinds = append(kinds, "earliest", "latest", "purchased before")
	}
	r := modelRule{kind: rapid.SampledFrom(kinds).Draw(t, "rule")}
	switch r.kind {
	case "hours", "days", "weeks", "months", "years":
		r.n = rapid.IntRange(1, 3).Draw(t, "n")
	case "until", "purchased before":
		r.at = instant()
	}
	switch r.kind {
	case "purchased before":
		r.parts = []modelRule{drawRule(t, depth-1, instant), drawRule(t, depth-1, instant)}
	case "earliest", "latest":
		for range rapid.IntRange(2, 3).Draw(t, "parts") {
			r.parts = append(r.parts, drawRule(t, depth-1, instant))
		}
	}
	return r
}

// drawTermRule draws a rule that asks for a term: shapes that outlive it, or
// that another first purchase would change.
func drawTermRule(t *rapid.T, instant func() time.Time) modelRule {
	subscribed := modelRule{kind: "while subscribed"}
	other := drawRule(t, 0, instant)
	switch rapid.IntRange(0, 5).Draw(t, "shape") {
	case 0:
		return modelRule{kind: "latest", parts: []modelRule{subscribed, other}}
	case 1:
		return modelRule{kind: "earliest", parts: []modelRule{other, subscribed}}
	case 2:
		return modelRule{kind: "purchased before", at: instant(), parts: []modelRule{subscribed, other}}
	case 3:
		return modelRule{kind: "purchased before", at: instant(), parts: []modelRule{
			other, {kind: "earliest", parts: []modelRule{subscribed, drawRule(t, 0, instant)}},
		}}
	}
	return subscribed
}
