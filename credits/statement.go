package credits

import (
	"cmp"
	"context"
	"slices"
	"time"
)

// Statement sums up an account's entries of a period. Closing = Opening + the sum
// of ByKind.
type Statement struct {
	Account  string
	From, To time.Time       // the entries with From <= At < To
	Opening  Amount          // the balance before the first of them
	Closing  Amount          // the balance after the last of them
	Entries  int             // how many there are
	ByKind   map[Kind]Amount // the change of the balance; kinds that did not occur are absent
	Usage    []FeatureUsage  // by feature, in ascending order
}

// FeatureUsage is what a feature used in a period. Refunds count in the period
// they were made in.
type FeatureUsage struct {
	Feature  string
	Uses     int    // spends and captures
	Spent    Amount // by them
	Refunded Amount
}

// Net returns what was spent less what was refunded; negative where more was
// refunded, of uses before the period.
func (u FeatureUsage) Net() Amount { return u.Spent.minus(u.Refunded) }

// Statement sums up the entries with from <= At < to, those included that came
// due and are not recorded yet. Its cost grows with these entries. Errors:
// [ErrInvalid] for the account's name, an instant, or a period that ends before it
// starts; [ErrOverflow] for a sum beyond [MaxCredits]; the store's own.
func (l *Ledger) Statement(ctx context.Context, account string, from, to time.Time) (Statement, error) {
	if err := checkPeriod(&from, &to); err != nil {
		return Statement{}, err
	}
	s := Statement{Account: account, From: from, To: to, ByKind: make(map[Kind]Amount)}
	for entry, err := range l.History(ctx, Query{Account: account, To: from, NewestFirst: true, Limit: 1}) {
		if err != nil {
			return Statement{}, err
		}
		s.Opening = entry.Balance
	}
	s.Closing = s.Opening
	features := make(map[string]*FeatureUsage)
	for entry, err := range l.History(ctx, Query{Account: account, From: from, To: to}) {
		if err != nil {
			return Statement{}, err
		}
		if err := s.add(&entry, features); err != nil {
			return Statement{}, err
		}
	}
	for _, usage := range features {
		s.Usage = append(s.Usage, *usage)
	}
	slices.SortFunc(s.Usage, func(a, b FeatureUsage) int { return cmp.Compare(a.Feature, b.Feature) })
	return s, nil
}

// add adds an entry to the sums.
func (s *Statement) add(e *Entry, features map[string]*FeatureUsage) error {
	sum, err := s.ByKind[e.Kind].Add(e.Amount)
	if err != nil {
		return err
	}
	s.Entries++
	s.Closing, s.ByKind[e.Kind] = e.Balance, sum
	return count(features, e)
}

// count adds an entry to the usage of its feature.
func count(features map[string]*FeatureUsage, e *Entry) (err error) {
	if e.Kind != KindSpend && e.Kind != KindCapture && e.Kind != KindRefund {
		return nil
	}
	usage := features[e.Feature]
	if usage == nil {
		usage = &FeatureUsage{Feature: e.Feature}
		features[e.Feature] = usage
	}
	if e.Kind == KindRefund {
		usage.Refunded, err = usage.Refunded.Add(e.Amount)
		return err
	}
	usage.Uses++
	usage.Spent, err = usage.Spent.Sub(e.Amount)
	return err
}

// checkPeriod checks and cuts the two ends of a period.
func checkPeriod(from, to *time.Time) error {
	if from.IsZero() || to.IsZero() {
		return &InvalidError{Field: "period", Reason: "is missing its start or its end"}
	}
	if err := cutInstants("from", from, "to", to); err != nil {
		return err
	}
	if to.Before(*from) {
		return &InvalidError{Field: "period", Reason: "ends before it starts"}
	}
	return nil
}
