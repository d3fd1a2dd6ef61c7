package credits

import (
	"encoding/hex"
	"maps"
	"slices"
	"strings"
	"time"
)

// Kind says what an entry records.
type Kind string

const (
	KindGrant Kind = "grant" // credits came in as a new lot
	KindSpend Kind = "spend" // a use was paid
	KindRenew Kind = "renew" // a term started, moved or was ended
	KindEnd   Kind = "end"   // a lot's rest ended unspent: breakage
	KindLapse Kind = "lapse" // a term reached its end
)

// Entry is one line of an account's append-only ledger. Entries never change.
//
// What a user did has the caller's ID. What time did (KindEnd, KindLapse) is stamped with the instant it was due, and has an ID that starts
// with "~", which no caller's ID may.
type Entry struct {
	Account string
	Seq     int64 // 1, 2, 3 and so on within the account, without a gap
	ID      string
	Of      string // the lot of a KindEnd, the term of a KindLapse; else empty
	Kind    Kind
	At      time.Time // UTC, whole microseconds; never before the entry before it

	Amount   Amount    // the change of the balance: negative for a spend
	Balance  Amount    // the balance after it
	Postings []Posting // how Amount is spread over lots

	Feature  string // what was used, for a spend
	Quantity string // how much of it, in words: "3m20s"
	Price    Price  // why it cost what it cost

	Source string // a grant's

	// Lot is the lot that the entry opened, as it was then; nil: none.
	Lot *Lot
	// Term is the term that the entry started, moved or closed; nil: none.
	Term *Term

	Meta   map[string]string // the caller's notes; nil: none
	Digest Digest            // fingerprint of the command; zero for what time did
}

// Posting is the change of one lot: what an entry adds to, or takes from, the
// lot's available and held credits.
type Posting struct {
	Lot       string
	Available Amount
	Held      Amount
}

// Price says how an amount came about, as of when it was quoted. A later change
// of the rate card does not change it.
type Price struct {
	Card        string // the rate card's name
	Version     string // and version
	Explanation string // a sentence: "3m20s = 4 started minutes x 4 = 16"
}

// IsZero reports whether nothing is said about the price.
func (p Price) IsZero() bool { return p == Price{} }

// Digest is a fingerprint of what the caller said in a command. Two commands
// with the same digest have the same intent.
type Digest [16]byte

// String returns the digest as 32 hexadecimal digits.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// MarshalText returns what [Digest.String] returns. The error is always nil.
func (d Digest) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads 32 hexadecimal digits and changes d only on success.
func (d *Digest) UnmarshalText(text []byte) error {
	var read Digest
	if len(text) != hex.EncodedLen(len(read)) {
		return &InvalidError{Field: "digest", Reason: "is not 32 hexadecimal digits"}
	}
	if _, err := hex.Decode(read[:], text); err != nil {
		return &InvalidError{Field: "digest", Reason: "is not 32 hexadecimal digits"}
	}
	*d = read
	return nil
}

// Receipt is the answer to a command: the entry it made, or had made before.
type Receipt struct {
	Entry

	// Replayed says that the same command had already taken effect: Entry is
	// what it did then, and nothing was written now.
	Replayed bool
}

// Clone returns a copy that shares no memory with e.
func (e Entry) Clone() Entry {
	e.Postings = slices.Clone(e.Postings)
	e.Meta = maps.Clone(e.Meta)
	if e.Lot != nil {
		lot := e.Lot.Clone()
		e.Lot = &lot
	}
	if e.Term != nil {
		term := *e.Term
		e.Term = &term
	}
	return e
}

// summary says in a few words what the entry did.
func (e *Entry) summary() string {
	words := []string{string(e.Kind)}
	switch {
	case e.Term != nil:
		words = append(words, e.Term.ID, "until", e.Term.Until.Format(time.RFC3339Nano))
	case e.Amount.Sign() < 0:
		words = append(words, e.Amount.Neg().String())
	default:
		words = append(words, e.Amount.String())
	}
	if e.Feature != "" {
		words = append(words, "for", e.Feature)
	}
	if e.Quantity != "" {
		words = append(words, "("+e.Quantity+")")
	}
	if e.Source != "" {
		words = append(words, "from", e.Source)
	}
	return strings.Join(words, " ")
}
