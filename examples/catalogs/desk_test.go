package catalogs_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/examples/catalogs"
	"github.com/scriphq/scrip/expiry"
	"github.com/scriphq/scrip/pricing"
	"github.com/scriphq/scrip/store/memory"
	"pgregory.net/rapid"
)

// ada is everybody's account.
const ada = "ada"

// desk is one product's service for one test: its catalog, and a ledger whose
// clock the test sets.
type desk struct {
	t       rapid.TB
	ctx     context.Context
	now     time.Time
	catalog *pricing.Catalog
	ledger  *credits.Ledger
}

func open(t *testing.T, name, at string) *desk {
	t.Helper()
	return openWith(t, name, at, credits.Options{})
}

func openWith(t *testing.T, name, at string, options credits.Options) *desk {
	t.Helper()
	d := newDesk(t, name, at, options)
	t.Cleanup(d.verify)
	return d
}

func newDesk(t rapid.TB, name, at string, options credits.Options) *desk {
	t.Helper()
	catalog, err := catalogs.Open(name)
	if err != nil {
		t.Fatalf("Open(%q) = %v, want a catalog", name, err)
	}
	d := &desk{t: t, ctx: context.Background(), now: instant(at), catalog: catalog}
	options.Now = func() time.Time { return d.now }
	d.ledger = credits.New(memory.New(), options)
	return d
}

// instant reads "2026-01-31 10:00", with seconds and fractions where it has them.
func instant(text string) time.Time {
	at, err := time.Parse("2006-01-02 15:04", text)
	if err != nil {
		at, err = time.Parse(time.DateTime, text)
	}
	if err != nil {
		panic(err)
	}
	return at
}

// at moves the clock.
func (d *desk) at(text string) { d.now = instant(text) }

// verify checks the account against its own ledger.
func (d *desk) verify() {
	found, err := d.ledger.Verify(d.ctx, ada)
	if err != nil || len(found) > 0 {
		d.t.Errorf("Verify() = %v, %v, want no discrepancy", found, err)
	}
}

func (d *desk) plan(id string) pricing.Plan {
	d.t.Helper()
	plan, err := d.catalog.Plan(id)
	if err != nil {
		d.t.Fatalf("Plan(%q) = %v, want a plan", id, err)
	}
	return plan
}

func (d *desk) grant(g credits.Grant, err error) credits.Receipt {
	d.t.Helper()
	if err != nil {
		d.t.Fatalf("Grant() = %v, want a grant", err)
	}
	receipt, err := d.ledger.Grant(d.ctx, g)
	if err != nil {
		d.t.Fatalf("Grant(%s) = %v, want a receipt", g.ID, err)
	}
	return receipt
}

// buy sells ada a pack.
func (d *desk) buy(pack, order string) credits.Receipt {
	d.t.Helper()
	p, err := d.catalog.Pack(pack)
	if err != nil {
		d.t.Fatalf("Pack(%q) = %v, want a pack", pack, err)
	}
	return d.grant(p.Grant(ada, pricing.Purchase{Order: order, Term: subscription}))
}

// claim gives ada a bonus.
func (d *desk) claim(bonus string) credits.Receipt {
	d.t.Helper()
	b, err := d.catalog.Bonus(bonus)
	if err != nil {
		d.t.Fatalf("Bonus(%q) = %v, want a bonus", bonus, err)
	}
	return d.grant(b.Grant(ada, pricing.Claim{At: d.now}))
}

// quote prices a use now.
func (d *desk) quote(use pricing.Use) pricing.Quote {
	d.t.Helper()
	quote, err := d.catalog.Quote(d.now, use)
	if err != nil {
		d.t.Fatalf("Quote(%v) = %v, want a quote", use, err)
	}
	return quote
}

// use pays for a use.
func (d *desk) use(id string, use pricing.Use) credits.Receipt {
	d.t.Helper()
	quote := d.quote(use)
	receipt, err := d.ledger.Spend(d.ctx, quote.Spend(id, ada))
	if err != nil {
		d.t.Fatalf("Spend(%s, %v) at %v = %v, want a receipt", id, quote.Amount, d.now, err)
	}
	return receipt
}

// spend pays an amount, where what for is beside the point.
func (d *desk) spend(id, amount string) credits.Receipt {
	d.t.Helper()
	receipt, err := d.ledger.Spend(d.ctx, credits.Spend{ID: id, Account: ada, Amount: credits.MustParse(amount)})
	if err != nil {
		d.t.Fatalf("Spend(%s, %s) at %v = %v, want a receipt", id, amount, d.now, err)
	}
	return receipt
}

// refused checks that there are not so many credits.
func (d *desk) refused(id, amount string) {
	d.t.Helper()
	receipt, err := d.ledger.Spend(d.ctx, credits.Spend{ID: id, Account: ada, Amount: credits.MustParse(amount)})
	if !errors.Is(err, credits.ErrInsufficient) {
		d.t.Errorf("Spend(%s, %s) at %v = %v, %v, want ErrInsufficient", id, amount, d.now, receipt.Entry, err)
	}
}

func (d *desk) balance() credits.Balance {
	d.t.Helper()
	balance, err := d.ledger.Balance(d.ctx, ada)
	if err != nil {
		d.t.Fatalf("Balance() = %v, want a balance", err)
	}
	return balance
}

// has checks what can be spent at an instant, to which it moves the clock.
func (d *desk) has(at, want string) {
	d.t.Helper()
	d.at(at)
	if got := d.balance().Available; got != credits.MustParse(want) {
		d.t.Errorf("Available at %s = %v, want %s", at, got, want)
	}
}

// left checks what is available in each lot, in the order in which they are drawn,
// each as
// "source amount".
func (d *desk) left(want ...string) {
	d.t.Helper()
	var got []string
	for _, lot := range d.balance().Lots {
		got = append(got, label(lot)+" "+lot.Available.String())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		d.t.Errorf("lots at %v (-want +got):\n%s", d.now, diff)
	}
}

// label says where a lot is from.
func label(lot credits.Lot) string {
	switch {
	case lot.Rolled > 0:
		return "rolled " + lot.Source
	case lot.Allowance != "":
		return "daily"
	}
	return lot.Source
}

// ended checks what was lost to time, each as "2026-01-31 10:00 amount".
func (d *desk) ended(want ...string) {
	d.t.Helper()
	var got []string
	for entry, err := range d.ledger.History(d.ctx, credits.Query{Account: ada}) {
		if err != nil {
			d.t.Fatalf("History() = %v, want entries", err)
		}
		if entry.Kind == credits.KindEnd {
			got = append(got, entry.At.Format("2006-01-02 15:04")+" "+entry.Amount.Neg().String())
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		d.t.Errorf("ended by %v (-want +got):\n%s", d.now, diff)
	}
}

// drew checks which lots an entry drew on and in which order, each as "source
// amount".
func (d *desk) drew(receipt credits.Receipt, want ...string) {
	d.t.Helper()
	sources := map[string]string{"": "debt"}
	for entry, err := range d.ledger.History(d.ctx, credits.Query{Account: ada}) {
		if err != nil {
			d.t.Fatalf("History() = %v, want entries", err)
		}
		for _, lot := range entry.Lots {
			sources[lot.ID] = label(lot)
		}
	}
	var got []string
	for _, posting := range receipt.Postings {
		got = append(got, sources[posting.Lot]+" "+posting.Available.Neg().String())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		d.t.Errorf("%s drew (-want +got):\n%s", receipt.ID, diff)
	}
}

// used makes a use of a feature. Each of the rest is a quantity ("3 seconds"), an
// attribute ("model=fast") or a meter ("input tokens: 5 tokens").
func used(feature string, rest ...string) pricing.Use {
	use := pricing.Use{Feature: feature, Attributes: map[string]string{}, Meters: map[string]pricing.Quantity{}}
	for _, text := range rest {
		if name, value, ok := strings.Cut(text, "="); ok {
			use.Attributes[name] = value
		} else if name, value, ok := strings.Cut(text, ": "); ok {
			use.Meters[name] = pricing.MustParseQuantity(value)
		} else {
			use.Quantity = pricing.MustParseQuantity(text)
		}
	}
	return use
}

// cost is what a use costs by the card in force at an instant.
type cost struct {
	rule string
	use  pricing.Use
	want string
}

// checkCosts prices each use, and has it paid by an account that was granted just
// so much; without a millionth of it, the use is refused.
func checkCosts(t *testing.T, product, at string, costs []cost) {
	t.Helper()
	for _, test := range costs {
		t.Run(test.rule, func(t *testing.T) {
			d := open(t, product, at)
			quote := d.quote(test.use)
			want := credits.MustParse(test.want)
			if quote.Amount != want {
				t.Fatalf("Quote(%v) = %v (%s), want %s", test.use, quote.Amount, quote.Explanation(), test.want)
			}
			if want.Sign() > 0 {
				d.grant(credits.Grant{ID: "g-1", Account: ada, Amount: want, Validity: expiry.Permanent()}, nil)
			}
			entry := d.use("job-1", test.use).Entry
			if entry.Amount != want.Neg() || entry.Price.Card != product || entry.Price.Explanation == "" {
				t.Errorf("Spend(%v) = %v by %+v, want %v by %s", test.use, entry.Amount, entry.Price, want.Neg(), product)
			}
			if want.Sign() > 0 {
				d.refused("job-2", "0.000001")
			}
		})
	}
}

// checkPacks checks the packs of a catalog, each as "id: credits for price, price
// of a credit".
func checkPacks(t *testing.T, product string, want ...string) {
	t.Helper()
	catalog, err := catalogs.Open(product)
	if err != nil {
		t.Fatalf("Open(%q) = %v, want a catalog", product, err)
	}
	var got []string
	for _, pack := range catalog.Packs() {
		got = append(got, pack.ID+": "+pack.Credits.String()+" for "+pack.Price.String()+", each "+pack.PricePerCredit().String())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Packs(%s) (-want +got):\n%s", product, diff)
	}
}

// checkPlans checks the plans of a catalog, each as "id: credits every cycle".
func checkPlans(t *testing.T, product string, want ...string) {
	t.Helper()
	catalog, err := catalogs.Open(product)
	if err != nil {
		t.Fatalf("Open(%q) = %v, want a catalog", product, err)
	}
	var got []string
	for _, plan := range catalog.Plans() {
		got = append(got, plan.ID+": "+plan.Credits.String()+" every "+plan.Cycle.String())
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Plans(%s) (-want +got):\n%s", product, diff)
	}
}
