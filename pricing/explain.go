package pricing

import (
	"fmt"
	"strings"

	"github.com/scriphq/scrip/credits"
)

// Explanation says in a sentence how the amount came about:
//
//	3m20s = 4 started minutes x 4 = 16
//	1m1s counted as 1m30s = 1.5 minutes x 6 = 9
//	8 seconds x 5 = 40 (audio yes)
//
// It is made anew by every call, and empty for the zero Quote. The wording may
// change; the figures are in Lines.
func (q Quote) Explanation() string {
	if q.isZero() {
		return ""
	}
	var items []string
	lines := q.Lines()
	for i := range lines {
		if !lines[i].Amount.isZero() {
			items = append(items, lines[i].String())
		}
	}
	switch {
	case len(items) == 0 && len(lines) > 0:
		items = append(items, lines[0].String())
	case len(items) > 1:
		items = append(items, "together "+q.exact().String())
	}
	text := strings.Join(items, "; ") + q.rounded()
	if attributes := q.attributes(); attributes != "" {
		text += " (" + attributes + ")"
	}
	return text
}

// fitting is the explanation, or its result alone where it is longer than the
// ledger takes.
func (q Quote) fitting() string {
	if text := q.Explanation(); len(text) <= credits.MaxTextLen {
		return text
	}
	return fmt.Sprintf("%d items, together %v", 1+len(q.more), q.exact()) + q.rounded()
}

// rounded names the rounding, if it changed anything.
func (q Quote) rounded() string {
	if q.exact().Equal(Ratio{num: q.Amount.Micros(), den: microsPerCredit}) {
		return ""
	}
	return fmt.Sprintf("; rounded %v: %v", q.Rounding, q.Amount)
}

func (q Quote) attributes() string {
	var values []string
	for _, name := range keys(q.Use.Attributes) {
		values = append(values, name+" "+q.Use.Attributes[name])
	}
	return strings.Join(values, ", ")
}

// String returns the line as part of a sentence: "3m20s = 4 started minutes x 4 =
// 16".
func (l Line) String() string {
	var text strings.Builder
	for _, of := range []string{l.Meter, l.Of} {
		if of != "" {
			text.WriteString(of + ": ")
		}
	}
	if !l.Blocks.IsGiven() {
		fmt.Fprintf(&text, "raised by %v to %v", l.Amount, l.Rate.times(l.Factor))
		return text.String()
	}
	if l.Counted != l.Given {
		text.WriteString(l.Given.String() + " counted as ")
	}
	counted, blocks := l.Counted.String(), l.blocks()
	if counted != blocks {
		text.WriteString(counted + " = ")
	}
	fmt.Fprintf(&text, "%s x %v", blocks, l.Rate)
	if !l.Factor.isOne() {
		fmt.Fprintf(&text, " x %v", l.Factor)
	}
	fmt.Fprintf(&text, " = %v", l.Amount)
	return text.String()
}

// blocks names the blocks: "4 started minutes", "1.5 blocks of 10 words".
func (l Line) blocks() string {
	started := ""
	if l.Blocks.times(l.Per.Ratio()).Compare(l.Counted.Ratio()) > 0 {
		started = "started "
	}
	name, names := l.Per.name()
	if l.Blocks.Equal(one) {
		names = name
	}
	return l.Blocks.String() + " " + started + names
}

// name calls q a unit if it is a single one of a unit, else a block.
func (q Quantity) name() (one, several string) {
	unit := q.unit
	switch seconds := (Quantity{num: q.num, den: 1, unit: UnitSecond}); {
	case q == seconds && q.num == 60:
		unit = UnitMinute
	case q == seconds && q.num == 3600:
		unit = UnitHour
	case q.num != 1 || q.den != 1:
		return "block of " + q.String(), "blocks of " + q.String()
	}
	return string(unit), unit.plural()
}
