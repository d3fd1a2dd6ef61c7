package expiry

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ParseRollover reads a rollover:
//
//	rollover = limits "for" policy [ "," times ] [ "," "priority" [ "-" ] number ]
//	limits   = "all" | limit [ "and" limit ]
//	limit    = "at most" ( credits | share )
//	share    = ( "half" | count "%" | count "/" count ) "of the grant" | count "x the grant"
//	times    = "once" | "1 time" | count "times"
//
// such as "all for 1 month, once", "at most 500 for 30 days" or "at most 2x the
// grant for permanent, priority 1". The policy is read as by [Parse]. Credits are a
// decimal number with at most six decimals, more than zero and at most 10^12.
// Counts are from 1 to [MaxRatio], or to [MaxCount] before times. Of two limits
// one is in credits and the other a share. Priorities are from -[MaxPriority] to
// [MaxPriority]; without one, what goes on has the priority of the ended lot.
//
// The empty text is the zero Rollover. The error is a [*ParseError].
func ParseRollover(text string) (Rollover, error) {
	if text == "" {
		return Rollover{}, nil
	}
	return parseWhole(text, (*reader).rollover)
}

// MustParseRollover is [ParseRollover] for texts known to be right, such as
// literals. It panics if there is an error.
func MustParseRollover(text string) Rollover { return must(ParseRollover(text)) }

// String returns the text that [ParseRollover] reads, and "" for the zero
// Rollover. The text of an invalid one says what it was made of, and need not be
// readable.
func (r Rollover) String() string {
	if r.terms == nil {
		return ""
	}
	return r.terms.text
}

func (t *terms) write() string {
	var limits []string
	if t.capped {
		limits = append(limits, "at most "+creditsText(t.most))
	}
	if t.shared {
		limits = append(limits, "at most "+shareText(t.num, t.den))
	}
	text := "all"
	if len(limits) > 0 {
		text = strings.Join(limits, " and ")
	}
	return text + " for " + t.validity.String() + t.timesText() + t.priorityText()
}

func (t *terms) timesText() string {
	switch {
	case !t.counted:
		return ""
	case t.times == 1:
		return ", once"
	}
	return ", " + strconv.Itoa(t.times) + " times"
}

func (t *terms) priorityText() string {
	if !t.ranked {
		return ""
	}
	return ", priority " + strconv.Itoa(t.priority)
}

const microsPerCredit = 1_000_000

// creditsText writes micros as a decimal number of credits.
func creditsText(micros int64) string {
	whole, fraction := micros/microsPerCredit, micros%microsPerCredit
	if fraction == 0 {
		return strconv.FormatInt(whole, 10)
	}
	if micros < 0 {
		return strconv.FormatInt(micros, 10) + " micros"
	}
	return strings.TrimRight(fmt.Sprintf("%d.%06d", whole, fraction), "0")
}

// shareText writes 3x, 50% or 1/3 of the grant.
func shareText(num, den int64) string {
	switch {
	case den == 1:
		return fmt.Sprintf("%dx the grant", num)
	case 0 < num && num < den && 100%den == 0:
		return fmt.Sprintf("%d%% of the grant", num*(100/den))
	}
	return fmt.Sprintf("%d/%d of the grant", num, den)
}

func (r *reader) rollover() (Rollover, error) {
	t, err := r.terms()
	if err != nil {
		return Rollover{}, err
	}
	return t.seal(), nil
}

func (r *reader) terms() (terms, error) {
	t, err := r.limits()
	if err != nil {
		return terms{}, err
	}
	if err := r.expectWord("for"); err != nil {
		return terms{}, err
	}
	t.validity, err = r.policy()
	if err != nil || !r.accept(',') {
		return t, err
	}
	if !r.acceptWord("priority") {
		t.times, err = r.times()
		t.counted = true
		if err != nil || !r.accept(',') {
			return t, err
		}
		if err := r.expectWord("priority"); err != nil {
			return terms{}, err
		}
	}
	t.priority, err = r.priority()
	t.ranked = true
	return t, err
}

func (r *reader) times() (int, error) {
	if r.acceptWord("once") {
		return 1, nil
	}
	n, err := r.count()
	if err != nil {
		return 0, err
	}
	if n == 1 && r.acceptWord("time") {
		return n, nil
	}
	return n, r.expectWord("times")
}

// priority reads -MaxPriority to MaxPriority, each in one way.
func (r *reader) priority() (int, error) {
	start := r.mark()
	text := r.take(func(b byte) bool { return isDigit(b) || b == '-' })
	priority, err := strconv.Atoi(text)
	switch {
	case err != nil && !errors.Is(err, strconv.ErrRange), err == nil && strconv.Itoa(priority) != text:
		return 0, r.failAt(start, "expected a whole number")
	case err != nil || priority < -MaxPriority || priority > MaxPriority:
		return 0, r.failAt(start, "%.20s is beyond %d", text, MaxPriority)
	}
	return priority, nil
}

// limits reads what precedes "for".
func (r *reader) limits() (terms, error) {
	all := terms{rolls: true}
	if r.acceptWord("all") {
		return all, nil
	}
	limited, err := r.limit(all)
	if err != nil || !r.acceptWord("and") {
		return limited, err
	}
	start := r.mark()
	limited, err = r.limit(limited)
	if err == nil && !(limited.capped && limited.shared) {
		err = r.failAt(start, "two limits of one kind")
	}
	return limited, err
}

func (r *reader) limit(limited terms) (terms, error) {
	if err := r.expectWords("at", "most"); err != nil {
		return terms{}, err
	}
	if r.acceptWord("half") {
		return limited.share(1, 2), r.expectWords("of", "the", "grant")
	}
	start := r.mark()
	micros, err := r.micros()
	if err != nil {
		return terms{}, err
	}
	text := r.text[start:r.pos]
	next := r.takeOne("%/x")
	if next == "" {
		return limited.atMost(micros), nil
	}
	num := micros / microsPerCredit
	if strings.Contains(text, ".") || num > MaxRatio {
		return terms{}, r.failAt(start, "expected a whole number of at most %d", MaxRatio)
	}
	switch next {
	case "%":
		return limited.share(num, 100), r.expectWords("of", "the", "grant")
	case "x":
		return limited.share(num, 1), r.expectWords("the", "grant")
	}
	den, err := r.number(MaxRatio)
	if err != nil {
		return terms{}, err
	}
	return limited.share(num, den), r.expectWords("of", "the", "grant")
}

// micros reads a decimal number of credits, more than zero and at most MaxMicros.
func (r *reader) micros() (int64, error) {
	start := r.mark()
	text := r.take(func(b byte) bool { return isDigit(b) || b == '.' })
	micros, flaw := readMicros(text)
	if flaw != "" {
		return 0, r.failAt(start, "%s", flaw)
	}
	return micros, nil
}

func readMicros(text string) (micros int64, flaw string) {
	whole, fraction, hasFraction := strings.Cut(text, ".")
	switch {
	case whole == "", hasFraction && fraction == "", strings.Contains(fraction, "."):
		return 0, "expected a number"
	case len(whole) > 1 && whole[0] == '0':
		return 0, "a number starts with 1 to 9, or with 0."
	case len(fraction) > 6:
		return 0, "credits have at most six decimals"
	case len(whole) > len("1000000000000"):
		return 0, "more than 10^12 credits"
	}
	credits, _ := readDigits(whole)
	part, _ := readDigits((fraction + "000000")[:6])
	switch {
	case credits > MaxMicros/microsPerCredit, credits == MaxMicros/microsPerCredit && part > 0:
		return 0, "more than 10^12 credits"
	case credits == 0 && part == 0:
		return 0, "expected more than zero"
	}
	return credits*microsPerCredit + part, ""
}
