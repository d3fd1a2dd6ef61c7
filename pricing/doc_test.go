package pricing_test

import (
	"go/doc/comment"
	"go/parser"
	"go/token"
	"strings"
	"testing"
	"time"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/pricing"
)

// manualCatalog returns the catalog in the package's documentation.
func manualCatalog(t *testing.T) *pricing.Catalog {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "doc.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	var reader comment.Parser
	for _, block := range reader.Parse(file.Doc.Text()).Content {
		if code, ok := block.(*comment.Code); ok && strings.HasPrefix(code.Text, "{") {
			return must(pricing.Parse([]byte(code.Text)))
		}
	}
	t.Fatal("doc.go has no catalog")
	return nil
}

func TestTheCatalogOfTheManualPricesWhatItSays(t *testing.T) {
	c, now := manualCatalog(t), instant("2026-05-20T10:00:00Z")
	count := func(n int64, unit pricing.Unit) pricing.Quantity { return pricing.Count(n, unit) }
	audio := func(value string) map[string]string { return map[string]string{"audio": value} }
	for _, test := range []struct {
		use  pricing.Use
		want string
	}{
		{pricing.Use{Feature: "ai-image"}, "10"},
		{pricing.Use{Feature: "speech-to-text", Quantity: pricing.Duration(200 * time.Second)}, "16"},
		{pricing.Use{Feature: "text-to-speech", Quantity: count(25, pricing.UnitWord)}, "3"},
		{pricing.Use{Feature: "text-to-video", Quantity: count(7, pricing.UnitSecond), Attributes: audio("yes")}, "35"},
		{pricing.Use{Feature: "text-to-video", Quantity: count(7, pricing.UnitSecond), Attributes: audio("no")}, "21"},
		{pricing.Use{Feature: "chat", Meters: map[string]pricing.Quantity{
			"input tokens": count(2000, pricing.UnitToken), "output tokens": count(150, pricing.UnitToken),
		}}, "15.42"},
	} {
		if q, err := c.Quote(now, test.use); err != nil || q.Amount.String() != test.want {
			t.Errorf("Quote(%v) = %v, %v, want %s", test.use, q.Amount, err, test.want)
		}
	}
	if q, err := c.QuoteMax(now, pricing.Use{Feature: "text-to-video", Attributes: audio("yes")}); err != nil || q.Amount != credits.Of(40) {
		t.Errorf("QuoteMax = %v, %v, want 40", q.Amount, err)
	}
}

// Each item of the manual's catalog makes commands that a ledger takes.
func TestTheCatalogOfTheManualBringsWhatItSays(t *testing.T) {
	c, d := manualCatalog(t), newDesk(t, "2026-05-20T10:00:00Z")
	since := d.now
	for _, plan := range c.Plans() {
		cycle := must(plan.CycleAt(plan.ID, since, since))
		must(d.Renew(t.Context(), must(plan.Renew("ada", cycle, since))))
		must(d.Allow(t.Context(), must(plan.Allow("ada", cycle, since))))
	}
	for _, pack := range c.Packs() {
		must(d.Grant(t.Context(), must(pack.Grant("ada", pricing.Purchase{Order: "ord-7", Term: "pro"}))))
	}
	for _, bonus := range c.Bonuses() {
		must(d.Grant(t.Context(), must(bonus.Grant("ada", pricing.Claim{At: since}))))
	}
	left := pricing.Remainder{Key: "licence-9", Quantity: pricing.MustParseQuantity("12m50s")}
	must(d.Grant(t.Context(), must(must(c.Conversion("minutes")).Grant("ada", left))))
	d.has("2026-05-20T10:00:00Z", 500+500+5+125+300+100+52+2)
	balance := must(d.Balance(t.Context(), "ada"))
	if got, want := balance.For("chat"), credits.Of(500+500+5+125+300+100+52); got != want {
		t.Errorf("Balance for chat = %v, want %v", got, want)
	}
}
