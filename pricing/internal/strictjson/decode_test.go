package strictjson_test

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/scriphq/scrip/pricing/internal/strictjson"
)

// even is a leaf that takes JSON as it stands.
type even struct{ Text string }

var errOdd = errors.New("an odd number of characters")

func (e *even) UnmarshalJSON(data []byte) error {
	if len(data)%2 == 1 {
		return errOdd
	}
	e.Text = string(data)
	return nil
}

// upper is a leaf that takes the contents of strings.
type upper struct{ Text string }

func (u *upper) UnmarshalText(text []byte) error {
	u.Text = strings.ToUpper(string(text))
	return nil
}

// mood is one of certain words.
type mood string

type common struct {
	Kind string `json:"kind,omitempty"`
}

type shelf struct {
	Name   string           `json:"name"`
	Count  int              `json:"count,omitempty"`
	Open   bool             `json:"open,omitempty"`
	Label  upper            `json:"label,omitzero"`
	Size   even             `json:"size,omitzero"`
	Tags   []string         `json:"tags,omitempty"`
	Boxes  map[string]shelf `json:"boxes,omitempty"`
	Beside []shelf          `json:"beside,omitempty"`
	Next   *shelf           `json:"next,omitempty"`
	Mood   mood             `json:"mood,omitempty"`
	Hidden string           `json:"-"`
	common
	Common
}

// Common is embedded and exported; its fields read as the shelf's own.
type Common struct {
	Colour string `json:"colour,omitempty"`
}

func TestDecodeReadsWhatIsThere(t *testing.T) {
	text := `{
		"name": "a\u0062 \uD83D\uDE00", "count": -3, "open": true, "label": "x\u0079", "size": 12.50, "colour": "red",
		"tags": ["t"], "boxes": {"b": {"name": "c"}}, "beside": [{"name": ""}], "next": {"name": "d"}
	}`
	var got shelf
	if _, err := strictjson.Decode([]byte(text), &got); err == nil {
		t.Fatal("Decode reads 12.50 into a leaf that refuses five characters")
	}
	text = strings.Replace(text, "12.50", "12.5", 1)
	got = shelf{}
	if _, err := strictjson.Decode([]byte(text), &got); err != nil {
		t.Fatalf("Decode(%s) = %v, want no error", text, err)
	}
	want := shelf{
		Name: "ab 😀", Count: -3, Open: true, Label: upper{"XY"}, Size: even{"12.5"}, Common: Common{Colour: "red"},
		Tags: []string{"t"}, Boxes: map[string]shelf{"b": {Name: "c"}}, Beside: []shelf{{}}, Next: &shelf{Name: "d"},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(shelf{})); diff != "" {
		t.Errorf("Decode(%s) (-want +got):\n%s", text, diff)
	}
}

func TestDecodeSaysWhereItIsWrong(t *testing.T) {
	deep := `{"name":"a"` + strings.Repeat(`,"next":{"name":"a"`, strictjson.MaxDepth) + strings.Repeat("}", strictjson.MaxDepth) + `}`
	tests := []struct{ name, text, want string }{
		{"nothing", ``, "line 1, column 1: not JSON: unexpected end of JSON input"},
		{"a document that stops short", "{\n  \"name\": \"a\"", "line 2, column 14: not JSON: unexpected end of JSON input"},
		{"a missing comma", "{\"name\": \"a\"\n \"count\": 1}", `line 2, column 2: not JSON: invalid character '"' after object key:value pair`},
		{"a trailing comma", `{"name": "a",}`, `line 1, column 14: not JSON: invalid character '}' looking for beginning of object key string`},
		{"a comment", "{\n// x\n}", `line 2, column 1: not JSON: invalid character '/' looking for beginning of object key string`},
		{"a second document", "{\"name\": \"a\"}\n{}", "line 2, column 1: not JSON: invalid character '{' after top-level value"},
		{"a byte order mark", "\ufeff{}", "line 1, column 1: not JSON: invalid character 'ï' looking for beginning of value"},
		{"a number with a leading zero", `{"count": 01}`, "line 1, column 12: not JSON: invalid character '1' after object key:value pair"},
		{"bytes that are not UTF-8", "{\"name\":\n\"\xc3\x28\"}", "line 2, column 2: not UTF-8"},
		{"half of a surrogate pair", `{"name": "\uD83Dx"}`, "line 1, column 10: name: half of a surrogate pair: not a character"},
		{"two halves in the wrong order", `{"name": "\uDE00\uD83D"}`, "line 1, column 10: name: half of a surrogate pair: not a character"},
		{"half of a pair at the end", `{"name": "\uD83D"}`, "line 1, column 10: name: half of a surrogate pair: not a character"},
		{"half of a pair before another escape", `{"name": "\uD83D\u0041"}`, "line 1, column 10: name: half of a surrogate pair: not a character"},
		{"half of a pair in a key", `{"name": "a", "boxes": {"\uDE00": {}}}`, "line 1, column 25: boxes: a key has half of a surrogate pair: not a character"},
		{"an unknown field", "{\n  \"nome\": \"a\"}", `line 2, column 3: unknown field "nome": want beside, boxes, colour, count, kind, label, mood, name, next, open, size, tags`},
		{"a field in another case", `{"Name": "a"}`, `line 1, column 2: unknown field "Name": want beside, boxes, colour, count, kind, label, mood, name, next, open, size, tags`},
		{"a field that is not JSON's", `{"Hidden": "a"}`, `line 1, column 2: unknown field "Hidden": want beside, boxes, colour, count, kind, label, mood, name, next, open, size, tags`},
		{"a missing field", "{\n \"beside\": [{\"name\": \"a\"},\n  {\"count\": 1}]}", `line 3, column 3: beside[1]: missing field "name"`},
		{"a field given twice", "{\"name\": \"a\",\n\"name\": \"a\"}", `line 2, column 1: key "name" is given twice, first on line 1`},
		{"a field given twice under two spellings", "{\"name\": \"a\",\n\"n\\u0061me\": \"a\"}", `line 2, column 1: key "name" is given twice, first on line 1`},
		{"a key given twice", "{\"name\": \"a\", \"boxes\": {\"x y\": {\"name\": \"\"},\n \"x y\": {}}}", `line 2, column 2: boxes: key "x y" is given twice, first on line 1`},
		{"a long key", `{"boxes": {"` + strings.Repeat("k", strictjson.MaxKey+1) + `": {}}}`, `line 1, column 12: boxes: key "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"... has more than 256 bytes`},
		{"a null", `{"name": null}`, "line 1, column 10: name: null: leave out what is not there"},
		{"a null for the document", `null`, "line 1, column 1: null: leave out what is not there"},
		{"a null for a leaf", `{"size": null}`, "line 1, column 10: size: null: leave out what is not there"},
		{"an array for the document", `[]`, "line 1, column 1: want an object, got an array"},
		{"a number for a string", `{"name": 1}`, "line 1, column 10: name: want a string, got a number"},
		{"a string for a number", `{"count": "1"}`, "line 1, column 11: count: want a number, got a string"},
		{"a string for a boolean", `{"open": "true"}`, "line 1, column 10: open: want true or false, got a string"},
		{"a boolean for an array", `{"tags": true}`, "line 1, column 10: tags: want an array, got true or false"},
		{"an array for a map", `{"boxes": []}`, "line 1, column 11: boxes: want an object, got an array"},
		{"an object for an array", `{"tags": {}}`, "line 1, column 10: tags: want an array, got an object"},
		{"empty text for a text leaf", `{"label": ""}`, "line 1, column 11: label: is empty: leave the field out, or give it a value"},
		{"empty text for one of certain words", `{"mood": ""}`, "line 1, column 10: mood: is empty: leave the field out, or give it a value"},
		{"no elements of an optional array", "{\"name\": \"a\",\n\"tags\": [ ]}", "line 2, column 9: tags: is empty: leave the field out, or give it a value"},
		{"no elements of an optional map", `{"name": "a", "boxes": {"b": {"name": "c", "boxes": {}}}}`, `line 1, column 53: boxes["b"].boxes: is empty: leave the field out, or give it a value`},
		{"empty text of an optional field", `{"name": "a", "colour": ""}`, "line 1, column 25: colour: is empty: leave the field out, or give it a value"},
		{"a number for a text leaf", `{"label": 5}`, "line 1, column 11: label: want a string, got a number"},
		{"an object for a leaf", `{"size": {}}`, "line 1, column 10: size: want a single value, got an object"},
		{"an array for a leaf", `{"label": []}`, "line 1, column 11: label: want a single value, got an array"},
		{"a leaf's own refusal", `{"boxes": {"a.\"b\"[": {"name": "x", "size": 123}}}`, `line 1, column 46: boxes["a.\"b\"["].size: an odd number of characters`},
		{"a fraction for an integer", `{"count": 1.0}`, "line 1, column 11: count: number 1.0 is not a whole number in range"},
		{"an integer out of range", `{"count": 9223372036854775808}`, "line 1, column 11: count: number 9223372036854775808 is not a whole number in range"},
		{"an exponent", `{"count": 1e3}`, "line 1, column 11: count: number 1e3 has an exponent: write it out"},
		{"an exponent that never ends", `{"size": 1E1000000000}`, "line 1, column 10: size: number 1E1000000000 has an exponent: write it out"},
		{"a long number", `{"size": 0.` + strings.Repeat("0", strictjson.MaxNumber) + `}`, "line 1, column 10: size: a number of more than 40 characters"},
		{"columns in characters", `{"name": "日本語", "count": ""}`, "line 1, column 26: count: want a number, got a string"},
		{"lines that end in CR LF", "{\r\n\"count\": \"\"}", "line 2, column 10: count: want a number, got a string"},
		{"deep nesting", deep, fmt.Sprintf("line 1, column %d: %s: nested more than 32 deep", 12+19*31+8, strings.TrimSuffix(strings.Repeat("next.", 32), "."))},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got shelf
			_, err := strictjson.Decode([]byte(test.text), &got)
			if err == nil || err.Error() != test.want {
				t.Errorf("Decode(%s) = %v, want %s", test.text, err, test.want)
			}
			if _, ok := errors.AsType[*strictjson.Error](err); !ok {
				t.Errorf("Decode(%s) = %T, want *Error", test.text, err)
			}
		})
	}
}

func TestDecodeKeepsTheLeafsError(t *testing.T) {
	_, err := strictjson.Decode([]byte(`{"size": 1}`), &shelf{})
	if !errors.Is(err, errOdd) {
		t.Errorf("Decode = %v, want an error that is %v", err, errOdd)
	}
}

func TestDecodeRefusesLargeDocuments(t *testing.T) {
	fits := `{"name": "a"}` + strings.Repeat(" ", strictjson.MaxBytes-13)
	if _, err := strictjson.Decode([]byte(fits), &shelf{}); err != nil {
		t.Errorf("Decode of %d bytes = %v, want no error", len(fits), err)
	}
	if _, err := strictjson.Decode([]byte(fits+" "), &shelf{}); err == nil {
		t.Errorf("Decode of %d bytes = nil, want an error", len(fits)+1)
	}
}

func TestDecodePanicsOnTypesItDoesNotKnow(t *testing.T) {
	for _, into := range []any{new(float64), new(map[int]string), new(uint), new([2]int), shelf{}, (*shelf)(nil)} {
		t.Run(fmt.Sprintf("%T", into), func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Errorf("Decode into %T does not panic", into)
				}
			}()
			_, _ = strictjson.Decode([]byte("1"), into)
		})
	}
}

func TestIndexFindsTheClosestValue(t *testing.T) {
	text := "{\n\"name\": \"a\",\n\"boxes\": {\n  \"x.y[\\\"\": {\"name\":\n \"b\"}},\n\"beside\": [\n{\"name\": \"c\"}]}"
	index, err := strictjson.Decode([]byte(text), &shelf{})
	if err != nil {
		t.Fatalf("Decode(%s) = %v, want no error", text, err)
	}
	for path, want := range map[string]strictjson.Position{
		"":     {1, 1},
		"name": {2, 9},
		strictjson.Field(strictjson.Key("boxes", `x.y["`), "name"): {5, 2},
		strictjson.Field(strictjson.Key("boxes", `x.y["`), "size"): {4, 13},
		strictjson.Key("boxes", "z"):                               {3, 10},
		strictjson.Item("beside", 0) + ".name":                     {7, 10},
		strictjson.Item("beside", 7) + ".name":                     {6, 11},
		"elsewhere.far[3]":                                         {1, 1},
	} {
		if got := index.At(path); got != want {
			t.Errorf("At(%s) = %v, want %v", path, got, want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"name": "a", "boxes": {"b": {"name": "\uD83D\uDE00", "size": 12.5}}, "beside": [{}], "next": null}`))
	f.Add([]byte("{\"name\": \"\xff\"}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var got shelf
		index, err := strictjson.Decode(data, &got)
		failure, refused := errors.AsType[*strictjson.Error](err)
		switch {
		case err == nil && len(index) == 0:
			t.Errorf("Decode(%q) has no index", data)
		case err != nil && (!refused || failure.Line < 1 || failure.Column < 1 || failure.Reason == ""):
			t.Errorf("Decode(%q) = %#v, want an *Error with a place and a reason", data, err)
		case refused && failure.Line > 1+strings.Count(string(data), "\n"):
			t.Errorf("Decode(%q) fails on line %d, which is not there", data, failure.Line)
		case err == nil && !utf8.ValidString(got.Name):
			t.Errorf("Decode(%q) = %s, which is not UTF-8", data, strconv.Quote(got.Name))
		}
	})
}
