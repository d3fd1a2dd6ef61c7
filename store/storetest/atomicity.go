package storetest

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/scriphq/scrip/credits"
)

// atomicity is what one Update does, or does not do.
var atomicity = []promise{
	{
		"an account that does not exist has only its name",
		"An account that does not exist has the State with only its Account set",
		(*probe).showsAnUnknownAccountEmpty,
	},
	{"reading makes no account", "An unknown account is no error, and is not made.", (*probe).makesNothingByReading},
	{"a zero change writes nothing", "a zero Change writes nothing and makes no account", (*probe).writesNoZeroChange},
	{
		"a refusal comes back as it is and writes nothing",
		"If decide fails, Update writes nothing and returns its error as it is.",
		(*probe).returnsTheRefusal,
	},
	{"the last decision counts", "the last call's Change counts", (*probe).writesTheLastDecision},
	{"a decision is not called after Update returned", "but never after it returned", (*probe).forgetsTheDecision},
	{
		"a context that was done writes nothing",
		"A ctx that was done before the call ends in such an error too, and nothing is written.",
		(*probe).writesNothingWhenDone,
	},
	{
		"a change cut short is written whole or not at all", "persists the Change that it returns: all of it or nothing",
		(*probe).writesWholeOrNothing,
	},
	{"a large change is written whole", "persists the Change that it returns: all of it or nothing", (*probe).writesLargeChanges},
	{
		"what was written is seen at once", "Update calls decide with the account's state",
		(*probe).seesWhatWasWritten,
	},
}

// isBlank checks that nothing ever happened to an account.
func (p *probe) isBlank(account string) {
	p.Helper()
	p.holds(credits.State{Account: account})
	if got := p.entries(credits.Query{Account: account}); len(got) > 0 {
		p.Errorf("Entries(%q) = %q, want none", account, namesOf(got))
	}
	if got := p.due(dawn.AddDate(1000, 0, 0), 100); slices.Contains(got, account) {
		p.Errorf("Due() = %q, want no %q", got, account)
	}
}

func (p *probe) showsAnUnknownAccountEmpty() {
	p.write("bob", credits.Change{Entries: lines("a"), Due: dawn, Debt: credits.Of(1)})
	state, prior := p.seen("ada", "a", "b")
	p.same("Update(ada): the state that decide gets", credits.State{Account: "ada"}, state)
	lists(p, "Update(ada): the entries that decide gets", nil, prior)
	p.isBlank("ada")
}

func (p *probe) makesNothingByReading() {
	p.write("bob", credits.Change{Entries: lines("a"), Due: dawn})
	for range 2 {
		p.isBlank("ada")
	}
}

// writesNoZeroChange covers R36: a reading, which a zero Change is, made a row.
func (p *probe) writesNoZeroChange() {
	p.write("bob", credits.Change{Entries: lines("a"), Due: dawn, Debt: credits.Of(3)})
	bob := p.state("bob")
	for _, c := range []credits.Change{{}, {Due: dawn.Add(time.Hour), Debt: credits.Of(9), Settings: credits.Settings{Frozen: true}}} {
		p.write("ada", c)
		p.isBlank("ada")
		p.write("bob", c)
		p.holds(bob)
	}
	p.same("Entries(bob)", []string{"a"}, namesOf(p.entries(credits.Query{Account: "bob"})))
	p.same("Due(dawn)", []string{"bob"}, p.due(dawn, 9))
}

// lostRace looks like what databases say when a step should be tried again.
type lostRace struct{}

func (lostRace) Error() string    { return "storetest: refused, and no lost race" }
func (lostRace) SQLState() string { return "40001" }
func (lostRace) Temporary() bool  { return true }

func (p *probe) returnsTheRefusal() {
	p.write("bob", credits.Change{Entries: lines("a"), Due: dawn})
	bob := p.state("bob")
	refusals := []error{errRefused, fmt.Errorf("wrapped: %w", context.Canceled), fmt.Errorf("wrapped: %w", errRefused), lostRace{}}
	for _, refusal := range refusals {
		for _, account := range []string{"ada", "bob"} {
			err := p.store.Update(p.Context(), account, []string{"b"}, func(s credits.State, prior []credits.Entry) (credits.Change, error) {
				made, _ := continuing(credits.Change{Entries: lines("b"), Due: dawn.Add(time.Hour)})(s, prior)
				return made, refusal
			})
			if err != refusal { //nolint:errorlint // it is to be the very error
				p.Errorf("Update(%q) = %v, want exactly the decision's error, %v", account, err, refusal)
			}
		}
		p.isBlank("ada")
		p.holds(bob)
	}
	p.same("Entries(bob)", []string{"a"}, namesOf(p.entries(credits.Query{Account: "bob"})))
	p.write("ada", credits.Change{Entries: lines("b")}) // R6: the ID was not used up
	p.same("Entries(ada)", []string{"b"}, namesOf(p.entries(credits.Query{Account: "ada"})))
}

func (p *probe) writesTheLastDecision() {
	calls := 0
	p.update("ada", nil, func(s credits.State, prior []credits.Entry) (credits.Change, error) {
		calls++
		name := strconv.Itoa(calls)
		return continuing(credits.Change{Entries: lines(name), Terms: []credits.Term{leanTerm(name)}})(s, prior)
	})
	p.same("Entries(ada)", []string{strconv.Itoa(calls)}, namesOf(p.entries(credits.Query{Account: "ada"})))
	p.same("State(ada).Terms", []credits.Term{leanTerm(strconv.Itoa(calls))}, p.state("ada").Terms)
}

func (p *probe) forgetsTheDecision() {
	returned, late := make([]bool, 3), make([]bool, 3)
	watched := func(i int, refusal error) credits.Decision {
		return func(s credits.State, prior []credits.Entry) (credits.Change, error) {
			late[i] = late[i] || returned[i]
			made, _ := continuing(credits.Change{Entries: lines(strconv.Itoa(i))})(s, prior)
			return made, refusal
		}
	}
	p.update("ada", nil, watched(0, nil))
	returned[0] = true
	if err := p.store.Update(p.Context(), "ada", nil, watched(1, errRefused)); err == nil {
		p.Errorf("Update(refused) = no error, want %v", errRefused)
	}
	returned[1] = true
	ctx, cancel := context.WithCancel(p.Context())
	cancel()
	if err := p.store.Update(ctx, "ada", nil, watched(2, nil)); err == nil {
		p.Error("Update(with a context that was done) = no error, want one")
	}
	returned[2] = true
	p.write("ada", credits.Change{Entries: lines("after")})
	p.write("bob", credits.Change{Entries: lines("after")})
	p.state("ada")
	p.same("decisions that were called after their Update returned", []bool{false, false, false}, late)
}

func (p *probe) writesNothingWhenDone() {
	p.write("bob", credits.Change{Entries: lines("a")})
	bob := p.state("bob")
	cancelled, cancel := context.WithCancel(p.Context())
	cancel()
	late, stop := context.WithDeadline(p.Context(), dawn.AddDate(-1000, 0, 0))
	defer stop()
	for _, ctx := range []context.Context{cancelled, late} {
		for _, account := range []string{"ada", "bob"} {
			err := p.store.Update(ctx, account, nil, continuing(credits.Change{Entries: lines("b"), Due: dawn}))
			if err == nil {
				p.Errorf("Update(%q, %v) = no error, want one", account, ctx.Err())
			}
		}
		p.isBlank("ada")
		p.holds(bob)
	}
	p.write("ada", credits.Change{Entries: lines("b")})
}

// writesWholeOrNothing ends the context while the decision runs, which may stop
// the store or not.
func (p *probe) writesWholeOrNothing() {
	fill := newFiller()
	for i := range 10 {
		account := "ada-" + strconv.Itoa(i)
		change := credits.Change{
			Entries: lines("a", "b", "c"), Due: dawn, Debt: credits.Of(5),
			Lots: several(3, fill.lot), Holds: several(3, fill.hold),
		}
		want := credits.State{Account: account}
		ctx, cancel := context.WithCancel(p.Context())
		err := p.store.Update(ctx, account, nil, func(s credits.State, prior []credits.Entry) (credits.Change, error) {
			made, err := continuing(change)(s, prior)
			want = credits.State{Account: account}
			want.Apply(made)
			cancel()
			return made, err
		})
		cancel()
		p.write(account, credits.Change{}) // comes after what is still under way
		if err != nil && p.state(account).Seq == 0 {
			p.isBlank(account)
			continue
		}
		p.holds(want)
		p.same("Entries("+account+")", []string{"a", "b", "c"}, namesOf(p.entries(credits.Query{Account: account})))
	}
}

// writesLargeChanges has more values than the parameters of one SQL statement, and
// more entries than a page.
func (p *probe) writesLargeChanges() {
	const lots, entries = 3000, 500
	var change credits.Change
	for i := range lots {
		lot := leanLot(fmt.Sprintf("lot-%04d", i))
		lot.End = dawn.AddDate(0, 0, i+1)
		change.Lots = append(change.Lots, lot)
	}
	for i := range entries {
		change.Entries = append(change.Entries, lines(fmt.Sprintf("id-%03d", i))...)
	}
	for i := range lots {
		held := credits.Micros(int64(i))
		change.Entries[0].Postings = append(change.Entries[0].Postings, credits.Posting{Lot: change.Lots[i].ID, Available: held.Neg(), Held: held})
	}
	want := credits.State{Account: "ada"}
	made := p.write("ada", change)
	want.Apply(made)
	p.holds(want)
	lists(p, "Entries(ada)", made.Entries, p.entries(credits.Query{Account: "ada"}))
}

func (p *probe) seesWhatWasWritten() {
	want := credits.State{Account: "ada"}
	for i := range 20 {
		id := strconv.Itoa(i)
		change := credits.Change{Entries: lines(id), Due: dawn.Add(time.Duration(i) * time.Hour), Debt: credits.Of(int64(i))}
		change.Entries[0].Amount = credits.Of(int64(i))
		want.Apply(p.write("ada", change))
		p.holds(want)
		if got := p.due(want.Due.Add(-time.Microsecond), 9); len(got) > 0 {
			p.Errorf("Due(before %v) = %q, want none", want.Due, got)
		}
		p.same("Due("+want.Due.String()+")", []string{"ada"}, p.due(want.Due, 9))
		p.same("Entries(newest)", []string{id}, namesOf(p.entries(credits.Query{Account: "ada", NewestFirst: true, Limit: 1})))
		if _, prior := p.seen("ada", id); !slices.Equal(namesOf(prior), []string{id}) {
			p.Errorf("Update(ids %q) = entries %q, want the one just written", id, namesOf(prior))
		}
	}
}
