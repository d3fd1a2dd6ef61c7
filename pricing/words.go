package pricing

import (
	"unicode"
	"unicode/utf8"
)

// Words counts the words of text as people and office suites do: a word is what
// stands between spaces, whatever it is made of ("state-of-the-art", "don't" and
// "3.14" are one each), and in Chinese and Japanese, which have no spaces, every
// ideograph and every kana is a word. Korean has spaces and is counted by them.
// This is the "words" figure of Microsoft Word; LibreOffice Writer describes the
// same under Tools - Word Count. There are two differences: punctuation on its
// own, such as a dash between spaces or "。", is not a word, and a zero width
// space (U+200B) is a space.
//
// Thai, Lao, Khmer and Burmese, which need a dictionary to find words in, are
// counted by spaces, so by phrase: price them by [Characters].
//
// Text that is not valid UTF-8 is an error that is [ErrText].
func Words(text string) (Quantity, error) {
	if !utf8.ValidString(text) {
		return Quantity{}, notUTF8(text)
	}
	words, inside := int64(0), false
	for _, c := range text {
		switch {
		case isSpace(c):
			inside = false
		case standsAlone(c):
			words++
			inside = false
		case !inside && isWordy(c):
			words++
			inside = true
		}
	}
	return Count(words, UnitWord), nil
}

func notUTF8(text string) error {
	return &TextError{What: "text", Text: clip(text), Reason: "is not valid UTF-8"}
}

func isSpace(c rune) bool {
	const zeroWidth = '\u200b'
	return c == zeroWidth || unicode.IsSpace(c)
}

// standsAlone reports whether c is a word by itself: an ideograph, a kana, or the
// signs that prolong a kana, close an ideograph or take the place of one.
func standsAlone(c rune) bool {
	switch c {
	case 'ー', 'ｰ', '〆', '〱', '〲', '〳', '〴', '〵':
		return true
	}
	return c >= 0x2E80 && unicode.In(c, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Bopomofo) && unicode.IsOneOf(wordy, c)
}

// wordy has the categories of which one character makes a word: letters,
// numbers and symbols, but not marks, punctuation and control characters.
var wordy = []*unicode.RangeTable{unicode.L, unicode.N, unicode.S}

func isWordy(c rune) bool { return unicode.IsOneOf(wordy, c) }
