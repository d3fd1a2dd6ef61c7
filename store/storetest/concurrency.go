package storetest

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/scriphq/scrip/credits"
)

const noOtherUpdate = "with no other Update of that account in between"

// concurrency is what holds when many use a store at once.
var concurrency = []promise{
	{"fifty first touches at once make one account", noOtherUpdate, (*probe).makesOneAccount},
	{"no update is lost", noOtherUpdate, (*probe).losesNoUpdate},
	{"a decision sees state and entries of one moment", noOtherUpdate, (*probe).showsOneMoment},
	{"a reader sees whole updates", "all of it or nothing", (*probe).showsWholeUpdates},
}

// atOnce runs that many goroutines that begin together, and waits for them.
func atOnce(n int, run func(i int)) {
	var wait sync.WaitGroup
	begin := make(chan struct{})
	for i := range n {
		wait.Go(func() {
			<-begin
			run(i)
		})
	}
	close(begin)
	wait.Wait()
}

// makesOneAccount covers R35: first operations on a new account collided.
func (p *probe) makesOneAccount() {
	const callers = 50
	atOnce(callers, func(i int) {
		err := p.store.Update(p.Context(), "ada", nil, func(s credits.State, prior []credits.Entry) (credits.Change, error) {
			runtime.Gosched()
			return continuing(credits.Change{Entries: lines(fmt.Sprint(i)), Due: dawn})(s, prior)
		})
		if err != nil {
			p.Errorf("Update(ada) by caller %d = %v, want no error", i, err)
		}
	})
	got := p.entries(credits.Query{Account: "ada"})
	for i := range got {
		if got[i].Seq != int64(i)+1 {
			p.Errorf("Entries(ada)[%d].Seq = %d, want %d", i, got[i].Seq, i+1)
		}
	}
	var want []string
	for i := range callers {
		want = append(want, fmt.Sprint(i))
	}
	p.same("Entries(ada), sorted", slices.Sorted(slices.Values(want)), slices.Sorted(slices.Values(namesOf(got))))
	if s := p.state("ada"); s.Seq != callers {
		p.Errorf("State(ada).Seq = %d, want %d", s.Seq, callers)
	}
	p.same("Due(dawn)", []string{"ada"}, p.due(dawn, 9))
}

// losesNoUpdate covers R1: twenty callers take 75 from 500, and six get it.
func (p *probe) losesNoUpdate() {
	granted := lines("granted")
	granted[0].Amount = credits.Of(500)
	p.write("ada", credits.Change{Entries: granted})
	var took atomic.Int64
	atOnce(20, func(i int) {
		err := p.store.Update(p.Context(), "ada", nil, func(s credits.State, prior []credits.Entry) (credits.Change, error) {
			runtime.Gosched()
			if s.Balance.Less(credits.Of(75)) {
				return credits.Change{}, errRefused
			}
			taken := lines(fmt.Sprint(i))
			taken[0].Amount = credits.Of(-75)
			return continuing(credits.Change{Entries: taken})(s, prior)
		})
		switch {
		case err == nil:
			took.Add(1)
		case !errors.Is(err, errRefused):
			p.Errorf("Update(ada) by caller %d = %v, want no error, or that it was refused", i, err)
		}
	})
	if s := p.state("ada"); took.Load() != 6 || s.Balance != credits.Of(50) || s.Seq != 7 {
		p.Errorf("twenty take 75 of 500: %d did, Seq is %d and %v are left, want 6, 7 and 50", took.Load(), s.Seq, s.Balance)
	}
	if got := p.entries(credits.Query{Account: "ada"}); len(got) != 7 {
		p.Errorf("Entries(ada) = %q, want seven", namesOf(got))
	}
}

// showsOneMoment lets every entry match, so that as many are shown as the state
// counts.
func (p *probe) showsOneMoment() {
	const callers, updates = 8, 10
	atOnce(callers, func(i int) {
		for n := range updates {
			var wrong string // of the last call
			err := p.store.Update(p.Context(), "ada", []string{"all"}, func(s credits.State, prior []credits.Entry) (credits.Change, error) {
				wrong = ""
				if int64(len(prior)) != s.Seq || s.Seq > 0 && prior[s.Seq-1].Seq != s.Seq {
					wrong = fmt.Sprintf("Update(ada) = %d entries beside a state of Seq %d, want as many", len(prior), s.Seq)
				}
				runtime.Gosched()
				entry := lines(fmt.Sprint(i, "-", n))
				entry[0].Of = "all"
				return continuing(credits.Change{Entries: entry})(s, prior)
			})
			if err != nil {
				p.Errorf("Update(ada) by caller %d = %v, want no error", i, err)
			}
			if wrong != "" {
				p.Error(wrong)
			}
		}
	})
	if s := p.state("ada"); s.Seq != callers*updates {
		p.Errorf("State(ada).Seq = %d, want %d", s.Seq, callers*updates)
	}
}

// showsWholeUpdates writes two entries and a term at a time, to two accounts.
func (p *probe) showsWholeUpdates() {
	const updates = 40
	accounts := []string{"ada", "bob"}
	var writing atomic.Int64
	writing.Store(4)
	atOnce(6, func(i int) {
		account := accounts[i%2]
		if i >= 4 {
			for more := true; more; runtime.Gosched() {
				more = writing.Load() > 0
				p.readsWhole(account)
			}
			return
		}
		defer writing.Add(-1)
		for n := range updates {
			p.writesPair(account, fmt.Sprint(i, "-", n))
		}
	})
	for _, account := range accounts {
		if s := p.state(account); s.Seq != 4*updates {
			p.Errorf("State(%q).Seq = %d, want %d", account, s.Seq, 4*updates)
		}
	}
}

// writesPair keeps debt, balance and Seq in step.
func (p *probe) writesPair(account, id string) {
	err := p.store.Update(p.Context(), account, nil, func(s credits.State, prior []credits.Entry) (credits.Change, error) {
		pair := lines(id+"-a", id+"-b")
		pair[0].Amount, pair[1].Amount = credits.Of(1), credits.Of(1)
		change := credits.Change{Entries: pair, Debt: credits.Of(s.Seq + 2), Terms: []credits.Term{leanTerm(fmt.Sprintf("%09d", s.Seq))}}
		for i := range s.Terms {
			old := s.Terms[i]
			old.Lapsed = true
			change.Terms = append(change.Terms, old)
		}
		return continuing(change)(s, prior)
	})
	if err != nil {
		p.Errorf("Update(%q) = %v, want no error", account, err)
	}
}

func (p *probe) readsPageOfOneMoment(account string) {
	paging, ok := p.store.(credits.Paging)
	if !ok {
		return
	}
	s, first, _, err := paging.Page(p.Context(), credits.Query{Account: account, NewestFirst: true, Limit: 1})
	if err != nil || len(first) == 0 && s.Seq > 0 || len(first) > 0 && first[0].Seq != s.Seq {
		p.Errorf("Page(%q) = Seq %d and %q, %v, want the newest entry to be the state's", account, s.Seq, namesOf(first), err)
	}
}

func (p *probe) readsWhole(account string) {
	p.readsPageOfOneMoment(account)
	s, err := p.store.State(p.Context(), account)
	if err != nil {
		p.Errorf("State(%q) = %v, want no error", account, err)
		return
	}
	whole := s.Seq%2 == 0 && s.Balance == credits.Of(s.Seq) && s.Debt == s.Balance
	if s.Seq > 0 {
		whole = whole && len(s.Terms) == 1 && s.Terms[0].ID == fmt.Sprintf("%09d", s.Seq-2)
	}
	if !whole {
		p.Errorf("State(%q) = Seq %d, balance %v, debt %v, terms %v, want those of one update", account, s.Seq, s.Balance, s.Debt, s.Terms)
	}
	last := int64(0)
	for entry, err := range p.store.Entries(p.Context(), credits.Query{Account: account}) {
		if last++; err != nil || entry.Seq != last {
			p.Errorf("Entries(%q) = Seq %d, %v, want %d", account, entry.Seq, err, last)
			return
		}
	}
	if last%2 != 0 || last < s.Seq {
		p.Errorf("Entries(%q) = %d entries after a state of Seq %d, want whole updates, and all before the call", account, last, s.Seq)
	}
}
