package credits

import (
	"time"

	"github.com/scriphq/scrip/expiry"
)

// Everything an account can hold is bounded, so that the cost of a decision is.
const (
	// MaxIDLen bounds, in bytes, the account, and every ID and term of a caller's
	// (IDs that the library derives from them can be 64 bytes longer): long
	// enough for two UUIDs or a URL path, short enough for any index.
	MaxIDLen = 128

	// MaxNameLen bounds, in bytes, a feature, a source, and a rate card's name
	// and version.
	MaxNameLen = 128

	// MaxTextLen bounds, in bytes, a quantity and an explanation: a sentence
	// per meter, not a document.
	MaxTextLen = 2048

	// MaxFeatures bounds the features that one lot names. A lot for more is a
	// lot for all, or belongs to a group that the caller names as one feature.
	MaxFeatures = 64

	// MaxMetaPairs and MaxMetaLen bound the notes on a command: how many, and
	// how many bytes all keys and values have together.
	MaxMetaPairs = 32
	MaxMetaLen   = 4096

	// MaxPriority bounds the priority of a lot, up and down.
	MaxPriority = expiry.MaxPriority

	// MaxLots bounds the open lots of an account. A daily lot that never ends
	// takes 27 years to reach it.
	MaxLots = 10_000

	// MaxTerms bounds the open terms of an account.
	MaxTerms = 100

	// MaxHolds bounds the open holds of an account: the jobs it runs at once.
	MaxHolds = 10_000

	// MaxAllowances bounds the running allowances of an account.
	MaxAllowances = 100
)

// MaxHold bounds how far away a hold's deadline may be, so that what a dead
// process left comes back.
const MaxHold = 31 * 24 * time.Hour
