package postgres_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
	"github.com/scriphq/scrip/store/postgres"
)

// fillSQL makes 20,000 accounts with a lot, a hold and five entries each.
const fillSQL = `
INSERT INTO accounts (account, seq, at, balance, due, debt)
	SELECT 'account-' || n, 5, timestamptz '2026-01-01Z', 100, timestamptz '2026-01-01Z' + n * interval '1 hour', CASE WHEN n % 500 = 0 THEN 7 ELSE 0 END
	FROM generate_series(1, 20000) AS n;
INSERT INTO lots (account, id, source, granted, available, held, spent, start_at, end_at, validity, term, priority, only_with,
		paid_minor, paid_currency, non_refundable, rollover, origin, rolled, allowance)
	SELECT 'account-' || n, 'lot', 'pack', 200, 100, 0, 100, timestamptz '2025-01-01Z', timestamptz '2026-01-01Z' + n * interval '1 hour',
		'1 year', '', 0, '', 0, '', false, '', 0, 0, ''
	FROM generate_series(1, 20000) AS n;
INSERT INTO holds (account, id, feature, deadline, body)
	SELECT 'account-' || n, 'hold', 'translate', timestamptz '2026-01-01Z' + n * interval '1 hour', '{"parts": [{"lot": "lot", "amount": 5}]}'
	FROM generate_series(1, 20000) AS n;
INSERT INTO entries (account, seq, id, of_id, kind, at, amount, balance, short, feature, quantity, card, card_version, explanation,
		source, peer, money_minor, money_currency, written)
	SELECT 'account-' || n, s, 'job-' || s, '', 'spend', timestamptz '2026-01-01Z' + (20000 * s + n) * interval '1 minute', -1, 100, 0,
		'translate', '', '', '', '', '', '', 0, '', 1
	FROM generate_series(1, 5) AS s, generate_series(1, 20000) AS n;
ANALYZE accounts, lots, holds, entries`

func TestReportsUseTheirIndexes(t *testing.T) {
	schema := newSchema()
	openStore(t, openPool(t), postgres.Options{Schema: schema})
	conn, queries := connect(t, schema), reports(t)
	if _, err := conn.PgConn().Exec(t.Context(), fillSQL).ReadAll(); err != nil {
		t.Fatal(err)
	}
	day := func(n int) time.Time { return time.Date(2026, time.January, n, 0, 0, 0, 0, time.UTC) }
	tests := []struct {
		number  int
		args    []any
		indexes []string // what its plan names; none: it reads a whole table
	}{
		{1, []any{day(10), day(17)}, []string{"lots_end"}},
		{2, []any{day(10), day(17)}, []string{"lots_end"}},
		{3, []any{day(20), day(21)}, []string{"entries_time"}},
		{4, nil, []string{"accounts_in_debt"}},
		{5, []any{10}, nil},
		{6, []any{day(4)}, []string{"accounts_due", "holds_pkey"}},
		{7, []any{"account-77"}, []string{"Index Cond: (account = "}},
		{8, []any{day(4)}, []string{"accounts_due"}},
	}
	for _, test := range tests {
		var plan strings.Builder
		for _, line := range table(t, conn, "EXPLAIN "+queries[test.number], test.args...) {
			plan.WriteString(line[0] + "\n")
		}
		if whole := strings.Contains(plan.String(), "Seq Scan"); whole != (test.indexes == nil) {
			t.Errorf("query %d reads a whole table: %v, want %v:\n%s", test.number, whole, test.indexes == nil, plan.String())
		}
		for _, index := range test.indexes {
			if !strings.Contains(plan.String(), index) {
				t.Errorf("query %d does not use %s:\n%s", test.number, index, plan.String())
			}
		}
	}
}

// Plans made for tables of one row, and kept, look every row up by its key, whatever
// the tables have grown to since.
func TestPlansOfSmallTablesAreThoseOfLargeOnes(t *testing.T) {
	schema := newSchema()
	store := openStore(t, openPool(t), postgres.Options{Schema: schema})
	s := newStory(t, store)
	s.does(march(2, 9),
		credits.Grant{ID: "pack", Account: "ada", Amount: credits.Of(100), Validity: expiry.Permanent()},
		credits.Renew{ID: "order", Account: "ada", Term: "pro", Until: march(30, 9)},
		credits.Allow{ID: "allow", Account: "ada", Allowance: "daily", Amount: credits.Of(1), Every: expiry.MustParseSpan("1 day"), Validity: expiry.Permanent()},
		credits.Reserve{ID: "hold", Account: "ada", Amount: credits.Of(10), Deadline: march(3, 9)},
	)
	conn := connect(t, schema)
	settings, statements := store.JointStatements()
	for _, sql := range []string{"ANALYZE accounts, lots, holds, terms, allowances, entries", "BEGIN", settings} {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	for name, sql := range statements {
		prepared := regexp.MustCompile(`\W`).ReplaceAllString(name, "_")
		if _, err := conn.Exec(t.Context(), "PREPARE "+prepared+" AS "+sql); err != nil {
			t.Fatalf("%s: %v\n%s", name, err, sql)
		}
		nulls := strings.TrimSuffix(strings.Repeat("NULL, ", parameters(sql)), ", ")
		plan := table(t, conn, fmt.Sprintf("EXPLAIN EXECUTE %s(%s)", prepared, nulls))
		for i, line := range plan {
			through := strings.Contains(line[0], "Seq Scan") || regexp.MustCompile(`Index (Only )?Scan`).MatchString(line[0]) &&
				(i+1 == len(plan) || !strings.Contains(plan[i+1][0], "Index Cond: (("+"account") && !strings.Contains(plan[i+1][0], "Index Cond: (account"))
			if through {
				t.Errorf("%s: goes through a table:\n%s", name, text(plan))
				break
			}
		}
	}
}

// parameters is how many a statement has.
func parameters(sql string) int {
	most := 0
	for _, p := range regexp.MustCompile(`\$(\d+)`).FindAllStringSubmatch(sql, -1) {
		n := 0
		_, _ = fmt.Sscan(p[1], &n)
		most = max(most, n)
	}
	return most
}

func text(plan [][]string) string {
	var lines []string
	for _, line := range plan {
		lines = append(lines, line[0])
	}
	return strings.Join(lines, "\n")
}
