package strictjson

import (
	"encoding"
	"encoding/json"
	"reflect"
	"strconv"
	"unicode/utf16"
)

// isEmpty is said of an empty value of an optional field, and of empty text where
// only certain texts mean something. What is left out is not there: empty is a slip.
const isEmpty = "is empty: leave the field out, or give it a value"

// isLeaf reports whether v decodes itself.
func isLeaf(v reflect.Value) bool {
	if v.Kind() == reflect.Pointer || !v.CanAddr() {
		return false
	}
	switch v.Addr().Interface().(type) {
	case json.Unmarshaler, encoding.TextUnmarshaler:
		return true
	}
	return false
}

// leaf hands a scalar to a type that decodes itself.
func (d *decoder) leaf(t token, path string, into reflect.Value) error {
	if _, composite := t.Token.(json.Delim); composite {
		return d.fail(t.start, path, "want a single value, got "+kindOfToken(t))
	}
	err := error(nil)
	switch v := into.Addr().Interface().(type) {
	case json.Unmarshaler:
		err = v.UnmarshalJSON(t.raw)
	case encoding.TextUnmarshaler:
		text, ok := t.Token.(string)
		switch {
		case !ok:
			return d.fail(t.start, path, "want a string, got "+kindOfToken(t))
		case text == "":
			return d.fail(t.start, path, isEmpty)
		}
		err = v.UnmarshalText([]byte(text))
	}
	if err != nil {
		failure := d.fail(t.start, path, err.Error())
		failure.Err = err
		return failure
	}
	return nil
}

// scalar decodes a string, boolean or integer, whose kind was checked.
func (d *decoder) scalar(t token, path string, into reflect.Value) error {
	switch v := t.Token.(type) {
	case string:
		if v == "" && into.Type() != reflect.TypeFor[string]() {
			return d.fail(t.start, path, isEmpty)
		}
		into.SetString(v)
	case bool:
		into.SetBool(v)
	case json.Number:
		n, err := strconv.ParseInt(string(v), 10, into.Type().Bits())
		if err != nil {
			return d.fail(t.start, path, "number "+string(v)+" is not a whole number in range")
		}
		into.SetInt(n)
	}
	return nil
}

// loneSurrogate reports whether a string as it stands in a valid document has a
// \u escape that is half of a pair. encoding/json would replace it.
func loneSurrogate(raw []byte) bool {
	for i := 0; i < len(raw)-1; i++ {
		if raw[i] != '\\' {
			continue
		}
		i++
		if raw[i] != 'u' || !utf16.IsSurrogate(escaped(raw[i:])) {
			continue
		}
		if !pairs(raw[i:]) {
			return true
		}
		i += len(`uD83D\uDE00`) - 1
	}
	return false
}

// pairs reports whether raw begins with the two escapes of one character, less
// the first backslash.
func pairs(raw []byte) bool {
	const half = len(`uD83D`)
	if len(raw) < 2*half+1 || raw[half] != '\\' || raw[half+1] != 'u' {
		return false
	}
	return utf16.DecodeRune(escaped(raw), escaped(raw[half+1:])) != '\uFFFD'
}

// escaped returns the value of the escape uXXXX that raw begins with.
func escaped(raw []byte) rune {
	n, err := strconv.ParseUint(string(raw[1:5]), 16, 32)
	if err != nil {
		panic("strictjson: broken invariant: a checked document has a bad escape")
	}
	return rune(n)
}
