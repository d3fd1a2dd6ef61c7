package pricing_test

import (
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/pricing"
	"pgregory.net/rapid"
)

func TestR26_AUseThatDoesNotFitIsRefused(t *testing.T) {
	const (
		flat      = `{"credits": 10}`
		minute    = `{"credits": 4, "per": "1 minute"}`
		capped    = `{"credits": 3, "per": "1 second", "most": "8 seconds"}`
		audio     = `{"by": "audio", "prices": {"yes": {"credits": 5, "per": "1 second"}, "no": {"credits": 3, "per": "1 second"}}}`
		quality   = `{"credits": 1, "factors": {"quality": {"SD": 1, "HD": 2}}}`
		twoTables = `{"by": "model", "prices": {"fast": {"credits": 1}, "best": {"credits": 2, "factors": {"quality": {"SD": 1, "HD": 2}}}}}`
		tokens    = `{"meters": {"input": {"credits": 1, "per": "1 token"}, "output": {"credits": 2, "per": "1 token"}}}`
	)
	token := pricing.Count(1, pricing.UnitToken)
	for _, c := range []struct {
		name, rule string
		use        pricing.Use
		is         error
		want       string
	}{
		{"a missing quantity", minute, given(""), pricing.ErrQuantity, "is missing: want a number of seconds"},
		{"a quantity in another unit", minute, given("30 words"), pricing.ErrQuantity, `"30 words" does not fit: want a number of seconds`},
		{"uses of a measured feature", minute, given("1 use"), pricing.ErrQuantity, "want a number of seconds"},
		{"a negative quantity", minute, pricing.Use{Quantity: pricing.Duration(-time.Second)}, pricing.ErrQuantity, "is negative"},
		{"a quantity out of range", minute, pricing.Use{Quantity: pricing.Count(1<<62, pricing.UnitHour)}, pricing.ErrQuantity, "is out of range"},
		{"a misspelt unit", `{"credits": 1, "per": "1 token"}`, pricing.Use{Quantity: pricing.Count(5, "Tokens")}, pricing.ErrQuantity, "written unlike"},
		{"an unknown unit", `{"credits": 1, "per": "1 token"}`, pricing.Use{Quantity: pricing.Count(5, "tokn")}, pricing.ErrQuantity, "want a number of tokens"},
		{"a quantity of a flat feature", flat, given("30s"), pricing.ErrQuantity, "the price is flat"},
		{"a negative number of uses", flat, pricing.Use{Quantity: pricing.Count(-1, pricing.UnitUse)}, pricing.ErrQuantity, "is negative"},
		{"more than the maximum", capped, given("9s"), pricing.ErrMost, "is 9s: at most 8s are allowed"},
		{"barely more than the maximum", capped, given("8.000000001s"), pricing.ErrMost, "at most 8s"},
		{"more than the maximum is a wrong quantity", capped, given("9s"), pricing.ErrQuantity, "at most 8s"},
		{"a missing attribute", audio, given("1s"), pricing.ErrAttribute, `attribute "audio" is missing: want "no", "yes"`},
		{"an unknown value", audio, given("1s", "audio", "Yes"), pricing.ErrAttribute, `has value "Yes": want "no", "yes"`},
		{"an empty value", audio, given("1s", "audio", ""), pricing.ErrAttribute, `has value "": want "no", "yes"`},
		{"an attribute of another value's price", twoTables, pricing.Use{Attributes: map[string]string{"model": "fast", "quality": "HD"}}, pricing.ErrAttribute, `"quality" means nothing to the price: want "model"`},
		{"an attribute of a price whose value is unknown", twoTables, pricing.Use{Attributes: map[string]string{"model": "slow", "quality": "HD"}}, pricing.ErrAttribute, `"model" has value "slow": want "best", "fast"`},
		{"an unknown attribute", audio, given("1s", "audio", "yes", "sound", "yes"), pricing.ErrAttribute, `"sound" means nothing to the price: want "audio"`},
		{"the first by name of several unknown attributes", audio, given("1s", "audio", "yes", "d", "x", "b", "x", "c", "x", "e", "x"), pricing.ErrAttribute, `"b" means nothing to the price`},
		{"an attribute of a price without any", flat, given("", "audio", "yes"), pricing.ErrAttribute, "want none"},
		{"a missing factor", quality, given(""), pricing.ErrAttribute, `want "HD", "SD"`},
		{"an unknown factor", quality, given("", "quality", "4K"), pricing.ErrAttribute, `has value "4K"`},
		{"a missing meter", tokens, pricing.Use{Meters: map[string]pricing.Quantity{"input": token}}, pricing.ErrQuantity, `quantity of "output" is missing: want a number of tokens`},
		{"an unknown meter", tokens, pricing.Use{Meters: map[string]pricing.Quantity{"input": token, "output": token, "cache": token}}, pricing.ErrQuantity, `"cache" is not counted: want "input", "output"`},
		{"one quantity for several meters", tokens, given("5 tokens"), pricing.ErrQuantity, `want one each in meters "input", "output"`},
		{"no quantity for several meters", tokens, given(""), pricing.ErrQuantity, `"input" is missing`},
		{"a meter in another unit", tokens, pricing.Use{Meters: map[string]pricing.Quantity{"input": token, "output": pricing.Count(1, pricing.UnitWord)}}, pricing.ErrQuantity, "want a number of tokens"},
		{"meters for one quantity", minute, pricing.Use{Meters: map[string]pricing.Quantity{"input": token}}, pricing.ErrQuantity, "is given by meters"},
		{"meters besides the quantity", minute, pricing.Use{Quantity: pricing.Duration(1), Meters: map[string]pricing.Quantity{"input": token}}, pricing.ErrQuantity, "is given by meters"},
		{"steps beyond what can be counted", `{"credits": 0, "per": "1 token", "step": "7000 tokens"}`, given("9223372036854775807 tokens"), pricing.ErrQuantity, "rounded up to steps of 7000 tokens"},
		{"a free part that leaves too many digits", `{"credits": 0, "per": "1 hour", "free": "1ns"}`, given("2562047788015215h"), pricing.ErrQuantity, "less 0.000000001s free"},
		{"a tier that leaves too many digits", `{"per": "1ns", "tiering": "graduated", "tiers": [{"to": "1ns", "credits": 0}, {"credits": 0}]}`, given("2562047788015215h"), pricing.ErrQuantity, "out of range in tiers"},
		{"a wrong attribute in a surcharge", `{"credits": 1, "plus": [{"by": "a", "prices": {"x": {"credits": 1}}}]}`, given("", "a", "y"), pricing.ErrAttribute, `want "x"`},
		{"a wrong attribute in a meter", `{"meters": {"m": {"by": "a", "prices": {"x": {"credits": 1}}}}}`, pricing.Use{Attributes: map[string]string{"b": "x"}}, pricing.ErrAttribute, `want "a"`},
		{"a flat meter counts uses, and needs them", `{"meters": {"images": {"credits": 2}}}`, given(""), pricing.ErrQuantity, "want a number of uses"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := readRule(t, c.rule)
			c.use.Feature = "speech-to-text"
			q, err := r.Quote(c.use)
			if !errors.Is(err, c.is) || len(q.Lines()) != 0 {
				t.Fatalf("Quote(%v) = %v, %v, want no quote and %v", c.use, q, err, c.is)
			}
			for _, want := range []string{c.want, `"speech-to-text"`} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("Quote(%v) = %q, want it to say %q", c.use, err, want)
				}
			}
		})
	}
}

func TestR27_AFreeUseIsASpendOfZero(t *testing.T) {
	r := readRule(t, `{"credits": 0}`)
	q, err := r.Quote(pricing.Use{Feature: "preview"})
	if err != nil {
		t.Fatalf("Quote() = %v, want nil", err)
	}
	want := credits.Spend{ID: "use-1", Account: "ada", Feature: "preview", Quantity: "1 use", Price: credits.Price{Explanation: "1 use x 0 = 0"}}
	if diff := cmp.Diff(want, q.Spend("use-1", "ada"), cmp.Comparer(func(a, b credits.Amount) bool { return a == b })); diff != "" {
		t.Errorf("Spend() (-want +got):\n%s", diff)
	}
	if _, err := pricing.ParseRatio("-1"); err == nil {
		t.Error("ParseRatio(-1) = nil, want a negative price refused")
	}
}

func TestR26_NoQuoteMakesNoSpend(t *testing.T) {
	if got := (pricing.Quote{}).Spend("use-1", "ada"); got.ID != "" || got.Account != "" {
		t.Errorf("Spend() of no quote = %v, want a command that the ledger refuses", got)
	}
}

func TestR28_APriceBeyondAllCreditsIsAnOverflow(t *testing.T) {
	for _, c := range []struct{ name, rule, quantity, want string }{
		{"as much as there may be", `{"credits": 1000000000000}`, "1 use", ""},
		{"a credit too much", `{"credits": 1, "per": "1 token"}`, "1000000000001 tokens", "1000000000001"},
		{"far too much", `{"credits": 1000000000000, "per": "1 token"}`, "9223372036854775807 tokens", "9223372036854775807000000000000"},
		{"rounded up beyond", `{"credits": 1000000000000, "round": "up to 999999999999"}`, "1 use", "1000000000000"},
		{"by far more than 64 bits hold", `{"credits": "1/499999", "per": "1 token"}`, "9223372036854775807 tokens", "72624976668147841/3937"},
		{"factor by factor", `{"credits": 1000000000000, "per": "1 token", "factors": {"a": {"x": 1000000000}, "b": {"x": 1000000000}}}`, "9223372036854775807 tokens", "9223372036854775807"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := readRule(t, c.rule)
			use := given(c.quantity)
			if strings.Contains(c.rule, "factors") {
				use = given(c.quantity, "a", "x", "b", "x")
			}
			q, err := r.Quote(use)
			if c.want == "" {
				if err != nil || q.Amount != credits.Of(credits.MaxCredits) {
					t.Fatalf("Quote(%v) = %v, %v, want 10^12", c.quantity, q.Amount, err)
				}
				return
			}
			if !errors.Is(err, credits.ErrOverflow) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Quote(%v) = %v, %v, want ErrOverflow naming %s", c.quantity, q.Amount, err, c.want)
			}
		})
	}
}

func TestR43_AQuoteDoesNotFollowItsCard(t *testing.T) {
	card := pricing.RateCard{Name: "filmora", Version: "1", Effective: time.Unix(0, 0), Features: map[string]pricing.Rule{
		"video": readRule(t, `{"by": "audio", "prices": {"yes": {"credits": 5, "per": "1 second", "plus": [{"credits": 1}]}}}`),
	}}
	use := pricing.Use{Feature: "video", Quantity: pricing.Duration(time.Second), Attributes: map[string]string{"audio": "yes"}}
	q, err := card.Quote(use)
	if err != nil {
		t.Fatalf("Quote(%v) = %v, want nil", use, err)
	}
	before := q.Spend("use-1", "ada")

	card.Version = "2"
	card.Features["video"].Prices["yes"].Plus[0].Credits = pricing.MustParseRatio("100")
	card.Features["video"].Prices["yes"] = pricing.Rule{Credits: pricing.MustParseRatio("100")}
	use.Attributes["audio"] = "no" // R46: the quote has a copy
	q.Lines()[0].Amount = pricing.MustParseRatio("100")

	if after := q.Spend("use-1", "ada"); after.Amount != credits.Of(6) || after.Price != before.Price || after.Price.Version != "1" {
		t.Errorf("Spend() after the card changed = %v, want %v", after, before)
	}
	if want := "1s = 1 second x 5 = 5; surcharge: 1 use x 1 = 1; together 6 (audio yes)"; before.Price.Explanation != want {
		t.Errorf("Explanation = %q, want %q", before.Price.Explanation, want)
	}
}

func TestExplanationFitsTheLedger(t *testing.T) {
	use := pricing.Use{Feature: "f", Meters: map[string]pricing.Quantity{}}
	rule := pricing.Rule{Meters: map[string]pricing.Rule{}}
	for i := range pricing.MaxMeters {
		name := fmt.Sprintf("%0*d", pricing.MaxName, i)
		rule.Meters[name] = readRule(t, `{"credits": "0.123456789", "per": "999999999 tokens", "charge": "pro rata", "plus": [{"credits": 1}, {"credits": 2}]}`)
		use.Meters[name] = pricing.Count(9223372036854775807, pricing.UnitToken)
	}
	if err := rule.Validate(); err != nil {
		t.Fatalf("Validate() = %v, want nil", err)
	}
	q, err := rule.Quote(use)
	if err != nil {
		t.Fatalf("Quote() = %v, want nil", err)
	}
	spend := q.Spend("use-1", "ada")
	if n := len(spend.Price.Explanation); n > credits.MaxTextLen || !strings.HasPrefix(spend.Price.Explanation, "48 items, together ") {
		t.Errorf("Explanation = %d bytes, %q, want the sum alone", n, spend.Price.Explanation)
	}
	if n := len(spend.Quantity); n > credits.MaxTextLen {
		t.Errorf("Quantity = %d bytes, want at most %d", n, credits.MaxTextLen)
	}
}

// randomRule draws a rule that counts seconds, with an exact price in rational
// arithmetic written from its documentation.
func randomRule(t *rapid.T) (pricing.Rule, func(seconds *big.Rat) *big.Rat) {
	number := func(name string, most int64) (pricing.Ratio, *big.Rat) {
		exact := big.NewRat(rapid.Int64Range(0, most).Draw(t, name), rapid.SampledFrom([]int64{1, 3, 10, 1000, 7000}).Draw(t, name+" below"))
		return pricing.MustParseRatio(exact.RatString()), exact
	}
	length := func(name string) (pricing.Quantity, *big.Rat) {
		ms := rapid.Int64Range(1, 100_000).Draw(t, name+" ms")
		return pricing.Count(ms, "ms"), big.NewRat(ms, 1000)
	}
	rate, exactRate := number("rate", 1000)
	per, exactPer := length("per")
	r := pricing.Rule{Credits: rate, Per: per}
	blocks := func(q *big.Rat) *big.Rat { return ceiling(new(big.Rat).Quo(q, exactPer)) }
	if rapid.Bool().Draw(t, "pro rata") {
		r.Charge = pricing.ProRata
		blocks = func(q *big.Rat) *big.Rat { return new(big.Rat).Quo(q, exactPer) }
	}
	price := func(q *big.Rat) *big.Rat { return new(big.Rat).Mul(blocks(q), exactRate) }

	if rapid.Bool().Draw(t, "tiers") {
		k := rapid.Int64Range(1, 50).Draw(t, "tier blocks")
		cheaper, exactCheaper := number("cheaper", 1000)
		to := pricing.Count(k*exactPer.Num().Int64()*1000/exactPer.Denom().Int64(), "ms")
		r.Credits, r.Tiering = pricing.Ratio{}, pricing.Graduated
		r.Tiers = []pricing.Tier{{To: to, Credits: rate}, {Credits: cheaper}}
		price = func(q *big.Rat) *big.Rat {
			all, first := blocks(q), big.NewRat(k, 1)
			if all.Cmp(first) <= 0 {
				return new(big.Rat).Mul(all, exactRate)
			}
			rest := new(big.Rat).Mul(new(big.Rat).Sub(all, first), exactCheaper)
			return rest.Add(rest, new(big.Rat).Mul(first, exactRate))
		}
	}
	if rapid.Bool().Draw(t, "factor") {
		factor, exactFactor := number("factor", 20)
		r.Factors = map[string]map[string]pricing.Ratio{"quality": {"HD": factor}}
		inner := price
		price = func(q *big.Rat) *big.Rat { return new(big.Rat).Mul(inner(q), exactFactor) }
	}
	if rapid.Bool().Draw(t, "plus") {
		extra, exactExtra := number("extra", 100)
		r.Plus = []pricing.Rule{{Credits: extra}, {Credits: extra, Per: per}}
		inner := price
		price = func(q *big.Rat) *big.Rat {
			measured := new(big.Rat).Mul(ceiling(new(big.Rat).Quo(q, exactPer)), exactExtra)
			return new(big.Rat).Add(new(big.Rat).Add(inner(q), exactExtra), measured)
		}
	}
	if rapid.Bool().Draw(t, "least") {
		least, exactLeast := number("least", 1000)
		r.Least = least
		inner := price
		price = func(q *big.Rat) *big.Rat {
			cost := inner(q)
			if cost.Sign() > 0 && cost.Cmp(exactLeast) < 0 {
				return exactLeast
			}
			return cost
		}
	}
	if rapid.Bool().Draw(t, "free") {
		free, exactFree := length("free")
		r.Free = free
		inner := price
		price = func(q *big.Rat) *big.Rat {
			if q.Cmp(exactFree) <= 0 {
				return inner(new(big.Rat))
			}
			return inner(new(big.Rat).Sub(q, exactFree))
		}
	}
	if rapid.Bool().Draw(t, "step") {
		step, exactStep := length("step")
		r.Step = step
		inner := price
		price = func(q *big.Rat) *big.Rat {
			steps := ceiling(new(big.Rat).Quo(q, exactStep))
			return inner(steps.Mul(steps, exactStep))
		}
	}
	if rapid.Bool().Draw(t, "most") {
		most, exactMost := length("most")
		r.Most, r.Beyond = most, pricing.Clamp
		inner := price
		price = func(q *big.Rat) *big.Rat {
			if q.Cmp(exactMost) > 0 {
				return inner(exactMost)
			}
			return inner(q)
		}
	}
	if rapid.Bool().Draw(t, "round") {
		r.Round = pricing.Rounding{
			Mode: rapid.SampledFrom([]pricing.Mode{pricing.Up, pricing.Down, pricing.HalfUp, pricing.HalfEven}).Draw(t, "mode"),
			To:   credits.Micros(rapid.SampledFrom([]int64{1, 10_000, 250_000, 1_000_000, 7_000_000}).Draw(t, "to")),
		}
	}
	return r, price
}

func ceiling(x *big.Rat) *big.Rat {
	up, rest := new(big.Int).QuoRem(x.Num(), x.Denom(), new(big.Int))
	if rest.Sign() > 0 {
		up.Add(up, big.NewInt(1))
	}
	return new(big.Rat).SetInt(up)
}

// rounded rounds exact from the definition of each mode.
func rounded(exact *big.Rat, r pricing.Rounding) *big.Rat {
	if r == (pricing.Rounding{}) {
		r = pricing.Rounding{Mode: pricing.Up, To: credits.Micros(1)}
	}
	step := big.NewRat(r.To.Micros(), 1_000_000)
	steps := new(big.Rat).Quo(exact, step)
	up := ceiling(steps)
	down := new(big.Rat).Set(up)
	if up.Cmp(steps) != 0 {
		down.Sub(up, big.NewRat(1, 1))
	}
	fromDown, toUp := new(big.Rat).Sub(steps, down), new(big.Rat).Sub(up, steps)
	goesUp := false
	switch r.Mode {
	case pricing.Up:
		goesUp = true
	case pricing.HalfUp:
		goesUp = fromDown.Cmp(toUp) >= 0
	case pricing.HalfEven:
		even := new(big.Int).And(down.Num(), big.NewInt(1)).Sign() == 0
		goesUp = fromDown.Cmp(toUp) > 0 || fromDown.Cmp(toUp) == 0 && !even
	}
	if goesUp {
		return up.Mul(up, step)
	}
	return down.Mul(down, step)
}

// TestR21_R22_R24_AnyRuleIsExactThenRoundedOnce compares quotes of random rules
// with rational arithmetic: exact, never negative, monotone, and bounded by the
// quote of the most.
func TestR21_R22_R24_AnyRuleIsExactThenRoundedOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rule, price := randomRule(t)
		if err := rule.Validate(); err != nil {
			t.Fatalf("Validate(%+v) = %v, want nil", rule, err)
		}
		quote := func(ns int64) pricing.Quote {
			use := pricing.Use{Feature: "f", Quantity: pricing.Duration(time.Duration(ns))}
			if rule.Factors != nil {
				use.Attributes = map[string]string{"quality": "HD"}
			}
			q, err := rule.Quote(use)
			if err != nil {
				t.Fatalf("Quote(%v) = %v, want nil", use.Quantity, err)
			}
			exact := price(big.NewRat(ns, 1_000_000_000))
			sum := new(big.Rat)
			for _, line := range q.Lines() {
				sum.Add(sum, line.Amount.Rat())
			}
			if sum.Cmp(exact) != 0 {
				t.Fatalf("Quote(%v) lines add up to %v, want %v: %s", use.Quantity, sum, exact, q.Explanation())
			}
			if got, want := big.NewRat(q.Amount.Micros(), 1_000_000), rounded(exact, rule.Round); got.Cmp(want) != 0 {
				t.Fatalf("Quote(%v) = %v, want %v rounded %v = %v", use.Quantity, got, exact, rule.Round, want)
			}
			if most, err := rule.QuoteMax(use); err != nil || most.Amount.Less(q.Amount) {
				t.Fatalf("QuoteMax(%v) = %v, %v, want at least %v", use.Quantity, most.Amount, err, q.Amount)
			}
			return q
		}
		less := rapid.Int64Range(0, int64(time.Hour)).Draw(t, "less")
		more := less + rapid.Int64Range(0, int64(time.Hour)).Draw(t, "more")
		if a, b := quote(less), quote(more); a.Amount.Sign() < 0 || b.Amount.Less(a.Amount) {
			t.Fatalf("Quote(%d ns, %d ns) = %v, %v, want neither negative nor falling", less, more, a.Amount, b.Amount)
		}
	})
}

// TestR22_QuotesOfPartsAddUp prices a whole in parts that fall on blocks.
func TestR22_QuotesOfPartsAddUp(t *testing.T) {
	r := readRule(t, `{"credits": "0.1", "per": "1 token"}`)
	sum := credits.Amount{}
	for range 100_000 {
		q, err := r.Quote(pricing.Use{Quantity: pricing.Count(1, pricing.UnitToken)})
		if err == nil {
			sum, err = sum.Add(q.Amount)
		}
		if err != nil {
			t.Fatalf("Quote(1 token) = %v, want nil", err)
		}
	}
	if sum != credits.Of(10_000) {
		t.Errorf("sum of 100,000 x 0.1 = %v, want 10000", sum)
	}
}

// TestAPlainRuleIsPricedAsInACompound compares the short way of a single line
// with the long way, and int64 with big numbers, over all of their range.
func TestAPlainRuleIsPricedAsInACompound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate, exactRate := drawRatio(t, "rate")
		if exactRate.Cmp(big.NewRat(credits.MaxCredits, 1)) > 0 {
			return
		}
		plain := pricing.Rule{Credits: rate, Per: pricing.Count(rapid.Int64Min(1).Draw(t, "per"), pricing.UnitToken)}
		if rapid.Bool().Draw(t, "pro rata") {
			plain.Charge = pricing.ProRata
		}
		compound := plain
		compound.Plus = []pricing.Rule{{Credits: pricing.MustParseRatio("0")}}
		n := rapid.Int64Min(0).Draw(t, "n")
		use := pricing.Use{Quantity: pricing.Count(n, pricing.UnitToken)}

		blocks := new(big.Rat).Quo(big.NewRat(n, 1), plain.Per.Ratio().Rat())
		if plain.Charge == "" {
			blocks = ceiling(blocks)
		}
		want := rounded(blocks.Mul(blocks, exactRate), pricing.Rounding{})
		for _, r := range []pricing.Rule{plain, compound} {
			q, err := r.Quote(use)
			if want.Cmp(big.NewRat(credits.MaxCredits, 1)) > 0 {
				if !errors.Is(err, credits.ErrOverflow) {
					t.Fatalf("Quote(%v) = %v, %v, want ErrOverflow for %v", use.Quantity, q.Amount, err, want)
				}
				continue
			}
			if err != nil || big.NewRat(q.Amount.Micros(), 1_000_000).Cmp(want) != 0 {
				t.Fatalf("Quote(%v) = %v, %v, want %v", use.Quantity, q.Amount, err, want)
			}
		}
	})
}

func TestAQuoteHasNoLineForWhatIsNotCharged(t *testing.T) {
	for _, c := range []struct{ name, rule, quantity, want string }{
		{"a tier to its very end", `{"per": "1 image", "tiering": "graduated", "tiers": [{"to": "10 images", "credits": 2}, {"credits": 1}]}`, "10 images", "20"},
		{"a price that is the minimum", `{"credits": 5, "per": "1 image", "least": 10}`, "2 images", "10"},
		{"a volume whose rates rise", `{"per": "1 image", "tiering": "volume", "tiers": [{"to": "10 images", "credits": 1}, {"to": "20 images", "credits": 3}, {"credits": 5}]}`, "5 images", "5"},
		{"a volume that is free", `{"per": "1 image", "tiering": "volume", "tiers": [{"to": "10 images", "credits": 0}, {"credits": 1}]}`, "5 images", "0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := readRule(t, c.rule)
			q, err := r.Quote(given(c.quantity))
			if err != nil || q.Amount != credits.MustParse(c.want) || len(q.Lines()) != 1 {
				t.Fatalf("Quote(%s) = %v in %d lines, %v, want %s in one", c.quantity, q.Amount, len(q.Lines()), err, c.want)
			}
			if got := q.Lines()[0].Counted.String(); got != c.quantity {
				t.Errorf("Quote(%s) counts %q, want all of it", c.quantity, got)
			}
		})
	}
}

// A rule made in Go can contain itself.
func TestARuleWithinItselfIsRefused(t *testing.T) {
	one := pricing.MustParseRatio("1")
	prices, meters, plus := map[string]pricing.Rule{}, map[string]pricing.Rule{}, make([]pricing.Rule, 1)
	prices["x"], meters["m"], plus[0] = pricing.Rule{By: "a", Prices: prices}, pricing.Rule{Meters: meters}, pricing.Rule{Credits: one, Plus: plus}
	for name, r := range map[string]pricing.Rule{"prices": prices["x"], "meters": meters["m"], "plus": plus[0]} {
		_, quote := r.Quote(given("", "a", "x"))
		_, most := r.QuoteMax(given("", "a", "x"))
		for call, err := range map[string]error{"Validate": r.Validate(), "Quote": quote, "QuoteMax": most} {
			if !errors.Is(err, pricing.ErrRule) && (call == "Validate" || !errors.Is(err, pricing.ErrAttribute)) {
				t.Errorf("%s(rule within its own %s) = %v, want %v", call, name, err, pricing.ErrRule)
			}
		}
	}
}
