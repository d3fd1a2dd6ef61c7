package storetest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/scriphq/scrip/credits"
)

const everyEntryAskedFor = "every entry of the account whose ID or Of is in ids, in ascending order of Seq"

// identity is which entries a decision is shown, and of which account.
var identity = []promise{
	{"an entry is found by its ID and by its Of", everyEntryAskedFor, (*probe).findsEntries},
	{"hundreds of IDs can be asked for", everyEntryAskedFor, (*probe).findsHundreds},
	{"IDs are the same only if every byte is", everyEntryAskedFor, (*probe).tellsIDsApart},
	{"accounts are the same only if every byte is", "Entries yields the entries that q selects", (*probe).tellsAccountsApart},
	{"the IDs asked for are left as they are", "Update does not modify or keep ids.", (*probe).leavesIDs},
}

// asks checks which entries a decision is shown for some IDs.
func (p *probe) asks(account string, want []credits.Entry, ids ...string) {
	p.Helper()
	_, got := p.seen(account, ids...)
	what := fmt.Sprintf("Update(%s, ids %q): the entries that decide gets", account, ids[:min(len(ids), 9)])
	lists(p, what, want, got)
}

func (p *probe) findsEntries() {
	chain := lines("order", "job", "refund-1", "other", "refund-2", "both", "late")
	chain[2].Of, chain[4].Of, chain[5].Of, chain[6].Of = "job", "job", "both", "ghost"
	p.write("bob", credits.Change{Entries: chain})
	e := p.write("ada", credits.Change{Entries: chain[:4]}).Entries
	e = append(e, p.write("ada", credits.Change{Entries: chain[4:]}).Entries...)

	p.asks("ada", nil)
	p.asks("ada", e[:1], "order")
	p.asks("ada", []credits.Entry{e[1], e[2], e[4]}, "job")
	p.asks("ada", e[5:6], "both") // by its ID and by its Of, once
	p.asks("ada", e[:5], "other", "job", "order")
	p.asks("ada", []credits.Entry{e[1], e[2], e[4]}, "refund-2", "job", "refund-1", "job")
	p.asks("ada", e[2:3], "refund-1", "nobody")
	p.asks("ada", e[6:], "ghost") // an Of that is no entry's ID
	p.asks("ada", nil, "nobody")
	p.asks("eve", nil, "order", "job")
	bob, _ := p.seen("bob")
	_, prior := p.seen("bob", "job")
	if len(prior) != 3 || slices.ContainsFunc(prior, func(e credits.Entry) bool { return e.Account != bob.Account }) {
		p.Errorf("Update(bob, ids [job]) = %d entries, want bob's three", len(prior))
	}
}

func (p *probe) findsHundreds() {
	const entries, asked = 300, 700
	var ids, all []string
	for i := range asked {
		ids = append(ids, fmt.Sprintf("id-%03d", (i*577)%asked)) // each once, in no order
	}
	for i := range entries {
		all = append(all, fmt.Sprintf("id-%03d", 2*i))
	}
	written := lines(all...)
	for i := range written {
		if i%3 == 0 {
			written[i].Of = fmt.Sprintf("id-%03d", i)
		}
	}
	p.write("bob", credits.Change{Entries: lines(ids...)})
	p.asks("ada", nil, ids...)
	p.asks("ada", p.write("ada", credits.Change{Entries: written}).Entries, ids...)
}

// tellsIDsApart has pairs that collations, paddings and patterns take for the same.
func (p *probe) tellsIDsApart() {
	ids := []string{
		"job", "Job", "job ", " job", "job%", "j_b", "jo", "job\\", "\u00e9", "e\u0301", "e", "ß", "ss", "0", "00", "null",
		strings.Repeat("x", credits.MaxIDLen-1), strings.Repeat("x", credits.MaxIDLen),
	}
	entries := lines(ids...)
	for i := range ids {
		of := credits.Entry{ID: fmt.Sprint("of-", i), Of: ids[i], Kind: credits.KindRefund}
		entries = append(entries, of)
	}
	made := p.write("ada", credits.Change{Entries: entries}).Entries
	for i, id := range ids {
		p.asks("ada", []credits.Entry{made[i], made[len(ids)+i]}, id)
	}
}

func (p *probe) tellsAccountsApart() {
	accounts := []string{"ada", "Ada", "ada ", " ada", "ada%", "a_a", "ada/1", "\u00e9", "e\u0301", "e", "0", "00", "null", strings.Repeat("x", credits.MaxIDLen)}
	for i, account := range accounts {
		p.isBlank(account)
		p.write(account, credits.Change{
			Entries: lines("same", fmt.Sprint("own-", i)), Debt: credits.Of(int64(i)), Due: dawn,
			Terms: []credits.Term{leanTerm(fmt.Sprint("term-", i))},
		})
	}
	for i, account := range accounts {
		state := p.state(account)
		p.same("State("+account+").Terms", []credits.Term{leanTerm(fmt.Sprint("term-", i))}, state.Terms)
		if state.Account != account || state.Seq != 2 || state.Debt != credits.Of(int64(i)) {
			p.Errorf("State(%q) = that of %q, Seq %d, debt %v, want its own, 2, %d", account, state.Account, state.Seq, state.Debt, i)
		}
		entries := p.entries(credits.Query{Account: account})
		p.same("Entries("+account+")", []string{"same", fmt.Sprint("own-", i)}, namesOf(entries))
		p.asks(account, entries[:min(1, len(entries))], "same")
		p.asks(account, nil, fmt.Sprint("own-", (i+1)%len(accounts)))
	}
	p.same("Due(dawn)", slices.Sorted(slices.Values(accounts)), p.due(dawn, 100))
}

func (p *probe) leavesIDs() {
	p.write("ada", credits.Change{Entries: lines("a", "b", "c")})
	want := []string{"c", "a", "x", "a", "b"}
	ids := append(slices.Clone(want), "spare")[:len(want)]
	p.seen("ada", ids...)
	p.same("ids after Update", want, ids)
	if got := ids[:len(want)+1][len(want)]; got != "spare" {
		p.Errorf("ids after Update go on with %q, want what was there", got)
	}
}
