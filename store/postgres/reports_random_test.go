package postgres_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
	"github.com/scriphq/scrip/store/postgres"
)

// The sums over all accounts are those of the ledger's own reports, account by
// account, whatever happened.
func TestReportsSumWhatTheLedgerReports(t *testing.T) {
	schema := newSchema()
	s := newStory(t, openStore(t, openPool(t), postgres.Options{Schema: schema}))
	chance := seed(t)
	paid := s.live(rand.New(rand.NewPCG(chance, 4)), 800)
	conn, queries := connect(t, schema), reports(t)
	rng := rand.New(rand.NewPCG(chance, 5))
	for range 8 {
		from := march(1, rng.IntN(24*40))
		to := from.Add(time.Duration(rng.IntN(24*30)) * time.Hour)
		if diff := gocmp.Diff(s.usage(from, to), table(t, conn, queries[3], from, to)); diff != "" {
			t.Errorf("usage from %v to %v (-ledger +report):\n%s", from, to, diff)
		}
		if diff := gocmp.Diff(s.revenue(from, to), table(t, conn, queries[9], from, to)); diff != "" {
			t.Errorf("revenue from %v to %v (-ledger +report):\n%s", from, to, diff)
		}
	}
	all := table(t, conn, queries[9], march(1, 0), s.now.Add(time.Second))
	deferred := table(t, conn, queries[10])
	got := make(map[string]int64)
	for _, line := range all {
		got[line[0]] += number(t, line[1]) + number(t, line[2]) + number(t, line[3])
	}
	for _, line := range deferred {
		got[line[0]] += number(t, line[2])
	}
	if diff := gocmp.Diff(paid, got); diff != "" {
		t.Errorf("earned, broken, returned and deferred (-paid +reported):\n%s", diff)
	}
}

func number(t *testing.T, text string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// live has the customers do what comes to their minds for about a month, and returns
// what they paid, by currency. What is refused is refused.
func (s *story) live(rng *rand.Rand, steps int) map[string]int64 {
	s.t.Helper()
	paid := make(map[string]int64)
	made := make(map[credits.Kind][]credits.Entry)
	s.now = march(1, 0)
	for n := range steps {
		s.now = s.now.Add(time.Duration(rng.IntN(4*3600)) * time.Second)
		grant, entry, err := s.whim(rng, n, made)
		if err == nil {
			made[entry.Kind] = append(made[entry.Kind], entry)
			if grant.Paid.Minor > 0 {
				paid[grant.Paid.Currency] += grant.Paid.Minor
			}
		}
	}
	for _, kind := range []credits.Kind{
		credits.KindGrant, credits.KindSpend, credits.KindReserve, credits.KindCapture, credits.KindRefund, credits.KindRevoke, credits.KindTransfer,
	} {
		if len(made[kind]) < 5 {
			s.t.Fatalf("only %d of %d steps were a %s that took effect, want at least 5", len(made[kind]), steps, kind)
		}
	}
	if _, err := s.Sweep(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	return paid
}

// whim does one thing, to what was made earlier where it needs something.
func (s *story) whim(rng *rand.Rand, n int, made map[credits.Kind][]credits.Entry) (grant credits.Grant, e credits.Entry, err error) {
	ctx, account := s.t.Context(), customers[rng.IntN(len(customers))]
	id := func(kind string, n int) string { return fmt.Sprint(kind, "-", n) }
	earlier := func(kind credits.Kind) (account, id string) {
		if len(made[kind]) == 0 {
			return "nobody", "nothing"
		}
		e := made[kind][max(0, len(made[kind])-1-rng.IntN(8))]
		return e.Account, e.ID
	}
	amount := credits.Micros(1 + rng.Int64N(30_000_000))
	feature := []string{"speech-to-text", "translate", "render"}[rng.IntN(3)]
	validity := []expiry.Policy{expiry.Permanent(), expiry.Days(3), expiry.Days(12)}[rng.IntN(3)]
	currency := []string{"USD", "EUR"}[rng.IntN(2)]
	var receipt credits.Receipt
	var of string
	switch rng.IntN(12) {
	case 0, 1, 2:
		grant = credits.Grant{
			ID: id("lot", n), Account: account, Amount: amount, Validity: validity, NonRefundable: rng.IntN(2) == 0,
			Paid: credits.Money{Minor: 1 + rng.Int64N(5000), Currency: currency},
		}
		if !validity.Equal(expiry.Permanent()) && rng.IntN(2) == 0 {
			grant.Rollover = expiry.Roll(expiry.Days(4)).Most(5_000_000)
		}
		receipt, err = s.Grant(ctx, grant)
	case 3, 4, 5:
		receipt, err = s.Spend(ctx, credits.Spend{ID: id("job", n), Account: account, Feature: feature, Amount: amount, Partial: rng.IntN(2) == 0})
	case 6:
		account, of = earlier(credits.KindSpend)
		receipt, err = s.Refund(ctx, credits.Refund{ID: id("refund", n), Account: account, Of: of, All: true})
	case 7:
		receipt, err = s.Reserve(ctx, credits.Reserve{ID: id("hold", n), Account: account, Feature: feature, Amount: amount, Deadline: s.now.Add(48 * time.Hour)})
	case 8:
		account, of = earlier(credits.KindReserve)
		receipt, err = s.Capture(ctx, credits.Capture{ID: id("capture", n), Account: account, Hold: of, Amount: amount})
	case 9:
		account, of = earlier(credits.KindGrant)
		receipt, err = s.Revoke(ctx, credits.Revoke{ID: id("revoke", n), Account: account, Lot: of, Debt: rng.IntN(2) == 0})
	case 10:
		receipt, err = s.Configure(ctx, credits.Configure{ID: id("configure", n), Account: account, Overdraft: &amount})
	default:
		var moved credits.Transferred
		moved, err = s.Transfer(ctx, credits.Transfer{ID: id("move", n), From: account, To: customers[rng.IntN(len(customers))], Amount: amount})
		if err == nil {
			receipt.Entry = moved.Out[0]
		}
	}
	return grant, receipt.Entry, err
}

// usage is what query 3 says, from each account's statement.
func (s *story) usage(from, to time.Time) [][]string {
	sums := make(map[string]*credits.FeatureUsage)
	for _, account := range customers {
		statement, err := s.Statement(s.t.Context(), account, from, to)
		if err != nil {
			s.t.Fatal(err)
		}
		for _, usage := range statement.Usage {
			sum := sums[usage.Feature]
			if sum == nil {
				sum = &credits.FeatureUsage{Feature: usage.Feature}
				sums[usage.Feature] = sum
			}
			sum.Uses += usage.Uses
			sum.Spent, _ = sum.Spent.Add(usage.Spent)
			sum.Refunded, _ = sum.Refunded.Add(usage.Refunded)
		}
	}
	all := make([]*credits.FeatureUsage, 0, len(sums))
	for _, sum := range sums {
		all = append(all, sum)
	}
	slices.SortFunc(all, func(a, b *credits.FeatureUsage) int {
		return cmp.Or(b.Net().Compare(a.Net()), cmp.Compare(a.Feature, b.Feature))
	})
	var lines [][]string
	for _, u := range all {
		lines = append(lines, []string{u.Feature, strconv.Itoa(u.Uses), sixDecimals(u.Spent), sixDecimals(u.Refunded), sixDecimals(u.Net())})
	}
	return lines
}

// sixDecimals is how numeric prints an amount.
func sixDecimals(a credits.Amount) string {
	sign, micros := "", a.Micros()
	if micros < 0 {
		sign, micros = "-", -micros
	}
	return fmt.Sprintf("%s%d.%06d", sign, micros/1_000_000, micros%1_000_000)
}

// revenue is what query 9 says, from each account's own.
func (s *story) revenue(from, to time.Time) [][]string {
	sums := make(map[string]credits.Revenue)
	for _, account := range customers {
		revenue, err := s.Revenue(s.t.Context(), account, from, to)
		if err != nil {
			s.t.Fatal(err)
		}
		for currency, r := range revenue {
			sum := sums[currency]
			sums[currency] = credits.Revenue{Earned: sum.Earned + r.Earned, Breakage: sum.Breakage + r.Breakage, Returned: sum.Returned + r.Returned}
		}
	}
	var lines [][]string
	for _, currency := range []string{"EUR", "USD"} {
		if sum, any := sums[currency]; any {
			lines = append(lines, []string{currency, fmt.Sprint(sum.Earned), fmt.Sprint(sum.Breakage), fmt.Sprint(sum.Returned)})
		}
	}
	return lines
}
