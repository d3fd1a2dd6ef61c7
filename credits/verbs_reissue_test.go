package credits_test

import (
	"slices"
	"testing"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
)

// Two lots for everything paid, and were then amended to pay for one feature: what
// is reissued of them pays for that one, not for everything again.
func TestR29_AReissueIsForWhatItsLotsWereFor(t *testing.T) {
	b := openTill(t)
	for _, id := range []string{"first", "second"} {
		b.grant(credits.Grant{ID: id, Amount: credits.Of(3), Validity: expiry.Days(1)})
	}
	b.hold(credits.Reserve{ID: "job", Amount: credits.Of(1), Deadline: day(5)}) // of the first, which stays open
	b.spend(credits.Spend{ID: "use", Amount: credits.Of(4)})
	for _, id := range []string{"first", "second"} {
		b.amend(credits.Amend{ID: "narrow-" + id, Lot: id, Features: []string{"ai-music"}})
	}
	b.clock.set(day(2))
	b.refund(credits.Refund{ID: "back", Of: "use", All: true, Reissue: expiry.Days(1)})
	lots := b.balance().Lots
	i := slices.IndexFunc(lots, func(l credits.Lot) bool { return l.ID == "back" })
	if i < 0 || lots[i].Granted != credits.Of(4) || !slices.Equal(lots[i].Features, []string{"ai-music"}) {
		t.Errorf("Refund() reissues %+v, want a lot of 4 for ai-music", lots)
	}
}
