package strictjson

import "fmt"

// Error says where a document is wrong and why.
type Error struct {
	Line   int    // from 1
	Column int    // in characters, from 1
	Path   string // such as features["speech-to-text"].per; empty: the document
	Reason string // one lower-case clause
	Err    error  // the leaf's own error; nil: none
}

// Error returns "line 12, column 5: path: reason".
func (e *Error) Error() string {
	where := fmt.Sprintf("line %d, column %d: ", e.Line, e.Column)
	if e.Path != "" {
		where += e.Path + ": "
	}
	return where + e.Reason
}

// Unwrap returns Err.
func (e *Error) Unwrap() error { return e.Err }
