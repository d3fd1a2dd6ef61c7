package credits_test

import (
	"slices"
	"testing"
	"time"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
)

func noted(id string) credits.Lot {
	return credits.Lot{
		ID: id, Granted: credits.Of(5), Available: credits.Of(5), Start: start, Validity: expiry.Permanent(),
		Features: []string{"image"}, Meta: map[string]string{"a": "b"},
	}
}

func scribble(lots []credits.Lot, terms []credits.Term) {
	for i := range lots {
		lots[i].Features[0], lots[i].Meta["a"], lots[i].ID = "x", "x", "x"
	}
	for i := range terms {
		terms[i].ID = "x"
	}
}

func TestStateApplyOfAZeroChangeDoesNothing(t *testing.T) {
	state := credits.State{Account: "ada", Seq: 3, At: start, Balance: credits.Of(5), Due: day(1), Lots: []credits.Lot{noted("a")}}
	before := state.Clone()
	var change credits.Change
	if !change.IsZero() {
		t.Errorf("IsZero() of a zero change = false, want true")
	}
	state.Apply(change)
	if diff := compare(before, state); diff != "" {
		t.Errorf("Apply(zero) (-before +after):\n%s", diff)
	}
}

func TestStateApplySharesNoMemoryWithTheChange(t *testing.T) {
	state := credits.State{Account: "ada"}
	change := credits.Change{
		Entries: []credits.Entry{{Seq: 1, At: start, Balance: credits.Of(5)}},
		Lots:    []credits.Lot{noted("a"), noted("b")}, Terms: []credits.Term{{ID: "pro", Until: day(1)}},
	}
	for range 2 { // opened, then changed
		state.Apply(change)
		want := state.Clone()
		scribble(change.Lots, change.Terms)
		if diff := compare(want, state); diff != "" {
			t.Errorf("changing a change after Apply (-before +after):\n%s", diff)
		}
		change.Lots, change.Terms = []credits.Lot{noted("a")}, []credits.Term{{ID: "pro", Until: day(2)}}
		change.Lots[0].Features, change.Lots[0].Available = []string{"music"}, credits.Of(1)
	}
	if lot := state.Lots[0]; lot.ID != "a" || lot.Available != credits.Of(1) || lot.Features[0] != "music" {
		t.Errorf("Apply(changed lot) = %v, want the lot as it is now", lot)
	}
	if lot := state.Lots[1]; lot.ID != "b" || lot.Available != credits.Of(5) {
		t.Errorf("Apply(change of another lot) = %v, want the lot as it was", lot)
	}
}

// A store may apply the lots of a change in any order.
func TestStateApplyKeepsTheOrderWhateverTheLotsBecome(t *testing.T) {
	ends := []int{4, 1, 3, 2}
	lot := func(i, end int) credits.Lot {
		l := noted(string(rune('a' + i)))
		l.End = day(end)
		return l
	}
	for shift := range ends {
		state := credits.State{Account: "ada"}
		change := credits.Change{Entries: []credits.Entry{{Seq: 1, At: start}}}
		for i, end := range ends {
			change.Lots = append(change.Lots, lot(i, end))
		}
		state.Apply(change)
		change.Lots = nil
		for i := range ends {
			moved := (i + shift) % len(ends)
			change.Lots = append(change.Lots, lot(moved, 10-ends[moved]))
		}
		state.Apply(change)
		if got := lotIDs(state.Lots); !slices.Equal(got, []string{"a", "c", "d", "b"}) {
			t.Errorf("Apply(moved ends, from lot %d on) = %v, want [a c d b]", shift, got)
		}
	}
}

func TestStateCloneSharesNoMemory(t *testing.T) {
	state := credits.State{Account: "ada", Lots: []credits.Lot{noted("a")}, Terms: []credits.Term{{ID: "pro"}}}
	scribble(state.Clone().Lots, state.Clone().Terms)
	if diff := compare(credits.State{Account: "ada", Lots: []credits.Lot{noted("a")}, Terms: []credits.Term{{ID: "pro"}}}, state); diff != "" {
		t.Errorf("changing a clone changed the state (-before +after):\n%s", diff)
	}
}

func TestEntryCloneSharesNoMemory(t *testing.T) {
	entry := func() credits.Entry {
		lot := noted("a")
		return credits.Entry{ID: "a", Lots: []credits.Lot{lot}, Term: &credits.Term{ID: "pro"}, Postings: []credits.Posting{{Lot: "a"}}, Meta: map[string]string{"a": "b"}}
	}
	original := entry()
	clone := original.Clone()
	clone.Postings[0].Lot, clone.Meta["a"], clone.Term.ID, clone.Lots[0].ID, clone.Lots[0].Features[0], clone.Lots[0].Meta["a"] = "x", "x", "x", "x", "x", "x"
	if diff := compare(entry(), original); diff != "" {
		t.Errorf("changing a clone changed the entry (-before +after):\n%s", diff)
	}
}

func TestQueryMatches(t *testing.T) {
	entry := credits.Entry{Seq: 5, Kind: credits.KindSpend, Feature: "image", At: day(1)}
	for _, c := range []struct {
		name  string
		query credits.Query
		want  bool
	}{
		{"everything", credits.Query{}, true},
		{"another account's query looks at the entry alone", credits.Query{Account: "bob"}, true},
		{"its kind", credits.Query{Kinds: []credits.Kind{credits.KindGrant, credits.KindSpend}}, true},
		{"another kind", credits.Query{Kinds: []credits.Kind{credits.KindGrant}}, false},
		{"its feature", credits.Query{Feature: "image"}, true},
		{"another feature", credits.Query{Feature: "music"}, false},
		{"from its instant", credits.Query{From: day(1)}, true},
		{"from after it", credits.Query{From: day(1).Add(time.Nanosecond)}, false},
		{"to its instant", credits.Query{To: day(1)}, false},
		{"to after it", credits.Query{To: day(1).Add(time.Nanosecond)}, true},
		{"after its Seq", credits.Query{After: 5}, false},
		{"after the one before", credits.Query{After: 4}, true},
		{"before its Seq", credits.Query{Before: 5}, false},
		{"before the next", credits.Query{Before: 6}, true},
	} {
		if got := c.query.Matches(&entry); got != c.want {
			t.Errorf("Matches(%s) = %v, want %v", c.name, got, c.want)
		}
	}
}

func TestZeroValuesSaySo(t *testing.T) {
	if !(credits.Price{}).IsZero() || (credits.Price{Explanation: "x"}).IsZero() {
		t.Errorf("Price.IsZero = %v, %v, want true, false", credits.Price{}.IsZero(), credits.Price{Explanation: "x"}.IsZero())
	}
	if !(credits.Money{}).IsZero() || (credits.Money{Currency: "USD"}).IsZero() {
		t.Errorf("Money.IsZero = %v, %v, want true, false", credits.Money{}.IsZero(), credits.Money{Currency: "USD"}.IsZero())
	}
}
