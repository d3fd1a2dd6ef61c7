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
	KindGrant     Kind = "grant"     // credits came in as a new lot
	KindSpend     Kind = "spend"     // a use was paid
	KindReserve   Kind = "reserve"   // credits were set aside
	KindExtend    Kind = "extend"    // a hold got more time or more credits
	KindCapture   Kind = "capture"   // a use was paid from a hold
	KindRelease   Kind = "release"   // a hold's credits went back
	KindRefund    Kind = "refund"    // a spend or capture was given back
	KindRevoke    Kind = "revoke"    // a lot was taken back
	KindRenew     Kind = "renew"     // a term started, its end was put off, or it was ended
	KindAllow     Kind = "allow"     // an allowance was set, changed or stopped
	KindAmend     Kind = "amend"     // a lot's end, features or priority changed
	KindConfigure Kind = "configure" // the account's settings changed
	KindTransfer  Kind = "transfer"  // credits went to or came from another account

	// What time did:
	KindEnd      Kind = "end"      // a lot's rest ended unspent: breakage
	KindRollover Kind = "rollover" // what goes on of an ended lot moved into a new one
	KindLapse    Kind = "lapse"    // a term or a hold reached its end
)

// kinds are all there are.
var kinds = []Kind{
	KindGrant, KindSpend, KindReserve, KindExtend, KindCapture, KindRelease, KindRefund, KindRevoke, KindRenew,
	KindAllow, KindAmend, KindConfigure, KindTransfer, KindEnd, KindRollover, KindLapse,
}

// Entry is one line of an account's append-only ledger. Entries never change.
//
// What a user did has the caller's ID. What time did is stamped with the instant
// it was due, and has an ID that starts with "~", which no caller's ID may.
type Entry struct {
	Account string
	Seq     int64 // 1, 2, 3 and so on within the account, without a gap
	ID      string
	Of      string // what it is about: a lot, a hold, a term, an allowance, an entry; empty: itself
	Kind    Kind
	At      time.Time // UTC, whole microseconds; never before the entry before it

	Amount   Amount    // the change of the balance: negative for a spend
	Balance  Amount    // the balance after it
	Postings []Posting // how Amount is spread over lots

	Short Amount // how much of a Partial spend was not there to be spent

	Feature  string // what was used, for a spend
	Quantity string // how much of it, in words: "3m20s"
	Price    Price  // why it cost what it cost

	Source string // of the lot that a grant, an end or a change is about
	Peer   string // the other account of a transfer
	Money  Money  // of a revoked lot: what was paid for the part that was left; NonRefundable: nothing

	// What the entry set, as it left it; nil: none.
	Lots      []Lot // opened, amended or taken back; of a transfer, what went over
	Hold      *Hold
	Term      *Term
	Allowance *Allowance
	Settings  *Settings

	Meta   map[string]string // the caller's notes; nil: none
	Digest Digest            // fingerprint of the command; zero for what time did
}

// Posting is the change of one lot: what an entry adds to, or takes from, the
// lot's available and held credits. The empty Lot is the overdraft: what is taken
// from it is debt.
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

	// HoldNow is the hold that the command made or used, as it is now, also in a
	// replay, where Entry.Hold is as it was then: one that is Settled cannot be
	// captured any more. nil: the command is not about a hold.
	HoldNow *Hold
}

// Clone returns a copy that shares no memory with e.
func (e Entry) Clone() Entry {
	e.own()
	return e
}

// own makes all that e points to its own.
func (e *Entry) own() {
	e.Postings = slices.Clone(e.Postings)
	e.Meta = maps.Clone(e.Meta)
	e.Lots = cloneLots(e.Lots)
	if e.Hold != nil {
		e.Hold = cloned(e.Hold)
	}
	if e.Allowance != nil {
		e.Allowance = cloned(e.Allowance)
	}
	if e.Term != nil {
		term := *e.Term
		e.Term = &term
	}
	if e.Settings != nil {
		settings := *e.Settings
		e.Settings = &settings
	}
}

// cloned returns a pointer to a clone; nil gives nil.
func cloned[T interface{ Clone() T }](p *T) *T {
	if p == nil {
		return nil
	}
	clone := (*p).Clone()
	return &clone
}

// summary says in a few words what the entry did.
func (e *Entry) summary() string {
	words := []string{string(e.Kind)}
	amount := e.Amount
	if amount.Sign() < 0 {
		amount = amount.Neg()
	}
	switch {
	case e.Term != nil:
		words = append(words, e.Term.ID, "until", e.Term.Until.Format(time.RFC3339Nano))
	case e.Kind == KindAllow && e.Allowance != nil:
		words = append(words, e.Of+":", e.Allowance.Amount.String(), "every", e.Allowance.Every.String())
	case e.Kind == KindReserve && e.Hold != nil:
		words = append(words, e.Hold.Reserved.String())
	case !amount.IsZero() || e.Of == "":
		words = append(words, amount.String())
	}
	if e.Of != "" && e.Allowance == nil {
		words = append(words, "of", e.Of)
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
