package credits_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
)

// TestR03_ covers a clamp at zero that hid over-consumption.
func TestR03_NothingIsClamped(t *testing.T) {
	d := newDesk(t)
	d.grant(credits.Grant{ID: "pack", Amount: credits.Of(10)})
	for _, amount := range []string{"10.000001", "11", "1000000000000"} {
		d.refusesSpend(credits.ErrInsufficient, credits.Spend{ID: "job", Account: "ada", Amount: credits.MustParse(amount)})
	}
	d.refusesGrant(credits.ErrInvalid, credits.Grant{ID: "bonus", Account: "ada", Amount: credits.Of(-1), Validity: expiry.Permanent()})
	d.refusesGrant(credits.ErrOverflow, credits.Grant{ID: "bonus", Account: "ada", Amount: credits.Of(credits.MaxCredits), Validity: expiry.Permanent()})
	if got := d.balance().Posted; got != credits.Of(10) {
		t.Errorf("Balance(ada).Posted = %v, want 10", got)
	}
}

// TestR22_ covers floats in public signatures: there is none, however deep.
func TestR22_NoPublicTypeHoldsAFloat(t *testing.T) {
	seen := make(map[reflect.Type]bool)
	var walk func(path string, typ reflect.Type)
	walk = func(path string, typ reflect.Type) {
		if typ == nil || seen[typ] {
			return
		}
		seen[typ] = true
		switch typ.Kind() {
		case reflect.Float32, reflect.Float64, reflect.Complex64, reflect.Complex128:
			t.Errorf("%s = %v, want no floating point", path, typ)
		case reflect.Struct:
			for i := range typ.NumField() {
				walk(path+"."+typ.Field(i).Name, typ.Field(i).Type)
			}
		case reflect.Slice, reflect.Array, reflect.Pointer, reflect.Map:
			walk(path+"[]", typ.Elem())
		case reflect.Func:
			for i := range typ.NumIn() {
				walk(path+"(in)", typ.In(i))
			}
			for i := range typ.NumOut() {
				walk(path+"(out)", typ.Out(i))
			}
		}
		if strings.HasSuffix(typ.PkgPath(), "scriphq/scrip/credits") {
			for i := range typ.NumMethod() {
				walk(path+"."+typ.Method(i).Name, typ.Method(i).Type)
			}
		}
	}
	for _, value := range []any{
		&credits.Ledger{}, credits.Grant{}, credits.Spend{}, credits.Renew{}, credits.Receipt{}, &credits.Balance{}, credits.Query{},
		credits.State{}, credits.Change{}, credits.Options{}, &credits.InsufficientError{}, &credits.UnknownError{}, &credits.LimitError{},
	} {
		walk(fmt.Sprintf("%T", value), reflect.TypeOf(value))
	}
}

// TestR23_ covers 2.90 that was rounded on entry.
func TestR23_ExcessPrecisionIsAnError(t *testing.T) {
	if got := credits.MustParse("2.90"); got.Micros() != 2_900_000 {
		t.Errorf("Parse(2.90) = %d micros, want 2900000", got.Micros())
	}
	for _, text := range []string{"2.9000001", "0.0000004", "-0.0000004", "1.9999999"} {
		if got, err := credits.Parse(text); !errors.Is(err, credits.ErrInvalid) {
			t.Errorf("Parse(%s) = %v, %v, want %v", text, got, err, credits.ErrInvalid)
		}
		var amount credits.Amount
		if err := json.Unmarshal([]byte(text), &amount); !errors.Is(err, credits.ErrInvalid) || !amount.IsZero() {
			t.Errorf("Unmarshal(%s) = %v, %v, want %v", text, amount, err, credits.ErrInvalid)
		}
		if err := amount.Scan(text); !errors.Is(err, credits.ErrInvalid) || !amount.IsZero() {
			t.Errorf("Scan(%s) = %v, %v, want %v", text, amount, err, credits.ErrInvalid)
		}
	}
}

// TestR27_ covers a free use that was refused, and a negative price that passed.
func TestR27_AFreeUseIsRecordedAndANegativeOneRefused(t *testing.T) {
	d := newDesk(t)
	receipt := d.spend(credits.Spend{ID: "free", Feature: "image", Quantity: "1 use"})
	if receipt.Seq != 1 || !receipt.Amount.IsZero() || len(receipt.Postings) != 0 || receipt.Quantity != "1 use" {
		t.Errorf("Spend(0) = %v, want an entry of nothing", receipt.Entry)
	}
	if got := d.spend(credits.Spend{ID: "free", Feature: "image", Quantity: "1 use"}); !got.Replayed {
		t.Errorf("Spend(0 again).Replayed = false, want true")
	}
	for _, amount := range []credits.Amount{credits.Micros(-1), credits.Of(-5), credits.Micros(math.MinInt64)} {
		d.refusesSpend(credits.ErrInvalid, credits.Spend{ID: "job", Account: "ada", Amount: amount})
		d.refusesGrant(credits.ErrInvalid, filledGrant(credits.Grant{ID: "lot", Amount: amount}))
	}
	d.refusesGrant(credits.ErrInvalid, filledGrant(credits.Grant{ID: "lot"}))
}

// TestR28_ covers an overflow that changed the sign.
func TestR28_OverflowIsAnErrorWithItsOperands(t *testing.T) {
	d := newDesk(t)
	most := credits.Of(credits.MaxCredits)
	d.grant(credits.Grant{ID: "all", Amount: most})
	err := d.refusesGrant(credits.ErrOverflow, filledGrant(credits.Grant{ID: "more", Amount: credits.Micros(1)}))
	overflow, ok := errors.AsType[*credits.OverflowError](err)
	if !ok || overflow.A != "1000000000000" || overflow.B != "0.000001" || overflow.Op != "+" {
		t.Errorf("Grant(beyond the most) = %#v, want both operands", err)
	}
	// A lot that has ended makes room, though its end was not recorded before.
	d = newDesk(t)
	d.grant(credits.Grant{ID: "all", Amount: most, Validity: expiry.Days(1)})
	d.clock.set(day(1))
	d.grant(credits.Grant{ID: "more", Amount: most})
}

// TestR44_ covers a balance and a ledger that disagreed: after any sequence of
// commands the entries alone give the balance, the lots and the state's sums.
func TestR44_TheEntriesRecomputeTheBalance(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := openDesk(t, credits.Options{})
		for i := range rapid.IntRange(1, 30).Draw(t, "steps") {
			d.clock.set(d.clock.read().Add(time.Duration(rapid.IntRange(-2, 30).Draw(t, "hours")) * time.Hour))
			id := fmt.Sprintf("op-%d", rapid.IntRange(0, i).Draw(t, "id"))
			switch rapid.IntRange(0, 3).Draw(t, "verb") {
			case 0:
				_, _ = d.ledger.Grant(d.ctx, credits.Grant{
					ID: id, Account: "ada", Amount: credits.Micros(rapid.Int64Range(1, 1000).Draw(t, "amount")), Term: "pro",
					Validity: rapid.SampledFrom([]expiry.Policy{expiry.WhileSubscribed(), expiry.Days(1), expiry.Permanent()}).Draw(t, "validity"),
				})
			case 1:
				_, _ = d.ledger.Renew(d.ctx, credits.Renew{ID: id, Account: "ada", Term: "pro", Until: d.clock.read().AddDate(0, 0, 2)})
			case 2:
				_, _ = d.ledger.Renew(d.ctx, credits.Renew{ID: id, Account: "ada", Term: "pro", End: true})
			case 3:
				_, _ = d.ledger.Spend(d.ctx, credits.Spend{ID: id, Account: "ada", Amount: credits.Micros(rapid.Int64Range(0, 500).Draw(t, "amount"))})
			}
			checkSums(t, d)
		}
	})
}

func checkSums(t *rapid.T, d *desk) {
	lots := make(map[string]int64)
	var sum int64
	entries := d.history(credits.Query{})
	for i, entry := range entries {
		sum += entry.Amount.Micros()
		if entry.Balance.Micros() != sum || entry.Seq != int64(i+1) {
			t.Fatalf("entry %d = balance %v, Seq %d, want %d micros and %d", i+1, entry.Balance, entry.Seq, sum, i+1)
		}
		for _, posting := range entry.Postings {
			lots[posting.Lot] += posting.Available.Micros()
		}
	}
	balance := d.balance()
	for _, lot := range balance.Lots {
		if lots[lot.ID] != lot.Available.Micros() {
			t.Fatalf("lot %q = %v, want %d micros", lot.ID, lot.Available, lots[lot.ID])
		}
		delete(lots, lot.ID)
	}
	for id, left := range lots {
		if left != 0 {
			t.Fatalf("lot %q is closed with %d micros, want none left", id, left)
		}
	}
	if balance.Posted.Micros() != sum {
		t.Fatalf("Balance(ada).Posted = %v, want %d micros", balance.Posted, sum)
	}
}

// TestR49_ covers -1 that meant unlimited, and leaked: no negative number means
// anything.
func TestR49_NoNumberIsASentinel(t *testing.T) {
	d := newDesk(t)
	d.grant(credits.Grant{ID: "pack", Amount: credits.Of(1)})
	d.refusesGrant(credits.ErrInvalid, filledGrant(credits.Grant{ID: "lot", Amount: credits.Of(-1)}))
	d.refusesGrant(credits.ErrInvalid, filledGrant(credits.Grant{ID: "lot", Amount: credits.Of(1), Validity: expiry.Days(-1)}))
	d.refusesGrant(credits.ErrInvalid, filledGrant(credits.Grant{ID: "lot", Amount: credits.Of(1), Paid: credits.Money{Minor: -1, Currency: "USD"}}))
	d.refusesSpend(credits.ErrInvalid, credits.Spend{ID: "job", Account: "ada", Amount: credits.Of(-1)})
	for _, q := range []credits.Query{{Limit: -1}, {After: -1}, {Before: -1}} {
		q.Account = "ada"
		for _, err := range d.ledger.History(t.Context(), q) {
			if !errors.Is(err, credits.ErrInvalid) {
				t.Errorf("History(%+v) = %v, want %v", q, err, credits.ErrInvalid)
			}
		}
	}
}
