package pricing

import "testing"

// FuzzSchema checks that the schema refuses no catalog that loads, so that an
// editor never marks one as wrong.
func FuzzSchema(f *testing.F) {
	for _, seed := range []string{
		around("", ""), around(`, "g": {"credits": 1, "per": "60 s", "charge": "pro rata", "round": "half even to 0.5", "note": "as on the page"}`, ""),
		around(`, "g": {"by": "size", "prices": {"s": {"credits": "1/3"}, "l": {"tiers": [{"to": "9 words", "credits": 2}, {"credits": 1}], "tiering": "volume"}}}`, ""),
		around("", `, "packs": {"p": {"credits": 5, "price": "9.90 USD", "valid": "1 year", "usable": "while subscribed", "priority": -3}}`),
		around("", `, "bonuses": {"b": {"credits": 5, "once": "per day in Asia/Tokyo", "valid": "end of day", "nonrefundable": true}}`),
	} {
		f.Add([]byte(seed))
	}
	root := parseSchemaExactly(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := Parse(data); err != nil {
			return
		}
		if fault := (checker{root}).check(root, exactly(t, data), "$"); fault != "" {
			t.Errorf("the schema says %q of %s, which loads", fault, data)
		}
	})
}

// around is a catalog with a further feature and further items.
func around(feature, items string) string {
	return `{"name": "shop", "cards": [{"name": "shop", "version": "1", "effective": "2026-01-01T00:00:00Z", "features": {"f": {"credits": 1}` +
		feature + `}}]` + items + `}`
}
