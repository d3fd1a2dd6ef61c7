package storetest

import (
	"maps"
	"time"

	"github.com/scriphq/scrip/credits"
)

// statement is what the entries of a period come to.
func (a *modelAccount) statement(from, to time.Time) credits.Statement {
	s := credits.Statement{Account: a.name, From: from, To: to, ByKind: map[credits.Kind]credits.Amount{}}
	usage := map[string]credits.FeatureUsage{}
	for _, e := range a.entries {
		if e.at.Before(from) {
			s.Opening = credits.Micros(e.balance)
			s.Closing = s.Opening
			continue
		}
		if !e.at.Before(to) {
			break
		}
		s.Entries++
		s.Closing = credits.Micros(e.balance)
		s.ByKind[e.kind] = credits.Micros(s.ByKind[e.kind].Micros() + e.amount)
		u := usage[e.feature]
		u.Feature = e.feature
		switch e.kind {
		case credits.KindSpend, credits.KindCapture:
			u.Uses++
			u.Spent = credits.Micros(u.Spent.Micros() - e.amount)
		case credits.KindRefund:
			u.Refunded = credits.Micros(u.Refunded.Micros() + e.amount)
		default:
			continue
		}
		usage[e.feature] = u
	}
	for _, feature := range []string{"", "image", "music"} {
		if u, used := usage[feature]; used {
			s.Usage = append(s.Usage, u)
		}
	}
	return s
}

// revenue is what was earned in a period, by currency. What comes to nothing is left
// out.
func (a *modelAccount) revenue(from, to time.Time) map[string]credits.Revenue {
	sums := map[string]credits.Revenue{}
	for _, i := range a.income {
		if i.at.Before(from) || !i.at.Before(to) || i.currency == "" {
			continue
		}
		sum := sums[i.currency]
		switch {
		case i.kind == credits.KindSpend || i.kind == credits.KindCapture || i.kind == credits.KindRefund:
			sum.Earned += i.minor
		case i.kind == credits.KindEnd || i.kind == credits.KindRevoke && i.kept:
			sum.Breakage += i.minor
		case i.kind == credits.KindRevoke:
			sum.Returned += i.minor
		}
		sums[i.currency] = sum
	}
	maps.DeleteFunc(sums, func(_ string, r credits.Revenue) bool { return r == credits.Revenue{} })
	return sums
}
