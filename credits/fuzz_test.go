package credits_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/scriphq/scrip/credits"
)

// FuzzAmountForms checks that an amount reads the same from every form it has, and
// that what refuses a text changes nothing.
func FuzzAmountForms(f *testing.F) {
	for _, text := range []string{
		"16", "-2.5", "+0.000001", "1e3", "", ".", "1.", ".5", "-0", "00012.300", "1000000000000", "1000000000000.000001",
		"9223372036854775808", "0.0000001", " 1", "1_000", "NaN", `"7"`, `1", "2`, "\u0661",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		want, wantErr := credits.Parse(text)
		if wantErr != nil && !errors.Is(wantErr, credits.ErrInvalid) && !errors.Is(wantErr, credits.ErrOverflow) {
			t.Errorf("Parse(%q) = %v, want ErrInvalid or ErrOverflow", text, wantErr)
		}
		same := func(form string, read func(*credits.Amount) error) {
			got := credits.Of(77)
			if err := read(&got); (err == nil) != (wantErr == nil) || err == nil && got != want || err != nil && got != credits.Of(77) {
				t.Errorf("%s of %q = %v, %v, want %v, %v as Parse has it", form, text, got, err, want, wantErr)
			}
		}
		same("UnmarshalText", func(a *credits.Amount) error { return a.UnmarshalText([]byte(text)) })
		same("Scan(string)", func(a *credits.Amount) error { return a.Scan(text) })
		same("Scan([]byte)", func(a *credits.Amount) error { return a.Scan([]byte(text)) })
		if !strings.ContainsAny(text, "\"\\") {
			same("UnmarshalJSON", func(a *credits.Amount) error { return a.UnmarshalJSON([]byte(`"` + text + `"`)) })
			same("UnmarshalJSON without quotes", func(a *credits.Amount) error { return a.UnmarshalJSON([]byte(text)) })
		}
		if wantErr != nil {
			return
		}
		if data, err := json.Marshal(want); err != nil || string(data) != `"`+want.String()+`"` {
			t.Errorf("Marshal(%v) = %s, %v, want its text", want, data, err)
		}
		value, err := want.Value()
		if err != nil {
			t.Fatalf("Value(%v) = %v, want no error", want, err)
		}
		same("Scan(Value)", func(a *credits.Amount) error { return a.Scan(value) })
		if back, err := want.Neg().Add(want); err != nil || !back.IsZero() {
			t.Errorf("%v less itself = %v, %v, want 0", want, back, err)
		}
	})
}

// FuzzDigest checks that a fingerprint reads from its own text alone.
func FuzzDigest(f *testing.F) {
	for _, text := range []string{"", "00112233445566778899aabbccddeeff", "00112233445566778899AABBCCDDEEFF", "0011", strings.Repeat("g", 32)} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		kept := credits.Digest{1, 2, 3}
		read := kept
		if err := read.UnmarshalText([]byte(text)); err != nil {
			if !errors.Is(err, credits.ErrInvalid) || read != kept {
				t.Errorf("UnmarshalText(%q) = %v, %v, want ErrInvalid and nothing changed", text, read, err)
			}
			return
		}
		if read.String() != strings.ToLower(text) {
			t.Errorf("UnmarshalText(%q) = %v, want the same digits", text, read)
		}
	})
}
