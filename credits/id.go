package credits

import (
	"crypto/rand"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// NewID returns a random ID of 26 letters and digits with at least 128 bits of
// entropy. It suits a command that has no business object to be named after;
// keep it until the command was acknowledged, a retry needs the same one.
func NewID() string { return strings.ToLower(rand.Text()) }

// reserved starts the IDs of what time does. No caller's ID may start with it.
const reserved = "~"

// checkID refuses what cannot be an operation's ID.
func checkID(field, id string) error {
	if err := checkKey(field, id); err != nil {
		return err
	}
	if strings.HasPrefix(id, reserved) {
		return &InvalidError{Field: field, Reason: fmt.Sprintf("%q starts with %q, which is kept for the library: choose another", clip(id), reserved)}
	}
	return nil
}

// checkKey refuses what cannot name an account or a term.
func checkKey(field, key string) error {
	if key == "" {
		return &InvalidError{Field: field, Reason: "is missing"}
	}
	return checkText(field, key, MaxIDLen)
}

// checkText refuses text that is too long, not UTF-8, or has control characters.
func checkText(field, text string, most int) error {
	if len(text) > most {
		return &InvalidError{Field: field, Reason: fmt.Sprintf("has %d bytes, more than %d", len(text), most)}
	}
	if isPlain(text) {
		return nil
	}
	if !utf8.ValidString(text) {
		return &InvalidError{Field: field, Reason: strconv.Quote(clip(text)) + " is not valid UTF-8"}
	}
	for _, r := range text {
		if unicode.IsControl(r) {
			return &InvalidError{Field: field, Reason: strconv.Quote(clip(text)) + " has a control character"}
		}
	}
	return nil
}

// isPlain reports whether text is printable ASCII, as nearly all IDs are.
func isPlain(text string) bool {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' {
			return false
		}
	}
	return true
}

// checkMeta refuses notes that are too many, too long, or not text. Values may
// have line breaks and tabs.
func checkMeta(meta map[string]string) error {
	if len(meta) == 0 {
		return nil
	}
	if len(meta) > MaxMetaPairs {
		return &InvalidError{Field: "meta", Reason: fmt.Sprintf("has %d pairs, more than %d", len(meta), MaxMetaPairs)}
	}
	total := 0
	for key, value := range meta {
		if key == "" {
			return &InvalidError{Field: "meta", Reason: "has an empty key"}
		}
		if err := checkText("meta", key, MaxMetaLen); err != nil {
			return err
		}
		if !utf8.ValidString(value) || strings.ContainsRune(value, 0) {
			return &InvalidError{Field: "meta", Reason: fmt.Sprintf("has a value under %q that is not text", clip(key))}
		}
		total += len(key) + len(value)
	}
	if total > MaxMetaLen {
		return &InvalidError{Field: "meta", Reason: fmt.Sprintf("has %d bytes, more than %d", total, MaxMetaLen)}
	}
	return nil
}

// own returns a copy of a command's notes; of none, nil.
func own(meta map[string]string) map[string]string {
	if len(meta) == 0 {
		return nil
	}
	return maps.Clone(meta)
}
