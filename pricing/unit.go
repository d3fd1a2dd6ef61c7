package pricing

import (
	"slices"
	"strings"
)

// Unit is the name of what a quantity counts. Time, bytes and the usual counts
// have the names below; any other name is the card's own unit, such as "GB-day":
// ASCII letters, and hyphens between them, at most [MaxUnit] bytes. There is no
// day, which is not always 24 hours, but a card may have its own.
//
// The plural is the same unit as the singular: "word" and "words", "GB-day" and
// "GB-days". An own unit loses one final "s", unless that leaves fewer than three
// letters or the name ends in "is", "ss", "us" or "-s".
//
// The zero value is no unit.
type Unit string

// The names of units. Units of time convert into each other, and so do units of
// bytes; all other units are strangers.
const (
	UnitUse       Unit = "use" // one use of the feature, whatever its size
	UnitSecond    Unit = "second"
	UnitMinute    Unit = "minute"
	UnitHour      Unit = "hour"
	UnitWord      Unit = "word"      // see [Words]
	UnitCharacter Unit = "character" // see [Characters]
	UnitToken     Unit = "token"
	UnitImage     Unit = "image"
	UnitByte      Unit = "byte"
	UnitKB        Unit = "kB"  // 1,000 bytes
	UnitMB        Unit = "MB"  // 1,000,000 bytes
	UnitGB        Unit = "GB"  // 1,000,000,000 bytes
	UnitKiB       Unit = "KiB" // 1,024 bytes
	UnitMiB       Unit = "MiB" // 1,024 KiB
	UnitGiB       Unit = "GiB" // 1,024 MiB
)

// MaxUnit is the longest name of a unit, in bytes.
const MaxUnit = 32

// measure is a known unit as a multiple of the unit it is counted in. Either up
// or down is 1.
type measure struct {
	base     Unit
	up, down int64
}

// measures has every name of the known units. Names that differ only in case
// from one of them are refused: "KB" and "Seconds" are slips, not own units.
var measures = spelled(map[measure]string{
	{UnitUse, 1, 1}:       "use uses",
	{UnitWord, 1, 1}:      "word words",
	{UnitCharacter, 1, 1}: "character characters char chars",
	{UnitToken, 1, 1}:     "token tokens",
	{UnitImage, 1, 1}:     "image images",

	{UnitSecond, 3600, 1}:          "h hr hrs hour hours",
	{UnitSecond, 60, 1}:            "m min mins minute minutes",
	{UnitSecond, 1, 1}:             "s sec secs second seconds",
	{UnitSecond, 1, 1_000}:         "ms millisecond milliseconds",
	{UnitSecond, 1, 1_000_000}:     "us \u00b5s \u03bcs microsecond microseconds",
	{UnitSecond, 1, 1_000_000_000}: "ns nanosecond nanoseconds",

	{UnitByte, 1, 1}:       "byte bytes B",
	{UnitByte, 1e3, 1}:     "kB",
	{UnitByte, 1e6, 1}:     "MB",
	{UnitByte, 1e9, 1}:     "GB",
	{UnitByte, 1e12, 1}:    "TB",
	{UnitByte, 1e15, 1}:    "PB",
	{UnitByte, 1 << 10, 1}: "KiB",
	{UnitByte, 1 << 20, 1}: "MiB",
	{UnitByte, 1 << 30, 1}: "GiB",
	{UnitByte, 1 << 40, 1}: "TiB",
	{UnitByte, 1 << 50, 1}: "PiB",
})

func spelled(names map[measure]string) map[string]measure {
	index := make(map[string]measure)
	for m, spellings := range names {
		for _, name := range strings.Fields(spellings) {
			index[name] = m
		}
	}
	return index
}

// whole has the known units that cannot be divided.
var whole = []Unit{UnitUse, UnitWord, UnitCharacter, UnitToken, UnitImage, UnitByte}

// resolve finds what a name of a unit measures, or says why it is no name.
func resolve(name string) (m measure, reason string) {
	if m, ok := measures[name]; ok {
		return m, ""
	}
	unit := singular(Unit(name))
	if reason := misnamed(string(unit)); reason != "" {
		return measure{}, reason
	}
	return measure{base: unit, up: 1, down: 1}, ""
}

// misnamed says what keeps name from being an own unit; empty: nothing.
func misnamed(name string) string {
	switch {
	case name == "":
		return "has no unit"
	case len(name) > MaxUnit:
		return "has a unit longer than 32 bytes"
	case !isUnitName(name):
		return "has a unit that is not made of letters, with hyphens between them"
	}
	for known := range measures {
		if strings.EqualFold(known, name) {
			return "has a unit that is written unlike a known one: upper and lower case matter (s, min, kB, MB, KiB)"
		}
	}
	return ""
}

func isUnitName(name string) bool {
	for _, c := range []byte(name) {
		if (c < 'a' || 'z' < c) && (c < 'A' || 'Z' < c) && c != '-' {
			return false
		}
	}
	return name[0] != '-' && name[len(name)-1] != '-'
}

// singular returns the name under which an own unit is known.
func singular(u Unit) Unit {
	stem, plural := strings.CutSuffix(string(u), "s")
	if !plural || len(stem) < 3 || strings.ContainsAny(stem[len(stem)-1:], "isu-") {
		return u
	}
	return Unit(stem)
}

// divisible reports whether a fraction of u makes sense.
func (u Unit) divisible() bool { return !slices.Contains(whole, u) }

// plural names several of u, in a way that is read as u.
func (u Unit) plural() string {
	one, _ := resolve(string(u))
	if several, reason := resolve(string(u) + "s"); reason == "" && several == one {
		return string(u) + "s"
	}
	return string(u)
}
