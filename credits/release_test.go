package credits_test

import (
	"strings"
	"testing"
	"time"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
)

func TestReleaseGivesEverythingBack(t *testing.T) {
	b := holding(t)
	got := b.release("back", "job")
	if got.Kind != credits.KindRelease || got.Of != "job" || !got.Amount.IsZero() || got.Feature != "image" || posted(got.Entry) != "plan 5 -5, pack 3 -3" {
		t.Errorf("Release(job) = %s %v of %s for %s, %s, want release 0 of job for image, plan 5 -5, pack 3 -3", got.Kind, got.Amount, got.Of, got.Feature, posted(got.Entry))
	}
	if hold := got.HoldNow; !hold.Settled || !hold.Captured.IsZero() || !hold.Held().IsZero() || hold.Reserved != credits.Of(8) {
		t.Errorf("Release(job).HoldNow = %+v, want it settled and empty", hold)
	}
	b.wantBalance("Release", "15", "0")
	again := b.release("back", "job")
	if diff := compare(got.Entry, again.Entry); diff != "" || !again.Replayed || !again.HoldNow.Settled {
		t.Errorf("Release(again) = replayed %v, now %+v (-first +again):\n%s", again.Replayed, again.HoldNow, diff)
	}
	b.wantKinds(3, "release 0")
}

func TestReleaseAfterAPartGivesTheRestBack(t *testing.T) {
	b := holding(t)
	b.capture(credits.Capture{ID: "part", Hold: "job", Amount: credits.Of(6), More: true})
	if got := b.release("back", "job"); posted(got.Entry) != "pack 2 -2" || got.HoldNow.Captured != credits.Of(6) {
		t.Errorf("Release(after a part) = %s, %v captured, want pack 2 -2, 6", posted(got.Entry), got.HoldNow.Captured)
	}
	b.wantBalance("Release", "9", "0")
}

func TestReleaseOfAnEmptyHold(t *testing.T) {
	b := stocked(t)
	b.reserve(credits.Reserve{ID: "job"})
	if got := b.release("back", "job"); len(got.Postings) > 0 || !got.HoldNow.Settled {
		t.Errorf("Release(nothing) = %s, settled %v, want no postings, settled", posted(got.Entry), got.HoldNow.Settled)
	}
	b.wantBalance("Release", "10", "0")
}

// A release never lengthens a life: what comes back at or after the end of its
// lot ends then, and does not roll over.
func TestReleaseAroundTheEndOfTheLot(t *testing.T) {
	for _, c := range []struct {
		name  string
		now   time.Time
		kinds string
		left  string
	}{
		{"before the end it can be spent until then", day(2).Add(-micro), "release 0", "10"},
		{"at the end it ends at once", day(2), "rollover 0, release 0, end -6", "4"},
		{"after the end it ends at once", day(5), "rollover 0, release 0, end -6", "4"},
		{"a lapse after the end ends it too", day(9), "rollover 0, lapse 0, end -6", "4"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBooth(t)
			b.grant(credits.Grant{ID: "plan", Amount: credits.Of(10), Validity: expiry.Days(2), Rollover: expiry.MustParseRollover("all for 30 days")})
			b.reserve(credits.Reserve{ID: "job", Amount: credits.Of(6), Deadline: day(9)})
			b.clock.set(c.now)
			if c.now.Before(day(9)) {
				b.release("back", "job")
			}
			b.wantKinds(2, c.kinds)
			b.wantBalance(c.name, c.left, "0")
			entries := b.history(credits.Query{})
			if last := entries[len(entries)-1]; !last.At.Equal(c.now) {
				t.Errorf("the last entry = %s at %v, want at %v", last.Kind, last.At, c.now)
			}
		})
	}
}

func TestReleaseIntoSeveralEndedLots(t *testing.T) {
	b := newBooth(t)
	b.grant(credits.Grant{ID: "one", Amount: credits.Of(2), Validity: expiry.Days(2)})
	b.grant(credits.Grant{ID: "two", Amount: credits.Of(2), Validity: expiry.Days(3)})
	b.grant(credits.Grant{ID: "pack", Amount: credits.Of(2)})
	b.reserve(credits.Reserve{ID: "job", Amount: credits.Of(6), Deadline: day(9)})
	b.clock.set(day(5))
	b.wantBalance("the ends", "0", "6")
	b.release("back", "job")
	b.wantBalance("Release", "2", "0")
	b.wantKinds(4, "release 0, end -2, end -2")
	if got := lotIDs(b.balance().Lots); len(got) != 1 || got[0] != "pack" {
		t.Errorf("Balance().Lots = %v, want [pack]", got)
	}
}

func TestReleaseRefusesWhatIsInvalid(t *testing.T) {
	long := strings.Repeat("x", credits.MaxIDLen+1)
	for _, c := range []struct {
		name  string
		field string
		set   func(*credits.Release)
	}{
		{"an ID is required", "id", func(c *credits.Release) { c.ID = "" }},
		{"an ID is not too long", "id", func(c *credits.Release) { c.ID = long }},
		{"an ID is not the library's own", "id", func(c *credits.Release) { c.ID = "~do/release/job" }},
		{"an account is required", "account", func(c *credits.Release) { c.Account = "" }},
		{"a hold is required", "hold", func(c *credits.Release) { c.Hold = "" }},
		{"a hold is text", "hold", func(c *credits.Release) { c.Hold = "a\nb" }},
		{"notes have keys", "meta", func(c *credits.Release) { c.Meta = map[string]string{"": "x"} }},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := holding(t)
			command := credits.Release{ID: "back", Account: "ada", Hold: "job"}
			c.set(&command)
			if got := field(b.fails(credits.ErrInvalid, command)); got != c.field {
				t.Errorf("Release(%+v) = an error about %q, want %q", command, got, c.field)
			}
		})
	}
	b := holding(t)
	b.reserve(credits.Reserve{ID: "other"})
	b.release("back", "job")
	b.fails(credits.ErrIDReused, credits.Release{ID: "back", Account: "ada", Hold: "other"})
	b.fails(credits.ErrIDReused, credits.Release{ID: "back", Account: "ada", Hold: "job", Meta: map[string]string{"a": "b"}})
	b.fails(credits.ErrIDReused, credits.Release{ID: "job", Account: "ada", Hold: "job"})
}
