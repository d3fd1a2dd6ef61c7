package strictjson

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// field is a struct's field as JSON knows it.
type field struct {
	index    []int
	required bool
}

// fields returns the fields of a struct type by name. Embedded structs without
// a tag lend theirs.
func fields(t reflect.Type) map[string]field {
	found := map[string]field{}
	for _, f := range reflect.VisibleFields(t) {
		tag, tagged := f.Tag.Lookup("json")
		if !f.IsExported() || tag == "-" || f.Anonymous && !tagged {
			continue
		}
		name, options, _ := strings.Cut(tag, ",")
		if name == "" {
			name = f.Name
		}
		choices := strings.Split(options, ",")
		optional := slices.Contains(choices, "omitempty") || slices.Contains(choices, "omitzero")
		found[name] = field{index: f.Index, required: !optional}
	}
	return found
}

// object decodes what follows an opening brace into a struct.
func (d *decoder) object(open token, path string, depth int, into reflect.Value) error {
	known := fields(into.Type())
	seen := map[string]int{}
	for d.tokens.More() {
		name, key, err := d.key(path, seen)
		if err != nil {
			return err
		}
		f, ok := known[name]
		if !ok {
			return d.fail(key.start, path, fmt.Sprintf("unknown field %s: want %s", strconv.Quote(clip(name)), list(known)))
		}
		if err := d.member(Field(path, name), depth+1, into.FieldByIndex(f.index), f.required); err != nil {
			return err
		}
	}
	d.next()
	for _, name := range slices.Sorted(maps.Keys(known)) {
		if _, ok := seen[name]; !ok && known[name].required {
			return d.fail(open.start, path, fmt.Sprintf("missing field %q", name))
		}
	}
	return nil
}

// member decodes the value of a field, and refuses an empty one of a field that can
// be left out: whoever writes [] means none, and what is not there may mean all.
func (d *decoder) member(path string, depth int, into reflect.Value, required bool) error {
	if err := d.value(path, depth, into); err != nil || required {
		return err
	}
	switch into.Kind() {
	case reflect.Map, reflect.Slice, reflect.String:
		if into.Len() == 0 {
			at := d.index[path]
			return &Error{Line: at.Line, Column: at.Column, Path: path, Reason: isEmpty}
		}
	}
	return nil
}

// table decodes what follows an opening brace into a map by string.
func (d *decoder) table(_ token, path string, depth int, into reflect.Value) error {
	into.Set(reflect.MakeMap(into.Type()))
	seen := map[string]int{}
	for d.tokens.More() {
		name, _, err := d.key(path, seen)
		if err != nil {
			return err
		}
		element := reflect.New(into.Type().Elem()).Elem()
		if err := d.value(Key(path, name), depth+1, element); err != nil {
			return err
		}
		into.SetMapIndex(reflect.ValueOf(name).Convert(into.Type().Key()), element)
	}
	d.next()
	return nil
}

// key reads a key, refuses one that seen has, and adds it with its line.
func (d *decoder) key(path string, seen map[string]int) (string, token, error) {
	t := d.next()
	name := t.Token.(string)
	line := d.position(t.start).Line
	switch first, twice := seen[name]; {
	case len(name) > MaxKey:
		return "", t, d.fail(t.start, path, fmt.Sprintf("key %q... has more than %d bytes", clip(name), MaxKey))
	case loneSurrogate(t.raw):
		return "", t, d.fail(t.start, path, "a key has half of a surrogate pair: not a character")
	case twice:
		return "", t, d.fail(t.start, path, fmt.Sprintf("key %q is given twice, first on line %d", name, first))
	}
	seen[name] = line
	return name, t, nil
}

// array decodes what follows an opening bracket into a slice.
func (d *decoder) array(path string, depth int, into reflect.Value) error {
	into.Set(reflect.MakeSlice(into.Type(), 0, 0))
	for i := 0; d.tokens.More(); i++ {
		element := reflect.New(into.Type().Elem()).Elem()
		if err := d.value(Item(path, i), depth+1, element); err != nil {
			return err
		}
		into.Set(reflect.Append(into, element))
	}
	d.next()
	return nil
}

// list names the fields that there are.
func list(known map[string]field) string {
	return strings.Join(slices.Sorted(maps.Keys(known)), ", ")
}

// clip shortens text of the document for a message.
func clip(text string) string {
	const most = 40
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "")
}
