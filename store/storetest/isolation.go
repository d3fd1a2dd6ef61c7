package storetest

import (
	"reflect"

	"github.com/scriphq/scrip/credits"
)

// isolation covers R46: memory that a store shares with its callers. Everything is
// changed after it went in, or came out.
var isolation = []promise{
	{"what decide returned may change afterwards", "Update copies what it keeps.", (*probe).copiesChanges},
	{"a state is the caller's", "as of its last Update. The caller owns it.", (*probe).givesStatesAway},
	{"an entry is the caller's", "The caller owns what it yields.", (*probe).givesEntriesAway},
	{"a list of accounts is the caller's", "Due returns at most limit accounts", (*probe).givesListsAway},
}

// furnished writes one of everything, and more of it in a second update, and
// returns the changes and what the account is then.
func (p *probe) furnished() ([]credits.Change, credits.State) {
	p.Helper()
	fill, want := newFiller(), credits.State{Account: "ada"}
	var changes []credits.Change
	for range 2 {
		made := p.write("ada", credits.Change{
			Entries: several(3, fill.entry), Lots: several(2, fill.lot), Holds: several(2, fill.hold),
			Terms: several(2, fill.term), Allowances: several(2, fill.allowance), Due: dawn,
		})
		changes = append(changes, made)
		want.Apply(made)
	}
	return changes, want
}

// unchanged checks that the account is as it was.
func (p *probe) unchanged(want credits.State, entries []credits.Entry) {
	p.Helper()
	p.holds(want)
	lists(p, "Entries(ada)", entries, p.entries(credits.Query{Account: "ada"}))
	_, prior := p.seen("ada", namesOf(entries)...)
	lists(p, "Update(every ID): the entries that decide gets", entries, prior)
	p.same("Due(dawn)", []string{"ada"}, p.due(dawn, 9))
}

func (p *probe) copiesChanges() {
	changes, want := p.furnished()
	var entries []credits.Entry
	for i := range changes {
		entries = append(entries, clones(changes[i].Entries)...)
	}
	for i := range changes {
		scramble(reflect.ValueOf(&changes[i]))
	}
	p.unchanged(want, entries)
}

func (p *probe) givesStatesAway() {
	_, want := p.furnished()
	entries := p.entries(credits.Query{Account: "ada"})
	before := p.state("ada")

	touched := want.Clone()
	for i := range touched.Lots {
		touched.Lots[i].Available = credits.Of(1)
		touched.Lots[i].Features = []string{"other"}
	}
	for i := range touched.Holds {
		touched.Holds[i].Parts[0].Amount = credits.Of(1)
	}
	for i := range touched.Terms {
		touched.Terms[i].Until = touched.Terms[i].Until.AddDate(1, 0, 0)
	}
	for i := range touched.Allowances {
		touched.Allowances[i].Number++
		touched.Allowances[i].Meta = map[string]string{"a": "b"}
	}
	made := p.write("ada", credits.Change{
		Entries: lines("touch"), Lots: touched.Lots, Holds: touched.Holds, Terms: touched.Terms, Allowances: touched.Allowances, Due: dawn,
	})
	p.states("a state after a later Update", want, before)

	entries = append(entries, made.Entries...)
	want.Apply(made)
	for range 2 {
		state := p.state("ada")
		scramble(reflect.ValueOf(&state))
		p.unchanged(want, entries)
	}
}

func (p *probe) givesEntriesAway() {
	changes, want := p.furnished()
	var entries []credits.Entry
	for i := range changes {
		entries = append(entries, changes[i].Entries...)
	}
	for range 2 {
		got := p.entries(credits.Query{Account: "ada"})
		kept := clones(got)
		for i := range got {
			scramble(reflect.ValueOf(&got[i])) // one by one: the others share nothing with it
			lists(p, "the entries after it", kept[i+1:], got[i+1:])
		}
		p.unchanged(want, entries)
	}
}

func (p *probe) givesListsAway() {
	for _, account := range []string{"ada", "bob", "eve"} {
		p.write(account, credits.Change{Entries: lines("a"), Due: dawn})
	}
	for range 3 {
		names, err := p.store.Due(p.Context(), dawn, 9)
		if err != nil {
			p.Fatalf("Due(dawn) = %v, want no error", err)
		}
		names = names[:cap(names)]
		clear(names)
		p.same("Due(dawn)", []string{"ada", "bob", "eve"}, p.due(dawn, 9))
	}
}
