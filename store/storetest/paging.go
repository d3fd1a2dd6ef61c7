package storetest

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/scriphq/scrip/credits"
)

const selectsInOrder = "Entries yields the entries that q selects, in its order."

// paging is how entries are read.
var paging = []promise{
	{"each filter selects what it says", selectsInOrder, (*probe).filters},
	{"filters together select what all of them do", selectsInOrder, (*probe).combinesFilters},
	{"pages of any size hold each entry once", "To page, pass the last Seq seen: as After when oldest first, as Before when newest.", (*probe).pages},
	{"bounds beyond the ledger select nothing", "After and Before bound Seq, both exclusive; zero: no bound.", (*probe).boundsSeq},
	{"a reader may stop anywhere", "It holds no lock while it yields", (*probe).stopsAnywhere},
	{"what is read may be written to", "It holds no lock while it yields", (*probe).writesWhileReading},
	{"every entry before the call is seen", "sees every entry that was written before the call", (*probe).seesAllBefore},
	{"a reading that ends early says so", "An error ends the sequence.", (*probe).cutsNothingSilently},
}

// written fills ada's account with entries in updates of a few, three at each
// instant, and bob's with one, and returns ada's.
func (p *probe) written(n int) []credits.Entry {
	p.Helper()
	p.write("bob", credits.Change{Entries: lines("of-bob")})
	var all []credits.Entry
	for len(all) < n {
		var next []credits.Entry
		for i := len(all); i < min(n, len(all)+31); i++ {
			next = append(next, credits.Entry{
				ID: fmt.Sprintf("id-%03d", i), Kind: kinds[i%3], Feature: []string{"", "image", "music", "Image"}[i%4],
				At: dawn.Add(time.Duration(i/3) * time.Second),
			})
		}
		all = append(all, p.write("ada", credits.Change{Entries: next}).Entries...)
	}
	return all
}

// selects checks a query against the plain filter that Query.Matches is.
func (p *probe) selects(all []credits.Entry, q credits.Query) {
	p.Helper()
	q.Account = "ada"
	var want []string
	for i := range all {
		if q.Matches(&all[i]) {
			want = append(want, all[i].ID)
		}
	}
	if q.NewestFirst {
		slices.Reverse(want)
	}
	if q.Limit > 0 {
		want = want[:min(q.Limit, len(want))]
	}
	p.same(fmt.Sprintf("Entries(%+v)", q), want, namesOf(p.entries(q)))
	p.startsWith(q, want)
}

// startsWith checks the first page of a store that has such.
func (p *probe) startsWith(q credits.Query, want []string) {
	p.Helper()
	paging, ok := p.store.(credits.Paging)
	if !ok {
		return
	}
	state, first, more, err := paging.Page(p.Context(), q)
	if err != nil {
		p.Fatalf("Page(%+v) = %v, want no error", q, err)
	}
	p.same(fmt.Sprintf("Page(%+v): the state", q), p.state(q.Account), state)
	if n := len(first); !more && n < len(want) || n > len(want) || n == 0 && more {
		p.Errorf("Page(%+v) has %d entries, more: %v, want the first of %d", q, n, more, len(want))
		return
	}
	p.same(fmt.Sprintf("Page(%+v)", q), want[:len(first)], namesOf(first))
}

func (p *probe) filters() {
	all := p.written(150)
	for _, q := range []credits.Query{
		{}, {NewestFirst: true}, {Limit: 1}, {Limit: 150}, {Limit: 151}, {Limit: 7, NewestFirst: true},
		{Kinds: kinds[:1]}, {Kinds: kinds[:2]}, {Kinds: []credits.Kind{kinds[1], kinds[1]}}, {Kinds: kinds[5:6]},
		{Feature: "image"}, {Feature: "Image"}, {Feature: "IMAGE"}, {Feature: "imag"}, {Feature: "%"},
		{From: dawn}, {From: dawn.Add(time.Second)}, {From: dawn.Add(time.Second + time.Microsecond)}, {From: dawn.Add(time.Hour)},
		{To: dawn}, {To: dawn.Add(time.Microsecond)}, {To: dawn.Add(time.Second)}, {To: dawn.Add(time.Hour)},
		{From: dawn.Add(5 * time.Second), To: dawn.Add(9 * time.Second)}, {From: dawn.Add(9 * time.Second), To: dawn.Add(5 * time.Second)},
		{After: 1}, {After: 149}, {After: 150}, {Before: 1}, {Before: 2}, {Before: 150}, {Before: 151},
		{After: 10, Before: 12}, {After: 10, Before: 11}, {After: 12, Before: 10},
	} {
		p.selects(all, q)
	}
	p.same("Entries(eve)", []string{}, namesOf(p.entries(credits.Query{Account: "eve"})))
	p.same("Entries(bob)", []string{"of-bob"}, namesOf(p.entries(credits.Query{Account: "bob"})))
}

func (p *probe) combinesFilters() {
	const n, seed = 100, 7
	all, rng := p.written(n), rand.New(rand.NewPCG(seed, 0))
	instant := func() time.Time {
		if rng.IntN(2) == 0 {
			return time.Time{}
		}
		return dawn.Add(time.Duration(rng.IntN(2*n/3+2)-1) * 500 * time.Millisecond)
	}
	for range 200 {
		p.selects(all, credits.Query{
			Kinds: kinds[rng.IntN(3):][:rng.IntN(3)], Feature: []string{"", "", "image", "music"}[rng.IntN(4)],
			From: instant(), To: instant(), After: rng.Int64N(n) * rng.Int64N(2), Before: rng.Int64N(n+2) * rng.Int64N(2),
			NewestFirst: rng.IntN(2) == 0, Limit: rng.IntN(9) * rng.IntN(2),
		})
	}
}

func (p *probe) pages() {
	all := p.written(100)
	for _, size := range []int{1, 7, 64, 99, 100, 101} {
		for _, newest := range []bool{false, true} {
			q := credits.Query{Account: "ada", Limit: size, NewestFirst: newest}
			var got []string
			for range len(all) + 1 {
				page := p.entries(q)
				if len(page) == 0 {
					break
				}
				got = append(got, namesOf(page)...)
				if last := page[len(page)-1].Seq; newest {
					q.Before = last
				} else {
					q.After = last
				}
				if newest && q.Before == 1 {
					break // a Before of 1 has nothing before it
				}
			}
			if newest {
				slices.Reverse(got)
			}
			p.same(fmt.Sprintf("pages of %d, newest first %v", size, newest), namesOf(all), got)
		}
	}
}

func (p *probe) boundsSeq() {
	all := p.written(9)
	for _, newest := range []bool{false, true} {
		for _, q := range []credits.Query{
			{After: math.MaxInt64}, {After: math.MaxInt64 - 1}, {After: math.MaxInt32}, {After: math.MaxInt64, Before: 1},
			{Before: 1}, {Before: math.MaxInt64}, {Before: math.MaxInt32}, {After: 8, Before: math.MaxInt64}, {Limit: math.MaxInt32},
		} {
			q.NewestFirst = newest
			p.selects(all, q)
		}
	}
}

// stopsAnywhere breaks off more readings than a store has connections to lose.
func (p *probe) stopsAnywhere() {
	p.written(130)
	for i := range 130 {
		for _, newest := range []bool{false, true} {
			seen := 0
			for _, err := range p.store.Entries(p.Context(), credits.Query{Account: "ada", NewestFirst: newest}) {
				if err != nil {
					p.Fatalf("Entries(ada) = %v, want no error", err)
				}
				if seen++; seen == i+1 {
					break
				}
			}
			if seen != i+1 {
				p.Errorf("Entries(ada), broken off = %d entries, want %d", seen, i+1)
			}
		}
	}
	p.within("Update(ada) after readings that were broken off", func(ctx context.Context) error {
		return p.store.Update(ctx, "ada", nil, continuing(credits.Change{Entries: lines("after")}))
	})
}

// writesWhileReading uses the store from inside the loop. What is written
// meanwhile may be seen or not.
func (p *probe) writesWhileReading() {
	for round, newest := range []bool{false, true} {
		before := len(p.entries(credits.Query{Account: "ada"}))
		if round == 0 {
			before = len(p.written(150))
		}
		var seqs []int64
		for entry, err := range p.store.Entries(p.Context(), credits.Query{Account: "ada", NewestFirst: newest}) {
			if err != nil {
				p.Fatalf("Entries(ada) = %v, want no error", err)
			}
			if seqs = append(seqs, entry.Seq); len(seqs)%30 == 1 && len(seqs) < before {
				id := fmt.Sprint("new-", round, "-", len(seqs))
				p.within("Update(ada) while its entries are read", func(ctx context.Context) error { return p.usesStore(ctx, id) })
			}
		}
		if newest {
			slices.Reverse(seqs)
		}
		for i, seq := range seqs {
			if seq != int64(i)+1 {
				p.Fatalf("Entries(ada, newest first %v) = Seq %d at %d, want %d", newest, seq, i, i+1)
			}
		}
		if len(seqs) < before {
			p.Errorf("Entries(ada, newest first %v) = %d entries, want all %d that were there", newest, len(seqs), before)
		}
	}
}

// usesStore writes to ada's account and reads what it wrote.
func (p *probe) usesStore(ctx context.Context, id string) error {
	if err := p.store.Update(ctx, "ada", nil, continuing(credits.Change{Entries: lines(id)})); err != nil {
		return err
	}
	for entry, err := range p.store.Entries(ctx, credits.Query{Account: "ada", NewestFirst: true, Limit: 1}) {
		if err != nil || entry.ID != id {
			return fmt.Errorf("the newest entry is %q, %w, want %q", entry.ID, err, id)
		}
	}
	_, err := p.store.State(ctx, "ada")
	return err
}

func (p *probe) seesAllBefore() {
	for i := range 30 {
		id := fmt.Sprint("id-", i)
		p.write("ada", credits.Change{Entries: lines(id)})
		entries := p.store.Entries(p.Context(), credits.Query{Account: "ada"})
		p.write("ada", credits.Change{Entries: lines(id + "-after")})
		var got []string
		for entry, err := range entries {
			if err != nil {
				p.Fatalf("Entries(ada) = %v, want no error", err)
			}
			got = append(got, entry.ID)
		}
		if len(got) < 2*i+1 || got[2*i] != id {
			p.Errorf("Entries(ada) = %d entries, want the %d before the call, to %q", len(got), 2*i+1, id)
		}
	}
}

// cutsNothingSilently ends the context before and while reading: the reading goes
// on to its end, or ends in one error.
func (p *probe) cutsNothingSilently() {
	all := p.written(150)
	for _, after := range []int{0, 1, 70} {
		ctx, cancel := context.WithCancel(p.Context())
		if after == 0 {
			cancel()
		}
		var got, failures int
		for _, err := range p.store.Entries(ctx, credits.Query{Account: "ada"}) {
			if failures > 0 {
				p.Fatalf("Entries(ada, cancelled after %d) goes on after an error, want the end", after)
			}
			if err != nil {
				failures++
				continue
			}
			if got++; got == after {
				cancel()
			}
		}
		cancel()
		if failures == 0 && got != len(all) {
			p.Errorf("Entries(ada, cancelled after %d) = %d entries and no error, want all %d, or an error", after, got, len(all))
		}
	}
}
