package credits_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
	"github.com/scriphq/scrip/store/memory"
)

func stateOf(tamper func(s *credits.State)) forged { return forged{state: tamper} }

// lotIn returns the lot of that ID in a state.
func lotIn(s *credits.State, id string) *credits.Lot {
	for i := range s.Lots {
		if s.Lots[i].ID == id {
			return &s.Lots[i]
		}
	}
	panic("no lot " + id)
}

func TestVerifyFindsATamperedState(t *testing.T) {
	one := credits.Of(1)
	for _, c := range []struct {
		name string
		give func(s *credits.State)
		what string
	}{
		{"the account", func(s *credits.State) { s.Account = "bob" }, "account"},
		{"the balance", func(s *credits.State) { s.Balance = one }, "balance"},
		{"the instant", func(s *credits.State) { s.At = s.At.Add(micro) }, "at"},
		{"what is due", func(s *credits.State) { s.Due = s.Due.Add(micro) }, "due"},
		{"that something is due", func(s *credits.State) { s.Due = time.Time{} }, "due"},
		{"the debt", func(s *credits.State) { s.Debt = one }, "debt"},
		{"the debt that is held", func(s *credits.State) { s.DebtHeld = one }, "held debt"},
		{"the overdraft", func(s *credits.State) { s.Settings.Overdraft = one }, "settings"},
		{"whether it is frozen", func(s *credits.State) { s.Settings.Frozen = true }, "settings"},
		{"more entries than there are", func(s *credits.State) { s.Seq++ }, "seq"},
		{"a lot that is missing", func(s *credits.State) { s.Lots = s.Lots[1:] }, "lot pack"},
		{"a lot too many", func(s *credits.State) { s.Lots = append(s.Lots, credits.Lot{ID: "ghost", Available: one}) }, "lot ghost"},
		{"a lot twice", func(s *credits.State) { s.Lots = append(s.Lots, s.Lots[0]) }, "lot pack"},
		{"lots in another order", func(s *credits.State) { slices.Reverse(s.Lots) }, "lot at 0"},
		{"a lot's ID", func(s *credits.State) { lotIn(s, "pack").ID = "packs" }, "lot pack"},
		{"a lot's source", func(s *credits.State) { lotIn(s, "pack").Source = "bonus" }, "lot pack"},
		{"what a lot was granted", func(s *credits.State) { lotIn(s, "pack").Granted = one }, "lot pack"},
		{"what a lot has", func(s *credits.State) { lotIn(s, "pack").Available = one }, "lot pack"},
		{"what a lot has for holds", func(s *credits.State) { lotIn(s, "pack").Held = one }, "lot pack"},
		{"what a lot spent", func(s *credits.State) { lotIn(s, "pack").Spent = one }, "lot pack"},
		{"a lot's start", func(s *credits.State) { lotIn(s, "pack").Start = day(1) }, "lot pack"},
		{"a lot's end", func(s *credits.State) { lotIn(s, "pack").End = day(99) }, "lot pack"},
		{"a lot's validity", func(s *credits.State) { lotIn(s, "pack").Validity = expiry.Days(1) }, "lot pack"},
		{"a lot's term", func(s *credits.State) { lotIn(s, "pack").Term = "pro" }, "lot pack"},
		{"a lot's period", func(s *credits.State) { lotIn(s, "pack").PeriodEnd = day(1) }, "lot pack"},
		{"a lot's features", func(s *credits.State) { lotIn(s, "pack").Features = []string{"x"} }, "lot pack"},
		{"a lot's priority", func(s *credits.State) { lotIn(s, "pack").Priority = 3 }, "lot pack"},
		{"the term a lot needs", func(s *credits.State) { lotIn(s, "pack").OnlyWith = "pro" }, "lot pack"},
		{"a lot's price", func(s *credits.State) { lotIn(s, "pack").Paid.Minor++ }, "lot pack"},
		{"whether a lot's money is kept", func(s *credits.State) { lotIn(s, "pack").NonRefundable = true }, "lot pack"},
		{"a lot's rollover", func(s *credits.State) { lotIn(s, "pack").Rollover = expiry.Roll(expiry.Days(1)) }, "lot pack"},
		{"what a rolled lot came from", func(s *credits.State) { lotIn(s, "~rollover/1/rolls").Origin = one }, "lot ~rollover/1/rolls"},
		{"how often a lot rolled over", func(s *credits.State) { lotIn(s, "~rollover/1/rolls").Rolled = 0 }, "lot ~rollover/1/rolls"},
		{"a lot's allowance", func(s *credits.State) { lotIn(s, "pack").Allowance = "plan" }, "lot pack"},
		{"a lot's notes", func(s *credits.State) { lotIn(s, "pack").Meta = map[string]string{"a": "b"} }, "lot pack"},
		{"a hold that is missing", func(s *credits.State) { s.Holds = nil }, "hold hold"},
		{"a hold too many", func(s *credits.State) { s.Holds = append(s.Holds, credits.Hold{ID: "zz"}) }, "hold zz"},
		{"a hold's feature", func(s *credits.State) { s.Holds[0].Feature = "music" }, "hold hold"},
		{"a hold's deadline", func(s *credits.State) { s.Holds[0].Deadline = day(8) }, "hold hold"},
		{"what a hold reserved", func(s *credits.State) { s.Holds[0].Reserved = one }, "hold hold"},
		{"what a hold captured", func(s *credits.State) { s.Holds[0].Captured = one }, "hold hold"},
		{"what a hold has of a lot", func(s *credits.State) { s.Holds[0].Parts[0].Amount = one }, "hold hold"},
		{"which lot a hold has it of", func(s *credits.State) { s.Holds[0].Parts[0].Lot = "rolls" }, "hold hold"},
		{"a hold's quantity", func(s *credits.State) { s.Holds[0].Quantity = "1m" }, "hold hold"},
		{"a hold's price", func(s *credits.State) { s.Holds[0].Price.Card = "other" }, "hold hold"},
		{"whether a hold is over", func(s *credits.State) { s.Holds[0].Settled = true }, "hold hold"},
		{"a term that is missing", func(s *credits.State) { s.Terms = nil }, "term pro"},
		{"a term's end", func(s *credits.State) { s.Terms[0].Until = day(9) }, "term pro"},
		{"a term's beginning", func(s *credits.State) { s.Terms[0].Since = day(-9) }, "term pro"},
		{"whether a term is over", func(s *credits.State) { s.Terms[0].Lapsed = true }, "term pro"},
		{"an allowance that is missing", func(s *credits.State) { s.Allowances = nil }, "allowance plan"},
		{"an allowance's amount", func(s *credits.State) { s.Allowances[0].Amount = one }, "allowance plan"},
		{"an allowance's span", func(s *credits.State) { s.Allowances[0].Every = daily }, "allowance plan"},
		{"an allowance's anchor", func(s *credits.State) { s.Allowances[0].Anchor = day(1) }, "allowance plan"},
		{"an allowance's number", func(s *credits.State) { s.Allowances[0].Number++ }, "allowance plan"},
		{"an allowance's next", func(s *credits.State) { s.Allowances[0].Next = day(9) }, "allowance plan"},
		{"whether an allowance resets", func(s *credits.State) { s.Allowances[0].Reset = true }, "allowance plan"},
		{"an allowance's cap", func(s *credits.State) { s.Allowances[0].Most = one }, "allowance plan"},
		{"an allowance's cap's period", func(s *credits.State) { s.Allowances[0].Within = monthly }, "allowance plan"},
		{"what an allowance granted", func(s *credits.State) { s.Allowances[0].Granted = one }, "allowance plan"},
		{"an allowance's term", func(s *credits.State) { s.Allowances[0].Term = "" }, "allowance plan"},
		{"an allowance's validity", func(s *credits.State) { s.Allowances[0].Validity = expiry.Days(1) }, "allowance plan"},
		{"an allowance's rollover", func(s *credits.State) { s.Allowances[0].Rollover = expiry.Roll(expiry.Days(1)) }, "allowance plan"},
		{"whether an allowance is over", func(s *credits.State) { s.Allowances[0].Stopped = true }, "allowance plan"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := lived(t)
			found := b.verify(stateOf(c.give))
			checkFound(t, found, credits.RuleState)
			if !slices.ContainsFunc(found, func(d credits.Discrepancy) bool { return d.What == c.what }) {
				t.Errorf("Verify(%s) = %v, want one about %q", c.name, found, c.what)
			}
		})
	}
}

// Every record that is missing is reported, and those that are there are not out of order
// for it.
func TestVerifyReportsEachMissingLotAndNothingElse(t *testing.T) {
	b := lived(t)
	var missing []string
	found := b.verify(stateOf(func(s *credits.State) {
		for _, lot := range s.Lots[:2] {
			missing = append(missing, "lot "+lot.ID)
		}
		s.Lots = s.Lots[2:]
	}))
	var got []string
	for _, d := range found {
		got = append(got, d.What)
	}
	if slices.Sort(missing); !slices.Equal(slices.Sorted(slices.Values(got)), missing) {
		t.Errorf("Verify(two lots missing) = %v, want %v", got, missing)
	}
}

func TestVerifySaysWhatIsWrong(t *testing.T) {
	b := openTill(t)
	b.grant(credits.Grant{ID: "pack", Amount: credits.Of(10)})
	found := b.verify(entryOf("pack", func(e *credits.Entry) { e.Balance = credits.Of(12) }))
	want := []string{"balance: entry 1: balance is 12, want 10", "state: state: balance is 10, want 12"}
	var got []string
	for _, d := range found {
		got = append(got, d.String())
	}
	if !slices.Equal(got, want) {
		t.Errorf("Verify() = %q, want %q", got, want)
	}
}

func TestVerifyChangesNothing(t *testing.T) {
	b := lived(t)
	b.clock.set(day(50)) // much is due
	b.refuses(nil, func() error {
		found, err := b.ledger.Verify(b.ctx, "ada")
		if len(found) > 0 {
			t.Errorf("Verify() = %v, want nothing: what is due is not missing yet", found)
		}
		return err
	})
}

func TestVerifyOfAnUnknownAccountFindsNothing(t *testing.T) {
	b := openTill(t)
	found, err := b.ledger.Verify(b.ctx, "nobody")
	if err != nil || len(found) > 0 {
		t.Errorf("Verify(nobody) = %v, %v, want nothing", found, err)
	}
	if _, err := b.ledger.Verify(b.ctx, ""); field(err) != "account" {
		t.Errorf("Verify(no name) = %v, want an *InvalidError on account", err)
	}
}

func TestVerifyPassesTheStoresErrorOn(t *testing.T) {
	b := lived(t)
	broken := errors.New("connection lost")
	_, err := credits.New(corruptStore{b.store, nil, broken}, credits.Options{}).Verify(b.ctx, "ada")
	if !errors.Is(err, broken) {
		t.Errorf("Verify() = %v, want %v", err, broken)
	}
}

// Whatever happened to an account, and whatever was done to one of its entries or
// to its state, is found out.
func TestVerifyFindsRandomTampering(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := rush(t)
		all := b.record("ada").Entries
		i := rapid.IntRange(0, len(all)-1).Draw(t, "entry")
		off := credits.Micros(rapid.SampledFrom([]int64{-1_000_000, -1, 1, 1_000_000, 1 << 60}).Draw(t, "off"))
		bend := func(a *credits.Amount) { *a = credits.Micros(a.Micros() + off.Micros()) }
		var what string
		give := forged{entries: func(all []credits.Entry) []credits.Entry {
			e := &all[i]
			switch what {
			case "missing":
				return slices.Delete(all, i, i+1)
			case "repeated":
				return slices.Insert(all, i, *e)
			case "swapped":
				other := (i + 1) % len(all)
				all[i], all[other] = all[other], all[i]
			case "seq":
				e.Seq += off.Micros()
			case "amount":
				bend(&e.Amount)
			case "balance":
				bend(&e.Balance)
			case "available":
				bend(&e.Postings[0].Available)
			case "held":
				bend(&e.Postings[0].Held)
			case "lot":
				e.Postings[0].Lot += "x"
			case "instant":
				e.At = all[max(i-1, 0)].At.Add(-micro)
			case "id":
				e.ID = all[(i+1)%len(all)].ID
			case "granted":
				bend(&e.Lots[0].Available)
			}
			return all
		}, state: func(s *credits.State) {
			switch what {
			case "state":
				bend(&s.Balance)
			case "debt":
				bend(&s.Debt)
			case "open lot":
				bend(&s.Lots[0].Available)
			}
		}}
		kinds := []string{"missing", "repeated", "seq", "amount", "balance", "state", "debt"}
		if len(all[i].Postings) > 0 {
			kinds = append(kinds, "available", "held", "lot")
		}
		if i > 0 {
			kinds = append(kinds, "instant", "swapped", "id")
		}
		if len(all[i].Lots) > 0 && all[i].Kind != credits.KindTransfer {
			kinds = append(kinds, "granted")
		}
		if len(b.record("ada").State.Lots) > 0 {
			kinds = append(kinds, "open lot")
		}
		what = rapid.SampledFrom(kinds).Draw(t, "what")
		found := b.verify(give)
		if len(found) == 0 {
			t.Fatalf("Verify(%s of entry %d, %s %q) = nothing, want a discrepancy", what, i+1, all[i].Kind, all[i].ID)
		}
		if text := found[0].String(); !strings.Contains(text, " is ") {
			t.Fatalf("String() = %q, want a sentence", text)
		}
		if clean := b.verify(forged{}); len(clean) > 0 {
			t.Fatalf("Verify(untouched) = %v, want nothing", clean)
		}
	})
}

func ExampleLedger_Verify() {
	store := memory.New()
	ledger := credits.New(store, credits.Options{Now: newYear})
	_, err := ledger.Grant(ctx, credits.Grant{ID: "pack", Account: "ada", Amount: credits.Of(10), Validity: expiry.Permanent()})
	if err != nil {
		fmt.Println(err)
	}
	found, err := ledger.Verify(ctx, "ada")
	fmt.Println(len(found), err)
	// Somebody writes a balance into the database by hand.
	forged := forged{Store: store, state: func(s *credits.State) { s.Balance = credits.Of(1000) }}
	found, err = credits.New(forged, credits.Options{Now: newYear}).Verify(ctx, "ada")
	for _, discrepancy := range found {
		fmt.Println(discrepancy)
	}
	fmt.Println(err)
	// Output:
	// 0 <nil>
	// state: state: balance is 1000, want 10
	// <nil>
}
