package storetest

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"time"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
)

// filler makes records in which every field is set, whichever a record has, each
// to another value, so that a store that forgets or confuses one is found out. Each
// record could be an account's; together they need not add up.
type filler struct {
	n   int64 // of the values so far
	rng *rand.Rand
}

func newFiller() *filler { return &filler{rng: rand.New(rand.NewPCG(1, 0))} }

// filled returns a record with every field set.
func filled[T any](f *filler) (record T) {
	f.fill(reflect.ValueOf(&record).Elem(), "")
	return record
}

func (f *filler) lot() credits.Lot {
	lot := filled[credits.Lot](f)
	lot.Granted = total(lot.Granted, lot.Available, lot.Held, lot.Spent)
	return lot
}

func (f *filler) hold() credits.Hold {
	hold := filled[credits.Hold](f)
	hold.Settled, hold.Reserved = false, total(hold.Reserved, hold.Held())
	return hold
}

func (f *filler) term() credits.Term {
	term := filled[credits.Term](f)
	term.Lapsed = false
	return term
}

func (f *filler) allowance() credits.Allowance {
	allowance := filled[credits.Allowance](f)
	allowance.Stopped = false
	return allowance
}

// entry returns an entry that is complete but for what [continuing] adds. Every
// second posting takes.
func (f *filler) entry() credits.Entry {
	e := filled[credits.Entry](f)
	e.At, e.Amount, e.Kind = time.Time{}, credits.Amount{}, kinds[f.n%int64(len(kinds))]
	for i := range e.Postings {
		posting := &e.Postings[i]
		if i%2 == 1 {
			posting.Available, posting.Held = posting.Available.Neg(), posting.Held.Neg()
		}
		e.Amount = total(e.Amount, posting.Available, posting.Held)
	}
	return e
}

// leanLot, leanHold, leanTerm and leanAllowance have the least that each can have.
func leanLot(id string) credits.Lot {
	return credits.Lot{ID: id, Granted: credits.Of(1), Available: credits.Of(1), Start: dawn, Validity: expiry.Permanent()}
}

func leanHold(id string) credits.Hold {
	return credits.Hold{ID: id, Reserved: credits.Of(1), Deadline: dawn.Add(time.Hour)}
}

func leanTerm(id string) credits.Term {
	return credits.Term{ID: id, Since: dawn, Until: dawn.Add(time.Hour)}
}

func leanAllowance(id string) credits.Allowance {
	return credits.Allowance{
		ID: id, Amount: credits.Of(1), Every: expiry.MustParseSpan("1 month"), Anchor: dawn, Next: dawn, Validity: expiry.Permanent(),
	}
}

// several returns that many records.
func several[T any](n int, one func() T) []T {
	all := make([]T, n)
	for i := range all {
		all[i] = one()
	}
	return all
}

func (f *filler) fill(v reflect.Value, field string) {
	f.n++
	switch value := v.Addr().Interface().(type) {
	case *time.Time:
		*value = dawn.Add(time.Duration(f.n) * 1_000_003 * time.Microsecond)
	case *credits.Amount:
		*value = credits.Micros(f.n * 1_000_003)
	case *credits.Money:
		*value = credits.Money{Minor: f.n, Currency: currencies[f.n%int64(len(currencies))]}
	case *credits.Kind:
		*value = kinds[f.n%int64(len(kinds))]
	case *expiry.Policy:
		*value = expiry.MustParse(policies[f.n%int64(len(policies))])
	case *expiry.Span:
		*value = expiry.MustParseSpan(spans[f.n%int64(len(spans))])
	case *expiry.Rollover:
		*value = expiry.MustParseRollover(rollovers[f.n%int64(len(rollovers))])
	default:
		f.fillKind(v, field)
	}
}

func (f *filler) fillKind(v reflect.Value, field string) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprintf("%s %06d é 'x' \"y\" \\ %% _ ; -- $1 {} 注文 🙂", field, f.n))
	case reflect.Bool:
		v.SetBool(f.rng.IntN(2) == 1)
	case reflect.Uint8:
		v.SetUint(f.rng.Uint64N(256))
	case reflect.Int, reflect.Int64:
		v.SetInt(f.n % credits.MaxPriority)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		f.fill(v.Elem(), field)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 3, 3))
		f.fillEach(v, field)
	case reflect.Array:
		f.fillEach(v, field)
	case reflect.Map:
		v.Set(reflect.ValueOf(map[string]string{
			fmt.Sprintf("%s %d", field, f.n): "two\n\tlines", "größe": fmt.Sprint(f.n), "empty": "",
		}))
	case reflect.Struct:
		for i := range v.NumField() {
			f.fill(v.Field(i), v.Type().Field(i).Name)
		}
	default:
		panic(fmt.Sprintf("storetest: no rule to fill a %v", v.Type()))
	}
}

func (f *filler) fillEach(v reflect.Value, field string) {
	for i := range v.Len() {
		f.fill(v.Index(i), field)
	}
}

// total is the sum of amounts.
func total(amounts ...credits.Amount) (sum credits.Amount) {
	for _, amount := range amounts {
		var err error
		if sum, err = sum.Add(amount); err != nil {
			panic("storetest: " + err.Error())
		}
	}
	return sum
}

var kinds = []credits.Kind{
	credits.KindGrant, credits.KindSpend, credits.KindReserve, credits.KindExtend, credits.KindCapture, credits.KindRelease,
	credits.KindRefund, credits.KindRevoke, credits.KindRenew, credits.KindAllow, credits.KindAmend, credits.KindConfigure,
	credits.KindTransfer, credits.KindEnd, credits.KindRollover, credits.KindLapse,
}

var (
	currencies = []string{"USD", "EUR", "JPY"}
	spans      = []string{"1 month in Europe/Berlin", "30 days", "1 hour", "1 year"}
	rollovers  = []string{"all for 1 month", "at most 500 for 30 days, once", "at most 1/3 of the grant for 1 week, 3 times, priority -7"}
	policies   = []string{
		"permanent", "30 days", "1 month in Europe/Berlin", "until 2026-12-31 in Asia/Tokyo", "until 2026-03-10T12:00:00.000001Z",
		"end of day", "end of month in Europe/Berlin", "end of period", "while subscribed",
		"purchased before 2024-05-20: latest(1 year, while subscribed), else earliest(12 weeks, end of period)",
	}
)

// scramble overwrites all the memory that a record points to.
func scramble(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			scramble(v.Elem())
			v.Elem().SetZero()
		}
	case reflect.Slice:
		for i := range v.Len() {
			scramble(v.Index(i))
			v.Index(i).SetZero()
		}
	case reflect.Map:
		for _, key := range slices.Clone(v.MapKeys()) {
			v.SetMapIndex(key, reflect.ValueOf("scrambled"))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				scramble(v.Field(i))
			}
		}
	}
}
