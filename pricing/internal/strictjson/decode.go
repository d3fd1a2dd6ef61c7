package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"unicode/utf8"
)

const (
	// MaxBytes bounds a document: a mebibyte is hundreds of pages of prices.
	MaxBytes = 1 << 20

	// MaxDepth bounds the nesting of objects and arrays.
	MaxDepth = 32

	// MaxKey bounds a key in bytes, and with MaxDepth the length of a path.
	MaxKey = 256

	// MaxNumber bounds a number in characters, before anything computes with it.
	MaxNumber = 40
)

// Decode reads one JSON document into the value that into points to, which
// should be zero: fields that the document leaves out are not touched. It
// returns where everything stood. The error is an [*Error]; then the value is
// partly filled and of no use. Decode keeps no reference to data.
func Decode(data []byte, into any) (Index, error) {
	target := reflect.ValueOf(into)
	if target.Kind() != reflect.Pointer || target.IsNil() {
		panic(fmt.Sprintf("strictjson: Decode into %T: not a pointer to a value", into))
	}
	if err := check(data); err != nil {
		return nil, err
	}
	d := newDecoder(data)
	if err := d.value("", 0, target.Elem()); err != nil {
		return nil, err
	}
	return d.index, nil
}

// check refuses what is too large, is not UTF-8, or is not one JSON document.
// After it, reading tokens cannot fail.
func check(data []byte) error {
	if len(data) > MaxBytes {
		return &Error{Line: 1, Column: 1, Reason: fmt.Sprintf("the document has more than %d bytes", MaxBytes)}
	}
	l := newLines(data)
	if !utf8.Valid(data) {
		return l.fail(invalidByte(data), "", "not UTF-8")
	}
	var document json.RawMessage
	err := json.Unmarshal(data, &document)
	if err == nil {
		return nil
	}
	offset := len(data)
	// An error at a byte has an offset after that byte; the error that the
	// document stops short has the document's length.
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok && !strings.Contains(syntax.Error(), "unexpected end") {
		offset = max(0, int(syntax.Offset)-1)
	}
	return l.fail(offset, "", "not JSON: "+strings.TrimPrefix(err.Error(), "json: "))
}

// invalidByte returns the offset of the first byte that is not UTF-8.
func invalidByte(data []byte) int {
	offset := 0
	for {
		r, size := utf8.DecodeRune(data[offset:])
		if r == utf8.RuneError && size <= 1 {
			return offset
		}
		offset += size
	}
}

// fail returns the error at an offset.
func (l *lines) fail(offset int, path, reason string) *Error {
	at := l.position(offset)
	return &Error{Line: at.Line, Column: at.Column, Path: path, Reason: reason}
}

// decoder walks the tokens of a valid document.
type decoder struct {
	*lines
	tokens *json.Decoder
	index  Index
}

func newDecoder(data []byte) *decoder {
	tokens := json.NewDecoder(bytes.NewReader(data))
	tokens.UseNumber()
	return &decoder{lines: newLines(data), tokens: tokens, index: Index{}}
}

// token is one JSON token and where it stands.
type token struct {
	json.Token
	start int    // its offset
	raw   []byte // as it stands in the text
}

// next returns the next token.
func (d *decoder) next() token {
	before := int(d.tokens.InputOffset())
	t, err := d.tokens.Token()
	if err != nil {
		panic("strictjson: broken invariant: a checked document fails: " + err.Error())
	}
	end := int(d.tokens.InputOffset())
	raw := bytes.TrimLeft(d.data[before:end], " \t\r\n,:")
	return token{Token: t, start: end - len(raw), raw: raw}
}

// value decodes the next value into the target.
func (d *decoder) value(path string, depth int, into reflect.Value) error {
	t := d.next()
	at := d.position(t.start)
	d.index[path] = at
	if err := d.sound(t, path, depth); err != nil {
		return err
	}
	for into.Kind() == reflect.Pointer && !isLeaf(into) {
		into.Set(reflect.New(into.Type().Elem()))
		into = into.Elem()
	}
	if isLeaf(into) {
		return d.leaf(t, path, into)
	}
	if err := d.kind(t, path, into); err != nil {
		return err
	}
	switch into.Kind() {
	case reflect.Struct:
		return d.object(t, path, depth, into)
	case reflect.Map:
		return d.table(t, path, depth, into)
	case reflect.Slice:
		return d.array(path, depth, into)
	}
	return d.scalar(t, path, into)
}

// sound refuses a token that is wrong whatever it is read into.
func (d *decoder) sound(t token, path string, depth int) error {
	switch v := t.Token.(type) {
	case nil:
		return d.fail(t.start, path, "null: leave out what is not there")
	case json.Delim:
		if depth >= MaxDepth {
			return d.fail(t.start, path, fmt.Sprintf("nested more than %d deep", MaxDepth))
		}
	case json.Number:
		return d.number(t, path, string(v))
	case string:
		if loneSurrogate(t.raw) {
			return d.fail(t.start, path, "half of a surrogate pair: not a character")
		}
	}
	return nil
}

func (d *decoder) number(t token, path, text string) error {
	if len(text) > MaxNumber {
		return d.fail(t.start, path, fmt.Sprintf("a number of more than %d characters", MaxNumber))
	}
	if strings.ContainsAny(text, "eE") {
		return d.fail(t.start, path, "number "+text+" has an exponent: write it out")
	}
	return nil
}

// kind refuses a token that cannot be what into is, and says both.
func (d *decoder) kind(t token, path string, into reflect.Value) error {
	if want, got := kindOf(into), kindOfToken(t); want != got {
		return d.fail(t.start, path, "want "+want+", got "+got)
	}
	return nil
}

func kindOf(v reflect.Value) string {
	switch v.Kind() {
	case reflect.Struct:
		return "an object"
	case reflect.Map:
		if v.Type().Key().Kind() == reflect.String {
			return "an object"
		}
	case reflect.Slice:
		return "an array"
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int64:
		return "a number"
	}
	panic(fmt.Sprintf("strictjson: cannot decode into %v", v.Type()))
}

func kindOfToken(t token) string {
	switch v := t.Token.(type) {
	case json.Delim:
		if v == '{' {
			return "an object"
		}
		return "an array"
	case string:
		return "a string"
	case bool:
		return "true or false"
	}
	return "a number"
}
