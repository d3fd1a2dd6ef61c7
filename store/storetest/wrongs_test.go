package storetest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/scriphq/scrip/credits"
)

// wrongs are stores that break at least the promises they name.
var wrongs = slices.Concat(wrongUpdates, wrongRecords, wrongIdentities, wrongCrowds, wrongInstants, wrongReadings, wrongMemories, wrongDues)

var wrongUpdates = []wrong{
	{"shows an unknown account without its name", deciding(func(decide credits.Decision) credits.Decision {
		return func(s credits.State, prior []credits.Entry) (credits.Change, error) {
			if s.Seq == 0 {
				s.Account = ""
			}
			return decide(s, prior)
		}
	}), []string{"an account that does not exist has only its name"}},
	{"does not know an unknown account", bend(func(s *bent) {
		s.state = func(ctx context.Context, account string) (credits.State, error) {
			state, err := s.Store.State(ctx, account)
			if state.Seq == 0 {
				err = errors.New("no such account")
			}
			return state, err
		}
	}), []string{"reading makes no account"}},
	{"makes an account for a zero change", bend(func(s *bent) {
		var made []string
		s.update = func(ctx context.Context, account string, ids []string, decide credits.Decision) error {
			if state, _ := s.Store.State(ctx, account); state.Seq == 0 {
				made = append(made, account)
			}
			return s.Store.Update(ctx, account, ids, decide)
		}
		s.due = func(ctx context.Context, at time.Time, limit int) ([]string, error) {
			return slices.Concat(s.told(at, limit), made), nil
		}
	}), []string{"a zero change writes nothing"}},
	{"keeps the settings of a zero change", bend(func(s *bent) {
		kept := make(map[string]credits.Settings)
		s.update = func(ctx context.Context, account string, ids []string, decide credits.Decision) error {
			return s.Store.Update(ctx, account, ids, func(state credits.State, prior []credits.Entry) (credits.Change, error) {
				change, err := decide(state, prior)
				kept[account] = change.Settings
				return change, err
			})
		}
		s.state = func(ctx context.Context, account string) (credits.State, error) {
			state, err := s.Store.State(ctx, account)
			state.Settings = kept[account]
			return state, err
		}
	}), []string{"a zero change writes nothing"}},
	{"wraps refusals", bend(func(s *bent) {
		s.update = func(ctx context.Context, account string, ids []string, decide credits.Decision) error {
			if err := s.Store.Update(ctx, account, ids, decide); err != nil {
				return fmt.Errorf("update: %w", err)
			}
			return nil
		}
	}), []string{"a refusal comes back as it is and writes nothing"}},
	{"writes what was refused", bend(func(s *bent) {
		s.update = func(ctx context.Context, account string, ids []string, decide credits.Decision) (refusal error) {
			err := s.Store.Update(ctx, account, ids, func(state credits.State, prior []credits.Entry) (change credits.Change, _ error) {
				change, refusal = decide(state, prior)
				return change, nil
			})
			return errors.Join(refusal, err)
		}
	}), []string{"a refusal comes back as it is and writes nothing"}},
	{"takes a refusal for a lost race", bend(func(s *bent) {
		s.update = func(ctx context.Context, account string, ids []string, decide credits.Decision) error {
			err := s.Store.Update(ctx, account, ids, decide)
			if state, ok := errors.AsType[interface {
				error
				SQLState() string
			}](err); ok {
				return fmt.Errorf("tried too often: %s", state.SQLState())
			}
			return err
		}
	}), []string{"a refusal comes back as it is and writes nothing"}},
	{"writes the first of two decisions", deciding(func(decide credits.Decision) credits.Decision {
		return func(s credits.State, prior []credits.Entry) (credits.Change, error) {
			change, err := decide(s, prior)
			_, _ = decide(s, prior)
			return change, err
		}
	}), []string{"the last decision counts"}},
	{"keeps a decision and calls it later", bend(func(s *bent) {
		var kept credits.Decision
		s.update = func(ctx context.Context, account string, ids []string, decide credits.Decision) error {
			if kept != nil {
				_, _ = kept(credits.State{Account: account}, nil)
			}
			kept = decide
			return s.Store.Update(ctx, account, ids, decide)
		}
	}), []string{"a decision is not called after Update returned"}},
	{"does not look at contexts", bend(func(s *bent) {
		s.update = func(ctx context.Context, account string, ids []string, decide credits.Decision) error {
			return s.Store.Update(context.WithoutCancel(ctx), account, ids, decide)
		}
	}), []string{"a context that was done writes nothing"}},
	{"stops in the middle when the context ends", bend(func(s *bent) {
		s.update = func(ctx context.Context, account string, ids []string, decide credits.Decision) error {
			return s.Store.Update(ctx, account, ids, func(state credits.State, prior []credits.Entry) (credits.Change, error) {
				change, err := decide(state, prior)
				if ctx.Err() != nil && err == nil {
					change.Entries, change.Lots = change.Entries[:1], nil
				}
				return change, err
			})
		}
	}), []string{"a change cut short is written whole or not at all"}},
	{"says it wrote when the context ended, and did not", bend(func(s *bent) {
		s.update = func(ctx context.Context, account string, ids []string, decide credits.Decision) error {
			return s.Store.Update(ctx, account, ids, func(state credits.State, prior []credits.Entry) (credits.Change, error) {
				change, err := decide(state, prior)
				if ctx.Err() != nil {
					return credits.Change{}, err
				}
				return change, err
			})
		}
	}), []string{"a change cut short is written whole or not at all"}},
	{"writes at most 65,535 values", writing(func(_ credits.State, c *credits.Change) {
		c.Lots = c.Lots[:min(len(c.Lots), 65_535/22)]
	}), []string{"a large change is written whole"}},
	{"reads from a copy that lags behind", bend(func(s *bent) {
		before := lagging(s)
		s.state = func(_ context.Context, account string) (credits.State, error) { return before(account), nil }
	}), []string{"what was written is seen at once", "what a change does not touch stays as it is"}},
}

var wrongRecords = []wrong{
	{"forgets when a period ends", writing(func(_ credits.State, c *credits.Change) {
		for i := range c.Lots {
			c.Lots[i].PeriodEnd = time.Time{}
		}
	}), []string{"a lot comes back with every field"}},
	{"forgets what a hold costs", writing(func(_ credits.State, c *credits.Change) {
		for i := range c.Holds {
			c.Holds[i].Price.Explanation = ""
		}
	}), []string{"a hold comes back with every field"}},
	{"forgets since when a term is", writing(func(_ credits.State, c *credits.Change) {
		for i := range c.Terms {
			c.Terms[i].Since = c.Terms[i].Until
		}
	}), []string{"a term comes back with every field"}},
	{"forgets what was reset", writing(func(_ credits.State, c *credits.Change) {
		for i := range c.Allowances {
			c.Allowances[i].ResetSeq = 0
		}
	}), []string{"an allowance comes back with every field"}},
	{"forgets fingerprints", writing(func(_ credits.State, c *credits.Change) {
		for i := range c.Entries {
			c.Entries[i].Digest = credits.Digest{}
		}
	}), []string{"an entry comes back with every field"}},
	{"forgets what holds set aside of the overdraft", writing(func(_ credits.State, c *credits.Change) {
		c.DebtHeld = credits.Amount{}
	}), []string{"debt, settings and the last entry's figures come back"}},
	{"keeps no settings that are zero", writing(func(_ credits.State, c *credits.Change) {
		for i := range c.Entries {
			if set := c.Entries[i].Settings; set != nil && *set == (credits.Settings{}) {
				c.Entries[i].Settings = nil
			}
		}
	}), []string{"what is not there does not come back"}},
	{"makes a hold where there is none", writing(func(_ credits.State, c *credits.Change) {
		for i := range c.Entries {
			if c.Entries[i].Hold == nil {
				c.Entries[i].Hold = new(credits.Hold)
			}
		}
	}), []string{"what is not there does not come back"}},
	{"takes a change for all there is", writing(func(s credits.State, c *credits.Change) {
		for _, term := range s.Terms {
			if !slices.ContainsFunc(c.Terms, func(t credits.Term) bool { return t.ID == term.ID }) {
				term.Lapsed = true
				c.Terms = append(c.Terms, term)
			}
		}
	}), []string{"what a change does not touch stays as it is"}},
	{"never drops a hold", writing(func(_ credits.State, c *credits.Change) {
		for i := range c.Holds {
			c.Holds[i].Settled = false
		}
	}), []string{"a closed record goes, and comes back when it opens again"}},
	{"orders IDs without regard to case", bend(func(s *bent) {
		s.state = func(ctx context.Context, account string) (credits.State, error) {
			state, err := s.Store.State(ctx, account)
			slices.SortStableFunc(state.Holds, func(a, b credits.Hold) int { return strings.Compare(strings.ToLower(a.ID), strings.ToLower(b.ID)) })
			return state, err
		}
	}), []string{"records come back in order"}},
	{"orders lots by ID", bend(func(s *bent) {
		s.state = func(ctx context.Context, account string) (credits.State, error) {
			state, err := s.Store.State(ctx, account)
			slices.SortFunc(state.Lots, func(a, b credits.Lot) int { return strings.Compare(a.ID, b.ID) })
			return state, err
		}
	}), []string{"records come back in order"}},
	{"keeps amounts as floating-point numbers", mapping(float), []string{"amounts are exact to the greatest"}},
	{"trims texts", mapping(strings.TrimSpace), []string{"texts come back to the byte"}},
	{"cuts texts at 255 bytes", mapping(func(s string) string { return s[:min(len(s), 255)] }), []string{"texts come back to the byte"}},
}

var wrongIdentities = []wrong{
	{"finds entries by their ID only", deciding(func(decide credits.Decision) credits.Decision {
		return func(s credits.State, prior []credits.Entry) (credits.Change, error) {
			return decide(s, slices.DeleteFunc(prior, func(e credits.Entry) bool { return e.Of != "" && e.Of != e.ID }))
		}
	}), []string{"an entry is found by its ID and by its Of"}},
	{"shows the newest entry first", deciding(func(decide credits.Decision) credits.Decision {
		return func(s credits.State, prior []credits.Entry) (credits.Change, error) {
			slices.Reverse(prior)
			return decide(s, prior)
		}
	}), []string{"an entry is found by its ID and by its Of"}},
	{"shows an entry once for its ID and once for its Of", deciding(func(decide credits.Decision) credits.Decision {
		return func(s credits.State, prior []credits.Entry) (credits.Change, error) {
			for i := range prior {
				if prior[i].ID == prior[i].Of {
					prior = slices.Insert(prior, i, prior[i])
					break
				}
			}
			return decide(s, prior)
		}
	}), []string{"an entry is found by its ID and by its Of"}},
	{"asks for a hundred IDs", asking(func(ids []string) []string { return ids[:min(len(ids), 100)] }), []string{"hundreds of IDs can be asked for"}},
	{"finds IDs in any case", asking(foldID), []string{"IDs are the same only if every byte is"}},
	{"takes accounts for the same in any case", bend(func(s *bent) {
		s.update = func(ctx context.Context, account string, ids []string, decide credits.Decision) error {
			return s.Store.Update(ctx, strings.ToLower(account), ids, func(state credits.State, prior []credits.Entry) (credits.Change, error) {
				state.Account = account
				return decide(state, prior)
			})
		}
		s.state = func(ctx context.Context, account string) (credits.State, error) {
			state, err := s.Store.State(ctx, strings.ToLower(account))
			state.Account = account
			return state, err
		}
	}), []string{"accounts are the same only if every byte is"}},
	{"sorts the IDs in place", asking(func(ids []string) []string {
		slices.Sort(ids)
		return ids
	}), []string{"the IDs asked for are left as they are"}},
	{"appends to the IDs", asking(func(ids []string) []string { return append(ids, "one more") }), []string{"the IDs asked for are left as they are"}},
}

var wrongCrowds = []wrong{
	{"makes an account in a step of its own", bend(colliding), []string{"fifty first touches at once make one account"}},
	{"writes what it decided before", bend(guessing), []string{"no update is lost", "fifty first touches at once make one account"}},
	{"reads the state before the entries", bend(mixing), []string{"a decision sees state and entries of one moment"}},
	{"writes an update in two steps", bend(halving), []string{"a reader sees whole updates"}},
}

var wrongInstants = []wrong{
	{"keeps milliseconds", mapping(func(t time.Time) time.Time { return t.Truncate(time.Millisecond) }), []string{"instants are exact from the first to the last"}},
	{"keeps nanoseconds from 1970 in 64 bits", mapping(func(t time.Time) time.Time {
		if t.IsZero() {
			return t
		}
		return time.Unix(0, t.UnixNano()).UTC()
	}), []string{"instants are exact from the first to the last"}},
	{"returns instants in another zone", bend(func(s *bent) {
		s.state = func(ctx context.Context, account string) (credits.State, error) {
			state, err := s.Store.State(ctx, account)
			mapped(&state, func(t time.Time) time.Time { return t.In(time.FixedZone("", 0)) })
			return state, err
		}
	}), []string{"instants are exact from the first to the last"}},
	{"takes the zero time for 1970", mapping(func(t time.Time) time.Time {
		if t.IsZero() {
			return time.Unix(0, 0).UTC()
		}
		return t
	}), []string{"the zero time stays zero"}},
	{"rounds beginnings up to the millisecond", writing(func(_ credits.State, c *credits.Change) {
		for i := range c.Lots {
			c.Lots[i].Start = c.Lots[i].Start.Add(time.Millisecond).Truncate(time.Millisecond)
		}
	}), []string{"a fresh lot can be spent whatever the nanoseconds"}},
}

var wrongReadings = []wrong{
	{"excludes From", querying(func(q *credits.Query) {
		if !q.From.IsZero() {
			q.From = q.From.Add(time.Microsecond)
		}
	}), []string{"each filter selects what it says"}},
	{"includes To", querying(func(q *credits.Query) {
		if !q.To.IsZero() {
			q.To = q.To.Add(time.Microsecond)
		}
	}), []string{"each filter selects what it says"}},
	{"takes features for the same in any case", querying(func(q *credits.Query) { q.Feature = strings.ToLower(q.Feature) }), []string{"each filter selects what it says"}},
	{"looks at the first kind only", querying(func(q *credits.Query) { q.Kinds = q.Kinds[:min(len(q.Kinds), 1)] }), []string{
		"each filter selects what it says", "filters together select what all of them do",
	}},
	{"limits before it selects", bend(func(s *bent) {
		s.entries = func(ctx context.Context, q credits.Query) iter.Seq2[credits.Entry, error] {
			all := q
			all.Kinds, all.Feature = nil, ""
			return func(yield func(credits.Entry, error) bool) {
				for entry, err := range s.Store.Entries(ctx, all) {
					if (err != nil || q.Matches(&entry)) && !yield(entry, err) {
						return
					}
				}
			}
		}
	}), []string{"filters together select what all of them do"}},
	{"includes After", querying(func(q *credits.Query) { q.After = max(0, q.After-1) }), []string{"pages of any size hold each entry once"}},
	{"includes Before", querying(func(q *credits.Query) {
		if q.Before > 0 {
			q.Before++
		}
	}), []string{"pages of any size hold each entry once"}},
	{"keeps Seq in 32 bits", querying(func(q *credits.Query) { q.After = max(0, int64(int32(q.After))) }), []string{"bounds beyond the ledger select nothing"}},
	{"loses a connection with each reading that is broken off", bend(leaking), []string{"a reader may stop anywhere"}},
	{"holds a lock while it yields", bend(locking), []string{"what is read may be written to"}},
	{"reads entries from a copy that lags behind", bend(func(s *bent) {
		before := lagging(s)
		s.entries = func(ctx context.Context, q credits.Query) iter.Seq2[credits.Entry, error] {
			if last := before(q.Account).Seq; q.Before == 0 || q.Before > last+1 {
				q.Before = last + 1
			}
			return s.Store.Entries(ctx, q)
		}
	}), []string{"every entry before the call is seen"}},
	{"ends a reading without a word when the context ends", bend(func(s *bent) {
		s.entries = func(ctx context.Context, q credits.Query) iter.Seq2[credits.Entry, error] {
			return func(yield func(credits.Entry, error) bool) {
				for entry, err := range s.Store.Entries(ctx, q) {
					if err != nil || !yield(entry, nil) {
						return
					}
				}
			}
		}
	}), []string{"a reading that ends early says so"}},
	{"goes on after an error", bend(func(s *bent) {
		s.entries = func(ctx context.Context, q credits.Query) iter.Seq2[credits.Entry, error] {
			return func(yield func(credits.Entry, error) bool) {
				for entry, err := range s.Store.Entries(ctx, q) {
					if !yield(entry, err) || err != nil && !yield(entry, nil) {
						return
					}
				}
			}
		}
	}), []string{"a reading that ends early says so"}},
}

var wrongMemories = []wrong{
	{"keeps what decide returned", share(sharing{in: true}), []string{"what decide returned may change afterwards"}},
	{"returns its own state", share(sharing{states: true}), []string{"a state is the caller's"}},
	{"yields its own entries", share(sharing{entries: true}), []string{"an entry is the caller's"}},
	{"returns its own list", share(sharing{lists: true}), []string{"a list of accounts is the caller's"}},
}

var wrongDues = []wrong{
	{"tells accounts after their instant only", dueing(func(s *bent, at time.Time, limit int) []string {
		return s.told(at.Add(-time.Microsecond), limit)
	}), []string{"an account is due from its very instant on"}},
	{"tells accounts too early", dueing(func(s *bent, at time.Time, limit int) []string {
		return s.told(at.Add(time.Microsecond), limit)
	}), []string{"an account is due from its very instant on"}},
	{"takes never for always", bend(func(s *bent) {
		never := make(map[string]bool)
		s.update = func(ctx context.Context, account string, ids []string, decide credits.Decision) error {
			err := s.Store.Update(ctx, account, ids, decide)
			state, _ := s.Store.State(ctx, account)
			never[account] = state.Seq > 0 && state.Due.IsZero()
			return err
		}
		s.due = func(_ context.Context, at time.Time, limit int) ([]string, error) {
			names := s.told(at, limit)
			for account := range never {
				if never[account] {
					names = append(names, account)
				}
			}
			return names, nil
		}
	}), []string{"an account that is never due is not told"}},
	{"leaves accounts due that were once", bend(func(s *bent) {
		s.due = func(_ context.Context, at time.Time, limit int) ([]string, error) {
			return s.told(at.Add(time.Hour), limit), nil
		}
	}), []string{"each change moves what is due"}},
	{"knows no limit", dueing(func(s *bent, at time.Time, _ int) []string { return s.told(at, 1000) }), []string{"as many accounts as asked for, and each once"}},
	{"tells one too few", dueing(func(s *bent, at time.Time, limit int) []string { return s.told(at, min(limit, 59)) }), []string{"as many accounts as asked for, and each once"}},
	{"tells the first account twice", dueing(func(s *bent, at time.Time, limit int) []string {
		names := s.told(at, limit)
		if len(names) > 1 {
			names[1] = names[0]
		}
		return names
	}), []string{"as many accounts as asked for, and each once"}},
	{"remembers what it told", bend(func(s *bent) {
		var told []string
		s.due = func(_ context.Context, at time.Time, limit int) ([]string, error) {
			if told == nil {
				told = s.told(at, limit)
			}
			return told, nil
		}
	}), []string{"a sweep comes to its end"}},
}
