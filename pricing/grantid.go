package pricing

import (
	"fmt"
	"strings"
	"time"

	"github.com/scriphq/scrip/credits"
)

// escape keeps a part of an ID from reaching into the next: it writes ":" as %3A
// and "%" as %25.
var escape = strings.NewReplacer("%", "%25", ":", "%3A")

// grantID joins the parts that identify a grant within its account. Each part is
// escaped, so that different parts never join to the same ID. The first part is
// the kind of thing granted, which keeps the kinds apart. Long parts are refused
// and not hashed: an ID is meant to be read.
func grantID(item string, parts ...string) (string, error) {
	escaped := make([]string, len(parts))
	for i, part := range parts {
		escaped[i] = escape.Replace(part)
	}
	id := strings.Join(escaped, ":")
	if len(id) > credits.MaxIDLen {
		return "", &GrantError{Item: item, Field: "id", Reason: fmt.Sprintf(
			"%s has %d bytes, more than %d", quote(id), len(id), credits.MaxIDLen)}
	}
	return id, nil
}

// stamp is an instant as a part of an ID: ISO 8601 in UTC, without the colons
// and to the microsecond, which is how instants are kept.
func stamp(t time.Time) string {
	return t.UTC().Truncate(time.Microsecond).Format("20060102T150405.999999Z")
}

// need refuses an event that lacks the text that identifies it.
func need(item, field, value string) error {
	if value == "" {
		return &GrantError{Item: item, Field: field, Reason: "is missing"}
	}
	return nil
}
