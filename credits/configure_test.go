package credits_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
)

func TestConfigureChangesWhatIsGiven(t *testing.T) {
	b := stocked(t)
	for _, c := range []struct {
		name      string
		configure credits.Configure
		want      credits.Settings
	}{
		{"an overdraft alone", credits.Configure{Overdraft: new(credits.Of(5))}, credits.Settings{Overdraft: credits.Of(5)}},
		{"freezing keeps the overdraft", credits.Configure{Frozen: new(true)}, credits.Settings{Overdraft: credits.Of(5), Frozen: true}},
		{"an overdraft of nothing keeps it frozen", credits.Configure{Overdraft: new(credits.Amount{})}, credits.Settings{Frozen: true}},
		{"both at once", credits.Configure{Overdraft: new(credits.Of(2)), Frozen: new(false)}, credits.Settings{Overdraft: credits.Of(2)}},
		{"the same again is recorded", credits.Configure{Overdraft: new(credits.Of(2))}, credits.Settings{Overdraft: credits.Of(2)}},
	} {
		c.configure.ID = c.name
		got := b.configure(c.configure)
		if got.Kind != credits.KindConfigure || !got.Amount.IsZero() || got.Settings == nil || *got.Settings != c.want {
			t.Errorf("Configure(%s) = %s %v, %+v, want configure 0, %+v", c.name, got.Kind, got.Amount, got.Settings, c.want)
		}
		if got := b.balance(); got.Overdraft != c.want.Overdraft || got.Frozen != c.want.Frozen {
			t.Errorf("Balance(%s) = overdraft %v, frozen %v, want %+v", c.name, got.Overdraft, got.Frozen, c.want)
		}
	}
}

func TestConfigureRefusesWhatIsInvalid(t *testing.T) {
	for _, c := range []struct {
		name  string
		field string
		set   func(*credits.Configure)
	}{
		{"an ID is required", "id", func(c *credits.Configure) { c.ID = "" }},
		{"an ID is not the library's own", "id", func(c *credits.Configure) { c.ID = "~x" }},
		{"an account is required", "account", func(c *credits.Configure) { c.Account = "" }},
		{"something is to change", "settings", func(c *credits.Configure) { c.Overdraft = nil }},
		{"an overdraft is not negative", "amount", func(c *credits.Configure) { c.Overdraft = new(credits.Micros(-1)) }},
		{"notes are not too many", "meta", func(c *credits.Configure) { c.Meta = notes(credits.MaxMetaPairs+1, 2) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := stocked(t)
			command := credits.Configure{ID: "limit", Account: "ada", Overdraft: new(credits.Of(1))}
			c.set(&command)
			if got := field(b.fails(credits.ErrInvalid, command)); got != c.field {
				t.Errorf("Configure(%+v) = an error about %q, want %q", command, got, c.field)
			}
		})
	}
	b := stocked(t)
	b.fails(credits.ErrOverflow, credits.Configure{ID: "limit", Account: "ada", Overdraft: new(credits.Micros(credits.MaxCredits*1_000_000 + 1))})
}

func TestConfigureIsReplayed(t *testing.T) {
	b := stocked(t)
	overdraft := credits.Of(3)
	first := b.configure(credits.Configure{ID: "limit", Overdraft: &overdraft})
	overdraft = credits.Of(9) // the caller's own again
	if got := b.balance().Overdraft; got != credits.Of(3) {
		t.Errorf("Balance().Overdraft = %v, want 3", got)
	}
	b.configure(credits.Configure{ID: "higher", Overdraft: new(credits.Of(7))})
	again := b.configure(credits.Configure{ID: "limit", Overdraft: new(credits.Of(3))})
	if diff := compare(first.Entry, again.Entry); diff != "" || !again.Replayed {
		t.Errorf("Configure(again) = replayed %v (-first +again):\n%s", again.Replayed, diff)
	}
	if got := b.balance().Overdraft; got != credits.Of(7) {
		t.Errorf("Balance(after a replay).Overdraft = %v, want 7", got)
	}
	for name, other := range map[string]credits.Configure{
		"other overdraft": {Overdraft: new(credits.Of(4))}, "frozen too": {Overdraft: new(credits.Of(3)), Frozen: new(false)},
		"only frozen": {Frozen: new(true)}, "other notes": {Overdraft: new(credits.Of(3)), Meta: map[string]string{"a": "b"}},
	} {
		other.ID, other.Account = "limit", "ada"
		if err := b.fails(credits.ErrIDReused, other); !strings.Contains(err.Error(), "limit") {
			t.Errorf("Configure(%s) = %v, want the ID named", name, err)
		}
	}
}

func TestAFrozenAccountRefusesUseAndNothingElse(t *testing.T) {
	b := newBooth(t)
	b.grant(credits.Grant{ID: "trial", Amount: credits.Of(5), Validity: expiry.Days(1)})
	b.grant(credits.Grant{ID: "pack", Amount: credits.Of(10)})
	b.reserve(credits.Reserve{ID: "one", Amount: credits.Of(6), Deadline: day(2)})
	b.reserve(credits.Reserve{ID: "two", Amount: credits.Of(2), Deadline: day(3)})
	b.reserve(credits.Reserve{ID: "three", Amount: credits.Of(1), Deadline: day(4)})
	b.spend(credits.Spend{ID: "used", Amount: credits.Of(1)})
	b.configure(credits.Configure{ID: "freeze", Frozen: new(true)})
	for _, command := range []credits.Command{
		credits.Spend{ID: "op", Account: "ada", Amount: credits.Of(1)},
		credits.Spend{ID: "op", Account: "ada"},
		credits.Spend{ID: "op", Account: "ada", Amount: credits.Of(99), Partial: true},
		filledReserve(credits.Reserve{ID: "op", Amount: credits.Of(1)}),
		credits.Extend{ID: "op", Account: "ada", Hold: "one", Deadline: day(9)},
		credits.Extend{ID: "op", Account: "ada", Hold: "one", Amount: credits.Of(1)},
	} {
		frozen, _ := errors.AsType[*credits.FrozenError](b.fails(credits.ErrFrozen, command))
		if frozen == nil || frozen.Account != "ada" {
			t.Errorf("%T(frozen) = %v, want the account named", command, frozen)
		}
	}
	if got := b.spend(credits.Spend{ID: "used", Amount: credits.Of(1)}); !got.Replayed {
		t.Errorf("Spend(used again).Replayed = false, want true")
	}
	b.capture(credits.Capture{ID: "done", Hold: "one", Amount: credits.Of(5)})
	b.release("back", "two")
	b.grant(credits.Grant{ID: "bonus", Amount: credits.Of(1)})
	b.clock.set(day(4)) // time settles: the last hold lapses
	b.wantBalance("frozen", "10", "0")
	b.configure(credits.Configure{ID: "thaw", Frozen: new(false)})
	b.spend(credits.Spend{ID: "op", Amount: credits.Of(10)})
}

// The overdraft is drawn after all lots, counted for every feature, and repaid by
// the next grant before anything else.
func TestDebtIsRepaidByTheNextGrant(t *testing.T) {
	b := stocked(t)
	b.configure(credits.Configure{ID: "limit", Overdraft: new(credits.Of(5))})
	short, _ := errors.AsType[*credits.InsufficientError](b.fails(credits.ErrInsufficient, credits.Spend{ID: "job", Account: "ada", Amount: mustAdd("15", 1)}))
	if short == nil || short.Available != credits.Of(15) || short.Shortfall != credits.Micros(1) {
		t.Errorf("Spend(15.000001 of 15) = %+v, want 15 available, one micro missing", short)
	}
	got := b.spend(credits.Spend{ID: "job", Amount: credits.Of(13)})
	if posted(got.Entry) != "pack -10 0, overdraft -3 0" || got.Balance != credits.Of(-3) {
		t.Errorf("Spend(13) = %s, balance %v, want pack -10 0, overdraft -3 0, -3", posted(got.Entry), got.Balance)
	}
	b.grant(credits.Grant{ID: "small", Amount: credits.Of(2)})
	if got := b.balance(); got.Debt != credits.Of(1) || len(got.Lots) != 0 || got.Posted != credits.Of(-1) {
		t.Errorf("Balance(after 2) = debt %v, lots %v, posted %v, want 1, none, -1", got.Debt, lotIDs(got.Lots), got.Posted)
	}
	b.grant(credits.Grant{ID: "large", Amount: credits.Of(4)})
	if got := b.balance(); !got.Debt.IsZero() || got.Available != credits.Of(3) || got.For("image") != credits.Of(8) {
		t.Errorf("Balance(after 6) = debt %v, available %v, for image %v, want 0, 3, 8", got.Debt, got.Available, got.For("image"))
	}
}

func TestPartialTakesWhatThereIs(t *testing.T) {
	for _, c := range []struct {
		name      string
		overdraft int64
		held      int64
		amount    string
		took      string
		short     string
	}{
		{"all of it where there is enough", 0, 0, "10", "pack 10", "0"},
		{"what there is where there is not", 0, 0, "12.5", "pack 10", "2.5"},
		{"nothing of what is held", 0, 4, "10", "pack 6", "4"},
		{"the overdraft too", 3, 0, "20", "pack 10,  3", "7"},
		{"nothing of a use that is free", 0, 0, "0", "", "0"},
		{"nothing of a use that is free, of an account with nothing", 0, 10, "0", "", "0"},
		{"one micro that is left", 0, 0, "10.000001", "pack 10", "0.000001"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := stocked(t)
			b.configure(credits.Configure{ID: "limit", Overdraft: new(credits.Of(c.overdraft))})
			b.reserve(credits.Reserve{ID: "other", Amount: credits.Of(c.held)})
			command := credits.Spend{ID: "job", Amount: credits.MustParse(c.amount), Partial: true}
			got := b.spend(command)
			if took(got) != c.took || got.Short.String() != c.short {
				t.Errorf("Spend(partial %s) = %q, short %v, want %q, short %s", c.amount, took(got), got.Short, c.took, c.short)
			}
			if sum := credits.Micros(got.Short.Micros() - got.Amount.Micros()); sum.String() != c.amount {
				t.Errorf("Spend(partial %s) = %v and short %v, want a sum of %s", c.amount, got.Amount, got.Short, c.amount)
			}
			b.grant(credits.Grant{ID: "later", Amount: credits.Of(50)})
			if again := b.spend(command); !again.Replayed || compare(got.Entry, again.Entry) != "" {
				t.Errorf("Spend(partial again) = replayed %v, %v, want the first receipt", again.Replayed, again.Entry)
			}
			command.Account, command.Partial = "ada", false
			b.refusesSpend(credits.ErrIDReused, command)
		})
	}
}

func TestPartialOfNothingIsRefused(t *testing.T) {
	b := newBooth(t)
	b.grant(credits.Grant{ID: "songs", Amount: credits.Of(5), Features: []string{"ai-music"}})
	err := b.refusesSpend(credits.ErrInsufficient, credits.Spend{ID: "job", Account: "ada", Feature: "image", Amount: credits.Of(3), Partial: true})
	short, _ := errors.AsType[*credits.InsufficientError](err)
	if short == nil || short.Shortfall != credits.Of(3) || !short.Available.IsZero() || short.Feature != "image" {
		t.Errorf("Spend(partial 3 of 0) = %+v, want 3 missing", short)
	}
}

// indebted is a booth whose account owes 5 beyond its overdraft of nothing.
func indebted(t *testing.T) booth {
	b := newBooth(t)
	b.grant(credits.Grant{ID: "disputed", Amount: credits.Of(5)})
	b.spend(credits.Spend{ID: "used", Amount: credits.Of(5)})
	if _, err := b.ledger.Revoke(b.ctx, credits.Revoke{ID: "dispute", Account: "ada", Lot: "disputed", Debt: true}); err != nil {
		t.Fatalf("Revoke(disputed) = %v, want no error", err)
	}
	return b
}

func TestAFreeUseInDebtChangesNoBalance(t *testing.T) {
	for _, partial := range []bool{false, true} {
		b := indebted(t)
		got := b.spend(credits.Spend{ID: "job", Partial: partial})
		if !got.Amount.IsZero() || !got.Short.IsZero() || got.Balance != credits.Of(-5) {
			t.Errorf("Spend(0, partial %v) = %v, short %v, balance %v, want 0, 0, -5", partial, got.Amount, got.Short, got.Balance)
		}
		b.refusesSpend(credits.ErrInsufficient, credits.Spend{ID: "more", Account: "ada", Amount: credits.Of(1), Partial: partial})
	}
}

// The figures of the most that can be owed, held and asked for are errors or
// amounts, never a crash.
func TestOverdraftAtTheBounds(t *testing.T) {
	most := credits.Of(credits.MaxCredits)
	t.Run("an overdraft of the most beside a lot", func(t *testing.T) {
		b := stocked(t)
		b.configure(credits.Configure{ID: "limit", Overdraft: &most})
		if got := b.balance(); got.For("image") != most {
			t.Errorf("Balance().For(image) = %v, want %v", got.For("image"), most)
		}
		if got := b.spend(credits.Spend{ID: "job", Amount: most, Partial: true}); got.Amount != most.Neg() || !got.Short.IsZero() {
			t.Errorf("Spend(most) = %v, short %v, want all of it", got.Amount, got.Short)
		}
		b.refusesSpend(credits.ErrInsufficient, credits.Spend{ID: "more", Account: "ada", Amount: credits.Of(11)})
	})
	t.Run("asking for the most in debt", func(t *testing.T) {
		b := indebted(t)
		b.refusesSpend(credits.ErrOverflow, credits.Spend{ID: "job", Account: "ada", Amount: most})
		b.refusesSpend(credits.ErrInsufficient, credits.Spend{ID: "job", Account: "ada", Amount: credits.Of(credits.MaxCredits - 5)})
	})
}
