// Package pricing says what a use of a feature costs in credits, and why; and what
// credits cost in money, in plans and packs.
//
// A [Rule] prices one feature, a [RateCard] all features of a service from an
// instant on, a [Catalog] has the cards one after the other, and what is sold. A
// [Use] is what a feature was used for. Its [Quote] is the price, as a value to
// keep: itemised, with a sentence for people, and the command that pays it.
//
//	card, err := catalog.Card(now)
//	quote, err := card.Quote(pricing.Use{Feature: "speech-to-text", Quantity: pricing.Duration(length)})
//	receipt, err := ledger.Spend(ctx, quote.Spend("job-9", "ada"))
//
// Where the quantity is known only afterwards, [RateCard.QuoteMax] prices the most
// that it can be, [Quote.Reserve] holds that, and the [Quote.Capture] of the quote
// of what was used pays and gives the rest back.
//
// # The catalog
//
// A catalog is JSON, which [Load] reads strictly and [Schema] describes:
//
//	{
//	  "name": "studio",
//	  "cards": [{
//	    "name": "studio", "version": "2026-01", "effective": "2026-01-01T00:00:00Z",
//	    "features": {
//	      "ai-image":       {"credits": 10},
//	      "speech-to-text": {"credits": 4, "per": "1 minute"},
//	      "text-to-speech": {"credits": 1, "per": "10 words"},
//	      "text-to-video": {"by": "audio", "most": "8 seconds", "prices": {
//	        "yes": {"credits": 5, "per": "1 second"},
//	        "no":  {"credits": 3, "per": "1 second"}}},
//	      "chat": {"meters": {
//	        "input tokens":  {"credits": 6.3, "per": "1000 tokens", "charge": "pro rata"},
//	        "output tokens": {"credits": 18.8, "per": "1000 tokens", "charge": "pro rata"}}}
//	    }
//	  }],
//	  "plans": {
//	    "pro":  {"credits": 500, "cycle": "1 month", "price": "20 USD",
//	             "valid": "end of period", "rollover": "at most 2x the grant for 1 month, once"},
//	    "year": {"credits": 500, "cycle": "1 month", "price": "200 USD", "billed": "1 year", "valid": "end of period"},
//	    "free": {"credits": 5, "cycle": "1 day", "refill": "reset", "limit": "at most 30 within 1 month", "valid": "permanent"}
//	  },
//	  "packs": {
//	    "small": {"credits": 125, "price": "49 USD", "valid": "1 year", "nonrefundable": true,
//	              "auto": {"below": 50, "limit": "at most 250 within 1 month"}},
//	    "large": {"credits": 300, "price": "99 USD", "valid": "permanent", "usable": "while subscribed"}
//	  },
//	  "bonuses": {
//	    "welcome": {"credits": 100, "once": "per account", "valid": "permanent"},
//	    "login":   {"credits": 2, "once": "per day in Asia/Shanghai", "valid": "30 days", "features": ["ai-image"], "priority": -1}
//	  },
//	  "conversions": {
//	    "minutes": {"credits": 4, "per": "1 minute", "charge": "pro rata", "round": "up to 1", "valid": "permanent"}
//	  }
//	}
//
// The cards follow each other in time: the latest that is effective is in force. A
// price changes with a new card. What brings credits says when they end, "valid",
// in the words of [github.com/scriphq/scrip/expiry.Parse]; and further
//
//	"rollover": "all for 1 month"     what goes on when they end, and for how long;
//	                                  with ", priority 1" to be spent after others
//	"usable": "while subscribed"      they are frozen without the subscription, not lost
//	"features": ["ai-image"]          what they pay for, instead of everything
//	"priority": -1                    they are spent before others, or after
//	"nonrefundable": true             no money is given back for them
//
// A [Plan] brings credits every cycle. The service sends a command for each,
// [Plan.Grant], or once the [Plan.Allow] of an allowance by which they come of
// themselves, the cycle under way included; never both. A payment sends [Plan.Renew]
// before either. A [Pack] is bought, a [Bonus] is earned, a [Conversion] is made of
// an older entitlement. All commands have IDs that follow from what happened, so
// that an event which is delivered twice counts once.
//
// A pack with "auto" is bought by itself when the balance falls below a trigger, and
// no more than its limit: the ledger says so in a notice, [Pack.TopUp] works out
// from the account's history whether to buy, and the service charges and sends the
// grant. One fall buys once, however often its notice is delivered and however much
// is spent below.
//
// # Rules
//
// A price is credits for each block of a quantity. A block that was started is
// charged whole, unless the rule says "pro rata": 61 s at 4 per minute cost 8, or
// 4.066667. Everything else refines that, in the order that [Rule] describes:
//
//	"most": "8 seconds"                  more is refused, or cut with "beyond": "clamp"
//	"step": "30 seconds"                 the quantity is rounded up first
//	"free": "1 minute"                   this much of every use costs nothing
//	"tiers": [...], "tiering": ...       rates by quantity, "graduated" or "volume"
//	"factors": {"quality": {"HD": 2}}    by the value of an attribute
//	"plus": [{"credits": 1}]             surcharges, flat or by blocks of their own
//	"least": 20                          a minimum charge
//	"round": "up to 0.01"                the one rounding
//
// A use has exactly the attributes that its price depends on: of a price table,
// those of the rule that it chooses.
//
// # Quantities
//
// A [Quantity] is an exact count in a [Unit]. [Duration], [Count], [Words] and
// [Characters] measure, [ParseQuantity] reads. There is no floating point in this
// package: quantities, rates and factors are exact, whatever their size, until a
// price is rounded at the end. Without a "round" it is rounded up to a millionth
// of a credit, the precision of an amount, so that the smallest use is not free.
//
// # Errors
//
// Nothing is free, cut or assumed by accident. An unknown feature is [ErrFeature];
// an attribute that is missing, unknown, or has an unknown value [ErrAttribute]; a
// quantity that is missing, negative, in the wrong unit, or given where none is
// counted [ErrQuantity]; one above the maximum [ErrMost]. Each error says what
// would be right. A price that is not written down is [ErrRule] when the card is
// validated, and when it is used; a free feature says "credits": 0. A price beyond
// [github.com/scriphq/scrip/credits.MaxCredits] is
// [github.com/scriphq/scrip/credits.ErrOverflow].
//
// A document that is no catalog is [ErrCatalog], with line, column and path; what a
// catalog does not have [ErrUnknown]; an event that lacks something [ErrGrant]; a
// low balance that buys nothing [ErrTopUp], with the instant at which it may.
//
// More never costs less, with one exception that is the point of it: [Volume]
// tiers whose rates fall.
//
// # Time and concurrency
//
// Cards and rules are plain data, read and never changed by this package; any
// number of goroutines may quote from one. [InForce] and [Catalog.Card] pick the
// card for an instant, which is an argument. A quote keeps the name and version of
// its card, and shares nothing with it: keep it with the job that it is for.
package pricing
