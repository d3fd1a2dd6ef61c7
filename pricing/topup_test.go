package pricing_test

import (
	"errors"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
	"github.com/scriphq/scrip/pricing"
)

// topUpPack is a pack of 100 that is bought below 50, at most twice within a month.
func topUpPack() pricing.Pack {
	return pricing.Pack{
		ID: "small", Credits: credits.Of(100), Price: pricing.MustParseMoney("9 USD"),
		Auto:       pricing.TopUp{Below: credits.Of(50), Limit: must(pricing.ParseLimit("at most 200 within 1 month"))},
		Conditions: pricing.Conditions{Validity: expiry.Years(1), Features: []string{"music"}, Priority: 2, NonRefundable: true},
	}
}

// fell is the crossing of entry 7, at noon on 31 January.
func fell() pricing.Crossing {
	at := instant("2026-01-31T12:00:00Z")
	notice := credits.Notice{Kind: credits.NoticeLow, Account: "ada", Seq: 7, At: at, Balance: credits.Of(40), Threshold: credits.Of(50)}
	return pricing.Crossing{Notice: notice, At: at.Add(time.Second)}
}

// recorded is a history of what came after entry 7, or before it.
func recorded(entries ...credits.Entry) iter.Seq2[credits.Entry, error] {
	return func(yield func(credits.Entry, error) bool) {
		for _, e := range entries {
			if e.Account == "" {
				e.Account = "ada"
			}
			if !yield(e, nil) {
				return
			}
		}
	}
}

// topUp is an earlier top-up of so many credits, that brought the balance to 30.
func topUp(seq int64, id, at string, amount int64) credits.Entry {
	return credits.Entry{
		Seq: seq, ID: id, Kind: credits.KindGrant, Source: pricing.SourceTopUp, At: instant(at),
		Amount: credits.Of(amount), Balance: credits.Of(30),
	}
}

func TestATopUpSaysAllThatThePackSays(t *testing.T) {
	crossing := fell()
	pack := topUpPack()
	want := credits.Grant{
		ID: "topup:small:7", Account: "ada", Amount: credits.Of(100), Source: "topup", Validity: expiry.Years(1),
		Features: []string{"music"}, Priority: 2, NonRefundable: true, Paid: credits.Money{Minor: 900, Currency: "USD"},
	}
	got, err := pack.TopUp(crossing, recorded())
	if diff := cmp.Diff(want, got, compareGrants); err != nil || diff != "" {
		t.Errorf("TopUp(%v) = %v (-want +got):\n%s", crossing, err, diff)
	}
	got.Features[0] = "spoilt"
	if pack.Features[0] != "music" {
		t.Errorf("TopUp(%v) shares the features of its pack", crossing)
	}
	pack.ID, pack.Validity, pack.Usable, crossing.Term = "5:9", expiry.WhileSubscribed(), pricing.WhileSubscribed, "sub-1"
	got, err = pack.TopUp(crossing, recorded())
	if err != nil || got.ID != "topup:5%3A9:7" || got.Term != "sub-1" || got.OnlyWith != "sub-1" {
		t.Errorf("TopUp(%v) = %+v, %v, want topup:5%%3A9:7 with the term", crossing, got, err)
	}
}

func TestR39_TopUpDecides(t *testing.T) {
	recovery := credits.Entry{Seq: 8, ID: "ord-1", Kind: credits.KindGrant, Source: "pack", At: instant("2026-01-31T12:00:01Z"), Amount: credits.Of(10), Balance: credits.Of(50)}
	tests := []struct {
		name    string
		now     string // zero: a second after the crossing
		history []credits.Entry
		reason  string // empty: it is bought
		next    string // empty: never
	}{
		{"a fall below the trigger buys", "", nil, "", ""},
		{"the same crossing was acted on", "", []credits.Entry{topUp(8, "topup:small:7", "2026-01-31T12:00:01Z", 100)}, "it was bought", ""},
		{"the same crossing was acted on long ago", "2029-01-01T00:00:00Z", []credits.Entry{topUp(8, "topup:small:7", "2026-01-31T12:00:01Z", 100)}, "it was bought", ""},
		{"the balance is at the trigger again", "", []credits.Entry{recovery}, "the balance has recovered since", ""},
		{"the balance rose, but not to the trigger", "", []credits.Entry{with(recovery, func(e *credits.Entry) { e.Balance = credits.MustParse("49.999999") })}, "", ""},
		{"the balance was at the trigger before", "", []credits.Entry{with(recovery, func(e *credits.Entry) { e.Seq = 7 })}, "", ""},
		{"one more fits the limit", "", []credits.Entry{topUp(3, "topup:small:2", "2026-01-10T00:00:00Z", 100)}, "", ""},
		{"the limit is reached, until the first is a month old", "", []credits.Entry{
			topUp(3, "topup:small:2", "2026-01-10T00:00:00Z", 100), topUp(6, "topup:small:5", "2026-01-20T00:00:00Z", 100),
		}, `the limit is "at most 200 within 1 month"`, "2026-02-10T00:00:00Z"},
		{"a microsecond before the first is a month old", "2026-02-09T23:59:59.999999Z", []credits.Entry{
			topUp(3, "topup:small:2", "2026-01-10T00:00:00Z", 100), topUp(6, "topup:small:5", "2026-01-20T00:00:00Z", 100),
		}, `the limit is`, "2026-02-10T00:00:00Z"},
		{"the first is a month old", "2026-02-10T00:00:00Z", []credits.Entry{
			topUp(3, "topup:small:2", "2026-01-10T00:00:00Z", 100), topUp(6, "topup:small:5", "2026-01-20T00:00:00Z", 100),
		}, "", ""},
		{"newest first", "", []credits.Entry{
			topUp(6, "topup:small:5", "2026-01-20T00:00:00Z", 100), topUp(3, "topup:small:2", "2026-01-10T00:00:00Z", 100),
		}, `the limit is`, "2026-02-10T00:00:00Z"},
		{"earlier top-ups of other sizes count with theirs", "", []credits.Entry{
			topUp(2, "topup:small:1", "2026-01-05T00:00:00Z", 20), topUp(3, "topup:small:2", "2026-01-10T00:00:00Z", 60), topUp(6, "topup:small:5", "2026-01-20T00:00:00Z", 80),
		}, `the limit is`, "2026-02-10T00:00:00Z"},
		{"the last alone is more than the limit leaves", "", []credits.Entry{
			topUp(3, "topup:small:2", "2026-01-10T00:00:00Z", 100), topUp(6, "topup:small:5", "2026-01-20T00:00:00Z", 101),
		}, `the limit is`, "2026-02-20T00:00:00Z"},
		{"a top-up with another pack does not count", "", []credits.Entry{
			topUp(3, "topup:small:2", "2026-01-10T00:00:00Z", 100), topUp(6, "topup:smaller:5", "2026-01-20T00:00:00Z", 100), topUp(5, "topup:sm:small:4", "2026-01-20T00:00:00Z", 100),
		}, "", ""},
		{"what else came does not count", "", []credits.Entry{
			topUp(3, "topup:small:2", "2026-01-10T00:00:00Z", 100),
			with(topUp(6, "topup:small:5", "2026-01-20T00:00:00Z", 100), func(e *credits.Entry) { e.Kind = credits.KindRefund }),
			with(topUp(5, "topup:small:4", "2026-01-20T00:00:00Z", 100), func(e *credits.Entry) { e.Source = "pack" }),
		}, "", ""},
		{"a clock that is behind does not make room", "2025-06-01T00:00:00Z", []credits.Entry{
			topUp(3, "topup:small:2", "2026-01-10T00:00:00Z", 100), topUp(6, "topup:small:5", "2026-01-20T00:00:00Z", 100),
		}, `the limit is`, "2026-02-10T00:00:00Z"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			crossing := fell()
			if test.now != "" {
				crossing.At = instant(test.now)
			}
			g, err := topUpPack().TopUp(crossing, recorded(test.history...))
			if test.reason == "" {
				if err != nil || g.ID != "topup:small:7" {
					t.Errorf("TopUp(%v) = %q, %v, want topup:small:7", crossing, g.ID, err)
				}
				return
			}
			failure, ok := errors.AsType[*pricing.TopUpError](err)
			if !ok || !errors.Is(err, pricing.ErrTopUp) || !strings.HasPrefix(failure.Reason, test.reason) || g.ID != "" {
				t.Fatalf("TopUp(%v) = %q, %v, want ErrTopUp: %s", crossing, g.ID, err, test.reason)
			}
			next := time.Time{}
			if test.next != "" {
				next = instant(test.next)
			}
			if !failure.Next.Equal(next) || failure.Account != "ada" || failure.Pack != "small" || failure.Seq != 7 {
				t.Errorf("TopUp(%v) = %+v, want Next %v", crossing, failure, next)
			}
		})
	}
}

// with is an entry with a change.
func with(e credits.Entry, change func(*credits.Entry)) credits.Entry {
	change(&e)
	return e
}

func TestTopUpErrorSaysWhen(t *testing.T) {
	_, err := topUpPack().TopUp(fell(), recorded(topUp(3, "topup:small:2", "2026-01-10T00:00:00Z", 200)))
	want := `pricing: no top-up of account "ada" with pack "small" for entry 7: the limit is "at most 200 within 1 month", which has room again from 2026-02-10T00:00:00Z`
	if err == nil || err.Error() != want {
		t.Errorf("TopUp = %v, want %s", err, want)
	}
	_, err = topUpPack().TopUp(fell(), recorded(topUp(8, "topup:small:7", "2026-02-10T00:00:00Z", 100)))
	if want := `pricing: no top-up of account "ada" with pack "small" for entry 7: it was bought`; err == nil || err.Error() != want {
		t.Errorf("TopUp = %v, want %s", err, want)
	}
}

// A service hands on every notice; those about something else buy nothing, and
// nothing is read for them.
func TestR39_OtherNoticesBuyNothing(t *testing.T) {
	unread := func(func(credits.Entry, error) bool) { t.Error("the history was read") }
	for name, change := range map[string]func(n *credits.Notice){
		"depleted":                func(n *credits.Notice) { n.Kind, n.Threshold = credits.NoticeDepleted, credits.Amount{} },
		"refused, with no entry":  func(n *credits.Notice) { n.Kind, n.Seq = credits.NoticeRefused, 0 },
		"below another threshold": func(n *credits.Notice) { n.Threshold = credits.Of(51) },
	} {
		t.Run(name, func(t *testing.T) {
			crossing := fell()
			change(&crossing.Notice)
			g, err := topUpPack().TopUp(crossing, unread)
			if failure, ok := errors.AsType[*pricing.TopUpError](err); !ok || !failure.Next.IsZero() || g.ID != "" {
				t.Errorf("TopUp(%v) = %q, %v, want ErrTopUp, for ever", crossing, g.ID, err)
			}
		})
	}
}

func TestTopUpRefusesWhatLacksSomething(t *testing.T) {
	tests := []struct {
		name  string
		spoil func(p *pricing.Pack, c *pricing.Crossing)
		want  string
	}{
		{"a pack that is not bought by itself", func(p *pricing.Pack, _ *pricing.Crossing) { p.Auto = pricing.TopUp{} }, `auto is missing: the pack is not bought by itself`},
		{"a trigger of zero", func(p *pricing.Pack, _ *pricing.Crossing) { p.Auto.Below = credits.Of(0) }, `auto.below is 0: must be more than zero`},
		{"a negative trigger", func(p *pricing.Pack, _ *pricing.Crossing) { p.Auto.Below = credits.Of(-1) }, `auto.below is -1: must be more than zero`},
		{"a trigger above what the pack brings", func(p *pricing.Pack, _ *pricing.Crossing) { p.Auto.Below = credits.Of(101) }, `auto.below is 101, more than the 100 of the pack`},
		{"no limit", func(p *pricing.Pack, _ *pricing.Crossing) { p.Auto.Limit = pricing.Limit{} }, `auto.limit is missing`},
		{"a limit below what the pack brings", func(p *pricing.Pack, _ *pricing.Crossing) { p.Auto.Limit.Most = credits.Of(99) }, `auto.limit is "at most 99 within 1 month", less than the 100 of the pack`},
		{"a limit within no span", func(p *pricing.Pack, _ *pricing.Crossing) { p.Auto.Limit.Within = expiry.Span{} }, `auto.limit has a span that is none`},
		{"no instant", func(_ *pricing.Pack, c *pricing.Crossing) { c.At = time.Time{} }, `at is missing`},
		{"an instant that is not counted", func(_ *pricing.Pack, c *pricing.Crossing) { c.At = c.At.AddDate(9000, 0, 0) }, `at is in the year 11026`},
		{"a notice from an instant that is not counted", func(_ *pricing.Pack, c *pricing.Crossing) { c.Notice.At = c.At.AddDate(9000, 0, 0) }, `notice is in the year 11026`},
		{"a notice of no entry", func(_ *pricing.Pack, c *pricing.Crossing) { c.Notice.Seq = 0 }, `notice has no Seq`},
		{"a notice of a negative entry", func(_ *pricing.Pack, c *pricing.Crossing) { c.Notice.Seq = -7 }, `notice has no Seq`},
		{"a notice of no account", func(_ *pricing.Pack, c *pricing.Crossing) { c.Notice.Account = "" }, `account is missing`},
		{"a pack that ends with no subscription", func(p *pricing.Pack, _ *pricing.Crossing) { p.Validity = expiry.WhileSubscribed() }, `term is missing`},
		{"too long an ID", func(p *pricing.Pack, _ *pricing.Crossing) { p.ID = strings.Repeat("p", credits.MaxIDLen) }, `more than 128`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			pack, crossing := topUpPack(), fell()
			test.spoil(&pack, &crossing)
			pack.TopUpQuery(crossing) // which takes anything
			g, err := pack.TopUp(crossing, recorded())
			if !errors.Is(err, pricing.ErrGrant) || !strings.Contains(err.Error(), test.want) || g.ID != "" {
				t.Errorf("TopUp(%+v) = %q, %v, want ErrGrant: %s", crossing, g.ID, err, test.want)
			}
		})
	}
	if _, err := topUpPack().TopUp(fell(), nil); !errors.Is(err, pricing.ErrGrant) {
		t.Errorf("TopUp(no history) = %v, want %v", err, pricing.ErrGrant)
	}
	_, err := topUpPack().TopUp(fell(), recorded(credits.Entry{Account: "bob"}))
	if !errors.Is(err, pricing.ErrGrant) || !strings.Contains(err.Error(), `history has an entry of account "bob"`) {
		t.Errorf("TopUp(another's history) = %v, want %v", err, pricing.ErrGrant)
	}
	broken := errors.New("broken")
	g, err := topUpPack().TopUp(fell(), func(yield func(credits.Entry, error) bool) { yield(credits.Entry{}, broken) })
	if err != broken || g.ID != "" {
		t.Errorf("TopUp(a broken history) = %q, %v, want %v", g.ID, err, broken)
	}
}

// A span that leaves the calendar counts for ever, which has an end.
func TestTopUpsWithinMoreThanTheCalendar(t *testing.T) {
	pack := topUpPack()
	pack.Auto.Limit = must(pricing.ParseLimit("at most 100 within 9000 years"))
	if q := pack.TopUpQuery(fell()); !q.From.IsZero() {
		t.Errorf("TopUpQuery = %+v, want all from the beginning", q)
	}
	_, err := pack.TopUp(fell(), recorded(topUp(3, "topup:small:2", "2020-01-10T00:00:00Z", 1)))
	if failure, ok := errors.AsType[*pricing.TopUpError](err); !ok || failure.Next.Year() != 10000 {
		t.Errorf("TopUp = %v, want ErrTopUp to the end of the calendar", err)
	}
}

func TestTopUpQueryReachesBackToTheCrossing(t *testing.T) {
	crossing := fell()
	q := topUpPack().TopUpQuery(crossing)
	want := credits.Query{
		Account: "ada", Kinds: []credits.Kind{credits.KindGrant, credits.KindRefund, credits.KindTransfer}, From: instant("2025-11-30T12:00:01Z"),
	}
	if diff := cmp.Diff(want, q); diff != "" {
		t.Errorf("TopUpQuery(%v) (-want +got):\n%s", crossing, diff)
	}
	crossing.At = instant("2027-01-01T00:00:00Z")
	if q := topUpPack().TopUpQuery(crossing); !q.From.Equal(crossing.Notice.At) {
		t.Errorf("TopUpQuery(%v).From = %v, want %v", crossing, q.From, crossing.Notice.At)
	}
}

func TestPacksKeepTheirTopUp(t *testing.T) {
	text := strings.Replace(catalogText, `"small": {`, `"small": {"auto": {"below": 100, "limit": "at most 250 within 1 month"}, `, 1)
	c := must(pricing.Parse([]byte(text)))
	want := pricing.TopUp{Below: credits.Of(100), Limit: pricing.Limit{Most: credits.Of(250), Within: expiry.MustParseSpan("1 month")}}
	if got := must(c.Pack("small")).Auto; got != want || got.IsZero() {
		t.Errorf("Pack(small).Auto = %v, want %v", got, want)
	}
	if got := must(c.Pack("large")).Auto; !got.IsZero() {
		t.Errorf("Pack(large).Auto = %v, want none", got)
	}
	if packs := slices.Collect(func(yield func(pricing.TopUp) bool) {
		for _, p := range c.Packs() {
			yield(p.Auto)
		}
	}); !slices.Equal(packs, []pricing.TopUp{{}, want}) {
		t.Errorf("Packs() have %v, want none and %v", packs, want)
	}
}
