package storetest

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/scriphq/scrip/credits"
)

// records is what a Change carries.
var records = []promise{
	{"a lot comes back with every field", "all of it or nothing", func(p *probe) {
		p.keepsRecords(func(f *filler) credits.Change { return credits.Change{Lots: several(6, f.lot)} })
	}},
	{"a hold comes back with every field", "all of it or nothing", func(p *probe) {
		p.keepsRecords(func(f *filler) credits.Change { return credits.Change{Holds: several(6, f.hold)} })
	}},
	{"a term comes back with every field", "all of it or nothing", func(p *probe) {
		p.keepsRecords(func(f *filler) credits.Change { return credits.Change{Terms: several(6, f.term)} })
	}},
	{"an allowance comes back with every field", "all of it or nothing", func(p *probe) {
		p.keepsRecords(func(f *filler) credits.Change { return credits.Change{Allowances: several(6, f.allowance)} })
	}},
	{"an entry comes back with every field", "all of it or nothing", (*probe).keepsEntries},
	{"debt, settings and the last entry's figures come back", "as of its last Update", (*probe).keepsFigures},
	{"what is not there does not come back", "all of it or nothing", (*probe).addsNothing},
	{"what a change does not touch stays as it is", "Every touched record once, as it is now: new, changed or closed.", (*probe).changesOnlyWhatIsTouched},
	{"a closed record goes, and comes back when it opens again", "Every touched record once, as it is now: new, changed or closed.", (*probe).dropsWhatIsClosed},
	{"records come back in order", "the open lots in ascending order of [Lot.Compare]", (*probe).ordersRecords},
	{"amounts are exact to the greatest", "all of it or nothing", (*probe).keepsAmounts},
	{"texts come back to the byte", "all of it or nothing", (*probe).keepsTexts},
}

// keepsRecords writes filled records one change at a time, and again with other
// values.
func (p *probe) keepsRecords(make func(f *filler) credits.Change) {
	fill, want := newFiller(), credits.State{Account: "ada"}
	first := make(fill)
	first.Entries = lines("a")
	want.Apply(p.write("ada", first))
	p.holds(want)

	second := make(fill)
	second.Entries = lines("b")
	for i := range second.Lots {
		second.Lots[i].ID, second.Lots[i].Meta = first.Lots[i].ID, first.Lots[i].Meta // notes never change
	}
	for i := range second.Holds {
		second.Holds[i].ID = first.Holds[i].ID
	}
	for i := range second.Terms {
		second.Terms[i].ID = first.Terms[i].ID
	}
	for i := range second.Allowances {
		second.Allowances[i].ID = first.Allowances[i].ID
	}
	want.Apply(p.write("ada", second))
	p.holds(want)
}

// keepsEntries looks at every kind of entry, in both places where they come out.
func (p *probe) keepsEntries() {
	want := p.write("ada", credits.Change{Entries: several(len(kinds), newFiller().entry)}).Entries
	lists(p, "Entries(ada)", want, p.entries(credits.Query{Account: "ada"}))
	newest := p.entries(credits.Query{Account: "ada", NewestFirst: true})
	slices.Reverse(newest)
	lists(p, "Entries(ada, newest first)", want, newest)
	_, prior := p.seen("ada", namesOf(want)...)
	lists(p, "Update(every ID): the entries that decide gets", want, prior)
}

func (p *probe) keepsFigures() {
	fill, want := newFiller(), credits.State{Account: "ada"}
	for range 6 {
		change := filled[credits.Change](fill)
		change.Entries, change.Lots, change.Holds, change.Terms, change.Allowances = several(2, fill.entry), nil, nil, nil, nil
		want.Apply(p.write("ada", change))
		p.holds(want)
	}
	want.Apply(p.write("ada", credits.Change{Entries: lines("last")})) // all of it is zero again
	p.holds(want)
}

// addsNothing writes the least that each record can be. Set and zero is not the
// same as not set.
func (p *probe) addsNothing() {
	entries := lines("bare", "settings", "hold", "term", "allowance", "lot")
	entries[1].Settings = new(credits.Settings)
	hold, term, allowance := leanHold("hold"), leanTerm("term"), leanAllowance("allowance")
	entries[2].Hold, entries[3].Term, entries[4].Allowance = &hold, &term, &allowance
	entries[5].Lots = []credits.Lot{leanLot("lot")}
	want := credits.State{Account: "ada"}
	made := p.write("ada", credits.Change{
		Entries: entries, Lots: entries[5].Lots, Holds: []credits.Hold{hold},
		Terms: []credits.Term{term}, Allowances: []credits.Allowance{allowance},
	})
	want.Apply(made)
	p.holds(want)
	lists(p, "Entries(ada)", made.Entries, p.entries(credits.Query{Account: "ada"}))
}

func (p *probe) changesOnlyWhatIsTouched() {
	fill, want := newFiller(), credits.State{Account: "ada"}
	all := credits.Change{
		Entries: lines("all"), Lots: several(5, fill.lot), Holds: several(5, fill.hold),
		Terms: several(5, fill.term), Allowances: several(5, fill.allowance),
	}
	other := p.write("bob", all)
	want.Apply(p.write("ada", all))

	touched := credits.Change{
		Entries: lines("some"), Lots: slices.Clone(all.Lots[2:3]), Holds: slices.Clone(all.Holds[1:2]),
		Terms: slices.Clone(all.Terms[3:4]), Allowances: slices.Clone(all.Allowances[4:]),
	}
	touched.Lots[0].Available, touched.Lots[0].Spent = credits.Of(1), credits.Of(2)
	touched.Lots[0].End = touched.Lots[0].End.AddDate(1, 0, 0) // it has another place now
	touched.Holds[0].Captured = credits.Of(3)
	touched.Terms[0].Until = touched.Terms[0].Until.AddDate(1, 0, 0)
	touched.Allowances[0].Number++
	want.Apply(p.write("ada", touched))
	p.holds(want)

	want.Apply(p.write("ada", credits.Change{Entries: lines("none")}))
	p.holds(want)
	bob := credits.State{Account: "bob"}
	bob.Apply(other)
	p.holds(bob)
}

func (p *probe) dropsWhatIsClosed() {
	fill, want := newFiller(), credits.State{Account: "ada"}
	open := credits.Change{
		Entries: lines("open"), Lots: several(3, fill.lot), Holds: several(3, fill.hold),
		Terms: several(3, fill.term), Allowances: several(3, fill.allowance),
	}
	closed := credits.Change{
		Entries: lines("closed"), Lots: slices.Clone(open.Lots[1:]), Holds: slices.Clone(open.Holds[1:]),
		Terms: slices.Clone(open.Terms[1:]), Allowances: slices.Clone(open.Allowances[1:]),
	}
	for i := range 2 {
		closed.Lots[i].Available, closed.Lots[i].Held = credits.Amount{}, credits.Amount{}
		closed.Holds[i].Settled, closed.Terms[i].Lapsed, closed.Allowances[i].Stopped = true, true, true
	}
	// Opened and closed in one change.
	brief := fill.lot()
	brief.Available, brief.Held = credits.Amount{}, credits.Amount{}
	closed.Lots = append(closed.Lots, brief)
	again := credits.Change{
		Entries: lines("again"), Lots: open.Lots[2:], Holds: open.Holds[2:], Terms: open.Terms[2:], Allowances: open.Allowances[2:],
	}
	for _, change := range []credits.Change{open, closed, again} {
		want.Apply(p.write("ada", change))
		p.holds(want)
	}
}

// ordersRecords has IDs that other orders than that of bytes put elsewhere, and
// lots that differ by one thing each.
func (p *probe) ordersRecords() {
	want := credits.State{Account: "ada"}
	change := credits.Change{Entries: lines("a")}
	for _, id := range []string{"b", "B", "a", "_", "10", "9", "é", "z", "Z", "ä", "-a", "~a", "a b", "a-b", "ab", "aB", "\U0001F642", "\uFFFD", "A"} {
		change.Lots, change.Holds = append(change.Lots, leanLot(id)), append(change.Holds, leanHold(id))
		change.Terms, change.Allowances = append(change.Terms, leanTerm(id)), append(change.Allowances, leanAllowance(id))
	}
	change.Lots[1].Priority, change.Lots[2].Priority = 1, -1
	change.Lots[3].Features, change.Lots[4].Features = []string{"x", "y"}, []string{"x"}
	change.Lots[5].End, change.Lots[6].End = dawn.AddDate(1, 0, 0), dawn.AddDate(0, 1, 0)
	change.Lots[7].Paid = credits.Money{Minor: 1, Currency: "EUR"}
	change.Lots[8].Start = dawn.Add(-time.Microsecond)
	want.Apply(p.write("ada", change))
	p.holds(want)
}

func (p *probe) keepsAmounts() {
	most, least := credits.Of(credits.MaxCredits), credits.Micros(1)
	rest := total(most, least.Neg())
	entries := lines("up", "down", "below", "back")
	for i, amount := range []credits.Amount{most, most.Neg(), most.Neg(), rest} {
		entries[i].Amount = amount
		entries[i].Postings = []credits.Posting{{Lot: "a", Available: amount}, {Lot: "b", Available: most, Held: most.Neg()}}
		entries[i].Short = most
		entries[i].Money = credits.Money{Minor: math.MaxInt64, Currency: "JPY"}
		entries[i].Settings = &credits.Settings{Overdraft: most}
	}
	lot := leanLot("available")
	lot.Granted, lot.Available, lot.Origin, lot.Paid, lot.Priority = most, most, most, entries[0].Money, credits.MaxPriority
	held, spent := lot, lot
	held.ID, held.Available, held.Held, held.Priority = "held", credits.Amount{}, most, -credits.MaxPriority
	spent.ID, spent.Available, spent.Spent = "spent", least, rest
	hold, allowance := leanHold("hold"), leanAllowance("allowance")
	hold.Reserved, hold.Captured, hold.Parts = most, most, []credits.Part{{Amount: rest}, {Lot: "held", Amount: least}}
	allowance.Amount, allowance.Most, allowance.Granted, allowance.Within = most, most, rest, allowance.Every
	allowance.ResetSeq, allowance.Since, allowance.Number = math.MaxInt64, math.MaxInt64, math.MaxInt32
	made := p.write("ada", credits.Change{
		Entries: entries, Debt: most, DebtHeld: rest, Settings: credits.Settings{Overdraft: most},
		Lots: []credits.Lot{lot, held, spent}, Holds: []credits.Hold{hold}, Allowances: []credits.Allowance{allowance},
	})
	want := credits.State{Account: "ada"}
	want.Apply(made)
	p.holds(want)
	lists(p, "Entries(ada)", made.Entries, p.entries(credits.Query{Account: "ada"}))
}

// keepsTexts writes what collations, paddings, escapes and encodings confuse, and
// the longest.
func (p *probe) keepsTexts() {
	const derived = "~lapse/2026-03-10T12:00:00.000001Z/" // of the IDs that time makes
	texts := []string{
		"case", "Case", "pad", "pad ", " pad", "e\u0301", "\u00e9", "ß", "ss", "注文", "\U0001F469\u200D\U0001F52C", "\u202Eright to left",
		`'`, `''`, `"`, `\`, `\'`, `%`, `_`, "$1", "?", ":id", "--", "/*", "{}", "[1]", "null", "NULL", "0", "-1", "true", "\uFEFF",
		derived + strings.Repeat("x", credits.MaxIDLen), strings.Repeat("注", credits.MaxIDLen/3),
	}
	want := credits.State{Account: "ada"}
	var change credits.Change
	for _, text := range texts {
		name := text[:min(len(text), credits.MaxNameLen-1)]
		notes := map[string]string{text: strings.Repeat("m", credits.MaxMetaLen-len(text))}
		price := credits.Price{Card: name, Version: name, Explanation: text + strings.Repeat("e", credits.MaxTextLen-len(text))}
		change.Entries = append(change.Entries, credits.Entry{
			ID: text, Of: text, Kind: credits.KindSpend, Feature: name, Source: name, Peer: name, Postings: []credits.Posting{{Lot: text}},
			Quantity: text + strings.Repeat("q", credits.MaxTextLen-len(text)), Meta: map[string]string{name: text + "\r\n\t\v\x01"}, Price: price,
		})
		lot, hold, allowance := leanLot(text), leanHold(text), leanAllowance(text)
		lot.Source, lot.Term, lot.OnlyWith, lot.Allowance, lot.Features, lot.Meta = name, name, name, name, []string{name, name + "+"}, notes
		hold.Feature, hold.Quantity, hold.Price, hold.Parts = name, price.Explanation, price, []credits.Part{{Lot: text}}
		allowance.Source, allowance.Term, allowance.OnlyWith, allowance.Features, allowance.Meta = name, name, name, lot.Features, notes
		change.Lots, change.Holds = append(change.Lots, lot), append(change.Holds, hold)
		change.Terms, change.Allowances = append(change.Terms, leanTerm(text)), append(change.Allowances, allowance)
	}
	made := p.write("ada", change)
	want.Apply(made)
	p.holds(want)
	lists(p, "Entries(ada)", made.Entries, p.entries(credits.Query{Account: "ada"}))
}
