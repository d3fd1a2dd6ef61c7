package pricing

import (
	_ "embed"
	"slices"
)

//go:embed catalog.schema.json
var schema []byte

// Schema returns the JSON Schema (draft 2020-12) of a catalog, for editors and
// for services that take catalogs from others. What it admits, [Parse] may still
// refuse: a schema cannot see fields given twice, features that no card prices,
// two prices for the same instant, or a currency that does not exist. What it
// refuses, Parse refuses. The bytes are the caller's own.
func Schema() []byte { return slices.Clone(schema) }
