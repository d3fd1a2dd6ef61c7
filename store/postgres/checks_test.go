package postgres_test

import (
	"errors"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
	"github.com/scriphq/scrip/store/postgres"
)

// refusals are, by the constraint that refuses them, what no ledger would write.
var refusals = map[string][]string{
	"accounts_pkey":  {"INSERT INTO accounts (account) VALUES ('ada')"},
	"accounts_begun": {"UPDATE accounts SET at = NULL", "UPDATE accounts SET seq = 0"},
	"accounts_in_range": {
		"UPDATE accounts SET seq = -1",
		"UPDATE accounts SET balance = 1000000000000000001", "UPDATE accounts SET balance = -1000000000000000001",
		"UPDATE accounts SET debt = -1", "UPDATE accounts SET debt = 1000000000000000001",
		"UPDATE accounts SET debt_held = -1", "UPDATE accounts SET debt_held = 1000000000000000001",
		"UPDATE accounts SET overdraft = -1", "UPDATE accounts SET overdraft = 1000000000000000001",
	},

	"lots_pkey": {"INSERT INTO lots SELECT * FROM lots"},
	"lots_in_range": {
		"UPDATE lots SET granted = 1000000000000000001",
		"UPDATE lots SET available = -1, held = 5", "UPDATE lots SET available = 5, held = -1", "UPDATE lots SET spent = -1",
		"UPDATE lots SET paid_minor = -1 WHERE paid_currency <> ''", "UPDATE lots SET origin = -1", "UPDATE lots SET rolled = -1",
	},
	"lots_within_granted": {
		"UPDATE lots SET granted = 0", "UPDATE lots SET available = 0, held = 0",
		"UPDATE lots SET available = granted + 1", "UPDATE lots SET spent = granted",
	},
	"lots_paid_in": {"UPDATE lots SET paid_currency = ''", "UPDATE lots SET paid_minor = 0", "UPDATE lots SET paid_minor = 1"},

	"holds_pkey":              {"INSERT INTO holds SELECT * FROM holds"},
	"terms_pkey":              {"INSERT INTO terms SELECT * FROM terms"},
	"allowances_pkey":         {"INSERT INTO allowances SELECT * FROM allowances"},
	"allowances_amount_check": {"UPDATE allowances SET amount = 0"},

	"entries_pkey": {"UPDATE entries SET seq = 1 WHERE seq = 2"},
	"entries_id":   {"UPDATE entries SET id = 'pack' WHERE seq = 2"},
	"entries_in_range": {
		"UPDATE entries SET seq = 0 WHERE seq = 1",
		"UPDATE entries SET amount = 1000000000000000001", "UPDATE entries SET amount = -1000000000000000001",
		"UPDATE entries SET balance = 1000000000000000001", "UPDATE entries SET balance = -1000000000000000001",
		"UPDATE entries SET short = -1", "UPDATE entries SET money_minor = -1",
	},
	"entries_named": {"UPDATE entries SET id = '' WHERE seq = 1", "UPDATE entries SET kind = ''"},
}

func TestTheDatabaseRefusesWhatNoLedgerWrites(t *testing.T) {
	schema := newSchema()
	s := newStory(t, openStore(t, openPool(t), postgres.Options{Schema: schema}))
	s.does(march(2, 9),
		credits.Grant{ID: "pack", Account: "ada", Amount: credits.Of(100), Validity: expiry.Permanent(), Paid: credits.Money{Minor: 900, Currency: "USD"}},
		credits.Renew{ID: "order", Account: "ada", Term: "pro", Until: march(30, 9)},
		credits.Allow{ID: "allow", Account: "ada", Allowance: "daily", Amount: credits.Of(1), Every: expiry.MustParseSpan("1 day"), Validity: expiry.Permanent()},
		credits.Reserve{ID: "hold", Account: "ada", Amount: credits.Of(10), Deadline: march(3, 9)},
	)
	conn := connect(t, schema)
	before := contents(t, conn)
	for name, statements := range refusals {
		for _, sql := range statements {
			_, err := conn.Exec(t.Context(), sql)
			answer, _ := errors.AsType[*pgconn.PgError](err)
			if answer == nil || answer.ConstraintName != name {
				t.Errorf("%s = %v, want a refusal by %s", sql, err, name)
			}
		}
	}
	if diff := cmp.Diff(before, contents(t, conn)); diff != "" {
		t.Errorf("what was refused left traces (-before +after):\n%s", diff)
	}
}

// Every constraint has a statement that it refuses.
func TestEveryConstraintIsTried(t *testing.T) {
	schema := newSchema()
	openStore(t, openPool(t), postgres.Options{Schema: schema})
	var found []string
	for _, line := range table(t, connect(t, schema), `
		SELECT conname FROM pg_constraint c JOIN pg_class r ON r.oid = c.conrelid
			WHERE c.connamespace = current_schema()::regnamespace AND r.relname <> 'migrations' AND contype <> 'n'
		UNION SELECT relname FROM pg_index i JOIN pg_class r ON r.oid = i.indexrelid
			WHERE r.relnamespace = current_schema()::regnamespace AND i.indisunique AND r.relname <> 'migrations_pkey'
		ORDER BY 1`) {
		found = append(found, line[0])
	}
	slices.Sort(found)
	if diff := cmp.Diff(found, slices.Sorted(maps.Keys(refusals))); diff != "" {
		t.Errorf("constraints (-in the schema +tried):\n%s", diff)
	}
}

// contents is every row of every table.
func contents(t *testing.T, conn *pgx.Conn) map[string][][]string {
	t.Helper()
	rows := make(map[string][][]string)
	for _, name := range []string{"accounts", "lots", "holds", "terms", "allowances", "entries"} {
		rows[name] = table(t, conn, "SELECT "+name+"::text FROM "+name+" ORDER BY 1")
	}
	return rows
}
