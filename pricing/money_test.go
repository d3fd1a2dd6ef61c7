package pricing_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/pricing"
	"github.com/shopspring/decimal"
	"pgregory.net/rapid"
)

func TestParseMoneyReadsExactPrices(t *testing.T) {
	tests := []struct {
		name, text string
		want       credits.Money
		printed    string
	}{
		{"whole dollars", "49 USD", credits.Money{Minor: 4900, Currency: "USD"}, "49.00 USD"},
		{"one decimal", "49.9 EUR", credits.Money{Minor: 4990, Currency: "EUR"}, "49.90 EUR"},
		{"two decimals", "2.90 GBP", credits.Money{Minor: 290, Currency: "GBP"}, "2.90 GBP"},
		{"the smallest price", "0.01 USD", credits.Money{Minor: 1, Currency: "USD"}, "0.01 USD"},
		{"a currency without decimals", "1500 JPY", credits.Money{Minor: 1500, Currency: "JPY"}, "1500 JPY"},
		{"a currency with three", "1.005 KWD", credits.Money{Minor: 1005, Currency: "KWD"}, "1.005 KWD"},
		{"a currency with four", "0.0001 CLF", credits.Money{Minor: 1, Currency: "CLF"}, "0.0001 CLF"},
		{"the longest text", strings.Repeat("0", 31) + "49.90 USD", credits.Money{Minor: 4990, Currency: "USD"}, "49.90 USD"},
		{"the largest price", "10000000000000.00 USD", credits.Money{Minor: pricing.MaxMinor, Currency: "USD"}, "10000000000000.00 USD"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m, err := pricing.ParseMoney(test.text)
			if err != nil || m.Paid() != test.want || m.String() != test.printed {
				t.Errorf("ParseMoney(%q) = %v, %v, want %v", test.text, m, err, test.printed)
			}
		})
	}
}

func TestParseMoneyRefusesWhatIsNoPrice(t *testing.T) {
	for _, text := range []string{
		"", "49", "USD", "USD 49", "49USD", "49  USD", "49 USD ", " 49 USD", "49 usd", "49 US", "49 USDX", "49 SD ", "49 D E",
		"-49 USD", "+49 USD", "0 USD", "0.00 USD", ".5 USD", "5. USD", "1,000 USD", "1e3 USD", "0x10 USD", "٤٩ USD",
		"49.999 USD", "49.000 USD", "1500.0 JPY", "1.0005 KWD", "49 XAU", "49 XXX", "49 XTS", "49 EURUSD",
		"10000000000000.01 USD", "99999999999999999999999999 USD", strings.Repeat("0", 100) + "1 USD",
	} {
		t.Run(text, func(t *testing.T) {
			m, err := pricing.ParseMoney(text)
			if !errors.Is(err, pricing.ErrText) || !m.IsZero() {
				t.Errorf("ParseMoney(%q) = %v, %v, want %v", text, m, err, pricing.ErrText)
			}
		})
	}
}

func TestNewMoneyRoundsNothing(t *testing.T) {
	tests := []struct {
		name     string
		amount   decimal.Decimal
		currency string
		want     string // empty: refused
	}{
		{"cents", decimal.New(4990, -2), "USD", "49.90 USD"},
		{"zeros beyond the minor unit change nothing", decimal.New(4990000, -5), "USD", "49.90 USD"},
		{"a positive exponent", decimal.New(15, 2), "JPY", "1500 JPY"},
		{"half a cent", decimal.New(5, -3), "USD", ""},
		{"half a yen", decimal.New(5, -1), "JPY", ""},
		{"nothing", decimal.Decimal{}, "USD", ""},
		{"less than nothing", decimal.New(-1, 0), "USD", ""},
		{"an unknown currency", decimal.New(1, 0), "usd", ""},
		{"too much", decimal.New(pricing.MaxMinor, 0), "USD", ""},
		{"an exponent that never ends", decimal.New(1, math.MaxInt32), "USD", ""},
		{"an exponent that never begins", decimal.New(1, math.MinInt32), "USD", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m, err := pricing.NewMoney(test.amount, test.currency)
			if m.String() != test.want || (test.want == "") != errors.Is(err, pricing.ErrText) {
				t.Errorf("NewMoney = %v, %v, want %q", m, err, test.want)
			}
		})
	}
}

func TestMoneyFromRefusesWhatWasNeverPaid(t *testing.T) {
	for _, paid := range []credits.Money{
		{Minor: 1}, {Currency: "USD"}, {Minor: -1, Currency: "USD"}, {Minor: 1, Currency: "XXX"}, {Minor: pricing.MaxMinor + 1, Currency: "USD"},
	} {
		if m, err := pricing.MoneyFrom(paid); !errors.Is(err, pricing.ErrText) {
			t.Errorf("MoneyFrom(%v) = %v, %v, want %v", paid, m, err, pricing.ErrText)
		}
	}
	if m, err := pricing.MoneyFrom(credits.Money{Minor: pricing.MaxMinor, Currency: "USD"}); err != nil || m.Paid().Minor != pricing.MaxMinor {
		t.Errorf("MoneyFrom(the most) = %v, %v, want it", m, err)
	}
	if m, err := pricing.MoneyFrom(credits.Money{}); err != nil || !m.IsZero() {
		t.Errorf("MoneyFrom(nothing) = %v, %v, want nothing", m, err)
	}
}

// currencies are one for each number of decimals.
var currencies = []string{"USD", "JPY", "KWD", "CLF"}

func TestMoneyGoesThereAndBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		paid := credits.Money{
			Minor:    rapid.Int64Range(1, pricing.MaxMinor).Draw(t, "minor"),
			Currency: rapid.SampledFrom(currencies).Draw(t, "currency"),
		}
		m, err := pricing.MoneyFrom(paid)
		if err != nil || m.Paid() != paid {
			t.Fatalf("MoneyFrom(%v) = %v, %v", paid, m, err)
		}
		if text, err := m.MarshalText(); err != nil || pricing.MustParseMoney(string(text)) != m {
			t.Fatalf("MarshalText of %v = %q, %v", m, text, err)
		}
		if parsed, err := pricing.ParseMoney(m.String()); err != nil || parsed != m {
			t.Fatalf("ParseMoney(%q) = %v, %v, want %v", m, parsed, err, m)
		}
		if made, err := pricing.NewMoney(m.Amount(), m.Currency()); err != nil || made != m {
			t.Fatalf("NewMoney(%v, %s) = %v, %v, want %v", m.Amount(), m.Currency(), made, err, m)
		}
		decimals, _ := pricing.CurrencyDecimals(paid.Currency)
		if got := m.Amount().Shift(int32(decimals)); !got.Equal(decimal.New(paid.Minor, 0)) {
			t.Fatalf("Amount of %v = %v minor units, want %d", m, got, paid.Minor)
		}
	})
}

func TestCurrencyDecimalsFollowISO4217(t *testing.T) {
	for code, want := range map[string]int{
		"USD": 2, "EUR": 2, "MGA": 2, "MRU": 2, "HUF": 2, "XCG": 2, "ZWG": 2,
		"BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0,
		"RWF": 0, "UGX": 0, "UYI": 0, "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
		"BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3, "CLF": 4, "UYW": 4,
	} {
		if got, ok := pricing.CurrencyDecimals(code); !ok || got != want {
			t.Errorf("CurrencyDecimals(%q) = %d, %v, want %d", code, got, ok, want)
		}
	}
	for _, code := range []string{"", "USB", "usd", "US", "USDD", "D A", "XAU", "XXX", " US", "SD "} {
		if got, ok := pricing.CurrencyDecimals(code); ok {
			t.Errorf("CurrencyDecimals(%q) = %d, want none", code, got)
		}
	}
}
