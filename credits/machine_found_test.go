package credits_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
	"github.com/scriphq/scrip/store/memory"
)

// Sequences that the machine once failed on, at their shortest.

func TestATermThatIsEndedTwiceAtOneInstantLapsesUnderTwoIDs(t *testing.T) {
	ledger := credits.New(memory.New(), credits.Options{Now: func() time.Time { return machineStart }})
	for _, renew := range []credits.Renew{
		{ID: "start", Until: machineStart.Add(time.Hour)}, {ID: "end", End: true},
		{ID: "start again", Until: machineStart.Add(time.Hour)}, {ID: "end again", End: true},
	} {
		renew.Account, renew.Term = "ada", "plan"
		if _, err := ledger.Renew(t.Context(), renew); err != nil {
			t.Fatalf("Renew(%+v) = %v, want no error", renew, err)
		}
	}
	ids := map[string]int{}
	for e, err := range ledger.History(t.Context(), credits.Query{Account: "ada"}) {
		if err != nil {
			t.Fatalf("History() = %v, want no error", err)
		}
		if ids[e.ID]++; ids[e.ID] > 1 {
			t.Errorf("entry %d has the ID %q again, want every ID once", e.Seq, e.ID)
		}
	}
	if len(ids) != 6 {
		t.Errorf("History() = %d different IDs, want 4 renewals and 2 lapses", len(ids))
	}
}

// TestALotThatOutlivesItsTermKeepsItsEnd: a term that starts later under the same
// ID has another first purchase. Asked again with it, a permanent lot got an end,
// and one of those ends lay before the entry that gave it.
func TestALotThatOutlivesItsTermKeepsItsEnd(t *testing.T) {
	early := machineStart.Add(time.Hour)
	day := 24 * time.Hour
	for name, test := range map[string]struct {
		validity expiry.Policy
		want     time.Time
	}{
		"a lot that outlives its term by days": {
			expiry.Latest(expiry.Days(30), expiry.WhileSubscribed()), machineStart.Add(30 * day),
		},
		"a lot that early buyers keep for ever": {
			expiry.PurchasedBefore(early, expiry.Permanent(), expiry.WhileSubscribed()), time.Time{},
		},
		"a lot that late buyers would have lost already": {
			expiry.PurchasedBefore(early, expiry.Permanent(), expiry.Earliest(expiry.Days(1), expiry.WhileSubscribed())), time.Time{},
		},
	} {
		t.Run(name+" keeps its end when the term starts anew", func(t *testing.T) {
			now := machineStart
			ledger := credits.New(memory.New(), credits.Options{Now: func() time.Time { return now }})
			renew := func(id string, until time.Time) {
				if _, err := ledger.Renew(t.Context(), credits.Renew{ID: id, Account: "ada", Term: "plan", Until: until}); err != nil {
					t.Fatalf("Renew(%s) = %v, want no error", id, err)
				}
			}
			renew("first", now.Add(10*day))
			grant := credits.Grant{ID: "lot", Account: "ada", Amount: credits.Of(5), Term: "plan", Validity: test.validity}
			if _, err := ledger.Grant(t.Context(), grant); err != nil {
				t.Fatalf("Grant(%+v) = %v, want no error", grant, err)
			}
			now = now.Add(15 * day)
			renew("second", now.Add(100*day))
			renew("third", now.Add(200*day))
			balance, err := ledger.Balance(t.Context(), "ada")
			if err != nil || len(balance.Lots) != 1 {
				t.Fatalf("Balance() = %+v, %v, want the lot", balance, err)
			}
			if diff := cmp.Diff(test.want, balance.Lots[0].End); diff != "" {
				t.Errorf("End of the lot (-want +got):\n%s", diff)
			}
		})
	}
}
