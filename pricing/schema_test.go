package pricing

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// node is a JSON object of the schema.
type node = map[string]any

func parseSchema(t testing.TB) node {
	t.Helper()
	var root node
	if err := json.Unmarshal(Schema(), &root); err != nil {
		t.Fatalf("the schema is not JSON: %v", err)
	}
	return root
}

// The fields that the decoder knows and requires are those of the schema, type by
// type, and each schema of an object is closed.
func TestSchemaHasTheFieldsOfTheGoTypes(t *testing.T) {
	root := parseSchema(t)
	for name, goType := range map[string]reflect.Type{
		"document": reflect.TypeFor[document](), "card": reflect.TypeFor[RateCard](), "rule": reflect.TypeFor[Rule](),
		"tier": reflect.TypeFor[Tier](), "plan": reflect.TypeFor[Plan](), "pack": reflect.TypeFor[Pack](),
		"bonus": reflect.TypeFor[Bonus](), "conversion": reflect.TypeFor[Conversion](), "topup": reflect.TypeFor[TopUp](),
	} {
		t.Run(name, func(t *testing.T) {
			definition := root["$defs"].(node)[name].(node)
			properties, required := map[string]bool{}, map[string]bool{}
			collectSchema(root, definition, properties, required)
			goProperties, goRequired := map[string]bool{}, map[string]bool{}
			collectGo(goType, goProperties, goRequired)
			if name == "tier" { // which validation requires, with a better message
				goRequired["credits"] = true
			}
			if diff := cmp.Diff(goProperties, properties); diff != "" {
				t.Errorf("properties (-go +schema):\n%s", diff)
			}
			if diff := cmp.Diff(goRequired, required); diff != "" {
				t.Errorf("required (-go +schema):\n%s", diff)
			}
			if definition["unevaluatedProperties"] != false {
				t.Error("the schema admits unknown properties")
			}
		})
	}
}

func collectSchema(root, definition node, properties, required map[string]bool) {
	for name := range asNode(definition["properties"]) {
		properties[name] = true
	}
	for _, name := range asList(definition["required"]) {
		required[name.(string)] = true
	}
	parts := asList(definition["allOf"])
	if definition["$ref"] != nil {
		parts = append(parts, definition)
	}
	for _, part := range parts {
		collectSchema(root, resolveRef(root, part.(node)["$ref"].(string)), properties, required)
	}
}

func collectGo(goType reflect.Type, properties, required map[string]bool) {
	for _, f := range reflect.VisibleFields(goType) {
		tag, tagged := f.Tag.Lookup("json")
		if !tagged || tag == "-" {
			continue
		}
		name, options, _ := strings.Cut(tag, ",")
		properties[name] = true
		if options == "" {
			required[name] = true
		}
	}
}

func resolveRef(root node, ref string) node {
	return root["$defs"].(node)[strings.TrimPrefix(ref, "#/$defs/")].(node)
}

func asNode(v any) node  { n, _ := v.(node); return n }
func asList(v any) []any { l, _ := v.([]any); return l }

// What the parser accepts, the schema accepts; what the schema can see, it refuses
// as the parser does.
func TestSchemaAndParserAgree(t *testing.T) {
	root := parseSchemaExactly(t)
	for _, name := range []string{"filmora.json", "powtoon.json"} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		agree(t, root, name, data, true)
	}
	const around = `{"name": "a", "cards": [{"name": "a", "version": "1", "effective": "2025-01-01T00:00:00Z", "features": {"f": {"credits": 1}%s}}]%s}`
	for _, test := range []struct {
		name, feature, item string
		valid               bool
	}{
		{"the least", ``, ``, true},
		{"every field of a rule with blocks", `, "g": {"note": "n", "credits": "1/3", "per": "1 minute", "charge": "pro rata", "most": "8 minutes", "beyond": "clamp", "step": "30 s", "free": "1 second", "factors": {"quality": {"HD": 2, "SD": 0.5}}, "plus": [{"credits": 1}], "least": 1, "round": "half even to 0.01"}`, ``, true},
		{"tiers", `, "g": {"tiers": [{"to": "10 words", "credits": 2}, {"credits": 1}], "tiering": "graduated", "per": "1 word"}`, ``, true},
		{"meters", `, "g": {"meters": {"in": {"credits": 6.3, "per": "1000 tokens"}, "out": {"credits": 18.8, "per": "1000 tokens"}}}`, ``, true},
		{"a price table", `, "g": {"by": "audio", "prices": {"yes": {"credits": 0}, "no": {"credits": 1}}}`, ``, true},
		{"a plan with everything", ``, `, "plans": {"p": {"name": "P", "note": "n", "credits": "2.5", "cycle": "1 month", "price": "1.5 EUR", "billed": "1 year", "valid": "end of period", "rollover": "at most 2x the grant for 1 month, once, priority -1", "usable": "while subscribed", "refill": "add", "limit": "at most 30.5 within 2 months in Asia/Shanghai", "features": ["f"], "priority": -3, "nonrefundable": true}}`, true},
		{"a plan that is reset", ``, `, "plans": {"p": {"credits": 50, "cycle": "1 day", "refill": "reset", "valid": "permanent"}}`, true},
		{"a reset without a cycle", ``, `, "plans": {"p": {"credits": 50, "refill": "reset", "valid": "permanent"}}`, false},
		{"another refill", ``, `, "plans": {"p": {"credits": 50, "cycle": "1 day", "refill": "replace", "valid": "permanent"}}`, false},
		{"a limit without a cycle", ``, `, "plans": {"p": {"credits": 5, "limit": "at most 30 within 1 month", "valid": "permanent"}}`, false},
		{"a limit that is a number", ``, `, "plans": {"p": {"credits": 5, "cycle": "1 day", "limit": 30, "valid": "permanent"}}`, false},
		{"a limit without a span", ``, `, "plans": {"p": {"credits": 5, "cycle": "1 day", "limit": "at most 30", "valid": "permanent"}}`, false},
		{"a limit with a sign", ``, `, "plans": {"p": {"credits": 5, "cycle": "1 day", "limit": "at most +30 within 1 month", "valid": "permanent"}}`, false},
		{"a reset of a bonus", ``, `, "bonuses": {"b": {"credits": 1, "once": "per day", "refill": "reset", "valid": "permanent"}}`, false},
		{"a rollover of nothing", ``, `, "packs": {"p": {"credits": 1, "price": "1 USD", "valid": "1 year", "rollover": ""}}`, false},
		{"a rollover that is true", ``, `, "packs": {"p": {"credits": 1, "price": "1 USD", "valid": "1 year", "rollover": true}}`, false},
		{"another use", ``, `, "packs": {"p": {"credits": 1, "price": "1 USD", "valid": "1 year", "usable": "always"}}`, false},
		{"an empty cycle", ``, `, "plans": {"p": {"credits": 1, "cycle": "", "valid": "permanent"}}`, false},
		{"an empty charge", `, "g": {"credits": 1, "per": "1 word", "charge": ""}`, ``, false},
		{"a conversion", ``, `, "conversions": {"c": {"name": "C", "note": "n", "credits": 1, "per": "10 words", "valid": "permanent"}}`, true},
		{"a bonus", ``, `, "bonuses": {"b": {"credits": 1, "once": "per month in Asia/Shanghai", "valid": "permanent"}}`, true},
		{"an unknown field of the document", ``, `, "plan": {}`, false},
		{"an unknown field of a rule", `, "g": {"credits": 1, "pro": "1 minute"}`, ``, false},
		{"an unknown field of a conversion", ``, `, "conversions": {"c": {"credits": 1, "valid": "permanent", "once": "per key"}}`, false},
		{"an unknown field of a pack", ``, `, "packs": {"p": {"credits": 1, "price": "1 USD", "valid": "permanent", "cycle": "1 month"}}`, false},
		{"a pack without a price", ``, `, "packs": {"p": {"credits": 1, "valid": "permanent"}}`, false},
		{"a pack that is null", ``, `, "packs": {"p": null}`, false},
		{"a pack without a validity", ``, `, "packs": {"p": {"credits": 1, "price": "1 USD"}}`, false},
		{"a price that is a number", ``, `, "packs": {"p": {"credits": 1, "price": 1, "valid": "permanent"}}`, false},
		{"credits of zero", ``, `, "packs": {"p": {"credits": 0, "price": "1 USD", "valid": "permanent"}}`, false},
		{"negative credits", ``, `, "packs": {"p": {"credits": "-1", "price": "1 USD", "valid": "permanent"}}`, false},
		{"too many credits", ``, `, "packs": {"p": {"credits": 1000000000001, "price": "1 USD", "valid": "permanent"}}`, false},
		{"an empty ID", ``, `, "packs": {"": {"credits": 1, "price": "1 USD", "valid": "permanent"}}`, false},
		{"a priority out of range", ``, `, "packs": {"p": {"credits": 1, "price": "1 USD", "valid": "permanent", "priority": 1001}}`, false},
		{"a priority that is not whole", ``, `, "packs": {"p": {"credits": 1, "price": "1 USD", "valid": "permanent", "priority": 0.5}}`, false},
		{"a plan that is billed without a price", ``, `, "plans": {"p": {"credits": 1, "cycle": "1 month", "billed": "1 year", "valid": "permanent"}}`, false},
		{"a cycle that is no span", ``, `, "plans": {"p": {"credits": 1, "cycle": "monthly", "valid": "permanent"}}`, false},
		{"a bonus every week", ``, `, "bonuses": {"b": {"credits": 1, "once": "per week", "valid": "permanent"}}`, false},
		{"a rule without a price", `, "g": {}`, ``, false},
		{"a rule with two prices", `, "g": {"credits": 1, "meters": {"in": {"credits": 1}}}`, ``, false},
		{"tiers without tiering", `, "g": {"tiers": [{"credits": 1}], "per": "1 word"}`, ``, false},
		{"a tier without a price", `, "g": {"tiers": [{"to": "5 words", "credits": 1}, {}], "tiering": "volume", "per": "1 word"}`, ``, false},
		{"a negative price of a feature", `, "g": {"credits": -1}`, ``, false},
		{"a factor that is text", `, "g": {"credits": 1, "factors": {"quality": {"HD": "double"}}}`, ``, false},
		{"a rounding to nothing known", `, "g": {"credits": 1, "round": "nearest"}`, ``, false},
		{"a charge of another kind", `, "g": {"credits": 1, "per": "1 word", "charge": "half"}`, ``, false},
		{"a pack that is bought by itself", ``, `, "packs": {"p": {"credits": 1000, "price": "1 USD", "valid": "permanent", "auto": {"below": 200.5, "limit": "at most 2000 within 1 month in Asia/Tokyo"}}}`, true},
		{"a pack that is bought by itself without a trigger", ``, `, "packs": {"p": {"credits": 1000, "price": "1 USD", "valid": "permanent", "auto": {"limit": "at most 2000 within 1 month"}}}`, false},
		{"a pack that is bought by itself without a limit", ``, `, "packs": {"p": {"credits": 1000, "price": "1 USD", "valid": "permanent", "auto": {"below": 200}}}`, false},
		{"a pack that is bought by itself, nothing said", ``, `, "packs": {"p": {"credits": 1000, "price": "1 USD", "valid": "permanent", "auto": {}}}`, false},
		{"a pack that is bought by itself, no more said", ``, `, "packs": {"p": {"credits": 1000, "price": "1 USD", "valid": "permanent", "auto": true}}`, false},
		{"a pack that is bought by itself below nothing", ``, `, "packs": {"p": {"credits": 1000, "price": "1 USD", "valid": "permanent", "auto": {"below": 0, "limit": "at most 2000 within 1 month"}}}`, false},
		{"a pack that is bought by itself so often", ``, `, "packs": {"p": {"credits": 1000, "price": "1 USD", "valid": "permanent", "auto": {"below": 200, "limit": "2 per 1 month"}}}`, false},
		{"a pack that is bought by itself with a word too many", ``, `, "packs": {"p": {"credits": 1000, "price": "1 USD", "valid": "permanent", "auto": {"below": 200, "limit": "at most 2000 within 1 month", "pack": "q"}}}`, false},
		{"a plan that is bought by itself", ``, `, "plans": {"p": {"credits": 1000, "valid": "permanent", "auto": {"below": 200, "limit": "at most 2000 within 1 month"}}}`, false},
		{"no features that credits pay for", ``, `, "bonuses": {"b": {"credits": 1, "once": "per day", "valid": "permanent", "features": []}}`, false},
		{"a nameless feature that credits pay for", ``, `, "bonuses": {"b": {"credits": 1, "once": "per day", "valid": "permanent", "features": [""]}}`, false},
		{"no surcharges", `, "g": {"credits": 1, "plus": []}`, ``, false},
		{"no factors", `, "g": {"credits": 1, "factors": {}}`, ``, false},
		{"no values of a factor", `, "g": {"credits": 1, "factors": {"quality": {}}}`, ``, false},
		{"no tiers", `, "g": {"tiers": [], "tiering": "volume"}`, ``, false},
		{"no meters", `, "g": {"meters": {}}`, ``, false},
		{"no plans", ``, `, "plans": {}`, false},
		{"no packs", ``, `, "packs": {}`, false},
		{"no bonuses", ``, `, "bonuses": {}`, false},
		{"no conversions", ``, `, "conversions": {}`, false},
		{"an empty note of a rule", `, "g": {"credits": 1, "note": ""}`, ``, false},
		{"an empty note of the document", ``, `, "note": ""`, false},
		{"an empty name of a pack", ``, `, "packs": {"p": {"name": "", "credits": 1, "price": "1 USD", "valid": "1 year"}}`, false},
		{"a choice by nothing", `, "g": {"credits": 1, "by": ""}`, ``, false},
		{"a place of the schema that is empty", ``, `, "$schema": ""`, false},
		{"a rounding with a sign", `, "g": {"credits": 1, "round": "up to +0.01"}`, ``, false},
		{"a cycle without a space", ``, `, "plans": {"p": {"credits": 1, "cycle": "1month", "valid": "permanent"}}`, false},
		{"a cycle of hours in a place", ``, `, "plans": {"p": {"credits": 1, "cycle": "12 hours in Asia/Tokyo", "valid": "permanent"}}`, false},
		{"a cycle that starts with zero", ``, `, "plans": {"p": {"credits": 1, "cycle": "01 month", "valid": "permanent"}}`, false},
		{"a limit within no space", ``, `, "plans": {"p": {"credits": 5, "cycle": "1 day", "limit": "at most 30 within 1month", "valid": "permanent"}}`, false},
		{"a limit with two spaces before the amount", ``, `, "plans": {"p": {"credits": 5, "cycle": "1 day", "limit": "at most  30 within 1 month", "valid": "permanent"}}`, false},
		{"a cycle with several spaces", ``, `, "plans": {"p": {"credits": 1, "cycle": " 2  month  in   Asia/Tokyo ", "valid": "permanent"}}`, true},
		{"a limit with several spaces", ``, `, "plans": {"p": {"credits": 5, "cycle": "1 day", "limit": "at most 30 within  1  month ", "valid": "permanent"}}`, true},
		{"a block that is a number", `, "g": {"credits": 1, "per": 60}`, ``, false},
	} {
		agree(t, root, test.name, fmt.Appendf(nil, around, test.feature, test.item), test.valid)
	}
}

func agree(t *testing.T, root node, name string, data []byte, valid bool) {
	t.Run(name, func(t *testing.T) {
		if _, err := Parse(data); (err == nil) != valid {
			t.Errorf("Parse(%s) = %v, want valid = %v", data, err, valid)
		}
		if fault := (checker{root}).check(root, exactly(t, data), "$"); (fault == "") != valid {
			t.Errorf("the schema says %q of %s, want valid = %v", fault, data, valid)
		}
	})
}

func parseSchemaExactly(t testing.TB) node { return exactly(t, Schema()).(node) }

// exactly reads JSON with its numbers as text.
func exactly(t testing.TB, data []byte) any {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(string(data)))
	decoder.UseNumber()
	var v any
	if err := decoder.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// checker applies the part of JSON Schema that the catalog's schema uses, and
// panics at a keyword beyond it.
type checker struct{ root node }

// check returns what is wrong with a value; empty: nothing.
func (c checker) check(schema node, v any, path string) string {
	for _, keyword := range slices.Sorted(maps.Keys(schema)) {
		if fault := c.keyword(schema, keyword, v); fault != "" {
			if strings.HasPrefix(fault, "/") {
				return path + fault
			}
			return fmt.Sprintf("%s: %s: %s", path, keyword, fault)
		}
	}
	return ""
}

func (c checker) keyword(schema node, keyword string, v any) string {
	argument := schema[keyword]
	switch keyword {
	case "$schema", "$id", "$defs", "title", "description", "format":
		return ""
	case "$ref":
		return c.check(resolveRef(c.root, argument.(string)), v, "")
	case "allOf", "anyOf", "oneOf":
		return c.combine(keyword, argument.([]any), v)
	case "type":
		return ofType(argument.(string), v)
	case "enum":
		return unless(slices.Contains(argument.([]any), v), "not one of them")
	}
	switch v := v.(type) {
	case string:
		return ofString(keyword, argument, v)
	case json.Number:
		return ofNumber(keyword, argument, v)
	case []any:
		return c.ofArray(keyword, argument, v)
	case node:
		return c.ofObject(schema, keyword, argument, v)
	}
	return "wants another kind"
}

func (c checker) combine(keyword string, parts []any, v any) string {
	held, last := 0, ""
	for _, part := range parts {
		fault := c.check(part.(node), v, "")
		if fault == "" {
			held++
		} else {
			last = fault
		}
	}
	switch keyword {
	case "allOf":
		return last
	case "anyOf":
		return unless(held > 0, last)
	}
	return unless(held == 1, fmt.Sprintf("%d of %d hold", held, len(parts)))
}

func unless(ok bool, fault string) string {
	if ok {
		return ""
	}
	return fault
}

func ofType(want string, v any) string {
	got := fmt.Sprintf("%T", v)
	switch v := v.(type) {
	case json.Number:
		got = "number"
		if exact, ok := new(big.Rat).SetString(string(v)); want == "integer" && ok && exact.IsInt() {
			got = "integer"
		}
	case string:
		got = "string"
	case bool:
		got = "boolean"
	case []any:
		got = "array"
	case node:
		got = "object"
	}
	return unless(got == want, "is "+got+", want "+want)
}

func ofString(keyword string, argument any, v string) string {
	switch keyword {
	case "minLength":
		return unless(utf8.RuneCountInString(v) >= int(limit(argument)), "too short")
	case "maxLength":
		return unless(utf8.RuneCountInString(v) <= int(limit(argument)), "too long")
	case "pattern":
		return unless(regexp.MustCompile(argument.(string)).MatchString(v), fmt.Sprintf("%q does not match", v))
	}
	return otherKind(keyword)
}

func ofNumber(keyword string, argument any, v json.Number) string {
	exact, _ := new(big.Rat).SetString(string(v))
	bound, _ := new(big.Rat).SetString(fmt.Sprint(argument))
	switch keyword {
	case "minimum":
		return unless(exact.Cmp(bound) >= 0, "too small")
	case "exclusiveMinimum":
		return unless(exact.Cmp(bound) > 0, "too small")
	case "maximum":
		return unless(exact.Cmp(bound) <= 0, "too large")
	}
	return otherKind(keyword)
}

func (c checker) ofArray(keyword string, argument any, v []any) string {
	switch keyword {
	case "minItems":
		return unless(len(v) >= int(limit(argument)), "too few")
	case "maxItems":
		return unless(len(v) <= int(limit(argument)), "too many")
	case "items":
		for i, item := range v {
			if fault := c.check(argument.(node), item, fmt.Sprintf("/%d", i)); fault != "" {
				return fault
			}
		}
		return ""
	}
	return otherKind(keyword)
}

func (c checker) ofObject(schema node, keyword string, argument any, v node) string {
	switch keyword {
	case "minProperties":
		return unless(len(v) >= int(limit(argument)), "too few")
	case "maxProperties":
		return unless(len(v) <= int(limit(argument)), "too many")
	case "required":
		return missing(argument.([]any), v)
	case "dependentRequired":
		for name, needs := range argument.(node) {
			if _, has := v[name]; has && missing(needs.([]any), v) != "" {
				return missing(needs.([]any), v)
			}
		}
		return ""
	case "unevaluatedProperties":
		known := map[string]bool{}
		collectSchema(c.root, schema, known, map[string]bool{})
		for name := range v {
			if !known[name] {
				return name + " is unknown"
			}
		}
		return ""
	}
	return c.ofProperties(keyword, argument.(node), v)
}

func missing(names []any, v node) string {
	for _, name := range names {
		if _, has := v[name.(string)]; !has {
			return fmt.Sprintf("%s is missing", name)
		}
	}
	return ""
}

func (c checker) ofProperties(keyword string, argument, v node) string {
	for _, name := range slices.Sorted(maps.Keys(v)) {
		schema, value := argument, v[name]
		switch keyword {
		case "propertyNames":
			value = name
		case "properties":
			if schema = asNode(argument[name]); schema == nil {
				continue
			}
		case "additionalProperties": // in this schema never beside properties
		default:
			return otherKind(keyword)
		}
		if fault := c.check(schema, value, "/"+name); fault != "" {
			return fault
		}
	}
	return ""
}

func limit(argument any) int64 {
	n, err := argument.(json.Number).Int64()
	if err != nil {
		panic(err)
	}
	return n
}

// otherKind handles the keywords of other kinds of values, which hold of this one.
func otherKind(keyword string) string {
	if !slices.Contains([]string{
		"minLength", "maxLength", "pattern", "minimum", "exclusiveMinimum", "maximum", "minItems", "maxItems", "items",
		"minProperties", "maxProperties", "required", "dependentRequired", "unevaluatedProperties", "propertyNames",
		"properties", "additionalProperties",
	}, keyword) {
		panic("the checker does not know the keyword " + keyword)
	}
	return ""
}

func TestSchemaIsTheCallersOwn(t *testing.T) {
	before := string(Schema())
	clear(Schema())
	if after := string(Schema()); after != before {
		t.Error("Schema() changed with what it returned before")
	}
}
