package credits_test

import (
	"strings"
	"testing"
	"time"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
)

func TestExtendGivesMoreTimeOrCredits(t *testing.T) {
	for _, c := range []struct {
		name     string
		extend   credits.Extend
		postings string
		deadline time.Time
		held     string
	}{
		{"more time", credits.Extend{Deadline: day(3)}, "", day(3), "8"},
		{"less time", credits.Extend{Deadline: start.Add(micro)}, "", start.Add(micro), "8"},
		{"the most time", credits.Extend{Deadline: start.Add(credits.MaxHold)}, "", start.Add(credits.MaxHold), "8"},
		{"more credits", credits.Extend{Amount: credits.Of(2)}, "pack -2 2", day(1), "10"},
		{"all there are", credits.Extend{Amount: credits.Of(7)}, "pack -7 7", day(1), "15"},
		{"both", credits.Extend{Deadline: day(2), Amount: credits.Micros(1)}, "pack -0.000001 0.000001", day(2), "8.000001"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := holding(t)
			c.extend.ID, c.extend.Hold = "longer", "job"
			got := b.extend(c.extend)
			if got.Kind != credits.KindExtend || got.Of != "job" || !got.Amount.IsZero() || posted(got.Entry) != c.postings || got.Feature != "image" {
				t.Errorf("Extend(%s) = %s %v of %s for %s, %s, want extend 0 of job for image, %s", c.name, got.Kind, got.Amount, got.Of, got.Feature, posted(got.Entry), c.postings)
			}
			if hold := got.HoldNow; !hold.Deadline.Equal(c.deadline) || hold.Held().String() != c.held || hold.Reserved.String() != c.held || hold.Settled {
				t.Errorf("Extend(%s).HoldNow = %+v, want %s until %v", c.name, hold, c.held, c.deadline)
			}
			again := b.extend(c.extend)
			if diff := compare(got.Entry, again.Entry); diff != "" || !again.Replayed || !again.HoldNow.Deadline.Equal(c.deadline) {
				t.Errorf("Extend(again) = replayed %v, now %+v (-first +again):\n%s", again.Replayed, again.HoldNow, diff)
			}
			b.clock.set(c.deadline.Add(-micro))
			if got := len(b.balance().Holds); got != 1 {
				t.Errorf("Balance(before the deadline) = %d holds, want 1", got)
			}
			b.clock.set(c.deadline)
			if got := len(b.balance().Holds); got != 0 {
				t.Errorf("Balance(at the deadline) = %d holds, want none", got)
			}
		})
	}
}

// A hold has one part of each lot, in the order in which the lots were first
// drawn, and an entry has one posting of each.
func TestExtendOfWhatTheHoldHasAlready(t *testing.T) {
	b := holding(t)
	b.configure(credits.Configure{ID: "limit", Overdraft: new(credits.Of(5))})
	b.extend(credits.Extend{ID: "two", Hold: "job", Amount: credits.Of(2)})
	b.extend(credits.Extend{ID: "over", Hold: "job", Amount: credits.Of(6)})
	got := b.extend(credits.Extend{ID: "over-again", Hold: "job", Amount: credits.Of(1)})
	if got := parts(got.HoldNow); got != "plan 5, pack 10, overdraft 2" {
		t.Errorf("Extend(thrice).HoldNow = %s, want plan 5, pack 10, overdraft 2", got)
	}
	part := b.capture(credits.Capture{ID: "part", Hold: "job", Amount: credits.Of(13), More: true})
	if got := posted(part.Entry); got != "plan 0 -5, pack 0 -8" {
		t.Errorf("Capture(13).Postings = %s, want plan 0 -5, pack 0 -8", got)
	}
	if got := b.release("back", "job"); posted(got.Entry) != "pack 2 -2, overdraft 2 -2" {
		t.Errorf("Release(rest).Postings = %s, want pack 2 -2, overdraft 2 -2", posted(got.Entry))
	}
	b.wantBalance("everything", "2", "0")
}

func TestExtendDrawsByTheHoldsFeature(t *testing.T) {
	b := newBooth(t)
	b.grant(credits.Grant{ID: "images", Amount: credits.Of(5), Features: []string{"image"}})
	b.grant(credits.Grant{ID: "songs", Amount: credits.Of(5), Features: []string{"ai-music"}})
	b.reserve(credits.Reserve{ID: "job", Feature: "image", Amount: credits.Of(1)})
	b.fails(credits.ErrInsufficient, credits.Extend{ID: "longer", Account: "ada", Hold: "job", Amount: credits.Of(5), Deadline: day(2)})
	if got := b.extend(credits.Extend{ID: "longer", Hold: "job", Amount: credits.Of(4)}); posted(got.Entry) != "images -4 4" {
		t.Errorf("Extend(4).Postings = %s, want images -4 4", posted(got.Entry))
	}
}

// An extension that comes before the deadline counts, and the hold then outlives
// lots and deadlines that it had.
func TestExtendCarriesPinnedCreditsOn(t *testing.T) {
	b := newBooth(t)
	b.grant(credits.Grant{ID: "trial", Amount: credits.Of(5), Validity: expiry.Days(1)})
	b.reserve(credits.Reserve{ID: "job", Amount: credits.Of(3), Deadline: day(1)})
	b.clock.set(day(1).Add(-micro))
	b.extend(credits.Extend{ID: "longer", Hold: "job", Deadline: day(20)})
	b.clock.set(day(19))
	b.wantBalance("the lot's end", "0", "3")
	b.extend(credits.Extend{ID: "even-longer", Hold: "job", Deadline: day(50)})
	b.clock.set(day(49))
	b.capture(credits.Capture{ID: "done", Hold: "job", Amount: credits.Of(2)})
	b.wantKinds(2, "extend 0, end -2, extend 0, capture -2, end -1")
}

func TestExtendRefusesWhatIsInvalid(t *testing.T) {
	long := strings.Repeat("x", credits.MaxIDLen+1)
	for _, c := range []struct {
		name  string
		field string
		set   func(*credits.Extend)
	}{
		{"an ID is required", "id", func(c *credits.Extend) { c.ID = "" }},
		{"an ID is not the library's own", "id", func(c *credits.Extend) { c.ID = "~x" }},
		{"an account is required", "account", func(c *credits.Extend) { c.Account = "" }},
		{"a hold is required", "hold", func(c *credits.Extend) { c.Hold = "" }},
		{"a hold is not too long", "hold", func(c *credits.Extend) { c.Hold = long }},
		{"an amount is not negative", "amount", func(c *credits.Extend) { c.Amount = credits.Micros(-1) }},
		{"either is required", "deadline", func(c *credits.Extend) { c.Deadline, c.Amount = time.Time{}, credits.Amount{} }},
		{"a deadline is after now", "deadline", func(c *credits.Extend) { c.Deadline = start }},
		{"a deadline is not too far away", "deadline", func(c *credits.Extend) { c.Deadline = start.Add(credits.MaxHold + micro) }},
		{"a deadline is within the years", "deadline", func(c *credits.Extend) { c.Deadline = time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC) }},
		{"notes are text", "meta", func(c *credits.Extend) { c.Meta = map[string]string{"a": "\xff"} }},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := holding(t)
			command := credits.Extend{ID: "longer", Account: "ada", Hold: "job", Deadline: day(2), Amount: credits.Of(1)}
			c.set(&command)
			if got := field(b.fails(credits.ErrInvalid, command)); got != c.field {
				t.Errorf("Extend(%+v) = an error about %q, want %q", command, got, c.field)
			}
		})
	}
	b := holding(t)
	b.fails(credits.ErrOverflow, credits.Extend{ID: "longer", Account: "ada", Hold: "job", Amount: credits.Micros(credits.MaxCredits*1_000_000 + 1)})
	b.fails(credits.ErrInsufficient, credits.Extend{ID: "longer", Account: "ada", Hold: "job", Amount: mustAdd("7", 1)})
	b.extend(credits.Extend{ID: "longer", Hold: "job", Amount: credits.Of(1)})
	b.fails(credits.ErrIDReused, credits.Extend{ID: "longer", Account: "ada", Hold: "job", Amount: credits.Of(2)})
	b.fails(credits.ErrIDReused, credits.Extend{ID: "longer", Account: "ada", Hold: "other", Amount: credits.Of(1)})
}

// The deadline is what an extension is about: another one needs another ID.
func TestExtendReplayedWithAnotherDeadline(t *testing.T) {
	b := holding(t)
	b.extend(credits.Extend{ID: "longer", Hold: "job", Deadline: day(2)})
	b.clock.set(start.Add(time.Hour))
	for _, again := range []credits.Extend{
		{Deadline: day(2).Add(micro)}, {Deadline: day(2).Add(-micro)}, {Amount: credits.Of(1)},
	} {
		again.ID, again.Account, again.Hold = "longer", "ada", "job"
		b.fails(credits.ErrIDReused, again)
	}
	got := b.extend(credits.Extend{ID: "longer", Hold: "job", Deadline: day(2)})
	if !got.Replayed || !got.HoldNow.Deadline.Equal(day(2)) {
		t.Errorf("Extend(again, an hour later) = replayed %v, until %v, want true, %v", got.Replayed, got.HoldNow.Deadline, day(2))
	}
	got = b.extend(credits.Extend{ID: "longer-still", Hold: "job", Deadline: day(2).Add(micro)})
	if got.Replayed || !got.HoldNow.Deadline.Equal(day(2).Add(micro)) {
		t.Errorf("Extend(by another ID) = replayed %v, until %v, want false, %v", got.Replayed, got.HoldNow.Deadline, day(2).Add(micro))
	}
}
