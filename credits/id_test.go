package credits_test

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
)

func TestNewID(t *testing.T) {
	shape := regexp.MustCompile(`^[a-z2-7]{26}$`)
	seen := make(map[string]bool)
	for range 1000 {
		id := credits.NewID()
		if !shape.MatchString(id) || seen[id] {
			t.Fatalf("NewID() = %q, want 26 letters and digits that were not seen before", id)
		}
		seen[id] = true
	}
	d := newDesk(t)
	id := credits.NewID()
	if got := d.grant(credits.Grant{ID: id, Amount: credits.Of(1)}); got.ID != id || got.Lots[0].ID != id {
		t.Errorf("Grant(%q) = entry %q, lot %q, want the ID given", id, got.ID, got.Lots[0].ID)
	}
}

func TestIDsMayBeWhateverABusinessObjectIsCalled(t *testing.T) {
	for _, id := range []string{"a", "order/2026/03/10#7", "evt_1N~3", "größe", "注文-7", "🎟", "a b", "-1", "0", `"quoted"`, "a%2Fb", "end/pack"} {
		d := newDesk(t)
		d.grant(credits.Grant{ID: id, Account: id, Amount: credits.Of(1)})
		if got := d.record(id).Entries; len(got) != 1 || got[0].ID != id || got[0].Account != id {
			t.Errorf("Grant(%q) = entries %v, want one of that ID and account", id, got)
		}
	}
}

func TestNotesAreBoundedTogether(t *testing.T) {
	d := newDesk(t)
	half := strings.Repeat("x", credits.MaxMetaLen/2-1)
	fits := credits.Grant{ID: "fits", Amount: credits.Of(1), Meta: map[string]string{"a": half, "b": half}}
	d.grant(fits)
	fits.ID, fits.Account, fits.Validity, fits.Meta = "more", "ada", expiry.Permanent(), map[string]string{"a": half, "b": half + "x"}
	if err := d.refusesGrant(credits.ErrInvalid, fits); field(err) != "meta" {
		t.Errorf("Grant(a byte of notes too many) = %v, want an error about meta", err)
	}
}

func TestIDsAreComparedByteForByte(t *testing.T) {
	d := newDesk(t)
	for _, id := range []string{"job", "Job", "job ", "jo\u0301b", "jób"} {
		if got := d.grant(credits.Grant{ID: id, Amount: credits.Of(1)}); got.Replayed {
			t.Errorf("Grant(%q).Replayed = true, want a new lot", id)
		}
	}
}

func TestIDsAreUniqueWithinAnAccountOnly(t *testing.T) {
	d := newDesk(t)
	for _, account := range []string{"ada", "bob"} {
		if got := d.grant(credits.Grant{ID: "welcome", Account: account, Amount: credits.Of(1)}); got.Replayed || got.Seq != 1 {
			t.Errorf("Grant(welcome to %s) = entry %d, replayed %v, want the account's first", account, got.Seq, got.Replayed)
		}
	}
}

// An ID may be the name of a term, or of a lot that has ended: entries that time
// made of those are not operations of that name.
func TestIDsMayBeThoseOfTermsThatLapsed(t *testing.T) {
	d := newDesk(t)
	d.renew(credits.Renew{ID: "sub", Term: "pro", Until: day(1)})
	d.clock.set(day(2))
	sweep(d)
	if got := d.grant(credits.Grant{ID: "pro", Amount: credits.Of(1)}); got.Replayed {
		t.Errorf("Grant(pro).Replayed = true, want a new lot")
	}
}

// What time did to a lot or a term has an ID that no caller can choose, and so
// cannot be taken beforehand, however long the names are.
func TestIDsOfWhatTimeDidAreOutOfReach(t *testing.T) {
	d := newDesk(t)
	id, term := strings.Repeat("l", credits.MaxIDLen), strings.Repeat("t", credits.MaxIDLen)
	d.renew(credits.Renew{ID: "sub", Term: term, Until: day(1)})
	d.grant(credits.Grant{ID: id, Amount: credits.Of(1), Validity: expiry.WhileSubscribed(), Term: term})
	d.clock.set(day(1))
	for _, entry := range d.history(credits.Query{After: 2}) {
		if !strings.HasPrefix(entry.ID, "~") || entry.Of != id && entry.Of != term {
			t.Errorf("entry %d = ID %.20q of %.20q, want one of the library's", entry.Seq, entry.ID, entry.Of)
		}
		d.refusesSpend(credits.ErrInvalid, credits.Spend{ID: entry.ID, Account: "ada"})
	}
}

// Most texts are printable ASCII and known to be so at a glance, which misses nothing.
func TestTextWithAWrongByteAnywhereIsRefused(t *testing.T) {
	d := newDesk(t)
	for size := 1; size <= 20; size++ {
		for at := range size {
			for b := range 256 {
				text := []byte(strings.Repeat("x", size))
				text[at] = byte(b)
				_, err := d.ledger.Spend(d.ctx, credits.Spend{ID: "job", Account: "ada", Feature: string(text)})
				wrong := b < ' ' || b > '~' // a control character, or not UTF-8
				if got := errors.Is(err, credits.ErrInvalid); got != wrong {
					t.Fatalf("Spend(for %q) = %v, want refused %v", text, err, wrong)
				}
			}
		}
	}
}
