package credits_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
	"github.com/scriphq/scrip/store/memory"
	"pgregory.net/rapid"
)

// Whatever commands and jumps of the clock an account goes through, its ledger
// verifies: replaying gives the state, time was settled in order, balances add up.
func TestR44_WhateverHappensTheLedgerVerifies(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := time.Date(2026, 1, 31, 10, 0, 0, 0, time.UTC)
		store := memory.New()
		ledger := credits.New(store, credits.Options{Now: func() time.Time { return now }})
		ctx := context.Background()
		var used, lots, holds, spends []string
		pick := func(t *rapid.T, what string, from []string) string {
			return rapid.SampledFrom(append([]string{"none"}, from...)).Draw(t, what)
		}
		n := 0
		id := func() string { n++; s := fmt.Sprintf("op-%d", n); used = append(used, s); return s }
		amount := func(t *rapid.T) credits.Amount {
			return credits.Micros(rapid.Int64Range(1, 30_000_000).Draw(t, "amount"))
		}
		policy := func(t *rapid.T) expiry.Policy {
			return expiry.MustParse(rapid.SampledFrom([]string{"permanent", "1 day", "3 days", "1 month", "while subscribed", "latest(while subscribed, 2 days)", "earliest(while subscribed, 5 days)"}).Draw(t, "policy"))
		}
		features := func(t *rapid.T) []string {
			return rapid.SampledFrom([][]string{nil, nil, {"music"}, {"image", "music"}}).Draw(t, "features")
		}
		feature := func(t *rapid.T) string { return rapid.SampledFrom([]string{"", "music", "image"}).Draw(t, "feature") }
		both := func(t *rapid.T) credits.Amount {
			ada, err := ledger.Balance(ctx, "ada")
			bob, other := ledger.Balance(ctx, "bob")
			sum, over := ada.Posted.Add(bob.Posted)
			if err = errors.Join(err, other, over); err != nil {
				t.Fatal(err)
			}
			return sum
		}
		must := func(t *rapid.T, err error) bool {
			var unknown *credits.UnknownError
			if errors.As(err, &unknown) {
				t.Fatalf("unknown: %v", err)
			}
			return err == nil
		}
		t.Repeat(map[string]func(*rapid.T){
			"jump": func(t *rapid.T) {
				now = now.Add(time.Duration(rapid.Int64Range(0, int64(80*time.Hour)).Draw(t, "jump")))
			},
			"to an end": func(t *rapid.T) {
				b, _ := ledger.Balance(ctx, "ada")
				if ends := b.Ends(); len(ends) > 0 && ends[0].At.After(now) {
					now = ends[0].At.Add(time.Duration(rapid.IntRange(-1, 1).Draw(t, "off")) * time.Microsecond)
				}
			},
			"grant": func(t *rapid.T) {
				c := credits.Grant{ID: id(), Account: "ada", Amount: amount(t), Validity: policy(t), Features: features(t), Priority: rapid.IntRange(-1, 1).Draw(t, "priority"), Source: rapid.SampledFrom([]string{"plan", "pack"}).Draw(t, "source")}
				if rapid.Bool().Draw(t, "term") {
					c.Term = "pro"
				}
				if rapid.Bool().Draw(t, "later") {
					c.Start = now.Add(time.Duration(rapid.IntRange(-10, 50).Draw(t, "start")) * time.Hour)
				}
				if rapid.Bool().Draw(t, "paid") {
					c.Paid = credits.Money{Minor: rapid.Int64Range(1, 999).Draw(t, "minor"), Currency: "USD"}
				}
				if rapid.IntRange(0, 3).Draw(t, "rolls") == 0 {
					c.Rollover = expiry.MustParseRollover(rapid.SampledFrom([]string{"all for 2 days", "at most 5 for 3 days", "all for 1 day, once", "at most 50% of the grant for 2 days"}).Draw(t, "rollover"))
				}
				if rapid.IntRange(0, 4).Draw(t, "only") == 0 {
					c.OnlyWith = "pro"
				}
				if _, err := ledger.Grant(ctx, c); must(t, err) {
					lots = append(lots, c.ID)
				}
			},
			"spend": func(t *rapid.T) {
				c := credits.Spend{ID: id(), Account: "ada", Amount: amount(t), Feature: feature(t), Partial: rapid.Bool().Draw(t, "partial")}
				if _, err := ledger.Spend(ctx, c); must(t, err) {
					spends = append(spends, c.ID)
				}
			},
			"reserve": func(t *rapid.T) {
				c := credits.Reserve{ID: id(), Account: "ada", Amount: amount(t), Feature: feature(t), Deadline: now.Add(time.Duration(rapid.IntRange(1, 200).Draw(t, "hours")) * time.Hour)}
				if _, err := ledger.Reserve(ctx, c); must(t, err) {
					holds = append(holds, c.ID)
				}
			},
			"capture": func(t *rapid.T) {
				c := credits.Capture{ID: id(), Account: "ada", Hold: pick(t, "hold", holds), Amount: amount(t), More: rapid.Bool().Draw(t, "more")}
				if _, err := ledger.Capture(ctx, c); must(t, err) {
					spends = append(spends, c.ID)
				}
			},
			"release": func(t *rapid.T) {
				_, err := ledger.Release(ctx, credits.Release{ID: id(), Account: "ada", Hold: pick(t, "hold", holds)})
				must(t, err)
			},
			"extend": func(t *rapid.T) {
				_, err := ledger.Extend(ctx, credits.Extend{ID: id(), Account: "ada", Hold: pick(t, "hold", holds), Amount: amount(t), Deadline: now.Add(100 * time.Hour)})
				must(t, err)
			},
			"refund": func(t *rapid.T) {
				c := credits.Refund{ID: id(), Account: "ada", Of: pick(t, "of", spends)}
				if rapid.Bool().Draw(t, "all") {
					c.All = true
				} else {
					c.Amount = amount(t)
				}
				if rapid.Bool().Draw(t, "reissues") {
					c.Reissue = expiry.Days(2)
				}
				_, err := ledger.Refund(ctx, c)
				must(t, err)
			},
			"revoke": func(t *rapid.T) {
				_, err := ledger.Revoke(ctx, credits.Revoke{ID: id(), Account: "ada", Lot: pick(t, "lot", lots), Debt: rapid.Bool().Draw(t, "debt")})
				must(t, err)
			},
			"renew": func(t *rapid.T) {
				c := credits.Renew{ID: id(), Account: "ada", Term: "pro"}
				if rapid.IntRange(0, 3).Draw(t, "ends") == 0 {
					c.End = true
				} else {
					c.Until = now.Add(time.Duration(rapid.IntRange(1, 100).Draw(t, "hours")) * time.Hour)
				}
				_, err := ledger.Renew(ctx, c)
				must(t, err)
			},
			"allow": func(t *rapid.T) {
				c := credits.Allow{ID: id(), Account: "ada", Allowance: rapid.SampledFrom([]string{"daily", "pro"}).Draw(t, "allowance")}
				if rapid.IntRange(0, 3).Draw(t, "stops") == 0 {
					c.Stop = true
				} else {
					c.Amount, c.Validity = amount(t), policy(t)
					c.Every = expiry.MustParseSpan(rapid.SampledFrom([]string{"1 day", "12 hours", "1 month"}).Draw(t, "every"))
					c.Reset = rapid.Bool().Draw(t, "reset")
					if rapid.Bool().Draw(t, "with term") {
						c.Term = "pro"
					}
					if rapid.Bool().Draw(t, "capped") {
						c.Most, c.Within = amount(t), expiry.MustParseSpan("1 month")
					}
				}
				_, err := ledger.Allow(ctx, c)
				must(t, err)
			},
			"transfer": func(t *rapid.T) {
				c := credits.Transfer{ID: id(), From: "ada", To: "bob", Amount: amount(t), Feature: feature(t)}
				if rapid.Bool().Draw(t, "back") {
					c.From, c.To = c.To, c.From
				}
				before := both(t)
				_, err := ledger.Transfer(ctx, c)
				must(t, err)
				if after := both(t); before != after {
					t.Fatalf("Transfer(%v) = %v in both accounts, want %v", c, after, before)
				}
			},
			"amend": func(t *rapid.T) {
				c := credits.Amend{ID: id(), Account: "ada", Lot: pick(t, "lot", lots), Features: features(t)}
				if rapid.Bool().Draw(t, "validity") {
					c.Validity = policy(t)
				}
				c.Priority = new(rapid.IntRange(-2, 2).Draw(t, "priority"))
				_, err := ledger.Amend(ctx, c)
				must(t, err)
			},
			"configure": func(t *rapid.T) {
				c := credits.Configure{ID: id(), Account: "ada", Overdraft: new(credits.Of(rapid.Int64Range(0, 9).Draw(t, "overdraft"))), Frozen: new(rapid.IntRange(0, 9).Draw(t, "frozen") == 0)}
				_, err := ledger.Configure(ctx, c)
				must(t, err)
			},
			"": func(t *rapid.T) {
				found, err := ledger.Verify(ctx, "ada")
				others, _ := ledger.Verify(ctx, "bob")
				found = append(found, others...)
				if err != nil || len(found) > 0 {
					for e := range ledger.History(ctx, credits.Query{Account: "ada"}) {
						t.Logf("%d %s of %s %s %s %v = %v %v", e.Seq, e.ID, e.Of, e.Kind, e.At, e.Amount, e.Balance, e.Postings)
					}
					t.Fatalf("Verify(ada) = %v, %v, want nothing", found, err)
				}
				b, err := ledger.Balance(ctx, "ada")
				if err != nil {
					t.Fatal(err)
				}
				sum := credits.Amount{}
				for _, part := range []credits.Amount{b.Available, b.Held, b.Scheduled, b.Dormant} {
					sum, _ = sum.Add(part)
				}
				if sum != b.Posted {
					t.Fatalf("Posted = %v, want %v: %+v", b.Posted, sum, b)
				}
			},
		})
	})
}
