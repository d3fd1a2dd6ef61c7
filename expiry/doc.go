// Package expiry says when credits end, and how much of them goes on after that.
//
// A [Policy] is a rule, written as a person would: "30 days", "1 month",
// "permanent", "while subscribed", "earliest(1 year, while subscribed)". Asked
// about an [Issuance] (when the credits start, their subscription and their billing
// period) it answers with a [Window]:
//
//	policy := expiry.MustParse("30 days")
//	window, err := policy.Window(expiry.Issuance{At: at})
//
// A [Span] is a length of calendar time that recurs from an anchor, such as the
// monthly grant of a plan. A [Rollover] says what becomes of the credits left in a
// lot that ends: "at most 500 for 1 month, once".
//
// All three are plain values with one canonical text, which is also their form in
// JSON. Parse reads it back to an equal value. The grammars are at [Parse],
// [ParseSpan] and [ParseRollover].
//
// # Time
//
// A window is half-open: credits can be spent at t while Start <= t < End. A zero
// End is never. Instants are in UTC and cut to microseconds; those outside the
// years 1 to 9999 are errors. The package reads no clock.
//
// "30 days" and "1 month" are different. Days count days. Months keep the day of
// the month and fall on the last day of a month that is too short; the n-th is
// computed from the anchor, so that 31 January is followed by 28 February and
// 31 March.
//
// Days, weeks, months, years, dates, "end of day" and "end of month" are those of
// a location, UTC unless one is named: "1 month in America/New_York". There the
// time of day is kept when clocks change, so that a day can have 23 or 25 hours:
//
//   - a local time that clocks show twice means the first;
//   - one that they skip is as late as if they had not been put forward: 02:30
//     becomes 03:30, and a time on 30 December 2011, which Samoa did not have,
//     the same time on the 31st;
//   - a day or month ends at the first instant that belongs to a later one,
//     whatever clocks then show.
//
// "until 2026-12-31" includes the 31st, to its last instant. "purchased before
// 2024-05-20" leaves out the whole of the 20th.
//
// Locations come from the time zone database that the time package finds; where
// the machine may have none, import time/tzdata. Two processes with different
// databases can compute different ends: keep the end that was computed.
//
// # Renewals
//
// [Policy.Window] depends on nothing but its arguments. When a subscription is
// renewed, ask again with the same Issuance but the new Until: for a policy that
// [Policy.FollowsTerm] the end moves with the term, for any other it stays.
//
// # Errors
//
// Text that cannot be read is a [*ParseError]. Values made in Go are not checked
// where they are made, so that they can be written in one expression; what is
// wrong with them is an [*InvalidError] where they are used, or earlier from
// Validate. A sound policy that has no answer, such as "while subscribed" without
// a subscription, gives a [*WindowError]. Nothing is guessed, and nothing clamped
// but the day of the month.
package expiry
