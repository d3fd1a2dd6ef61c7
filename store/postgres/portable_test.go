package postgres

import (
	"fmt"
	"io/fs"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// acrossAccounts are the indexes that do not begin with the account, and why.
var acrossAccounts = map[string]string{
	"accounts_due": "Due asks which accounts have something to record, whichever they are",
	"lots_end":     "a report asks what ends next week",
	"entries_feed": "the feed has one order for all accounts",
	"entries_time": "a report asks what was used yesterday",
}

// notOfOneAccount are the statements that do not name accounts, and why.
var notOfOneAccount = map[string]string{
	"plan":        "settings of the transaction",
	"settings":    "settings of the transaction",
	"lockTimeout": "a setting of the transaction",
	"dueAccounts": "Due asks which accounts have something to record, whichever they are",
	"feed":        "the feed goes over all accounts",
}

// onlyInPostgreSQL are the statements that a store that is Portable never sends.
var onlyInPostgreSQL = []string{"lockFree", "lockTimeout", "plan", "putAccount", "settings", "unused"}

// migration returns a migration without its comments.
func migration(t *testing.T, name string) string {
	t.Helper()
	text, err := fs.ReadFile(Migrations, name)
	if err != nil {
		t.Fatal(err)
	}
	return regexp.MustCompile(`--[^\n]*`).ReplaceAllString(string(text), "")
}

func allMigrations(t *testing.T) string {
	t.Helper()
	files, err := fs.Glob(Migrations, "migrations/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatalf("Migrations has %v, %v, want files", files, err)
	}
	var all strings.Builder
	for _, file := range files {
		all.WriteString(migration(t, file))
	}
	return all.String()
}

// everyStatement returns the store's statements by the names of their fields.
func everyStatement(t *testing.T, o Options) map[string]string {
	t.Helper()
	if err := o.prepare(); err != nil {
		t.Fatal(err)
	}
	found := make(map[string]string)
	for field, value := range reflect.ValueOf(*statementsFor(&o)).Fields() {
		if value.Kind() == reflect.String && value.String() != "" {
			found[field.Name] = value.String()
		}
	}
	return found
}

func TestEveryKeyBeginsWithTheAccount(t *testing.T) {
	sql := allMigrations(t)
	faults, across := keyFaults(sql)
	for _, fault := range faults {
		t.Error(fault)
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(acrossAccounts)), slices.Sorted(slices.Values(across))); diff != "" {
		t.Errorf("indexes across accounts (-allowed +found):\n%s", diff)
	}
}

var (
	tableStart = regexp.MustCompile(`(?i)CREATE TABLE (\w+) \(`)
	primaryKey = regexp.MustCompile(`(?i)(?:PRIMARY KEY \((\w+)|(\w+)\s[^,]*PRIMARY KEY)`)
	indexStart = regexp.MustCompile(`(?i)CREATE (UNIQUE )?INDEX (\w+) ON (\w+) (?:USING \w+ )?\((\w+)`)
)

// keyFaults returns what is wrong with tables and unique indexes, and the names of
// other indexes that do not begin with the account.
func keyFaults(sql string) (faults, across []string) {
	for statement := range strings.SplitSeq(sql, ";") {
		if table := tableStart.FindStringSubmatch(statement); table != nil {
			first := ""
			if key := primaryKey.FindStringSubmatch(statement[strings.Index(statement, "(")+1:]); key != nil {
				first = key[1] + key[2]
			}
			if first != "account" {
				faults = append(faults, fmt.Sprintf("the primary key of %s begins with %q, want the account", table[1], first))
			}
			if strings.Contains(strings.ToUpper(statement), "UNIQUE") {
				faults = append(faults, fmt.Sprintf("%s has a UNIQUE of its own: make an index", table[1]))
			}
		}
		switch index := indexStart.FindStringSubmatch(statement); {
		case index == nil:
			if strings.Contains(strings.ToUpper(statement), "INDEX") {
				faults = append(faults, "an index that is not understood: "+statement)
			}
		case index[4] == "account":
		case index[1] != "":
			faults = append(faults, fmt.Sprintf("the unique index %s begins with %q, want the account", index[2], index[4]))
		default:
			across = append(across, index[2])
		}
	}
	return faults, across
}

func TestEveryStatementNamesItsAccounts(t *testing.T) {
	var across []string
	for name, sql := range everyStatement(t, Options{}) {
		if missing := unbound(sql); len(missing) > 0 {
			across = append(across, name)
			if _, allowed := notOfOneAccount[name]; !allowed {
				t.Errorf("%s reads or changes %v of accounts that it does not name:\n%s", name, missing, sql)
			}
		}
	}
	for name := range notOfOneAccount {
		if name != "plan" && name != "settings" && name != "lockTimeout" && !slices.Contains(across, name) {
			t.Errorf("%s names its accounts: take it off the list", name)
		}
	}
}

// tableUse is where a statement uses a table, and how it calls it.
var tableUse = regexp.MustCompile(`(?i)(INSERT INTO|UPDATE|DELETE FROM|FROM|JOIN)\s+"\w+"\.(\w+)(?:\s+(?:AS\s+)?(\w+))?`)

// insertColumns are those of an INSERT that begins with the account.
var insertColumns = regexp.MustCompile(`^[\s\w]*\(account\b`)

// unbound returns the tables that a statement uses without naming the accounts. What
// is inserted names its own; what has a place was looked up by them.
func unbound(sql string) []string {
	var missing []string
	for _, use := range tableUse.FindAllStringSubmatchIndex(sql, -1) {
		verb, name, alias, rest := strings.ToUpper(sql[use[2]:use[3]]), sql[use[4]:use[5]], "", sql[use[5]:]
		if use[6] >= 0 && !slices.Contains([]string{"WHERE", "SET", "ORDER"}, sql[use[6]:use[7]]) {
			alias = sql[use[6]:use[7]] + "."
		}
		if end := strings.Index(rest, "UNION"); end >= 0 {
			rest = rest[:end]
		}
		names := regexp.MustCompile(`(?:WHERE|ON|AND)\s+(` + regexp.QuoteMeta(alias) + `|` + name + `\.)(account|ctid) = `).MatchString(rest)
		if verb == "INSERT INTO" {
			names = insertColumns.MatchString(rest) && strings.Contains(rest, "ON CONFLICT") == strings.Contains(rest, "ON CONFLICT (account")
		}
		if !names {
			missing = append(missing, name)
		}
	}
	return missing
}

// notEverywhere is what engines that speak PostgreSQL's language do not all have, or
// do slowly where accounts are spread over machines.
var notEverywhere = regexp.MustCompile(`(?i)advisory|serial|sequence|nextval|identity|references|foreign key|trigger|create function|` +
	`lock table|listen|notify|\bexclude\b|inherits|partition|xact|snapshot|set_config|set local|\bbrin\b|\bgin\b|\bgist\b|jsonb_to_record|generated|create extension|` +
	`skip locked|\bfor share\b|\bctid\b|\bxmin\b|\bvalues\b[^;]*default|\bnow\(\)|current_timestamp|deferrable|create view`)

func TestPortableSQLHasNothingOfPostgreSQLAlone(t *testing.T) {
	if found := notEverywhere.FindString(migration(t, "migrations/0001_ledger.sql")); found != "" {
		t.Errorf("0001_ledger.sql has %q, which other engines may not know", found)
	}
	portable := everyStatement(t, Options{Portable: true})
	for name, sql := range portable {
		if found := notEverywhere.FindString(sql); found != "" && name != "feed" { // which it refuses
			t.Errorf("%s has %q, which other engines may not know:\n%s", name, found, sql)
		}
	}
	for name := range everyStatement(t, Options{}) {
		if _, has := portable[name]; !has && !slices.Contains(onlyInPostgreSQL, name) {
			t.Errorf("a store that is Portable has no statement %s", name)
		}
	}
}

func TestKeyFaultsAreFound(t *testing.T) {
	tests := []struct {
		rule, sql      string
		faults, across []string
	}{
		{"a key of the account alone", "CREATE TABLE a (account text NOT NULL PRIMARY KEY, x int)", nil, nil},
		{"a key that begins with it", "CREATE TABLE a (account text, id text, PRIMARY KEY (account, id))", nil, nil},
		{"a key that does not", "CREATE TABLE a (id text, account text, PRIMARY KEY (id, account))", []string{`the primary key of a begins with "id", want the account`}, nil},
		{"a column of its own", "CREATE TABLE a (n bigint PRIMARY KEY, account text)", []string{`the primary key of a begins with "n", want the account`}, nil},
		{"no key", "CREATE TABLE a (account text)", []string{`the primary key of a begins with "", want the account`}, nil},
		{"an index across", "CREATE INDEX i ON a USING brin (at)", nil, []string{"i"}},
		{"an index within", "CREATE UNIQUE INDEX i ON a (account, at)", nil, nil},
		{"a unique index across", "CREATE UNIQUE INDEX i ON a (id)", []string{`the unique index i begins with "id", want the account`}, nil},
		{"an index on something else", "CREATE INDEX ON a (lower(id))", []string{"an index that is not understood: CREATE INDEX ON a (lower(id))"}, nil},
	}
	for _, test := range tests {
		faults, across := keyFaults(test.sql)
		if diff := cmp.Diff([][]string{test.faults, test.across}, [][]string{faults, across}); diff != "" {
			t.Errorf("%s: keyFaults(%q) (-want +got):\n%s", test.rule, test.sql, diff)
		}
	}
}

func TestUnboundStatementsAreFound(t *testing.T) {
	tests := []struct {
		rule, sql string
		want      []string
	}{
		{"by account", `SELECT id FROM "s".lots WHERE account = ANY($1)`, nil},
		{"by another name", `SELECT e.id FROM w JOIN "s".entries e ON e.account = w.account AND e.id = w.id`, nil},
		{"an update by account", `UPDATE "s".lots l SET held = w.held FROM unnest($1) AS w WHERE l.account = w.account`, nil},
		{"an insert", `INSERT INTO "s".lots (account, id) SELECT * FROM unnest($1) ON CONFLICT (account, id) DO NOTHING`, nil},
		{"by ID alone", `SELECT id FROM "s".lots WHERE id = $1`, []string{"lots"}},
		{"an update by ID alone", `UPDATE "s".lots l SET held = 0 WHERE l.id = $1`, []string{"lots"}},
		{"a delete by time", `DELETE FROM "s".holds WHERE deadline < $1`, []string{"holds"}},
		{"one half of a union", `SELECT 1 FROM "s".a WHERE account = $1 UNION ALL SELECT 1 FROM "s".b WHERE id = $1`, []string{"b"}},
		{"the other half", `SELECT 1 FROM "s".a WHERE id = $1 UNION ALL SELECT 1 FROM "s".b WHERE account = $1`, []string{"a"}},
		{"a conflict across", `INSERT INTO "s".lots (account, id) SELECT * FROM unnest($1) ON CONFLICT (id) DO NOTHING`, []string{"lots"}},
		{"a join across", `SELECT 1 FROM "s".a x JOIN "s".b y ON y.id = x.id WHERE x.account = $1`, []string{"b"}},
	}
	for _, test := range tests {
		if diff := cmp.Diff(test.want, unbound(test.sql)); diff != "" {
			t.Errorf("%s: unbound(%q) (-want +got):\n%s", test.rule, test.sql, diff)
		}
	}
}
