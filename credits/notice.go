package credits

import (
	"context"
	"errors"
	"iter"
	"slices"
	"sort"
	"time"
)

// Notice says that something happened which the service may want to act on. It
// is sent after the commit, by the process that committed.
type Notice struct {
	Kind    NoticeKind
	Account string

	// Seq is the entry that made it so: with Kind and Threshold it identifies the
	// crossing, for a consumer that must act once. Zero for NoticeRefused, which
	// no entry records.
	Seq int64
	At  time.Time

	Balance   Amount // after the entry
	Threshold Amount // for NoticeLow
	Lot       string // for NoticeEnded and NoticeEndingSoon
	Amount    Amount // what ended, will end, or was missing
	Feature   string // for NoticeRefused
}

// NoticeKind says what a notice is about.
type NoticeKind string

const (
	// NoticeLow: the balance fell from a threshold or more to less. It comes
	// again only after the balance was at the threshold or above it.
	NoticeLow NoticeKind = "low"
	// NoticeDepleted: the balance fell from more than zero to zero or less.
	NoticeDepleted NoticeKind = "depleted"
	// NoticeRefused: a command was refused for want of credits.
	NoticeRefused NoticeKind = "refused"
	// NoticeEnded: a lot ended with something in it.
	NoticeEnded NoticeKind = "ended"
	// NoticeEndingSoon: a lot that ends within Options.EndingSoon. It is sent by
	// the first write to the account in that time; Balance.Ends tells of dormant
	// accounts.
	NoticeEndingSoon NoticeKind = "ending soon"
)

// notify sends what an operation gave rise to. It runs outside any lock.
func (l *Ledger) notify(ctx context.Context, notices []Notice) {
	for _, notice := range notices {
		l.options.Notify(ctx, notice)
	}
}

// notices works out what a change gives rise to, from the state before it.
func (l *Ledger) notices(before *State, c *Change) []Notice {
	if l.options.Notify == nil {
		return nil
	}
	var all []Notice
	for i := range c.Entries {
		all = l.crossings(all, &c.Entries[i])
	}
	if l.options.EndingSoon > 0 && !c.IsZero() {
		all = l.endingSoon(all, before, c)
	}
	return all
}

// crossings appends the notices of one entry. They follow from the entry alone.
func (l *Ledger) crossings(all []Notice, e *Entry) []Notice {
	was := e.Balance.minus(e.Amount)
	notice := Notice{Account: e.Account, Seq: e.Seq, At: e.At, Balance: e.Balance}
	for _, threshold := range l.options.Low {
		if !was.Less(threshold) && e.Balance.Less(threshold) {
			low := notice
			low.Kind, low.Threshold = NoticeLow, threshold
			all = append(all, low)
		}
	}
	if was.Sign() > 0 && e.Balance.Sign() <= 0 {
		depleted := notice
		depleted.Kind = NoticeDepleted
		all = append(all, depleted)
	}
	if e.Kind == KindEnd {
		ended := notice
		ended.Kind, ended.Lot, ended.Amount = NoticeEnded, e.Of, e.Amount.Neg()
		all = append(all, ended)
	}
	return all
}

// endingSoon appends the lots whose end came near between the account's last
// entry and this change, in the drawdown order.
func (l *Ledger) endingSoon(all []Notice, before *State, c *Change) []Notice {
	last := &c.Entries[len(c.Entries)-1]
	told, now := before.At.Add(l.options.EndingSoon), last.At.Add(l.options.EndingSoon)
	var lots []*Lot
	for lot := range before.ending(told, now) {
		if findLot(c.Lots, lot.ID) < 0 {
			lots = append(lots, lot)
		}
	}
	for i := range c.Lots {
		lot := &c.Lots[i]
		if lot.End.IsZero() || lot.Available.IsZero() || lot.End.After(now) {
			continue
		}
		old := before.lot(lot.ID)
		known := old >= 0 && before.Lots[old].Available.Sign() > 0 && before.Lots[old].End.Equal(lot.End) && !lot.End.After(told)
		if !known {
			lots = append(lots, lot)
		}
	}
	slices.SortFunc(lots, (*Lot).Compare)
	for _, lot := range lots {
		all = append(all, Notice{
			Kind: NoticeEndingSoon, Account: last.Account, Seq: last.Seq, At: last.At,
			Balance: last.Balance, Lot: lot.ID, Amount: lot.Available,
		})
	}
	return all
}

// ending yields the lots that have something to spend and end after an instant, but
// not after another.
func (s *State) ending(after, until time.Time) iter.Seq[*Lot] {
	return func(yield func(*Lot) bool) {
		for i := 0; i < len(s.Lots); {
			next := s.nextRank(i)
			i += sort.Search(next-i, func(n int) bool { return compareEnds(s.Lots[i+n].End, after) > 0 })
			for ; i < next && compareEnds(s.Lots[i].End, until) <= 0; i++ {
				if lot := &s.Lots[i]; lot.Available.Sign() > 0 && !yield(lot) {
					return
				}
			}
			i = next
		}
	}
}

// refused returns the notice of a refusal for want of credits.
func (l *Ledger) refused(err error, now time.Time) []Notice {
	short, ok := errors.AsType[*InsufficientError](err)
	if !ok || l.options.Notify == nil {
		return nil
	}
	return []Notice{{Kind: NoticeRefused, Account: short.Account, At: now, Amount: short.Shortfall, Feature: short.Feature}}
}
