package catalogs_test

import (
	"errors"
	"testing"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/pricing"
)

// "daily lot resets to exactly 50 at 00:00 UTC"
func TestSunoHasFiftyEveryDay(t *testing.T) {
	d := open(t, "suno", "2026-01-10 00:00")
	d.allow("daily", "2026-01-10 00:00")
	d.has("2026-01-10 00:00", "50")
	d.use("song-1", used("song", "3 uses"))
	d.has("2026-01-10 23:59:59.999999", "20")
	d.has("2026-01-11 00:00", "50")
	d.use("song-2", used("song", "5 uses"))
	d.refused("song-3", "10")
	d.has("2026-01-11 23:59:59.999999", "0")
	d.has("2026-01-12 00:00", "50")
	d.use("song-4", used("song"))
	d.ended("2026-01-11 00:00 20")
	d.has("2027-01-12 12:00", "50") // a year later nothing has piled up
}

// Who comes in the middle of a day has that day's credits at once, and once.
func TestSunoHasFiftyOnTheDayItBeginsToo(t *testing.T) {
	const midnight = "2026-01-10 00:00"
	d := open(t, "suno", "2026-01-10 15:30")
	d.allow("daily", midnight)
	d.has("2026-01-10 15:30", "50")
	d.use("song-1", used("song"))
	d.at("2026-01-10 18:00")
	if again := d.allow("daily", midnight); !again.Replayed {
		t.Errorf("Allow(again) = %+v, want a replay", again.Entry)
	}
	d.has("2026-01-10 23:59:59.999999", "40")
	d.has("2026-01-11 00:00", "50")
	d.ended("2026-01-11 00:00 40")
}

// A hold over midnight keeps what it has of the old day, and gives nothing of it
// to the new one.
func TestR13_SunoResetsAroundASongInTheMaking(t *testing.T) {
	d := open(t, "suno", "2026-01-10 00:00")
	d.allow("daily", "2026-01-10 00:00")
	d.at("2026-01-10 23:59")
	song := d.quote(used("song", "2 uses"))
	for _, id := range []string{"song-1", "song-2"} {
		if _, err := d.ledger.Reserve(t.Context(), song.Reserve(id, ada, instant("2026-01-11 01:00"))); err != nil {
			t.Fatalf("Reserve(%s) = %v, want a receipt", id, err)
		}
	}
	d.has("2026-01-10 23:59", "10")
	d.has("2026-01-11 00:00", "50")
	if held := d.balance().Held; held != credits.Of(40) {
		t.Errorf("Held = %v, want 40", held)
	}
	d.at("2026-01-11 00:10")
	if _, err := d.ledger.Capture(t.Context(), song.Capture("paid-1", ada, "song-1")); err != nil {
		t.Fatalf("Capture(song-1) = %v, want a receipt", err)
	}
	if _, err := d.ledger.Release(t.Context(), credits.Release{ID: "back-2", Account: ada, Hold: "song-2"}); err != nil {
		t.Fatalf("Release(song-2) = %v, want a receipt", err)
	}
	d.has("2026-01-11 00:10", "50")
	d.ended("2026-01-11 00:00 10", "2026-01-11 00:10 20")
}

// "monthly at the time of day of purchase, the 31st becoming the month's last day;
// monthly before daily"
func TestR17_SunosMonthBeginsAtTheTimeOfDayOfThePurchase(t *testing.T) {
	const since = "2026-01-31 18:45"
	d := open(t, "suno", "2026-01-31 00:00")
	d.allow("daily", "2026-01-31 00:00")
	d.at(since)
	d.pay("pro", since)
	d.left("plan 2500", "daily 50")
	d.drew(d.use("song-1", used("song", "251 uses")), "plan 2500", "daily 10")
	d.has("2026-02-01 00:00", "50")
	d.has("2026-02-28 18:44:59.999999", "50")
	for _, month := range []struct{ starts, last string }{
		{"2026-02-28 18:45", "2026-03-31 18:44:59.999999"},
		{"2026-03-31 18:45", "2026-04-30 18:44:59.999999"},
		{"2026-04-30 18:45", "2026-05-31 18:44:59.999999"},
	} {
		d.at(month.starts)
		d.pay("pro", since)
		d.has(month.last, "2550")
	}
	d.has("2026-05-31 18:45", "50")
}

// "top-ups usable only while subscribed (frozen, not lost)"
func TestSunosTopUpsFreezeWithoutASubscription(t *testing.T) {
	const since = "2026-01-15 08:00"
	d := open(t, "suno", since)
	d.pay("pro", since)
	d.buy("500", "order-1")
	d.drew(d.spend("job-1", "2600"), "plan 2500", "pack 100")
	d.has("2026-02-16 07:59:59.999999", "400") // to the end of the grace
	d.has("2026-02-16 08:00", "0")
	if dormant := d.balance().Dormant; dormant != credits.Of(400) {
		t.Errorf("Dormant = %v, want 400", dormant)
	}
	d.refused("job-2", "10")
	d.at("2026-06-01 12:00")
	d.pay("pro", "2026-06-01 12:00")
	d.has("2026-06-01 12:00", "2900")
	d.ended()
}

// "5 a day, at most 30 a month; daily at 00:00 UTC"
func TestLovableGivesFiveADayAndThirtyAMonth(t *testing.T) {
	d := open(t, "lovable", "2026-01-01 00:00")
	d.allow("daily", "2026-01-01 00:00")
	for _, day := range []struct{ at, want string }{
		{"2026-01-01 00:00", "5"},
		{"2026-01-01 23:59:59.999999", "5"},
		{"2026-01-02 00:00", "5"}, // and not 10
		{"2026-01-06 00:00", "5"}, // the sixth of the month
		{"2026-01-06 23:59:59.999999", "5"},
		{"2026-01-07 00:00", "0"}, // 30 were given
		{"2026-01-31 12:00", "0"},
		{"2026-02-01 00:00", "5"},
		{"2026-02-06 12:00", "5"},
		{"2026-02-07 00:00", "0"},
		{"2026-12-06 12:00", "5"}, // after ten months in which nobody looked
		{"2026-12-07 00:00", "0"},
	} {
		d.has(day.at, day.want)
	}
	d.at("2026-03-31 12:00")
	statement, err := d.ledger.Statement(t.Context(), ada, instant("2026-02-01 00:00"), instant("2026-03-01 00:00"))
	if err != nil || statement.ByKind[credits.KindGrant] != credits.Of(30) || statement.ByKind[credits.KindEnd] != credits.Of(-30) {
		t.Errorf("Statement(February) = %v, %v, want 30 granted and 30 ended", statement.ByKind, err)
	}
}

// The cap counts calendar months, also for an account that begins within one.
func TestLovablesCapStartsAnewOnTheFirst(t *testing.T) {
	d := open(t, "lovable", "2026-01-28 15:00")
	d.allow("daily", "2026-01-01 00:00")
	d.has("2026-01-28 15:00", "5")
	d.has("2026-01-29 00:00", "5")
	d.has("2026-01-31 00:00", "5")
	d.has("2026-02-01 00:00", "5")
	d.has("2026-02-06 00:00", "5")
	d.has("2026-02-07 00:00", "0")
}

// Who joins at 15:00 has that day's five at once, until midnight, and the cap counts
// them: it is not earlier days of the month that it counts.
func TestLovableGivesFiveOnTheDayItBeginsToo(t *testing.T) {
	d := open(t, "lovable", "2026-01-10 15:00")
	d.allow("daily", "2026-01-01 00:00")
	d.has("2026-01-10 15:00", "5")
	d.use("message-1", used("message", "complexity=application")) // 2
	d.has("2026-01-10 23:59:59.999999", "3")
	d.has("2026-01-11 00:00", "5")
	d.has("2026-01-15 12:00", "5") // the sixth day
	d.has("2026-01-16 00:00", "0") // 30 were given
	d.has("2026-02-01 00:00", "5")
	d.ended(
		"2026-01-11 00:00 3", "2026-01-12 00:00 5", "2026-01-13 00:00 5", "2026-01-14 00:00 5", "2026-01-15 00:00 5", "2026-01-16 00:00 5",
	)
}

// The days one by one could not keep the cap.
func TestLovablesDaysComeAsAnAllowanceOnly(t *testing.T) {
	d := open(t, "lovable", "2026-01-01 00:00")
	g, err := d.plan("daily").Grant(ada, d.cycle("daily", "2026-01-01 00:00"))
	if _, ok := errors.AsType[*pricing.GrantError](err); !ok {
		t.Errorf("Grant(daily) = %v, %v, want a *GrantError", g, err)
	}
}

// "grants for one kind of use before general credits"
func TestLovableDrawsGrantsForOneKindOfUseFirst(t *testing.T) {
	d := open(t, "lovable", "2026-01-01 00:00")
	d.allow("daily", "2026-01-01 00:00")
	d.pay("pro", "2026-01-01 00:00")
	d.buy("50", "order-1")
	d.claim("cloud")
	d.left("bonus 25", "daily 5", "plan 100", "pack 50")
	d.drew(d.use("cloud-1", used("cloud", "10h")), "bonus 10")
	d.drew(d.use("message-1", used("message", "3 uses", "complexity=application")), "daily 5", "plan 1")
	d.drew(d.use("cloud-2", used("cloud", "20h")), "bonus 15", "plan 5")
	d.drew(d.use("message-2", used("message", "50 uses", "complexity=application")), "plan 94", "pack 6")
	d.use("fix-1", used("fix"))
	d.left("pack 44")
	balance := d.balance()
	if got := balance.For("cloud"); got != credits.Of(44) {
		t.Errorf("For(cloud) = %v, want 44", got)
	}
}
