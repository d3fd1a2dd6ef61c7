package catalogs_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/scriphq/scrip/examples/catalogs"
	"github.com/scriphq/scrip/pricing"
)

// elsewhere are the products whose catalogs stand beside a program of their own.
var elsewhere = []string{"filmora", "powtoon"}

func TestSixteenProductsHaveACatalog(t *testing.T) {
	want := []string{
		"clay", "copilot", "creatify", "elevenlabs", "filmora", "firefly", "heygen", "ladinda",
		"leonardo", "lovable", "openai", "powtoon", "runway", "suno", "visionstory", "visla",
	}
	got := slices.Sorted(slices.Values(append(catalogs.Names(), elsewhere...)))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Names() and the programs (-want +got):\n%s", diff)
	}
	for _, name := range catalogs.Names() {
		catalog, err := catalogs.Open(name)
		if err != nil {
			t.Errorf("Open(%q) = %v, want a catalog", name, err)
			continue
		}
		if cards := catalog.Cards(); cards[0].Name != name || !strings.Contains(catalog.Note(), "Ours") {
			t.Errorf("Open(%q) has the card %q and the note %q, want the card %[1]q and what is ours", name, cards[0].Name, catalog.Note())
		}
	}
	for _, name := range elsewhere {
		data, err := os.ReadFile(filepath.Join("..", name, "catalog.json"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := pricing.Parse(data); err != nil {
			t.Errorf("Parse(%s) = %v, want a catalog", name, err)
		}
	}
}

func TestACatalogThatIsNotThereIsNamed(t *testing.T) {
	for _, name := range []string{"", "sunno", "../filmora/catalog", "suno.json"} {
		catalog, err := catalogs.Open(name)
		if err == nil || catalog != nil || !strings.Contains(err.Error(), "suno") {
			t.Errorf("Open(%q) = %v, %v, want an error that names those there are", name, catalog, err)
		}
	}
}
