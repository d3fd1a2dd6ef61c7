package pricing_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/scriphq/scrip/pricing"
)

func TestR25_Words(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       int64
	}{
		{"nothing", "", 0},
		{"only spaces", " \t\n\u00a0\u3000", 0},
		{"words between spaces", "the quick brown fox", 4},
		{"several spaces are one", "  the \n\n quick  ", 2},
		{"a hyphenated word is one", "state-of-the-art", 1},
		{"an apostrophe does not part", "don't", 1},
		{"an address is one", "http://www.example.com", 1},
		{"a number is one", "3.14 1,000", 2},
		{"punctuation belongs to its word", "Hello, world!", 2},
		{"a dash on its own is none", "yes - no", 2},
		{"dots on their own are none", "... !", 0},
		{"a symbol is one", "1 + 1 = 2", 5},
		{"an emoji is one", "well \U0001F44D", 2},
		{"accents as marks stay in the word", "cafe\u0301 noir", 2},
		{"a mark on its own is none", "\u0301", 0},
		{"every ideograph is one", "我爱北京天安门", 7},
		{"ideographic punctuation is none", "你好，世界。", 4},
		{"every kana is one", "これはペンです", 7},
		{"the sign that prolongs a kana is one", "スーパー", 4},
		{"half-width kana are one each", "ｶﾀｶﾅ", 4},
		{"a kana with a combining voice mark is one", "か\u3099", 1},
		{"repetition marks are one each", "人々", 2},
		{"ideographs and Latin words mix", "我有一台iPhone手机", 7},
		{"Korean is counted by spaces", "안녕하세요 세계", 2},
		{"ideographs beyond the first plane", "\U00020000\U00020001", 2},
		{"a variation of an ideograph is one", "\u8fbb\U000E0100", 1},
		{"Arabic is counted by spaces", "مرحبا بالعالم", 2},
		{"a zero width space parts", "ภาษา\u200bไทย", 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			if q, err := pricing.Words(c.text); err != nil || q != pricing.Count(c.want, pricing.UnitWord) {
				t.Errorf("Words(%q) = %v, %v, want %d words", c.text, q, err, c.want)
			}
		})
	}
}

func TestR25_Characters(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       int64
	}{
		{"nothing", "", 0},
		{"ASCII, spaces included", "a b c", 5},
		{"a line break of two code points is one", "a\r\nb", 3},
		{"two line breaks the wrong way round", "\n\r", 2},
		{"a composed accent", "\u00e9", 1},
		{"a combining accent", "e\u0301", 1},
		{"several marks", "e\u0301\u0323\u0302", 1},
		{"a mark alone", "\u0301", 1},
		{"a mark does not join a line break", "\n\u0301", 2},
		{"Chinese", "你好，世界", 5},
		{"a kana with a combining voice mark", "か\u3099", 1},
		{"a Korean syllable", "한", 1},
		{"a Korean syllable of jamo", "\u1112\u1161\u11ab", 1},
		{"old jamo that do not join", "\u11ab\u1112", 2},
		{"an emoji", "\U0001F600", 1},
		{"a skin tone", "\U0001F44D\U0001F3FD", 1},
		{"a variation selector", "\u2764\ufe0f", 1},
		{"a keycap", "1\ufe0f\u20e3", 1},
		{"a family", "\U0001F468\u200d\U0001F469\u200d\U0001F467\u200d\U0001F466", 1},
		{"a family with skin tones", "\U0001F468\U0001F3FD\u200d\U0001F469\U0001F3FD", 1},
		{"a joiner joins emoji only", "a\u200db", 2},
		{"two families", "\U0001F468\u200d\U0001F469\U0001F468\u200d\U0001F469", 2},
		{"a flag", "\U0001F1E9\U0001F1EA", 1},
		{"two flags", "\U0001F1E9\U0001F1EA\U0001F1EB\U0001F1F7", 2},
		{"a flag and a half", "\U0001F1E9\U0001F1EA\U0001F1EB", 2},
		{"a flag of tags", "\U0001F3F4\U000E0067\U000E0062\U000E0065\U000E006E\U000E0067\U000E007F", 1},
		{"a line feed after a letter", "a\nb", 3},
		{"a return after a letter", "a\rb", 3},
		{"a mark joins a space", " \u0301", 1},
		{"a mark does not join a delete", "\x7f\u0301", 2},
		{"a joiner after a letter joins no emoji", "a\u200d\U0001F600", 2},
		{"nor do two joiners after an emoji", "\U0001F600\u200d\u200d\U0001F600", 2},
		{"a Devanagari vowel sign", "\u0915\u093f", 1},
		{"a Thai vowel", "\u0e01\u0e33", 1},
		{"an Arabic number sign", "\u06001", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			if q, err := pricing.Characters(c.text); err != nil || q != pricing.Count(c.want, pricing.UnitCharacter) {
				t.Errorf("Characters(%q) = %v, %v, want %d characters", c.text, q, err, c.want)
			}
		})
	}
}

// Jamo are told apart by where they stand in Unicode: here are the first and the last
// of each range, and what is next to it. Any two are one character exactly where rules
// GB6 to GB8 of UAX #29 join them.
func TestR25_JamoJoinByWhereTheyStand(t *testing.T) {
	kinds := map[string]string{
		"L": "\u1100\u115f\ua960\ua97c", "V": "\u1160\u11a7\ud7b0\ud7c6", "T": "\u11a8\u11ff\ud7cb\ud7fb",
		"LV": "\uac00\uac1c\ud788", "LVT": "\uac01\uac1b\uac1d\ud7a3",
		"none": "\u10ff\u1200\ua95f\ua97d\uabff\ud7a4\ud7af\ud7c7\ud7ca\ud7fc\ue000",
	}
	joins := map[string]string{"L": "L V LV LVT", "V": "V T", "LV": "V T", "T": "T", "LVT": "T"}
	for first, firsts := range kinds {
		for second, seconds := range kinds {
			want := int64(2)
			if slices.Contains(strings.Fields(joins[first]), second) {
				want = 1
			}
			for _, a := range firsts {
				for _, b := range seconds {
					if q, err := pricing.Characters(string(a) + string(b)); err != nil || q != pricing.Count(want, pricing.UnitCharacter) {
						t.Errorf("Characters(%U %U), %s before %s = %v, %v, want %d", a, b, first, second, q, err, want)
					}
				}
			}
		}
	}
}

func TestR25_InvalidUTF8IsNotCounted(t *testing.T) {
	for _, text := range []string{"\xff", "abc\xc3", "\xed\xa0\x80"} {
		if q, err := pricing.Words(text); !errors.Is(err, pricing.ErrText) || q != (pricing.Quantity{}) {
			t.Errorf("Words(%q) = %v, %v, want nothing, ErrText", text, q, err)
		}
		if q, err := pricing.Characters(text); !errors.Is(err, pricing.ErrText) || q != (pricing.Quantity{}) {
			t.Errorf("Characters(%q) = %v, %v, want nothing, ErrText", text, q, err)
		}
	}
}

func TestR25_ManyClustersInARow(t *testing.T) {
	text := strings.Repeat("\U0001F468\u200d\U0001F469", 1000)
	if q, err := pricing.Characters(text); err != nil || q != pricing.Count(1000, pricing.UnitCharacter) {
		t.Errorf("Characters(1000 couples) = %v, %v, want 1000 characters", q, err)
	}
}
