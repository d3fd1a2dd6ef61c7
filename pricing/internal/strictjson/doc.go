// Package strictjson decodes JSON that people write by hand, and says exactly
// where it is wrong.
//
// It reads into ordinary Go structs by their json tags, and differs from
// encoding/json in what it refuses: fields that the struct does not have (names
// match by case), fields given twice, fields that are missing, null, values of
// another kind, empty text where only certain words mean something (any type of
// text but string itself), empty text, arrays and objects of a field that could be
// left out, text after the document, bytes that are not UTF-8, half
// of a surrogate pair, numbers in exponent notation, and whatever passes
// [MaxBytes], [MaxDepth], [MaxKey] or [MaxNumber]. A field is required unless its
// tag says omitempty or omitzero.
//
// A leaf is a type with UnmarshalJSON or UnmarshalText. It receives scalars
// only: UnmarshalJSON a string, number or boolean as it stands in the text,
// digit for digit, UnmarshalText the contents of a string. No number passes
// through floating point. Beyond leaves, the decoder knows structs, maps by
// string, slices, pointers, strings, booleans and signed integers; any other
// type is a mistake in the program, and panics.
//
// Every error is an [*Error] with line, column and path. [Decode] also returns
// the [Index] of all paths, so that checks made after decoding can say where
// they failed, too.
package strictjson
