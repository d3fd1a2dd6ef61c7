package credits_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
)

func fullGrant() credits.Grant {
	return credits.Grant{
		ID: "op", Account: "ada", Amount: credits.MustParse("12.5"), Source: "pack", Validity: expiry.MustParse("30 days"),
		Start: day(1), PeriodEnd: day(2), Term: "pro", Features: []string{"image", "music"}, Priority: 7, OnlyWith: "team",
		Paid: credits.Money{Minor: 4900, Currency: "USD"}, NonRefundable: true, Rollover: expiry.MustParseRollover("all for 1 month, once"),
		Meta: map[string]string{"a": "1", "b": "2"},
	}
}

func fullSpend() credits.Spend {
	return credits.Spend{
		ID: "op", Account: "ada", Feature: "image", Amount: credits.MustParse("1.25"), Partial: true, Quantity: "1 use",
		Price: credits.Price{Card: "standard", Version: "3", Explanation: "1 use x 1.25"}, Meta: map[string]string{"a": "1"},
	}
}

func fullRenew() credits.Renew {
	return credits.Renew{ID: "op", Account: "ada", Term: "pro", Until: day(60), Since: day(-5), Meta: map[string]string{"a": "1"}}
}

// furnished is a desk on which each of the full commands can happen.
func furnished(t *testing.T) *desk {
	d := newDesk(t)
	d.renew(credits.Renew{ID: "sub", Term: "pro", Until: day(50), Since: day(-5)})
	d.grant(credits.Grant{ID: "stock", Amount: credits.Of(100)})
	return d
}

// The fingerprints are stored, and a retry may come from another version of the
// library: these never change.
func TestFingerprintsAreFixedForEver(t *testing.T) {
	for _, c := range []struct {
		name string
		run  func(d *desk) credits.Receipt
		want string
	}{
		{"the full grant", func(d *desk) credits.Receipt { return d.grant(fullGrant()) }, "e9385e839ffaebbdd14a7884da38bc26"},
		{"the least grant", func(d *desk) credits.Receipt { return d.grant(credits.Grant{ID: "op", Amount: credits.Of(1)}) }, "751b813f3c56d95d9e07bd284047b471"},
		{"the full spend", func(d *desk) credits.Receipt { return d.spend(fullSpend()) }, "5b5f28d44267d480b95cd6641a7bd867"},
		{"the least spend", func(d *desk) credits.Receipt { return d.spend(credits.Spend{ID: "op"}) }, "1b2c57b0c788c101a4bd3575e96ad401"},
		{"the full renewal", func(d *desk) credits.Receipt { return d.renew(fullRenew()) }, "e2096c8cd5d83d34552589cb1f85a27e"},
		{"an end of a term", func(d *desk) credits.Receipt { return d.renew(credits.Renew{ID: "op", Term: "pro", End: true}) }, "816792bc2da3185562b8838021d8c52c"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.run(furnished(t)).Digest.String(); got != c.want {
				t.Errorf("Digest of %s = %s, want %s", c.name, got, c.want)
			}
		})
	}
}

func TestFingerprintCoversWhatAGrantSays(t *testing.T) {
	changes := map[string]func(*credits.Grant){
		"amount":           func(c *credits.Grant) { c.Amount = credits.MustParse("12.500001") },
		"source":           func(c *credits.Grant) { c.Source = "bonus" },
		"validity":         func(c *credits.Grant) { c.Validity = expiry.MustParse("31 days") },
		"validity alike":   func(c *credits.Grant) { c.Validity = expiry.MustParse("720 hours") },
		"start":            func(c *credits.Grant) { c.Start = c.Start.Add(micro) },
		"no start":         func(c *credits.Grant) { c.Start = time.Time{} },
		"term":             func(c *credits.Grant) { c.Term = "" },
		"period end":       func(c *credits.Grant) { c.PeriodEnd = day(3) },
		"features":         func(c *credits.Grant) { c.Features = []string{"image"} },
		"features merged":  func(c *credits.Grant) { c.Features = []string{"imagemusic"} },
		"priority":         func(c *credits.Grant) { c.Priority = -7 },
		"only with":        func(c *credits.Grant) { c.OnlyWith = "" },
		"rollover":         func(c *credits.Grant) { c.Rollover = expiry.Rollover{} },
		"price paid":       func(c *credits.Grant) { c.Paid.Minor++ },
		"currency":         func(c *credits.Grant) { c.Paid.Currency = "EUR" },
		"refundable":       func(c *credits.Grant) { c.NonRefundable = false },
		"a note":           func(c *credits.Grant) { c.Meta = map[string]string{"a": "1", "b": "3"} },
		"notes changed":    func(c *credits.Grant) { c.Meta = map[string]string{"a": "2", "b": "1"} },
		"one note fewer":   func(c *credits.Grant) { c.Meta = map[string]string{"a": "1"} },
		"notes left out":   func(c *credits.Grant) { c.Meta = nil },
		"features and all": func(c *credits.Grant) { c.Features = nil },
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			d := furnished(t)
			d.grant(fullGrant())
			c := fullGrant()
			change(&c)
			d.refusesGrant(credits.ErrIDReused, c)
		})
	}
}

func TestFingerprintCoversWhatASpendSays(t *testing.T) {
	for name, change := range map[string]func(*credits.Spend){
		"amount":   func(c *credits.Spend) { c.Amount = credits.Of(1) },
		"feature":  func(c *credits.Spend) { c.Feature = "music" },
		"quantity": func(c *credits.Spend) { c.Quantity = "2 uses" },
		"card":     func(c *credits.Spend) { c.Price.Card = "other" },
		"version":  func(c *credits.Spend) { c.Price.Version = "4" },
		"notes":    func(c *credits.Spend) { c.Meta = nil },
		"partial":  func(c *credits.Spend) { c.Partial = false },
		"a text that moved to the next field": func(c *credits.Spend) {
			c.Feature, c.Quantity = "image1", " use"
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := furnished(t)
			d.spend(fullSpend())
			c := fullSpend()
			change(&c)
			d.refusesSpend(credits.ErrIDReused, c)
		})
	}
}

func TestFingerprintCoversWhatARenewalSays(t *testing.T) {
	for name, change := range map[string]func(*credits.Renew){
		"term":     func(c *credits.Renew) { c.Term = "team" },
		"end":      func(c *credits.Renew) { c.Until = day(61) },
		"ending":   func(c *credits.Renew) { c.Until, c.End = time.Time{}, true },
		"no since": func(c *credits.Renew) { c.Since = time.Time{} },
		"notes":    func(c *credits.Renew) { c.Meta = nil },
	} {
		t.Run(name, func(t *testing.T) {
			d := furnished(t)
			d.renew(fullRenew())
			c := fullRenew()
			change(&c)
			d.refusesRenew(credits.ErrIDReused, c)
		})
	}
}

func TestFingerprintTellsVerbsApart(t *testing.T) {
	d := furnished(t)
	d.grant(fullGrant())
	d.refusesSpend(credits.ErrIDReused, fullSpend())
	d.refusesRenew(credits.ErrIDReused, fullRenew())
}

func TestFingerprintLeavesOutHowItWasSaid(t *testing.T) {
	berlin := time.FixedZone("CET", 3600)
	d := furnished(t)
	d.grant(fullGrant())
	for name, change := range map[string]func(*credits.Grant){
		"the order of features":         func(c *credits.Grant) { c.Features = []string{"music", "image"} },
		"the zone of an instant":        func(c *credits.Grant) { c.Start = c.Start.In(berlin) },
		"nanoseconds":                   func(c *credits.Grant) { c.Start = c.Start.Add(999) },
		"the spelling of the policy":    func(c *credits.Grant) { c.Validity = expiry.Days(30) },
		"the order of notes in the map": func(c *credits.Grant) { c.Meta = map[string]string{"b": "2", "a": "1"} },
	} {
		c := fullGrant()
		change(&c)
		if got := d.grant(c); !got.Replayed || got.Seq != 3 {
			t.Errorf("Grant(with another %s) = entry %d, replayed %v, want 3 replayed", name, got.Seq, got.Replayed)
		}
	}
	d.grant(credits.Grant{ID: "bare", Amount: credits.Of(1)})
	if got := d.grant(credits.Grant{ID: "bare", Amount: credits.Of(1), Meta: map[string]string{}, Features: []string{}}); !got.Replayed {
		t.Errorf("Grant(with empty notes and features).Replayed = false, want true")
	}
}

func TestFingerprintLeavesOutTheExplanation(t *testing.T) {
	d := furnished(t)
	first := d.spend(fullSpend())
	c := fullSpend()
	c.Price.Explanation = "worded anew"
	got := d.spend(c)
	if !got.Replayed || got.Price.Explanation != first.Price.Explanation {
		t.Errorf("Spend(worded anew) = replayed %v, explanation %q, want the first receipt", got.Replayed, got.Price.Explanation)
	}
}

func TestDigestText(t *testing.T) {
	d := furnished(t)
	want := d.spend(fullSpend()).Digest
	text, err := json.Marshal(want)
	if err != nil || string(text) != `"`+want.String()+`"` || len(want.String()) != 32 {
		t.Errorf("Marshal(%v) = %s, %v, want 32 hexadecimal digits", want, text, err)
	}
	var got credits.Digest
	if err := json.Unmarshal(text, &got); err != nil || got != want {
		t.Errorf("Unmarshal(%s) = %v, %v, want %v", text, got, err, want)
	}
	for _, bad := range []string{"", "00", strings.Repeat("0", 31), strings.Repeat("0", 33), strings.Repeat("g", 32), strings.Repeat("0", 1000)} {
		if err := got.UnmarshalText([]byte(bad)); !errors.Is(err, credits.ErrInvalid) || got != want {
			t.Errorf("UnmarshalText(%.40q) = %v, %v, want %v and the digest as it was", bad, got, err, credits.ErrInvalid)
		}
	}
}
