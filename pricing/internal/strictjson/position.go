package strictjson

import (
	"slices"
	"strconv"
	"unicode/utf8"
)

// Position is a place in a document, both counted from 1, the column in
// characters.
type Position struct{ Line, Column int }

// Index holds the position of every value of a document by its path.
type Index map[string]Position

// At returns the position of the value at path, or of the closest value around
// it where the document has no such path. Paths are written as [Field], [Key]
// and [Item] do.
func (x Index) At(path string) Position {
	if at, ok := x[path]; ok {
		return at
	}
	for _, end := range slices.Backward(joints(path)) {
		if at, ok := x[path[:end]]; ok {
			return at
		}
	}
	return x[""]
}

// joints returns where the steps of path begin, but for the first.
func joints(path string) []int {
	var found []int
	quoted := false
	for i := 0; i < len(path); i++ {
		switch c := path[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case !quoted && (c == '.' || c == '['):
			found = append(found, i)
		}
	}
	return found
}

// Field returns the path of a struct's field: path.name.
func Field(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// Key returns the path of a map's element: path["key"].
func Key(path, key string) string { return path + "[" + strconv.Quote(key) + "]" }

// Item returns the path of a slice's element: path[i].
func Item(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }

// lines finds positions by offset. It goes on from the position that it found
// last, so that finding all of them in order takes one pass over the data, however
// long the lines are.
type lines struct {
	data   []byte
	starts []int // the offset at which each line begins

	last    Position
	offset  int // of last
	counted int // the bytes that were looked at for columns
}

func newLines(data []byte) *lines {
	starts := []int{0}
	for i, c := range data {
		if c == '\n' {
			starts = append(starts, i+1)
		}
	}
	return &lines{data: data, starts: starts, last: Position{Line: 1, Column: 1}}
}

// position returns the place of the byte at offset.
func (l *lines) position(offset int) Position {
	offset = min(offset, len(l.data))
	line, found := slices.BinarySearch(l.starts, offset)
	if !found {
		line--
	}
	from, column := l.starts[line], 1
	if l.last.Line == line+1 && l.offset <= offset {
		from, column = l.offset, l.last.Column
	}
	l.counted += offset - from
	l.last = Position{Line: line + 1, Column: column + utf8.RuneCount(l.data[from:offset])}
	l.offset = offset
	return l.last
}
