package postgres_test

import (
	"strings"
	"testing"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/store/postgres"
)

// Who forgot to migrate is told so, by every call.
func TestMissingTablesSayWhatToDo(t *testing.T) {
	store, err := postgres.New(openPool(t), postgres.Options{Schema: "never_migrated"})
	if err != nil {
		t.Fatal(err)
	}
	ledger := credits.New(store, credits.Options{})
	_, spending := ledger.Spend(t.Context(), credits.Spend{ID: "job", Account: "ada", Amount: credits.Of(1)})
	_, reading := ledger.Balance(t.Context(), "ada")
	_, sweeping := ledger.Sweep(t.Context())
	_, _, feeding := store.Feed(t.Context(), postgres.Position{}, 1)
	for what, err := range map[string]error{"Spend": spending, "Balance": reading, "Sweep": sweeping, "Feed": feeding} {
		if err == nil || !strings.Contains(err.Error(), "call Store.Migrate first") {
			t.Errorf("%s = %v, want to be told to migrate", what, err)
		}
	}
}
