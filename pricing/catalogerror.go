package pricing

import (
	"errors"
	"fmt"
	"time"

	"github.com/scriphq/scrip/pricing/internal/strictjson"
)

// The errors of catalogs that callers branch on, with [errors.Is]. After any of
// them nothing was made.
var (
	// ErrCatalog: a document is not a catalog; the error is a [*CatalogError]
	// with the place.
	ErrCatalog = errors.New("pricing: not a catalog")

	// ErrUnknown: the catalog has no card, plan, pack, bonus or conversion as
	// asked for; the error is an [*UnknownError] that lists those it has.
	ErrUnknown = errors.New("pricing: not in the catalog")

	// ErrGrant: the business event does not make a grant; the error is a
	// [*GrantError] with the field that is wrong.
	ErrGrant = errors.New("pricing: no grant")

	// ErrTopUp: a crossing is not to be acted on, or not yet; the error is a
	// [*TopUpError] with the instant.
	ErrTopUp = errors.New("pricing: no top-up")

	// ErrNoPack: no pack, or no combination of packs, covers the credits needed;
	// the error is a [*NoPackError].
	ErrNoPack = errors.New("pricing: no pack")
)

// CatalogError says where a document is not a catalog, and why.
type CatalogError struct {
	Line   int    // from 1
	Column int    // in characters, from 1
	Path   string // such as cards[0].features["speech-to-text"].per; empty: the document
	Reason string // one clause
	Err    error  // the cause, such as a [*RuleError] or [*TextError]; nil: none
}

func (e *CatalogError) Error() string {
	return "pricing: catalog: " + (*strictjson.Error)(e).Error()
}

// Is reports whether target is [ErrCatalog].
func (e *CatalogError) Is(target error) bool { return target == ErrCatalog }

// Unwrap returns Err.
func (e *CatalogError) Unwrap() error { return e.Err }

// UnknownError names what a catalog does not have.
type UnknownError struct {
	Catalog string   // its name
	What    string   // "plan", "pack", "bonus", "conversion" or "rate card"
	ID      string   // as asked for; of a card, the instant
	Allowed []string // what the catalog has, sorted; of cards, the instants they begin at
}

func (e *UnknownError) Error() string {
	return fmt.Sprintf("pricing: catalog %s has no %s %s: want %s", quote(e.Catalog), e.What, quote(e.ID), list(e.Allowed))
}

// Is reports whether target is [ErrUnknown].
func (e *UnknownError) Is(target error) bool { return target == ErrUnknown }

// GrantError says which part of a business event makes no grant, and why.
type GrantError struct {
	Item   string // what was to be granted: pack "small"
	Field  string // as the caller knows it: "order"
	Reason string // reads on after the field: "is missing"
}

func (e *GrantError) Error() string {
	return "pricing: " + e.Item + ": " + e.Field + " " + e.Reason
}

// Is reports whether target is [ErrGrant].
func (e *GrantError) Is(target error) bool { return target == ErrGrant }

// TopUpError says why a pack is not bought by itself.
type TopUpError struct {
	Account string
	Pack    string    // its ID
	Seq     int64     // of the crossing
	Reason  string    // one clause
	Next    time.Time // from when on the limit has room for the same crossing; zero: it never is to be acted on
}

func (e *TopUpError) Error() string {
	text := fmt.Sprintf("pricing: no top-up of account %s with pack %s for entry %d: %s", quote(e.Account), quote(e.Pack), e.Seq, e.Reason)
	if !e.Next.IsZero() {
		text += ", which has room again from " + e.Next.Format(time.RFC3339Nano)
	}
	return text
}

// Is reports whether target is [ErrTopUp].
func (e *TopUpError) Is(target error) bool { return target == ErrTopUp }
