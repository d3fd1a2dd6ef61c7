package expiry_test

import (
	"testing"

	"github.com/scriphq/scrip/expiry"
)

func TestErrorMessages(t *testing.T) {
	now := at(t, "2026-01-31 10:00")
	parse := func(text string) error { _, err := expiry.Parse(text); return err }
	window := func(p expiry.Policy) error { _, err := p.Window(expiry.Issuance{At: now}); return err }
	tests := []struct {
		name string
		err  error
		want string
	}{
		{"a text tells where", parse("1 moon"),
			`expiry: cannot read "1 moon": expected hours, days, weeks, months or years at offset 2`},
		{"an invalid policy tells which", expiry.Days(0).Validate(),
			`expiry: policy "0 days" is invalid: 0 days: the count must be from 1 to 1000000`},
		{"a missing term", window(expiry.WhileSubscribed()),
			`expiry: "while subscribed" gives no window: the credits belong to no term`},
		{"an empty window tells both ends", window(expiry.MustParse("until 2026-01-01")),
			`expiry: "until 2026-01-01" gives no window: it ends at 2026-01-02T00:00:00Z, which is not after its start, 2026-01-31T10:00:00Z`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := test.err.Error(); got != test.want {
				t.Errorf("Error() = %s, want %s", got, test.want)
			}
		})
	}
}
