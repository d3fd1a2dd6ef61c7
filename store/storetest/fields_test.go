package storetest

import (
	"reflect"
	"slices"
	"testing"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
)

// fieldsOf returns the ways to the fields of a type that hold values: the index of
// each field on the way.
func fieldsOf(t reflect.Type) [][]int {
	switch reflect.Zero(t).Interface().(type) {
	case credits.Amount, expiry.Policy, expiry.Span, expiry.Rollover:
		return [][]int{nil}
	}
	switch {
	case t.Kind() == reflect.Pointer, t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct:
		return fieldsOf(t.Elem())
	case t.Kind() != reflect.Struct || t.PkgPath() == "time":
		return [][]int{nil}
	}
	var all [][]int
	for i := range t.NumField() {
		for _, rest := range fieldsOf(t.Field(i).Type) {
			all = append(all, append([]int{i}, rest...))
		}
	}
	return all
}

// forget zeroes a field wherever it is in a record, and returns its name.
func forget(v reflect.Value, way []int) (name string) {
	switch {
	case v.Kind() == reflect.Pointer:
		if v.IsNil() {
			return ""
		}
		return forget(v.Elem(), way)
	case v.Kind() == reflect.Slice && len(way) > 0:
		for i := range v.Len() {
			name = forget(v.Index(i), way)
		}
		return name
	case len(way) == 0:
		v.SetZero()
		return ""
	}
	name = v.Type().Field(way[0]).Name
	if rest := forget(v.Field(way[0]), way[1:]); rest != "" {
		name += "." + rest
	}
	return name
}

// A store that forgets any one field of any record is found out.
func TestEachForgottenFieldIsFound(t *testing.T) {
	for _, c := range []struct {
		rule   string
		record any
		of     func(*credits.Change) any
	}{
		{"a lot comes back with every field", credits.Lot{}, func(c *credits.Change) any { return &c.Lots }},
		{"a hold comes back with every field", credits.Hold{}, func(c *credits.Change) any { return &c.Holds }},
		{"a term comes back with every field", credits.Term{}, func(c *credits.Change) any { return &c.Terms }},
		{"an allowance comes back with every field", credits.Allowance{}, func(c *credits.Change) any { return &c.Allowances }},
		{"an entry comes back with every field", credits.Entry{}, func(c *credits.Change) any { return &c.Entries }},
	} {
		for _, way := range fieldsOf(reflect.TypeOf(c.record)) {
			var name string
			store := writing(func(_ credits.State, change *credits.Change) {
				if forgotten := forget(reflect.ValueOf(c.of(change)).Elem(), way); forgotten != "" {
					name = forgotten
				}
			})()
			r := byRule(t, c.rule).record(t, store)
			if !r.Failed() && !isNotKept(name) {
				t.Errorf("check(%q, a store that forgets %s of a %T) = kept, want broken", c.rule, name, c.record)
			}
		}
	}
}

// isNotKept reports whether a store need not keep a field as such: it is only set
// in a record that is dropped, or it is the account that was asked for.
func isNotKept(name string) bool {
	return slices.Contains([]string{"Settled", "Lapsed", "Stopped", "Account"}, name)
}
