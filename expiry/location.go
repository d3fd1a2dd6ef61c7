package expiry

import (
	"fmt"
	"strings"
	"sync"
	"time"
)

// maxLocation bounds a location's name, in bytes: the longest in use has 32.
const maxLocation = 64

// locations keeps what was loaded, because time.LoadLocation reads a file each
// time. The IANA database has about 600 names; the bound is for file systems on
// which one location answers to many spellings.
var locations = struct {
	sync.RWMutex
	loaded map[string]*time.Location
}{loaded: map[string]*time.Location{}}

const maxLoaded = 2000

// findLocation returns the location of that name in the IANA database, or what is
// wrong with the name.
func findLocation(name string) (loc *time.Location, flaw string) {
	if name == "UTC" {
		return time.UTC, ""
	}
	if flaw := checkLocation(name); flaw != "" {
		return nil, flaw
	}
	locations.RLock()
	loc = locations.loaded[name]
	locations.RUnlock()
	if loc != nil {
		return loc, ""
	}
	return loadLocation(name)
}

func checkLocation(name string) (flaw string) {
	switch {
	case name == "":
		return "the location has no name"
	case len(name) > maxLocation:
		return fmt.Sprintf("a location's name has at most %d bytes", maxLocation)
	case name == "Local", name == "localtime":
		return fmt.Sprintf("location %q is another one on every machine", name)
	case strings.ContainsFunc(name, func(r rune) bool { return !isLocation(r) }):
		return fmt.Sprintf("location %q is not a name of the IANA database, such as Europe/Berlin", name)
	}
	return ""
}

func isLocation(r rune) bool {
	switch {
	case 'A' <= r && r <= 'Z', 'a' <= r && r <= 'z', '0' <= r && r <= '9':
		return true
	}
	return strings.ContainsRune("/_+-", r)
}

func loadLocation(name string) (loc *time.Location, flaw string) {
	loc, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Sprintf("location %q is not in the time zone database of this machine", name)
	}
	locations.Lock()
	defer locations.Unlock()
	if first := locations.loaded[name]; first != nil {
		return first, ""
	}
	if len(locations.loaded) < maxLoaded {
		locations.loaded[name] = loc
	}
	return loc, ""
}

// canonical returns the location that loc's name stands for, UTC for nil, and loc
// itself where flawOf finds fault with it.
func canonical(loc *time.Location) *time.Location {
	if flawOf(loc) != "" {
		return loc
	}
	found, _ := findLocation(loc.String())
	return found
}

// flawOf says what is wrong with a location that a caller gave.
func flawOf(loc *time.Location) string {
	found, flaw := findLocation(loc.String())
	if flaw == "" && !sameClocks(loc, found) {
		return fmt.Sprintf("location %q does not have the clocks of that name in the time zone database", loc)
	}
	return flaw
}

// sameClocks tells apart what only shares a name, such as a fixed zone called
// CET: it has no summer time.
func sameClocks(a, b *time.Location) bool {
	if a == b || a == nil {
		return true
	}
	for _, month := range []time.Month{time.January, time.July} {
		if probe := midnight(2026, month, 1); offsetAt(probe, a) != offsetAt(probe, b) {
			return false
		}
	}
	return true
}

// inLocation is the end of a text: nothing for UTC.
func inLocation(loc *time.Location) string {
	if name := loc.String(); name != "UTC" {
		return " in " + name
	}
	return ""
}
