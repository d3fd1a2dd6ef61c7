package credits_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
)

func TestAmendChangesWhatItSays(t *testing.T) {
	for _, c := range []struct {
		name string
		give credits.Amend
		want func(lot *credits.Lot)
	}{
		{"a longer validity counts from the start", credits.Amend{Validity: expiry.Days(60)}, func(l *credits.Lot) { l.Validity, l.End = expiry.Days(60), day(60) }},
		{"a shorter one too, to just after now", credits.Amend{Validity: expiry.Until(day(2).Add(micro))}, func(l *credits.Lot) { l.Validity, l.End = expiry.Until(day(2).Add(micro)), day(2).Add(micro) }},
		{"it may never end", credits.Amend{Validity: expiry.Permanent()}, func(l *credits.Lot) { l.Validity, l.End = expiry.Permanent(), time.Time{} }},
		{"features replace those before", credits.Amend{Features: []string{"speech", "image"}}, func(l *credits.Lot) { l.Features = []string{"image", "speech"} }},
		{"all features", credits.Amend{AllFeatures: true}, func(l *credits.Lot) { l.Features = nil }},
		{"a priority", credits.Amend{Priority: new(-3)}, func(l *credits.Lot) { l.Priority = -3 }},
		{"a priority of zero", credits.Amend{Priority: new(0)}, func(l *credits.Lot) { l.Priority = 0 }},
		{"all at once", credits.Amend{Validity: expiry.Days(40), AllFeatures: true, Priority: new(9)}, func(l *credits.Lot) {
			l.Validity, l.End, l.Features, l.Priority = expiry.Days(40), day(40), nil, 9
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := openTill(t)
			b.grant(credits.Grant{ID: "pack", Amount: credits.Of(10), Source: "pack", Features: []string{"music"}, Priority: 2, Validity: expiry.Days(30), Paid: usd(5)})
			b.spend(credits.Spend{ID: "job", Feature: "music", Amount: credits.Of(3)})
			b.hold(credits.Reserve{ID: "hold", Feature: "music", Amount: credits.Of(1), Deadline: day(9)})
			b.clock.set(day(2))
			want := b.balance().Lots[0]
			c.want(&want)
			c.give.ID, c.give.Lot = "amend", "pack"
			receipt := b.amend(c.give)
			if diff := compare([]credits.Lot{want}, b.balance().Lots); diff != "" {
				t.Errorf("Amend() (-want +got):\n%s", diff)
			}
			if diff := compare([]credits.Lot{want}, receipt.Lots); diff != "" {
				t.Errorf("Amend().Lots (-want +got):\n%s", diff)
			}
			if receipt.Kind != credits.KindAmend || receipt.Of != "pack" || !receipt.Amount.IsZero() || receipt.Source != "pack" {
				t.Errorf("Amend() = %s of %s by %v, want amend of pack by 0", receipt.Kind, receipt.Of, receipt.Amount)
			}
		})
	}
}

func TestAmendChangesTheDrawdown(t *testing.T) {
	b := openTill(t)
	b.grant(credits.Grant{ID: "a", Amount: credits.Of(10)})
	b.grant(credits.Grant{ID: "b", Amount: credits.Of(10)})
	b.grant(credits.Grant{ID: "c", Amount: credits.Of(10), Features: []string{"music"}})
	b.amend(credits.Amend{ID: "first", Lot: "b", Priority: new(-1)})
	b.amend(credits.Amend{ID: "wider", Lot: "c", AllFeatures: true, Validity: expiry.Days(5)})
	if got := took(b.spend(credits.Spend{ID: "job", Amount: credits.Of(25)})); got != "b 10, c 10, a 5" {
		t.Errorf("Spend(25) drew %s, want b 10, c 10, a 5", got)
	}
}

func TestAmendedEndIsWhenTheLotEnds(t *testing.T) {
	for _, c := range []struct {
		name string
		to   expiry.Policy
		at   time.Time
		want string
	}{
		{"a microsecond before the new end", expiry.Days(40), day(40).Add(-micro), "pack 10"},
		{"at the new end", expiry.Days(40), day(40), ""},
		{"at the old end, which is later", expiry.Days(20), day(30), ""},
		{"a microsecond before a sooner end", expiry.Days(20), day(20).Add(-micro), "pack 10"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := openTill(t)
			b.grant(credits.Grant{ID: "pack", Amount: credits.Of(10), Validity: expiry.Days(30)})
			b.amend(credits.Amend{ID: "amend", Lot: "pack", Validity: c.to})
			b.clock.set(c.at)
			sweep(b.desk)
			if got := b.lots(); got != c.want {
				t.Errorf("lots at %v = %s, want %s", c.at, got, c.want)
			}
		})
	}
}

func TestAmendToATermFollowsItsRenewals(t *testing.T) {
	b := openTill(t)
	b.renew(credits.Renew{ID: "sub", Term: "pro", Until: day(10)})
	b.grant(credits.Grant{ID: "plan", Amount: credits.Of(10), Term: "pro", Validity: expiry.Days(5)})
	b.amend(credits.Amend{ID: "amend", Lot: "plan", Validity: expiry.WhileSubscribed()})
	b.renew(credits.Renew{ID: "sub-2", Term: "pro", Until: day(20)})
	if end := b.balance().Lots[0].End; !end.Equal(day(20)) {
		t.Errorf("End after Amend and Renew = %v, want %v", end, day(20))
	}
	b.amend(credits.Amend{ID: "amend-2", Lot: "plan", Validity: expiry.Days(7)})
	b.renew(credits.Renew{ID: "sub-3", Term: "pro", Until: day(30)})
	if end := b.balance().Lots[0].End; !end.Equal(day(7)) {
		t.Errorf("End after Amend(7 days) and Renew = %v, want %v", end, day(7))
	}
}

func TestAmendRefusesBadInput(t *testing.T) {
	b := openTill(t)
	b.grant(credits.Grant{ID: "pack", Amount: credits.Of(10), Validity: expiry.Days(30)})
	b.grant(credits.Grant{ID: "spent", Amount: credits.Of(1), Priority: -1})
	b.spend(credits.Spend{ID: "job", Amount: credits.Of(1)})
	b.grant(credits.Grant{ID: "ended", Amount: credits.Of(1), Validity: expiry.Days(1)})
	b.grant(credits.Grant{ID: "revoked", Amount: credits.Of(1)})
	b.revoke(credits.Revoke{ID: "revoke", Lot: "revoked"})
	b.grant(credits.Grant{ID: "pinned", Amount: credits.Of(1), Priority: -1, Validity: expiry.Days(1)})
	b.hold(credits.Reserve{ID: "hold", Amount: credits.Of(1), Deadline: day(9)})
	b.clock.set(day(2))
	for _, c := range []struct {
		name  string
		give  credits.Amend
		want  error
		field string
	}{
		{"without an ID", credits.Amend{Lot: "pack", AllFeatures: true}, credits.ErrInvalid, "id"},
		{"without a lot", credits.Amend{ID: "a", AllFeatures: true}, credits.ErrInvalid, "lot"},
		{"that changes nothing", credits.Amend{ID: "a", Lot: "pack"}, credits.ErrInvalid, "amendment"},
		{"to all features and to some", credits.Amend{ID: "a", Lot: "pack", AllFeatures: true, Features: []string{"x"}}, credits.ErrInvalid, "features"},
		{"to a feature without a name", credits.Amend{ID: "a", Lot: "pack", Features: []string{""}}, credits.ErrInvalid, "features"},
		{"to a feature twice", credits.Amend{ID: "a", Lot: "pack", Features: []string{"x", "x"}}, credits.ErrInvalid, "features"},
		{"to too many features", credits.Amend{ID: "a", Lot: "pack", Features: numbered(credits.MaxFeatures + 1)}, credits.ErrInvalid, "features"},
		{"to a priority beyond the bound", credits.Amend{ID: "a", Lot: "pack", Priority: new(credits.MaxPriority + 1)}, credits.ErrInvalid, "priority"},
		{"to a priority beyond the lower bound", credits.Amend{ID: "a", Lot: "pack", Priority: new(-credits.MaxPriority - 1)}, credits.ErrInvalid, "priority"},
		{"with too long notes", credits.Amend{ID: "a", Lot: "pack", AllFeatures: true, Meta: notes(1, credits.MaxMetaLen)}, credits.ErrInvalid, "meta"},
		{"to an end that is now", credits.Amend{ID: "a", Lot: "pack", Validity: expiry.Days(2)}, credits.ErrInvalid, "validity"},
		{"to an end in the past", credits.Amend{ID: "a", Lot: "pack", Validity: expiry.Days(1)}, credits.ErrInvalid, "validity"},
		{"to an end before the start", credits.Amend{ID: "a", Lot: "pack", Validity: expiry.Until(day(-1))}, credits.ErrInvalid, "validity"},
		{"to a term that the lot has not", credits.Amend{ID: "a", Lot: "pack", Validity: expiry.WhileSubscribed()}, credits.ErrInvalid, "validity"},
		{"to no policy", credits.Amend{ID: "a", Lot: "pack", Validity: expiry.Days(-1)}, credits.ErrInvalid, "validity"},
		{"of a lot that never was", credits.Amend{ID: "a", Lot: "none", AllFeatures: true}, credits.ErrNotFound, ""},
		{"of a spend", credits.Amend{ID: "a", Lot: "job", AllFeatures: true}, credits.ErrNotFound, ""},
		{"of a lot that was spent", credits.Amend{ID: "a", Lot: "spent", AllFeatures: true}, credits.ErrClosed, ""},
		{"of a lot that ended", credits.Amend{ID: "a", Lot: "ended", AllFeatures: true}, credits.ErrClosed, ""},
		{"of a lot that was revoked", credits.Amend{ID: "a", Lot: "revoked", AllFeatures: true}, credits.ErrClosed, ""},
		{"of a lot that ended but for a hold", credits.Amend{ID: "a", Lot: "pinned", Validity: expiry.Permanent()}, credits.ErrClosed, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.give.Account = "ada"
			err := b.refuses(c.want, func() error { return second(b.ledger.Amend(b.ctx, c.give)) })
			if got := field(err); got != c.field {
				t.Errorf("Amend(%v) = %v, field %q, want %q", c.give, err, got, c.field)
			}
		})
	}
	_, err := b.ledger.Amend(b.ctx, credits.Amend{ID: "a", Account: "ada", Lot: "ended", AllFeatures: true})
	if closed, ok := errors.AsType[*credits.ClosedError](err); !ok || closed.Last.Kind != credits.KindEnd || !strings.Contains(err.Error(), "is over: end at") {
		t.Errorf("Amend(ended) = %v, want a *ClosedError that says it ended", err)
	}
}

func TestAmendKeepsNothingOfTheCaller(t *testing.T) {
	b := openTill(t)
	b.grant(credits.Grant{ID: "pack", Amount: credits.Of(10)})
	features, priority := []string{"b", "a"}, 1
	b.amend(credits.Amend{ID: "amend", Lot: "pack", Features: features, Priority: &priority})
	features[0], features[1], priority = "x", "y", 7
	lot := b.balance().Lots[0]
	if got := strings.Join(lot.Features, " "); got != "a b" || lot.Priority != 1 {
		t.Errorf("lot after the caller's slice changed = %s, %d, want a b, 1", got, lot.Priority)
	}
}

func TestAmendIsReplayed(t *testing.T) {
	b := openTill(t)
	b.grant(credits.Grant{ID: "pack", Amount: credits.Of(10)})
	c := credits.Amend{ID: "amend", Lot: "pack", Validity: expiry.Days(3), Features: []string{"b", "a"}}
	first := b.amend(c)
	b.clock.set(day(4)) // the lot has ended since
	before := b.record("ada")
	c.Features = []string{"a", "b"} // a set: in any order
	if again := b.amend(c); !again.Replayed || compare(first.Entry, again.Entry) != "" {
		t.Errorf("Amend(again) = %v, want a replay of the first", again)
	}
	if diff := compare(before, b.record("ada")); diff != "" {
		t.Errorf("Amend(again) changed the account (-before +after):\n%s", diff)
	}
	c.Account, c.Priority = "ada", new(0)
	b.refuses(credits.ErrIDReused, func() error { return second(b.ledger.Amend(b.ctx, c)) })
}
