package strictjson

import (
	"bytes"
	"reflect"
	"testing"
	"unicode/utf8"
)

// However long its lines are, a document is gone through once for all positions.
func TestPositionsTakeOnePass(t *testing.T) {
	type item struct {
		Name string `json:"name"`
	}
	one := bytes.Repeat([]byte(`{"name": "日本語"}, `), 20_000)
	one = append(append([]byte("["), one...), `{"name": "x"}]`...)
	var items []item
	d := newDecoder(one)
	if err := d.value("", 0, reflect.ValueOf(&items).Elem()); err != nil {
		t.Fatalf("Decode of %d bytes = %v, want no error", len(one), err)
	}
	if len(items) != 20_001 || d.counted > len(one) {
		t.Errorf("Decode of %d values in %d bytes looks at %d bytes for columns, want at most one pass", len(items), len(one), d.counted)
	}
	last := bytes.LastIndexByte(one, '{')
	if got, want := d.index["[20000]"], (Position{1, utf8.RuneCount(one[:last]) + 1}); got != want {
		t.Errorf("At([20000]) = %v, want %v", got, want)
	}
}

// The positions are the same in whatever order they are asked for.
func TestPositionsDoNotDependOnTheOrder(t *testing.T) {
	data := []byte("{\n\"日本\": [1,\n2, \"é\"]\n\n}")
	for first := range len(data) + 2 {
		for second := range len(data) + 2 {
			if !isStart(data, first) || !isStart(data, second) {
				continue
			}
			lines := newLines(data)
			lines.position(first)
			if got, want := lines.position(second), newLines(data).position(second); got != want {
				t.Errorf("position(%d) after %d = %v, want %v", second, first, got, want)
			}
		}
	}
}

// isStart reports whether no character goes across an offset.
func isStart(data []byte, offset int) bool {
	return offset >= len(data) || utf8.RuneStart(data[offset])
}
