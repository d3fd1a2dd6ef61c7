package credits_test

import (
	"encoding/json"
	"errors"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/scriphq/scrip/credits"
)

var modelMost = new(big.Int).Mul(big.NewInt(credits.MaxCredits), big.NewInt(1_000_000))

// modelInRange reports whether micros is within MaxCredits.
func modelInRange(micros *big.Int) bool { return new(big.Int).Abs(micros).Cmp(modelMost) <= 0 }

// drawMicros draws small numbers, numbers around MaxCredits, and any others.
func drawMicros(t *rapid.T, name string) int64 {
	near := rapid.Int64Range(-3, 3)
	switch rapid.IntRange(0, 4).Draw(t, name+" is") {
	case 0:
		return modelMost.Int64() + near.Draw(t, name)
	case 1:
		return -modelMost.Int64() + near.Draw(t, name)
	case 2:
		return rapid.Int64().Draw(t, name)
	case 3:
		return rapid.Int64Range(-modelMost.Int64(), modelMost.Int64()).Draw(t, name)
	}
	return rapid.Int64Range(-5_000_000, 5_000_000).Draw(t, name)
}

func TestModelAmountsAddAndSubtractAsBigIntegersOrOverflow(t *testing.T) {
	type operation struct {
		name  string
		got   func(a, b credits.Amount) (credits.Amount, error)
		exact func(z, a, b *big.Int) *big.Int
	}
	operations := []operation{
		{"Add", credits.Amount.Add, (*big.Int).Add},
		{"Sub", credits.Amount.Sub, (*big.Int).Sub},
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawMicros(t, "a"), drawMicros(t, "b")
		for _, op := range operations {
			want := op.exact(new(big.Int), big.NewInt(a), big.NewInt(b))
			fits := modelInRange(big.NewInt(a)) && modelInRange(big.NewInt(b)) && modelInRange(want)
			got, err := op.got(credits.Micros(a), credits.Micros(b))
			switch {
			case fits && (err != nil || got.Micros() != want.Int64()):
				t.Fatalf("%s(%d, %d) = %d, %v, want %v", op.name, a, b, got.Micros(), err, want)
			case !fits && (!errors.Is(err, credits.ErrOverflow) || !got.IsZero()):
				t.Fatalf("%s(%d, %d) = %d, %v, want nothing and ErrOverflow", op.name, a, b, got.Micros(), err)
			}
		}
	})
}

func TestModelAmountsCompareAsBigIntegers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawMicros(t, "a"), drawMicros(t, "b")
		x, y := credits.Micros(a), credits.Micros(b)
		want := big.NewInt(a).Cmp(big.NewInt(b))
		if x.Compare(y) != want || x.Less(y) != (want < 0) || (x == y) != (want == 0) {
			t.Fatalf("Compare(%d, %d) = %d with Less %t, want %d", a, b, x.Compare(y), x.Less(y), want)
		}
		if x.Sign() != big.NewInt(a).Sign() || x.IsZero() != (a == 0) {
			t.Fatalf("Sign(%d) = %d, want %d", a, x.Sign(), big.NewInt(a).Sign())
		}
		if modelInRange(big.NewInt(a)) && x.Neg().Micros() != -a {
			t.Fatalf("Neg(%d) = %d, want %d", a, x.Neg().Micros(), -a)
		}
	})
}

// TestR22_R23_TextOfAnAmountIsExact compares with the rational arithmetic of
// math/big: what is printed reads back as the same number, in every form.
func TestR22_R23_TextOfAnAmountIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		micros := drawMicros(t, "micros")
		a := credits.Micros(micros)
		text := a.String()
		printed, ok := new(big.Rat).SetString(text)
		if want := big.NewRat(micros, 1_000_000); !ok || printed.Cmp(want) != 0 {
			t.Fatalf("Micros(%d).String() = %q, want %v", micros, text, want)
		}
		if strings.Contains(text, ".") && strings.HasSuffix(text, "0") || strings.ContainsAny(text, "eE+") {
			t.Fatalf("Micros(%d).String() = %q, want the shortest decimal", micros, text)
		}
		checkReadsBack(t, a, text, modelInRange(big.NewInt(micros)))
	})
}

// checkReadsBack reads the text in every form that an amount has. One that is
// out of range is refused by all.
func checkReadsBack(t *rapid.T, a credits.Amount, text string, fits bool) {
	quoted, err := json.Marshal(a)
	if err != nil || string(quoted) != `"`+text+`"` {
		t.Fatalf("json.Marshal(%s) = %s, %v, want the quoted text", text, quoted, err)
	}
	value, err := a.Value()
	if err != nil || value != any(text) {
		t.Fatalf("Value(%s) = %v, %v, want the text", text, value, err)
	}
	before := credits.Micros(77)
	for name, read := range map[string]func(*credits.Amount) error{
		"Parse":         func(to *credits.Amount) (err error) { *to, err = parseOver(*to, text); return err },
		"UnmarshalText": func(to *credits.Amount) error { return to.UnmarshalText([]byte(text)) },
		"JSON string":   func(to *credits.Amount) error { return json.Unmarshal(quoted, to) },
		"JSON number":   func(to *credits.Amount) error { return json.Unmarshal([]byte(text), to) },
		"Scan text":     func(to *credits.Amount) error { return to.Scan(text) },
		"Scan bytes":    func(to *credits.Amount) error { return to.Scan([]byte(text)) },
	} {
		got := before
		err := read(&got)
		switch {
		case fits && (err != nil || got != a):
			t.Fatalf("%s of %q = %v, %v, want %v", name, text, got, err, a)
		case !fits && (!errors.Is(err, credits.ErrOverflow) || got != before):
			t.Fatalf("%s of %q = %v, %v, want ErrOverflow and no change", name, text, got, err)
		}
	}
}

// parseOver is Parse, with the old amount in place of nothing after an error.
func parseOver(old credits.Amount, text string) (credits.Amount, error) {
	a, err := credits.Parse(text)
	if err != nil {
		return old, err
	}
	return a, nil
}

// TestR23_ParseReadsExactlyTheDocumentedForm generates decimals that are right,
// too precise, too large or malformed, and judges them by their parts.
func TestR23_ParseReadsExactlyTheDocumentedForm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sign := rapid.SampledFrom([]string{"", "-", "+"}).Draw(t, "sign")
		whole := rapid.StringMatching(`[0-9]{0,14}`).Draw(t, "whole")
		point := rapid.SampledFrom([]string{"", ".", ",", "e"}).Draw(t, "point")
		decimals := rapid.StringMatching(`[0-9]{0,8}`).Draw(t, "decimals")
		text := sign + whole + point + decimals
		got, err := credits.Parse(text)

		digits, fraction := whole, ""
		switch point {
		case "":
			digits = whole + decimals
		case ".":
			fraction = decimals
		}
		formed := digits != "" && (point == "" || point == "." && decimals != "") && len(fraction) <= credits.Decimals
		exact, readable := new(big.Rat).SetString(sign + digits + "." + fraction + "0")
		switch {
		case !formed && (!errors.Is(err, credits.ErrInvalid) && !errors.Is(err, credits.ErrOverflow) || !got.IsZero()):
			t.Fatalf("Parse(%q) = %v, %v, want a refusal", text, got, err)
		case formed && exact.Mul(exact, big.NewRat(1_000_000, 1)) != nil && !modelInRange(exact.Num()):
			if !errors.Is(err, credits.ErrOverflow) {
				t.Fatalf("Parse(%q) = %v, %v, want ErrOverflow", text, got, err)
			}
		case formed && (!readable || err != nil || big.NewInt(got.Micros()).Cmp(exact.Num()) != 0):
			t.Fatalf("Parse(%q) = %v, %v, want %v micros", text, got, err, exact.Num())
		}
	})
}
