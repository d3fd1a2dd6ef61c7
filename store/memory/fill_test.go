package memory_test

import (
	"reflect"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
)

// fill sets every field of a record, whichever it has, so that one which a store
// forgets shows, or only one of them, so that one which it looks at too late shows.
func fill(t *rapid.T, v reflect.Value) {
	switch v.Interface().(type) {
	case time.Time:
		v.Set(reflect.ValueOf(rapid.OneOf(rapid.Just(time.Time{}), instants).Draw(t, "instant")))
		return
	case credits.Amount:
		v.Set(reflect.ValueOf(credits.Micros(rapid.Int64().Draw(t, "amount"))))
		return
	case expiry.Policy:
		v.Set(reflect.ValueOf(rapid.SampledFrom(policies).Draw(t, "policy")))
		return
	case expiry.Span:
		v.Set(reflect.ValueOf(rapid.SampledFrom([]expiry.Span{{}, expiry.MustParseSpan("1 month in Europe/Berlin")}).Draw(t, "span")))
		return
	case expiry.Rollover:
		v.Set(reflect.ValueOf(rapid.SampledFrom([]expiry.Rollover{{}, expiry.MustParseRollover("at most 500 for 30 days, once")}).Draw(t, "rollover")))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(texts.Draw(t, "text"))
	case reflect.Bool:
		v.SetBool(rapid.Bool().Draw(t, "flag"))
	case reflect.Int, reflect.Int64:
		v.SetInt(rapid.Int64().Draw(t, "number"))
	case reflect.Uint8:
		v.SetUint(uint64(rapid.Byte().Draw(t, "byte")))
	case reflect.Pointer:
		if rapid.Bool().Draw(t, "is there") {
			v.Set(reflect.New(v.Type().Elem()))
			fill(t, v.Elem())
		}
	case reflect.Slice:
		if rapid.Bool().Draw(t, "is nil") {
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), rapid.IntRange(0, 3).Draw(t, "length"), 3))
		fillEach(t, v)
	case reflect.Array:
		fillEach(t, v)
	case reflect.Map:
		if rapid.Bool().Draw(t, "is nil") {
			return
		}
		v.Set(reflect.ValueOf(rapid.MapOfN(texts, texts, 0, 3).Draw(t, "notes")))
	case reflect.Struct:
		if rapid.Bool().Draw(t, "has one field") {
			fill(t, v.Field(rapid.IntRange(0, v.NumField()-1).Draw(t, "field")))
			return
		}
		for i := range v.NumField() {
			fill(t, v.Field(i))
		}
	default:
		t.Fatalf("fill(%v) = nothing, want a rule for it", v.Type())
	}
}

func fillEach(t *rapid.T, v reflect.Value) {
	for i := range v.Len() {
		fill(t, v.Index(i))
	}
}

// filled is a record with every field set, or only one.
func filled[T any](t *rapid.T) (record T) {
	fill(t, reflect.ValueOf(&record).Elem())
	return record
}

var (
	texts    = rapid.SampledFrom([]string{"", "a", "größe", "注文", "two\nlines", strings.Repeat("x", 2048)})
	instants = rapid.Map(rapid.Int64Range(-62_135_596_800_000_000, 253_402_300_799_999_999), func(n int64) time.Time { return time.UnixMicro(n).UTC() })
)

var policies = []expiry.Policy{
	{}, expiry.Permanent(), expiry.Days(30), expiry.EndOfMonth(), expiry.WhileSubscribed(), expiry.Until(noon.Add(time.Microsecond)),
	expiry.MustParse("end of day in Europe/Berlin"), expiry.MustParse("until 2026-12-31 in Asia/Tokyo"),
	expiry.MustParse("purchased before 2024-05-20: latest(1 year, while subscribed), else earliest(12 weeks, end of period)"),
}
