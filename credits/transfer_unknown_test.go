package credits_test

import (
	"context"
	"errors"
	"testing"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
	"github.com/scriphq/scrip/store/memory"
)

// losing is a store that loses its answers, also those that refuse.
type losing struct {
	credits.Store
	lost error // nil: it does not
}

func (l *losing) Update(ctx context.Context, account string, ids []string, decide credits.Decision) error {
	err := l.Store.Update(ctx, account, ids, decide)
	if l.lost != nil {
		return l.lost
	}
	return err
}

// A store's failure is no refusal, whatever was decided before it.
func TestTransferDoesNotKnowWhatTheStoreLost(t *testing.T) {
	store := &losing{Store: memory.New()}
	ledger := credits.New(store, credits.Options{})
	for _, account := range []string{"ada", "bob"} {
		_, err := ledger.Grant(t.Context(), credits.Grant{ID: "pack", Account: account, Amount: credits.Of(5), Validity: expiry.Permanent()})
		if err != nil {
			t.Fatal(err)
		}
	}
	transfer := credits.Transfer{ID: "pack", From: "ada", To: "bob", Amount: credits.Of(1)}
	if _, err := ledger.Transfer(t.Context(), transfer); !errors.Is(err, credits.ErrIDReused) {
		t.Errorf("Transfer = %v, want ErrIDReused", err)
	}
	store.lost = errors.New("the connection was lost")
	if _, err := ledger.Transfer(t.Context(), transfer); !errors.Is(err, credits.ErrUnknown) || !errors.Is(err, store.lost) {
		t.Errorf("Transfer = %v, want ErrUnknown for what the store lost", err)
	}
}
