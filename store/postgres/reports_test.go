package postgres_test

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
	"github.com/scriphq/scrip/store/postgres"
)

// reports returns the queries of reports.sql by their numbers, as they are written.
func reports(t *testing.T) map[int]string {
	t.Helper()
	text, err := os.ReadFile("reports.sql")
	if err != nil {
		t.Fatal(err)
	}
	queries := make(map[int]string)
	parts := regexp.MustCompile(`(?m)^-- (\d+)\. `).FindAllSubmatchIndex(text, -1)
	for i, part := range parts {
		number, err := strconv.Atoi(string(text[part[2]:part[3]]))
		if err != nil || number != i+1 {
			t.Fatalf("query %d of reports.sql has the number %q, want %d", i+1, text[part[2]:part[3]], i+1)
		}
		end := len(text)
		if i+1 < len(parts) {
			end = parts[i+1][0]
		}
		queries[number] = string(text[part[0]:end])
	}
	return queries
}

// newSchema returns a name for a schema of the test's own.
func newSchema() string { return fmt.Sprintf("t%d_%d", os.Getpid(), schemas.Add(1)) }

// connect returns a connection whose search path is a schema.
func connect(t testing.TB, schema string) *pgx.Conn {
	t.Helper()
	needServer(t)
	config, err := pgx.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	config.RuntimeParams["search_path"], config.RuntimeParams["timezone"] = schema, "UTC"
	conn, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// table is the answer to a query, as psql prints it.
func table(t *testing.T, conn *pgx.Conn, sql string, args ...any) [][]string {
	t.Helper()
	rows, err := conn.Query(t.Context(), sql, append([]any{pgx.QueryResultFormats{pgx.TextFormatCode}}, args...)...)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	defer rows.Close()
	var lines [][]string
	for rows.Next() {
		var line []string
		for _, value := range rows.RawValues() {
			line = append(line, string(value))
		}
		lines = append(lines, line)
	}
	if err := rows.Err(); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return lines
}

func march(day, hour int) time.Time { return time.Date(2026, time.March, day, hour, 0, 0, 0, time.UTC) }

// story is a ledger whose clock is set by hand, and what goes wrong in it.
type story struct {
	*credits.Ledger
	now time.Time
	t   *testing.T
}

func newStory(t *testing.T, store credits.Store) *story {
	s := &story{t: t}
	s.Ledger = credits.New(store, credits.Options{Now: func() time.Time { return s.now }})
	return s
}

// does carries out commands at an instant, none of which is refused.
func (s *story) does(at time.Time, commands ...credits.Command) {
	s.t.Helper()
	s.now = at
	results, err := s.Batch(s.t.Context(), commands)
	if err != nil {
		s.t.Fatal(err)
	}
	for i, result := range results {
		if result.Err != nil {
			s.t.Fatalf("%+v: %v", commands[i], result.Err)
		}
	}
}

var customers = []string{"ada", "bob", "cyd", "dan", "eve"}

// tell makes the accounts that the reports are about, up to 10 March, 12:00.
func (s *story) tell() {
	s.t.Helper()
	usd := func(minor int64) credits.Money { return credits.Money{Minor: minor, Currency: "USD"} }
	s.does(march(2, 9),
		credits.Grant{ID: "pack-1", Account: "ada", Amount: credits.Of(100), Source: "pack", Validity: expiry.Permanent(), Paid: usd(1000)},
		credits.Grant{ID: "bonus-1", Account: "ada", Amount: credits.Of(30), Source: "bonus", Validity: expiry.Days(14)},
		credits.Grant{ID: "pack-2", Account: "bob", Amount: credits.Of(50), Source: "pack", Validity: expiry.Days(30), Paid: credits.Money{Minor: 499, Currency: "EUR"}},
		credits.Grant{ID: "gift", Account: "bob", Amount: credits.Of(7), Source: "bonus", Validity: expiry.Days(14), Features: []string{"render"}},
		credits.Configure{ID: "overdraft", Account: "cyd", Overdraft: new(credits.Of(20))},
		credits.Grant{ID: "pack-3", Account: "cyd", Amount: credits.Of(10), Source: "pack", Validity: expiry.Permanent(), Paid: usd(100), NonRefundable: true},
		credits.Grant{ID: "trial", Account: "dan", Amount: credits.Of(40), Source: "pack", Validity: expiry.Days(5), Paid: usd(300)},
		credits.Grant{ID: "pack-5", Account: "eve", Amount: credits.Of(60), Source: "pack", Validity: expiry.Permanent(), Paid: usd(700)},
	)
	s.does(march(9, 10),
		credits.Spend{ID: "job-1", Account: "ada", Feature: "speech-to-text", Amount: credits.Of(20), Quantity: "5m"},       // of bonus-1: 10 left
		credits.Spend{ID: "job-2", Account: "ada", Feature: "translate", Amount: credits.Of(12)},                            // 10 of bonus-1, 2 of pack-1
		credits.Refund{ID: "refund-2", Account: "ada", Of: "job-2", Amount: credits.Of(4)},                                  // 2 to pack-1, 2 to bonus-1
		credits.Reserve{ID: "hold-3", Account: "ada", Feature: "translate", Amount: credits.Of(1), Deadline: march(13, 12)}, // of bonus-1
		credits.Reserve{ID: "hold-1", Account: "bob", Feature: "speech-to-text", Amount: credits.Of(20), Deadline: march(12, 12)},
		credits.Capture{ID: "part-1", Account: "bob", Hold: "hold-1", Amount: credits.Of(12), More: true}, // 8 still held
		credits.Reserve{ID: "hold-2", Account: "bob", Feature: "translate", Amount: credits.Of(5), Deadline: march(20, 12)},
		credits.Spend{ID: "job-3", Account: "cyd", Feature: "speech-to-text", Amount: credits.Of(25)}, // 10 of pack-3, 15 debt
		credits.Spend{ID: "job-4", Account: "eve", Feature: "translate", Amount: credits.Of(15)},
		credits.Revoke{ID: "chargeback", Account: "eve", Lot: "pack-5"}, // takes 45
	)
	s.does(march(10, 11), credits.Grant{ID: "pack-6", Account: "cyd", Amount: credits.Of(5), Source: "pack", Validity: expiry.Permanent(), Paid: usd(60)})
	s.now = march(10, 12)
	if settled, err := s.Sweep(s.t.Context()); settled != 1 || err != nil { // dan's trial has ended
		s.t.Fatalf("Sweep() = %d, %v, want 1 account", settled, err)
	}
}

func TestReportsGiveTheFiguresOfTheLedger(t *testing.T) {
	schema := newSchema()
	s := newStory(t, openStore(t, openPool(t), postgres.Options{Schema: schema}))
	s.tell()
	conn := connect(t, schema)
	queries := reports(t)
	tests := []struct {
		number int
		asks   string
		args   []any
		want   [][]string
	}{
		{1, "what ends next week by account", []any{march(10, 0), march(17, 0)}, [][]string{
			{"bob", "7.000000", "0.000000", "1", "2026-03-16 09:00:00+00"},
			{"ada", "1.000000", "1.000000", "1", "2026-03-16 09:00:00+00"},
		}},
		{1, "an end is outside a period that it closes", []any{march(10, 0), march(16, 9)}, nil},
		{2, "what ends next week by lot", []any{march(16, 9), march(17, 0)}, [][]string{
			{"ada", "bonus-1", "bonus", "", "1.000000", "1.000000", "2026-03-16 09:00:00+00"},
			{"bob", "gift", "bonus", "", "7.000000", "0.000000", "2026-03-16 09:00:00+00"},
		}},
		{3, "what was spent yesterday by feature", []any{march(9, 0), march(10, 0)}, [][]string{
			{"speech-to-text", "3", "57.000000", "0.000000", "57.000000"}, // 20 + 12 + 25
			{"translate", "2", "27.000000", "4.000000", "23.000000"},      // 12 + 15 - 4
		}},
		{3, "nothing was spent today", []any{march(10, 0), march(11, 0)}, nil},
		{4, "who is in debt", nil, [][]string{{"cyd", "10.000000", "20.000000", "-10.000000", "f"}}}, // 15 - 5
		{5, "the biggest balances", []any{3}, [][]string{
			{"ada", "102.000000", "2026-03-09 10:00:00+00"}, // 130 - 20 - 12 + 4
			{"bob", "45.000000", "2026-03-09 10:00:00+00"},  // 57 - 12
			{"dan", "0.000000", "2026-03-07 09:00:00+00"},
		}},
		{6, "holds about to lapse", []any{march(14, 0)}, [][]string{
			{"bob", "hold-1", "speech-to-text", "2026-03-12 12:00:00+00", "8.000000"},
			{"ada", "hold-3", "translate", "2026-03-13 12:00:00+00", "1.000000"},
		}},
		{7, "one account's ledger", []any{"ada"}, [][]string{
			{"1", "2026-03-02 09:00:00+00", "grant", "pack-1", "", "", "", "100.000000", "100.000000", "t"},
			{"2", "2026-03-02 09:00:00+00", "grant", "bonus-1", "", "", "", "30.000000", "130.000000", "t"},
			{"3", "2026-03-09 10:00:00+00", "spend", "job-1", "", "speech-to-text", "5m", "-20.000000", "110.000000", "t"},
			{"4", "2026-03-09 10:00:00+00", "spend", "job-2", "", "translate", "", "-12.000000", "98.000000", "t"},
			{"5", "2026-03-09 10:00:00+00", "refund", "refund-2", "job-2", "translate", "", "4.000000", "102.000000", "t"},
			{"6", "2026-03-09 10:00:00+00", "reserve", "hold-3", "", "translate", "", "0.000000", "102.000000", "t"},
		}},
		{8, "the sweep is not behind", []any{march(10, 12)}, [][]string{{"0", ""}}},
		{8, "the sweep is behind by two holds", []any{march(14, 0)}, [][]string{{"2", "2026-03-12 12:00:00+00"}}},
		{9, "revenue and breakage", []any{march(1, 0), march(11, 0)}, [][]string{
			{"EUR", "119", "0", "0"},     // 12 of 50 for 499
			{"USD", "335", "300", "525"}, // pack-3 100, pack-6 60, 15 of 60 for 700; trial; the rest of pack-5
		}},
		{9, "revenue of one day", []any{march(10, 0), march(11, 0)}, [][]string{{"USD", "60", "0", "0"}}},
		{10, "what is still owed in kind", nil, [][]string{
			{"EUR", "38.000000", "380"},
			{"USD", "100.000000", "1000"},
		}},
	}
	asked := make(map[int]bool)
	for _, test := range tests {
		asked[test.number] = true
		t.Run(test.asks, func(t *testing.T) {
			if diff := cmp.Diff(test.want, table(t, conn, queries[test.number], test.args...)); diff != "" {
				t.Errorf("query %d with %v (-want +got):\n%s", test.number, test.args, diff)
			}
		})
	}
	if len(asked) != len(queries) {
		t.Errorf("%d of the %d queries of reports.sql are asked, want all", len(asked), len(queries))
	}
}
