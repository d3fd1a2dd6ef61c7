package expiry

import (
	"fmt"
	"strings"
)

// reader goes through a text of bounded length from left to right. Its methods
// skip spaces before what they read.
type reader struct {
	text  string
	pos   int // the next byte
	depth int // of policies within policies
}

// mark skips spaces and returns the offset of what is next.
func (r *reader) mark() int {
	for r.pos < len(r.text) && r.text[r.pos] == ' ' {
		r.pos++
	}
	return r.pos
}

// take returns the longest run of bytes that belong, nothing if what was read last
// is joined to them: words and numbers have a space or punctuation between them.
func (r *reader) take(belongs func(b byte) bool) string {
	start := r.mark()
	if start > 0 && strings.IndexByte(" (,:/", r.text[start-1]) < 0 {
		return ""
	}
	for r.pos < len(r.text) && belongs(r.text[r.pos]) {
		r.pos++
	}
	return r.text[start:r.pos]
}

func (r *reader) word() string   { return r.take(isLower) }
func (r *reader) digits() string { return r.take(isDigit) }

func (r *reader) locationText() string {
	return r.take(func(b byte) bool { return isLocation(rune(b)) })
}

// momentText returns what may be a date or an instant. A colon belongs only
// within: the one after it introduces a policy.
func (r *reader) momentText() string {
	text := r.take(func(b byte) bool {
		return isDigit(b) || strings.IndexByte("-+:.TZ", b) >= 0
	})
	if strings.HasSuffix(text, ":") {
		r.pos--
		text = text[:len(text)-1]
	}
	return text
}

func isLower(b byte) bool { return 'a' <= b && b <= 'z' }
func isDigit(b byte) bool { return '0' <= b && b <= '9' }

func (r *reader) atDigit() bool {
	at := r.mark()
	return at < len(r.text) && isDigit(r.text[at])
}

// count reads 1 to MaxCount.
func (r *reader) count() (int, error) {
	n, err := r.number(MaxCount)
	return int(n), err
}

// number reads 1 to most, which has at most 18 digits.
func (r *reader) number(most int64) (int64, error) {
	start := r.mark()
	digits := r.digits()
	if digits == "" {
		return 0, r.failAt(start, "expected a number")
	}
	if digits[0] == '0' {
		return 0, r.failAt(start, "a number starts with 1 to 9")
	}
	if n, ok := readDigits(digits); ok && n <= most {
		return n, nil
	}
	return 0, r.failAt(start, "%.20s is more than %d", digits, most)
}

// readDigits returns the value of at most 18 digits.
func readDigits(digits string) (n int64, ok bool) {
	if len(digits) > 18 {
		return 0, false
	}
	for i := range len(digits) {
		n = 10*n + int64(digits[i]-'0')
	}
	return n, true
}

func (r *reader) accept(b byte) bool { return r.takeOne(string(b)) != "" }

// takeOne returns the next byte if it is one of bytes, else nothing.
func (r *reader) takeOne(bytes string) string {
	at := r.mark()
	if at == len(r.text) || strings.IndexByte(bytes, r.text[at]) < 0 {
		return ""
	}
	r.pos++
	return r.text[at:r.pos]
}

func (r *reader) expect(b byte) error {
	if r.accept(b) {
		return nil
	}
	return r.fail("expected %q", b)
}

func (r *reader) acceptWord(word string) bool {
	start := r.mark()
	if r.word() == word {
		return true
	}
	r.pos = start
	return false
}

func (r *reader) expectWord(word string) error {
	if r.acceptWord(word) {
		return nil
	}
	return r.fail("expected %q", word)
}

func (r *reader) expectWords(words ...string) error {
	for _, word := range words {
		if err := r.expectWord(word); err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) finish() error {
	if r.mark() < len(r.text) {
		return r.fail("unexpected text")
	}
	return nil
}

func (r *reader) fail(format string, args ...any) error {
	return r.failAt(r.mark(), format, args...)
}

func (r *reader) failAt(offset int, format string, args ...any) error {
	return &ParseError{Text: r.text, Offset: offset, Reason: fmt.Sprintf(format, args...)}
}
