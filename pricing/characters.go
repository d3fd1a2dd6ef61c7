package pricing

import (
	"unicode"
	"unicode/utf8"
)

// Characters counts what a reader takes for one character: "é" is one, whether
// it is written as one code point or as a letter and an accent, and so are a
// family of emoji, a flag, a Korean syllable and a line break of two code points.
// Spaces and line breaks count.
//
// These are the extended grapheme clusters of Unicode Standard Annex #29 as of
// Unicode 15.0, the version of the tables in Go's package unicode. Left out is
// what came later: since Unicode 15.1 (rule GB9c) consonants of Devanagari and
// related scripts that a virama joins are one character; here each is one.
//
// Text that is not valid UTF-8 is an error that is [ErrText].
func Characters(text string) (Quantity, error) {
	if !utf8.ValidString(text) {
		return Quantity{}, notUTF8(text)
	}
	var clusters int64
	var before cluster
	for _, c := range text {
		class := classOf(c)
		if before.breaks(class) {
			clusters++
		}
		before = before.and(class)
	}
	return Count(clusters, UnitCharacter), nil
}

// class is the Grapheme_Cluster_Break property of a code point, with
// Extended_Pictographic as one more.
type class uint8

const (
	none class = iota // before the start of the text
	other
	cr
	lf
	control
	extend
	zwj
	prepend
	spacing
	regional
	pictographic
	hangulL
	hangulV
	hangulT
	hangulLV
	hangulLVT
)

// cluster is what the rules need to know of the text before a code point.
type cluster struct {
	last        class
	pictographs bool // last ends ExtPict Extend*, or with a ZWJ after it
	oddRegional bool // last is the first half of a flag
}

// breaks reports whether a new character starts between what came before and
// next. The rules are those of UAX #29, section 3.1.1, by their numbers.
func (b cluster) breaks(next class) bool {
	switch {
	case b.last == none: // GB1
		return true
	case b.last == cr && next == lf: // GB3
		return false
	case isControl(b.last) || isControl(next): // GB4, GB5
		return true
	case joinsHangul(b.last, next): // GB6, GB7, GB8
		return false
	case next == extend || next == zwj || next == spacing: // GB9, GB9a
		return false
	case b.last == prepend: // GB9b
		return false
	case b.last == zwj && b.pictographs && next == pictographic: // GB11
		return false
	case b.oddRegional && next == regional: // GB12, GB13
		return false
	}
	return true // GB999
}

// and returns b with next added.
func (b cluster) and(next class) cluster {
	return cluster{
		last: next,
		pictographs: next == pictographic ||
			b.pictographs && b.last != zwj && (next == extend || next == zwj),
		oddRegional: next == regional && !b.oddRegional,
	}
}

func isControl(c class) bool { return c == cr || c == lf || c == control }

func joinsHangul(last, next class) bool {
	switch last {
	case hangulL:
		return next == hangulL || next == hangulV || next == hangulLV || next == hangulLVT
	case hangulLV, hangulV:
		return next == hangulV || next == hangulT
	case hangulLVT, hangulT:
		return next == hangulT
	}
	return false
}

func classOf(c rune) class {
	switch {
	case c == '\r':
		return cr
	case c == '\n':
		return lf
	case c < ' ':
		return control
	case c < 0x7F:
		return other
	case c == '\u200d':
		return zwj
	case c >= 0x1100 && c <= 0xD7FF:
		if h := hangul(c); h != other {
			return h
		}
	case unicode.Is(unicode.Regional_Indicator, c):
		return regional
	}
	return classByTable(c)
}

// classByTable follows table 2 of UAX #29, in an order in which the first match
// is right.
func classByTable(c rune) class {
	switch {
	case unicode.Is(pictographs, c):
		return pictographic
	case unicode.In(c, unicode.Mn, unicode.Me, unicode.Other_Grapheme_Extend, modifiers):
		return extend
	case unicode.In(c, unicode.Prepended_Concatenation_Mark, prepended):
		return prepend
	case unicode.In(c, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, ignorable):
		return control
	case unicode.In(c, unicode.Mc, amVowels) && !unicode.Is(notSpacing, c):
		return spacing
	}
	return other
}

// hangul returns the class of conjoining jamo and of composed syllables, else
// other.
func hangul(c rune) class {
	const syllables, trailing = 0xAC00, 28
	switch {
	case c <= 0x115F, 0xA960 <= c && c <= 0xA97C:
		return hangulL
	case 0x1160 <= c && c <= 0x11A7, 0xD7B0 <= c && c <= 0xD7C6:
		return hangulV
	case 0x11A8 <= c && c <= 0x11FF, 0xD7CB <= c && c <= 0xD7FB:
		return hangulT
	case syllables <= c && c <= 0xD7A3 && (c-syllables)%trailing == 0:
		return hangulLV
	case syllables <= c && c <= 0xD7A3:
		return hangulLVT
	}
	return other
}
