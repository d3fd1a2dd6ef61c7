package credits_test

import (
	"fmt"
	"time"

	"pgregory.net/rapid"

	"github.com/scriphq/scrip/credits"
)

// drawInstant draws instants that matter: round ones near the clock, so that
// they meet, and those around every end, with nanoseconds from any zone.
func (m *machine) drawInstant(t *rapid.T, account, what string) time.Time {
	model := m.models[account]
	w := model.world(model.now(m.clock))
	known := append(w.ends(), model.now(m.clock))
	for _, e := range w.entries {
		known = append(known, e.At)
	}
	var at time.Time
	switch rapid.IntRange(0, 3).Draw(t, what) {
	case 0:
		at = rapid.SampledFrom(known).Draw(t, what).Add(time.Duration(rapid.Int64Range(-1, 1).Draw(t, what)) * time.Microsecond)
	case 1:
		at = modelMidnight(m.clock.UTC()).AddDate(0, 0, rapid.IntRange(-20, 100).Draw(t, what))
	default:
		at = m.clock.UTC().Truncate(time.Hour).Add(time.Duration(rapid.IntRange(-8, 90).Draw(t, what)) * time.Hour)
	}
	return machineNoise(t, at)
}

// machineNoise adds what is below a microsecond, and perhaps another zone.
func machineNoise(t *rapid.T, at time.Time) time.Time {
	at = modelCut(at)
	if rapid.IntRange(0, 2).Draw(t, "noise") == 0 {
		at = at.Add(time.Duration(rapid.Int64Range(1, 999).Draw(t, "nanoseconds"))).In(time.FixedZone("", 5*3600+1800))
	}
	return at
}

func machineAccount(t *rapid.T) string {
	return rapid.SampledFrom([]string{"ada", "ada", "ada", "ben", "cleo"}).Draw(t, "account")
}

// machineAmount draws an amount that a grant can have.
func machineAmount(t *rapid.T) credits.Amount {
	switch rapid.IntRange(0, 19).Draw(t, "amount") {
	case 0:
		return credits.Of(credits.MaxCredits)
	case 1, 2:
		return credits.Micros(1)
	case 3, 4, 5, 6, 7, 8:
		return credits.Micros(rapid.Int64Range(1, 20_000_000).Draw(t, "micros"))
	}
	return credits.Of(rapid.Int64Range(1, 20).Draw(t, "credits"))
}

func machineMeta(t *rapid.T) map[string]string {
	if rapid.IntRange(0, 3).Draw(t, "meta") > 0 {
		return nil
	}
	return map[string]string{"order": rapid.SampledFrom([]string{"7", "line\nbreak", ""}).Draw(t, "order")}
}

// newID draws IDs whose order is not that of their making. Accounts share them.
func (m *machine) newID(t *rapid.T) string {
	m.ids++
	return fmt.Sprintf("%s%d", rapid.SampledFrom([]string{"a", "m", "z"}).Draw(t, "id"), m.ids)
}
