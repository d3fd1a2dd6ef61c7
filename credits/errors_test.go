package credits_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/scriphq/scrip/credits"
)

var sentinels = []error{
	credits.ErrInvalid, credits.ErrInsufficient, credits.ErrIDReused, credits.ErrNotFound,
	credits.ErrOverflow, credits.ErrLimit, credits.ErrUnknown, credits.ErrClosed, credits.ErrFrozen, credits.ErrBusy,
}

func TestErrors(t *testing.T) {
	cause := errors.New("connection lost")
	cases := []struct {
		err  error
		is   error
		want string
	}{
		{&credits.InvalidError{Field: "amount", Reason: "is -1: must not be negative"}, credits.ErrInvalid, "credits: amount is -1: must not be negative"},
		{&credits.InvalidError{Field: "validity", Reason: "gives no window", Err: cause}, credits.ErrInvalid, "credits: validity gives no window"},
		{
			&credits.InsufficientError{Account: "ada", Feature: "ai-music", Needed: credits.Of(30), Available: credits.MustParse("12.5"), Shortfall: credits.MustParse("17.5")},
			credits.ErrInsufficient, `credits: insufficient credits for "ai-music": need 30, have 12.5, missing 17.5`,
		},
		{
			&credits.InsufficientError{Account: "ada", Needed: credits.Of(30), Shortfall: credits.Of(30), NextStart: day(1)},
			credits.ErrInsufficient, `credits: insufficient credits: need 30, have 0, missing 30; more start at 2026-03-11T09:30:00Z`,
		},
		{
			&credits.IDReusedError{Account: "ada", First: credits.Entry{ID: "job-9", Kind: credits.KindSpend, At: start, Amount: credits.Of(-16), Feature: "image"}, Second: "spend 17 for image"},
			credits.ErrIDReused, `credits: ID "job-9" was already used at 2026-03-10T09:30:00Z for "spend 16 for image", not for "spend 17 for image": choose a new ID`,
		},
		{&credits.NotFoundError{Account: "ada", What: "term", ID: "pro", Hint: "start it with Renew"}, credits.ErrNotFound, `credits: term "pro" is not open in account "ada": start it with Renew`},
		{
			&credits.ClosedError{Account: "ada", What: "hold", ID: "job-9", Last: credits.Entry{Kind: credits.KindCapture, At: start}},
			credits.ErrClosed, `credits: hold "job-9" in account "ada" is over: capture at 2026-03-10T09:30:00Z`,
		},
		{&credits.FrozenError{Account: "ada"}, credits.ErrFrozen, `credits: account "ada" is frozen`},
		{
			&credits.BusyError{Account: "ada", ID: "job-9", Until: day(1)},
			credits.ErrBusy, `credits: "job-9" in account "ada" is under way, or was left behind: its hold lapses at 2026-03-11T09:30:00Z`,
		},
		{&credits.OverflowError{Op: "+", A: "1", B: "2"}, credits.ErrOverflow, "credits: 1 + 2 is beyond the limit of 1000000000000 credits"},
		{&credits.OverflowError{Op: "parse", A: "9"}, credits.ErrOverflow, "credits: parse 9 is beyond the limit of 1000000000000 credits"},
		{&credits.LimitError{Account: "ada", What: "open lots", Limit: 10_000}, credits.ErrLimit, `credits: account "ada" has 10000 open lots, the most it may have`},
		{&credits.UnknownError{Account: "ada", ID: "job-9", Err: cause}, credits.ErrUnknown, `credits: outcome of "job-9" on account "ada" unknown, repeat it with the same ID: connection lost`},
	}
	for _, c := range cases {
		t.Run(c.want, func(t *testing.T) {
			if got := c.err.Error(); got != c.want {
				t.Errorf("Error() = %q, want %q", got, c.want)
			}
			wrapped := fmt.Errorf("while billing: %w", c.err)
			for _, sentinel := range sentinels {
				if got := errors.Is(wrapped, sentinel); got != (sentinel == c.is) {
					t.Errorf("errors.Is(%v, %v) = %v, want %v", wrapped, sentinel, got, sentinel == c.is)
				}
			}
		})
	}
	for _, err := range []error{&credits.InvalidError{Err: cause}, &credits.UnknownError{Err: cause}, &credits.TransitError{Err: cause}} {
		if !errors.Is(err, cause) {
			t.Errorf("errors.Is(%T, its cause) = false, want true", err)
		}
	}
}

// The first intent is told from the entry that has the ID.
func TestIDReusedErrorSaysWhatTheIDWasUsedFor(t *testing.T) {
	allowance := &credits.Allowance{ID: "plan", Amount: credits.Of(5), Every: monthly}
	for _, c := range []struct {
		want  string
		first credits.Entry
	}{
		{"spend 16 for image (3 images) from api", credits.Entry{Kind: credits.KindSpend, Amount: credits.Of(-16), Feature: "image", Quantity: "3 images", Source: "api"}},
		{"spend 0", credits.Entry{Kind: credits.KindSpend}},
		{"reserve 3 for image", credits.Entry{Kind: credits.KindReserve, Feature: "image", Hold: &credits.Hold{Reserved: credits.Of(3)}}},
		{"capture 2 of job", credits.Entry{Kind: credits.KindCapture, Of: "job", Amount: credits.Of(-2), Hold: &credits.Hold{Reserved: credits.Of(3)}}},
		{"release of job", credits.Entry{Kind: credits.KindRelease, Of: "job", Hold: &credits.Hold{Reserved: credits.Of(3)}}},
		{"grant 5 of plan from subscription", credits.Entry{Kind: credits.KindGrant, Of: "plan", Amount: credits.Of(5), Source: "subscription"}},
		{"grant 5 from subscription", credits.Entry{Kind: credits.KindGrant, Of: "plan", Amount: credits.Of(5), Source: "subscription", Allowance: allowance}},
		{"allow plan: 5 every 1 month", credits.Entry{Kind: credits.KindAllow, Of: "plan", Allowance: allowance}},
		{"renew pro until 2026-03-11T09:30:00Z", credits.Entry{Kind: credits.KindRenew, Term: &credits.Term{ID: "pro", Until: day(1)}}},
	} {
		err := &credits.IDReusedError{First: c.first, Second: "something else"}
		if want := `for "` + c.want + `", not for "something else"`; !strings.Contains(err.Error(), want) {
			t.Errorf("Error() = %s, want ... %s", err, want)
		}
	}
}

// TestR08_ covers a key that was accepted with another payload: the error names
// the key and both intents, and the two can be told apart.
func TestR08_AReusedIDNamesBothIntents(t *testing.T) {
	cases := []struct {
		name          string
		first, second credits.Spend
	}{
		{"another amount", credits.Spend{Amount: credits.Of(5)}, credits.Spend{Amount: credits.Of(6)}},
		{"another feature", credits.Spend{Feature: "image"}, credits.Spend{Feature: "music"}},
		{"another quantity", credits.Spend{Quantity: "1 use"}, credits.Spend{Quantity: "2 uses"}},
		{"another version of the card", credits.Spend{Price: credits.Price{Card: "c", Version: "1"}}, credits.Spend{Price: credits.Price{Card: "c", Version: "2"}}},
		{"other notes", credits.Spend{Meta: map[string]string{"try": "1"}}, credits.Spend{Meta: map[string]string{"try": "2"}}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t)
			d.grant(credits.Grant{ID: "pack", Amount: credits.Of(100)})
			c.first.ID, c.second.ID = "job-9", "job-9"
			c.first.Account, c.second.Account = "ada", "ada"
			first := d.spend(c.first)
			err := d.refusesSpend(credits.ErrIDReused, c.second)
			reused, ok := errors.AsType[*credits.IDReusedError](err)
			if !ok || reused.Account != "ada" || compare(first.Entry, reused.First) != "" {
				t.Fatalf("Spend(job-9 again) = %#v, want an *IDReusedError with the first entry", err)
			}
			message := err.Error()
			_, intents, _ := strings.Cut(message, " for ")
			was, is, _ := strings.Cut(strings.TrimSuffix(intents, ": choose a new ID"), ", not for ")
			if !strings.Contains(message, `"job-9"`) || was == "" || was == is {
				t.Errorf("Spend(job-9 again) = %q, want the ID and two intents that differ", message)
			}
			if sentence := "spend 0"; c.name == "other notes" && (was != `"`+sentence+`"` || is != `"`+sentence+` with other details"`) {
				t.Errorf("Spend(job-9 again) = %q, want intents that differ in their details", message)
			}
			if got := d.spend(c.first); !got.Replayed || compare(first.Entry, got.Entry) != "" {
				t.Errorf("Spend(job-9, the first intent) = replayed %v, want the first receipt", got.Replayed)
			}
		})
	}
}

func TestErrorsClipWhatTheyQuote(t *testing.T) {
	d := newDesk(t)
	huge := strings.Repeat("é\n", 100_000)
	for _, run := range []func() error{
		func() error { return second(d.ledger.Spend(d.ctx, credits.Spend{ID: huge, Account: "ada"})) },
		func() error { return second(d.ledger.Spend(d.ctx, credits.Spend{ID: "a", Account: huge})) },
		func() error {
			return second(d.ledger.Spend(d.ctx, credits.Spend{ID: "a", Account: "ada", Quantity: "x\n" + strings.Repeat("x", credits.MaxTextLen-10)}))
		},
		func() error {
			return second(d.ledger.Spend(d.ctx, credits.Spend{ID: "a", Account: "ada", Meta: map[string]string{huge: ""}}))
		},
		func() error {
			return second(d.ledger.Grant(d.ctx, filledGrant(credits.Grant{ID: "a", Amount: credits.Of(1), Paid: credits.Money{Minor: 1, Currency: huge}})))
		},
	} {
		if err := d.refuses(credits.ErrInvalid, run); len(err.Error()) > 300 || strings.Contains(err.Error(), "\n") {
			t.Errorf("error = %d bytes, %.300q, want a short line", len(err.Error()), err.Error())
		}
	}
}
