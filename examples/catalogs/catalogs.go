package catalogs

import (
	"embed"
	"fmt"
	"slices"
	"strings"

	"github.com/scriphq/scrip/pricing"
)

//go:embed *.json
var files embed.FS

const suffix = ".json"

// Open returns a product's catalog by its name, one of [Names]. Each call reads
// it anew. The error names those there are, or is that of [pricing.Parse].
func Open(name string) (*pricing.Catalog, error) {
	if !slices.Contains(Names(), name) {
		return nil, fmt.Errorf("catalogs: no catalog %q: want one of %s", name, strings.Join(Names(), ", "))
	}
	data, err := files.ReadFile(name + suffix)
	if err != nil {
		return nil, fmt.Errorf("catalogs: %w", err)
	}
	return pricing.Parse(data)
}

// Names returns the names of all catalogs in this folder, in order. The caller
// owns the slice.
func Names() []string {
	entries, err := files.ReadDir(".")
	if err != nil {
		panic("catalogs: " + err.Error()) // an embedded folder is always readable
	}
	names := make([]string, len(entries))
	for i, entry := range entries {
		names[i] = strings.TrimSuffix(entry.Name(), suffix)
	}
	return names
}
