package expiry_test

import (
	"errors"
	"math"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/scriphq/scrip/expiry"
)

const credit = 1_000_000 // micros

func TestParseRollover(t *testing.T) {
	month := expiry.Months(1)
	tests := []struct {
		name, text string
		want       expiry.Rollover
	}{
		{"the empty text is no rollover", "", expiry.Rollover{}},
		{"all", "all for 1 month", expiry.Roll(month)},
		{"once", "all for 1 month, once", expiry.Roll(month).Times(1)},
		{"several times", "all for 1 month, 3 times", expiry.Roll(month).Times(3)},
		{"a number of credits", "at most 500 for 1 month", expiry.Roll(month).Most(500 * credit)},
		{"a millionth of a credit", "at most 0.000001 for 1 month", expiry.Roll(month).Most(1)},
		{"a number with decimals", "at most 2.5 for 1 month", expiry.Roll(month).Most(2.5 * credit)},
		{"the most credits", "at most 1000000000000 for 1 month", expiry.Roll(month).Most(expiry.MaxMicros)},
		{"a percentage", "at most 50% of the grant for 1 month", expiry.Roll(month).Share(1, 2)},
		{"a fraction", "at most 1/3 of the grant for 1 month", expiry.Roll(month).Share(1, 3)},
		{"an improper fraction", "at most 3/2 of the grant for 1 month", expiry.Roll(month).Share(3, 2)},
		{"a multiple", "at most 2x the grant for 1 month", expiry.Roll(month).Share(2, 1)},
		{"the grant", "at most 1x the grant for 1 month", expiry.Roll(month).Share(7, 7)},
		{"in lowest terms", "at most 2/3 of the grant for 1 month", expiry.Roll(month).Share(4_000_000, 6_000_000)},
		{"both limits and a count", "at most 500 and at most 25% of the grant for 30 days, 2 times",
			expiry.Roll(expiry.Days(30)).Share(1, 4).Most(500 * credit).Times(2)},
		{"a policy with commas", "all for earliest(1 month, while subscribed), once",
			expiry.Roll(expiry.Earliest(month, expiry.WhileSubscribed())).Times(1)},
		{"a policy that ends in a policy", "all for purchased before 2024-05-20: permanent, else 1 month, once",
			expiry.Roll(expiry.MustParse("purchased before 2024-05-20: permanent, else 1 month")).Times(1)},
		{"a priority", "all for permanent, priority 5", expiry.Roll(expiry.Permanent()).Priority(5)},
		{"a priority of zero", "all for 1 month, priority 0", expiry.Roll(month).Priority(0)},
		{"the first priority", "all for 1 month, priority -1000", expiry.Roll(month).Priority(-expiry.MaxPriority)},
		{"the last priority", "all for 1 month, priority 1000", expiry.Roll(month).Priority(expiry.MaxPriority)},
		{"all there is to say", "at most 500 and at most 25% of the grant for 30 days, 2 times, priority -7",
			expiry.Roll(expiry.Days(30)).Priority(-7).Times(2).Share(1, 4).Most(500 * credit)},
		{"a priority after a policy that ends in a policy", "all for purchased before 2024-05-20: permanent, else 1 month, priority 1",
			expiry.Roll(expiry.MustParse("purchased before 2024-05-20: permanent, else 1 month")).Priority(1)},
		{"the last priority said counts", "all for 1 month, priority 2", expiry.Roll(month).Priority(1).Priority(2)},
		{"the last limit of a kind counts", "at most 2 for 1 month", expiry.Roll(month).Most(1).Most(2 * credit)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := expiry.ParseRollover(test.text)
			if err != nil || !got.Equal(test.want) {
				t.Errorf("ParseRollover(%q) = %v, %v, want %v", test.text, got, err, test.want)
			}
			if test.want.String() != test.text {
				t.Errorf("String(%v) = %q, want %q", test.name, test.want, test.text)
			}
		})
	}
}

func TestParseRolloverWritesOneText(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"half", "at most half of the grant for 1 month", "at most 50% of the grant for 1 month"},
		{"a percentage of more", "at most 150% of the grant for 1 month", "at most 3/2 of the grant for 1 month"},
		{"all of it in per cent", "at most 100% of the grant for 1 month", "at most 1x the grant for 1 month"},
		{"a fraction that is not in lowest terms", "at most 2/4 of the grant for 1 month", "at most 50% of the grant for 1 month"},
		{"the share first", "at most 2x the grant and at most 5 for 1 month", "at most 5 and at most 2x the grant for 1 month"},
		{"decimals that say nothing", "at most 2.50 for 1 month", "at most 2.5 for 1 month"},
		{"one time", "all for 1 month, 1 time", "all for 1 month, once"},
		{"spaces", " all  for 1 month ,once ", "all for 1 month, once"},
		{"spaces about a priority", "all for 1 month,once , priority  -2 ", "all for 1 month, once, priority -2"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := expiry.ParseRollover(test.text)
			if err != nil || got.String() != test.want {
				t.Errorf("ParseRollover(%q) = %v, %v, want %v", test.text, got, err, test.want)
			}
		})
	}
}

func TestParseRolloverRefuses(t *testing.T) {
	tests := []struct {
		name, text string
		offset     int
		reason     string
	}{
		{"nothing", " ", 1, `expected "at"`},
		{"no validity", "all", 3, `expected "for"`},
		{"no policy", "all for", 7, "expected a policy"},
		{"another word for all", "everything for 1 month", 0, `expected "at"`},
		{"a missing limit", "at most for 1 month", 8, "expected a number"},
		{"zero credits", "at most 0 for 1 month", 8, "more than zero"},
		{"zero credits with decimals", "at most 0.000000 for 1 month", 8, "more than zero"},
		{"negative credits", "at most -1 for 1 month", 8, "expected a number"},
		{"a leading zero", "at most 05 for 1 month", 8, "a number starts with"},
		{"seven decimals", "at most 1.0000001 for 1 month", 8, "at most six decimals"},
		{"two points", "at most 1.2.3 for 1 month", 8, "expected a number"},
		{"nothing after the point", "at most 1. for 1 month", 8, "expected a number"},
		{"nothing before the point", "at most .5 for 1 month", 8, "expected a number"},
		{"too many credits", "at most 1000000000000.000001 for 1 month", 8, "more than 10^12 credits"},
		{"far too many credits", "at most " + strings.Repeat("9", 900) + " for 1 month", 8, "more than 10^12 credits"},
		{"an exponent", "at most 1e6 for 1 month", 9, `expected "for"`},
		{"a percentage of nothing", "at most 50% for 1 month", 12, `expected "of"`},
		{"a fraction of a per cent", "at most 0.5% of the grant for 1 month", 8, "expected a whole number"},
		{"zero per cent", "at most 0% of the grant for 1 month", 8, "more than zero"},
		{"a ratio out of range", "at most 1000001x the grant for 1 month", 8, "expected a whole number"},
		{"a division by zero", "at most 1/0 of the grant for 1 month", 10, "a number starts with"},
		{"a denominator out of range", "at most 1/1000001 of the grant for 1 month", 10, "more than 1000000"},
		{"two limits in credits", "at most 1 and at most 2 for 1 month", 14, "two limits of one kind"},
		{"two shares", "at most half of the grant and at most 2x the grant for 1 month", 30, "two limits of one kind"},
		{"three limits", "at most 1 and at most 2x the grant and at most 3 for 1 month", 35, `expected "for"`},
		{"a limit on all", "all and at most 2 for 1 month", 4, `expected "for"`},
		{"no count of times", "all for 1 month,", 16, "expected a number"},
		{"never", "all for 1 month, 0 times", 17, "a number starts with"},
		{"a word for times", "all for 1 month, 2", 18, `expected "times"`},
		{"several times in the singular", "all for 1 month, 3 time", 19, `expected "times"`},
		{"credits joined to what follows", "at most 5for 1 month", 9, `expected "for"`},
		{"a per cent with decimals", "at most 50.0% of the grant for 1 month", 8, "expected a whole number"},
		{"a per cent joined to what follows", "at most 50%of the grant for 1 month", 11, `expected "of"`},
		{"a multiple joined to what follows", "at most 2xthe grant for 1 month", 10, `expected "the"`},
		{"no priority", "all for 1 month, priority", 25, "expected a whole number"},
		{"a word for a priority", "all for 1 month, priority last", 26, "expected a whole number"},
		{"a priority with a plus", "all for 1 month, priority +1", 26, "expected a whole number"},
		{"a priority with a leading zero", "all for 1 month, priority 01", 26, "expected a whole number"},
		{"a priority of minus zero", "all for 1 month, priority -0", 26, "expected a whole number"},
		{"a priority of a sign", "all for 1 month, priority -", 26, "expected a whole number"},
		{"a priority with a sign too many", "all for 1 month, priority --1", 26, "expected a whole number"},
		{"a priority with decimals", "all for 1 month, priority 1.5", 27, "unexpected text"},
		{"a priority above the last", "all for 1 month, priority 1001", 26, "1001 is beyond 1000"},
		{"a priority below the first", "all for 1 month, priority -1001", 26, "-1001 is beyond 1000"},
		{"a priority beyond all numbers", "all for 1 month, priority " + strings.Repeat("9", 900), 26, "is beyond 1000"},
		{"a priority joined to its word", "all for 1 month, priority1", 25, "expected a whole number"},
		{"a priority before the times", "all for 1 month, priority 1, once", 27, "unexpected text"},
		{"two priorities", "all for 1 month, priority 1, priority 2", 27, "unexpected text"},
		{"another word after the times", "all for 1 month, once, first", 23, `expected "priority"`},
		{"something after the end", "all for 1 month, once more", 22, "unexpected text"},
		{"a policy that cannot be read", "all for 0 days", 8, "a number starts with"},
		{"a long text", strings.Repeat(" ", 1001), expiry.MaxText, "more than 1000"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := expiry.ParseRollover(test.text)
			parse := new(expiry.ParseError)
			if !errors.Is(err, expiry.ErrParse) || !errors.As(err, &parse) || !got.IsZero() {
				t.Fatalf("ParseRollover(%q) = %v, %v, want a ParseError", test.text, got, err)
			}
			if parse.Offset != test.offset || !strings.Contains(parse.Reason, test.reason) {
				t.Errorf("ParseRollover(%q) = %d: %s, want %d: %s", test.text, parse.Offset, parse.Reason, test.offset, test.reason)
			}
		})
	}
}

func TestR40_Carry(t *testing.T) {
	tests := []struct {
		name, rollover           string
		available, granted, done int64
		want                     int64
	}{
		{"nothing goes on without a rollover", "", 80, 100, 0, 0},
		{"all of it", "all for 1 month", 80, 100, 0, 80},
		{"every time", "all for 1 month", 80, 100, 1_000_000_000, 80},
		{"nothing of nothing", "all for 1 month", 0, 100, 0, 0},
		{"the first of one time", "all for 1 month, once", 80, 100, 0, 80},
		{"not a second", "all for 1 month, once", 80, 100, 1, 0},
		{"the third of three times", "all for 1 month, 3 times", 80, 100, 2, 80},
		{"not a fourth", "all for 1 month, 3 times", 80, 100, 3, 0},
		{"no more than the most", "at most 0.00005 for 1 month", 80, 100, 0, 50},
		{"never more than there is", "at most 500 for 1 month", 80, 100, 0, 80},
		{"no more than the share", "at most 50% of the grant for 1 month", 80, 100, 0, 50},
		{"the share is of the grant", "at most 50% of the grant for 1 month", 40, 100, 0, 40},
		{"rounded down to a micro", "at most 1/3 of the grant for 1 month", 80, 100, 0, 33},
		{"the share of nothing", "at most 50% of the grant for 1 month", 80, 0, 0, 0},
		{"down to nothing", "at most 1/3 of the grant for 1 month", 2, 2, 0, 0},
		{"twice the grant", "at most 2x the grant for 1 month", 250, 100, 0, 200},
		{"the tighter limit", "at most 0.00003 and at most 50% of the grant for 1 month", 80, 100, 0, 30},
		{"which may be the share", "at most 0.00007 and at most 50% of the grant for 1 month", 80, 100, 0, 50},
		{"a product beyond 64 bits", "at most 999999/1000000 of the grant for 1 month", math.MaxInt64, expiry.MaxMicros, 0, 999_999_000_000_000_000},
		{"a limit beyond 63 bits", "at most 10x the grant for 1 month", math.MaxInt64, expiry.MaxMicros, 0, math.MaxInt64},
		{"a limit that just needs 65 bits", "at most 3x the grant for 1 month", 5, math.MaxInt64, 0, 5},
		{"a limit beyond 64 bits", "at most 1000000x the grant for 1 month", 5, math.MaxInt64, 0, 5},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := expiry.MustParseRollover(test.rollover)
			got, err := r.Carry(test.available, test.granted, int(test.done))
			if err != nil || got != test.want {
				t.Errorf("Carry(%v, %d, %d, %d) = %d, %v, want %d", r, test.available, test.granted, test.done, got, err, test.want)
			}
		})
	}
}

func TestCarryRefuses(t *testing.T) {
	all := expiry.Roll(expiry.Months(1))
	tests := []struct {
		name               string
		rollover           expiry.Rollover
		available, granted int64
		done               int
	}{
		{"negative credits", all, -1, 100, 0},
		{"a negative grant", all, 1, -1, 0},
		{"a negative count", all, 1, 100, -1},
		{"negative credits even where none go on", all.Times(1), -1, 100, 1},
		{"an invalid rollover", all.Times(0), 1, 100, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := test.rollover.Carry(test.available, test.granted, test.done)
			if !errors.Is(err, expiry.ErrInvalid) || got != 0 {
				t.Errorf("Carry(%v, %d, %d, %d) = %d, %v, want ErrInvalid",
					test.rollover, test.available, test.granted, test.done, got, err)
			}
		})
	}
}

func TestRolloverValidate(t *testing.T) {
	all := expiry.Roll(expiry.Months(1))
	tests := []struct {
		name     string
		rollover expiry.Rollover
		reason   string // empty: valid
	}{
		{"none", expiry.Rollover{}, ""},
		{"all", all, ""},
		{"the widest", all.Most(expiry.MaxMicros).Share(expiry.MaxRatio, 1).Times(expiry.MaxCount), ""},
		{"no validity", expiry.Roll(expiry.Policy{}), "there is no policy"},
		{"an invalid validity", expiry.Roll(expiry.Days(0)), "the count must be"},
		{"limits of nothing", expiry.Rollover{}.Most(credit), "start with Roll"},
		{"at most nothing is not all", all.Most(0), "the most must be"},
		{"a negative most", all.Most(-1), "the most must be"},
		{"a most out of range", all.Most(expiry.MaxMicros + 1), "the most must be"},
		{"no share", all.Share(0, 5), "0/5 of the grant: both must be"},
		{"a division by zero", all.Share(5, 0), "5/0 of the grant: both must be"},
		{"nothing by nothing", all.Share(0, 0), "0/0 of the grant: both must be"},
		{"a negative share", all.Share(-2, -4), "-2/-4 of the grant: both must be"},
		{"a share that is half negative", all.Share(-2, 4), "-2/4 of the grant: both must be"},
		{"and the other half", all.Share(2, -4), "2/-4 of the grant: both must be"},
		{"a share out of range", all.Share(expiry.MaxRatio+1, 1), "both must be"},
		{"a share too fine", all.Share(1, expiry.MaxRatio+1), "both must be"},
		{"never is not for ever", all.Times(0), "it must be from 1"},
		{"a negative count", all.Times(-1), "it must be from 1"},
		{"a count out of range", all.Times(expiry.MaxCount + 1), "it must be from 1"},
		{"the last priority", all.Priority(expiry.MaxPriority), ""},
		{"a priority of what does not roll over", expiry.Rollover{}.Priority(1), "start with Roll"},
		{"a priority above the last", all.Priority(expiry.MaxPriority + 1), "priority 1001: it must be from -1000 to 1000"},
		{"a priority below the first", all.Priority(-expiry.MaxPriority - 1), "priority -1001: it must be"},
		{"the longest text", expiry.Roll(expiry.MustParse(sized(expiry.MaxText - len("all for ")))), ""},
		{"a text out of range", expiry.Roll(expiry.MustParse("latest(" + strings.Repeat("1 day, ", 140) + "1 day)")), "more than 1000 bytes"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := test.rollover.Validate()
			if test.reason == "" {
				if err != nil {
					t.Errorf("Validate(%v) = %v, want nil", test.rollover, err)
				}
				return
			}
			if !errors.Is(err, expiry.ErrInvalid) || !strings.Contains(err.Error(), test.reason) {
				t.Errorf("Validate(%v) = %v, want %s", test.rollover, err, test.reason)
			}
			if text, err := test.rollover.MarshalText(); err == nil {
				t.Errorf("MarshalText(%v) = %q, want an error", test.rollover, text)
			}
			if test.rollover.IsZero() || test.rollover.Equal(expiry.Rollover{}) {
				t.Errorf("IsZero(%v) = true, want false", test.rollover)
			}
		})
	}
}

// rollovers are drawn valid.
var rollovers = rapid.Custom(func(t *rapid.T) expiry.Rollover {
	r := expiry.Roll(policies(2).Draw(t, "validity"))
	if rapid.Bool().Draw(t, "capped") {
		r = r.Most(rapid.Int64Range(1, expiry.MaxMicros).Draw(t, "most"))
	}
	if rapid.Bool().Draw(t, "shared") {
		ratio := rapid.Int64Range(1, expiry.MaxRatio)
		r = r.Share(ratio.Draw(t, "num"), ratio.Draw(t, "den"))
	}
	if rapid.Bool().Draw(t, "counted") {
		r = r.Times(rapid.IntRange(1, expiry.MaxCount).Draw(t, "times"))
	}
	if rapid.Bool().Draw(t, "ranked") {
		r = r.Priority(rapid.IntRange(-expiry.MaxPriority, expiry.MaxPriority).Draw(t, "priority"))
	}
	return r
})

func TestParseRolloverReadsBackWhatStringWrites(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rollovers.Draw(t, "rollover")
		got, err := expiry.ParseRollover(r.String())
		if err != nil || !got.Equal(r) || got.String() != r.String() || !got.Validity().Equal(r.Validity()) {
			t.Errorf("ParseRollover(%q) = %v, %v, want %v", r, got, err, r)
		}
	})
}

func TestNextPriority(t *testing.T) {
	tests := []struct {
		name, rollover string
		lot, want      int
	}{
		{"without one, what goes on keeps the lot's", "all for 1 month", -3, -3},
		{"what goes on has its own", "all for 1 month, once, priority 5", -3, 5},
		{"zero is a priority too", "all for 1 month, priority 0", -3, 0},
		{"of no rollover it is the lot's", "", 7, 7},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := expiry.MustParseRollover(test.rollover).NextPriority(test.lot); got != test.want {
				t.Errorf("NextPriority(%q, %d) = %d, want %d", test.rollover, test.lot, got, test.want)
			}
		})
	}
}

func TestRolloversOfAnotherPriorityAreNotEqual(t *testing.T) {
	all := expiry.Roll(expiry.Months(1))
	for _, other := range []expiry.Rollover{all.Priority(0), all.Priority(1), all.Priority(-1)} {
		if all.Equal(other) || other.Equal(all) || !other.Equal(other) || other.Equal(all.Priority(2)) {
			t.Errorf("Equal(%v, %v) = true, want false", all, other)
		}
	}
}

// TestR40_CarryKeepsItsLimits compares with whole numbers of any size.
func TestR40_CarryKeepsItsLimits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		amount := rapid.Int64Range(0, expiry.MaxMicros)
		available, granted := amount.Draw(t, "available"), amount.Draw(t, "granted")
		ratio := rapid.Int64Range(1, expiry.MaxRatio)
		num, den := ratio.Draw(t, "num"), ratio.Draw(t, "den")
		most := rapid.Int64Range(1, expiry.MaxMicros).Draw(t, "most")
		times, done := rapid.IntRange(1, 5).Draw(t, "times"), rapid.IntRange(0, 5).Draw(t, "done")

		share := new(big.Int).Mul(big.NewInt(granted), big.NewInt(num))
		share.Div(share, big.NewInt(den))
		want := min(available, most)
		if share.IsInt64() {
			want = min(want, share.Int64())
		}
		if done >= times {
			want = 0
		}
		r := expiry.Roll(expiry.Months(1)).Most(most).Share(num, den).Times(times)
		if got, err := r.Carry(available, granted, done); err != nil || got != want {
			t.Errorf("Carry(%v, %d, %d, %d) = %d, %v, want %d", r, available, granted, done, got, err, want)
		}
	})
}

// TestProductBanks shows the caps that products publish as sums over months of a
// monthly grant that nobody spends from: every lot rolls over on its own.
func TestProductBanks(t *testing.T) {
	tests := []struct {
		name, rollover string
		months         int64 // of the grant, in the long run, next to the current one
	}{
		{"ElevenLabs and Clay: carried up to twice the monthly grant", "all for 1 month, once", 1},
		{"Leonardo: a bank of three months", "all for 1 month, 3 times", 3},
		{"Lovable: carried once, the most a month of it", "at most 1x the grant for 1 month, once", 1},
		{"HeyGen: none carried", "", 0},
	}
	const granted = 100 * credit
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := expiry.MustParseRollover(test.rollover)
			var bank []int64 // bank[i] is what has rolled over i+1 times
			for range 12 {
				lots := append([]int64{granted}, bank...)
				bank = nil
				for done, available := range lots {
					carried, err := r.Carry(available, granted, done)
					if err != nil {
						t.Fatalf("Carry(%v, %d, %d, %d) = %v, want nil", r, available, int64(granted), done, err)
					}
					bank = append(bank, carried)
				}
			}
			var sum int64
			for _, carried := range bank {
				sum += carried
			}
			if want := test.months * granted; sum != want {
				t.Errorf("sum of Carry(%v) = %d, want %d", r, sum, want)
			}
		})
	}
}
