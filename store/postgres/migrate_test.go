package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/store/postgres"
)

// migrations returns the files that Migrate runs, in order.
func migrations(t *testing.T) []string {
	t.Helper()
	files, err := fs.Glob(postgres.Migrations, "migrations/*.sql")
	if err != nil || !slices.IsSorted(files) || len(files) < 2 {
		t.Fatalf("Migrations has %v, %v, want at least two files in order", files, err)
	}
	var scripts []string
	for i, file := range files {
		if prefix := fmt.Sprintf("migrations/%04d_", i+1); file[:len(prefix)] != prefix {
			t.Fatalf("migration %d is %s, want %s...", i+1, file, prefix)
		}
		script, err := fs.ReadFile(postgres.Migrations, file)
		if err != nil {
			t.Fatal(err)
		}
		scripts = append(scripts, string(script))
	}
	return scripts
}

// unmade returns a store whose schema is not there yet, and goes with the test.
func unmade(t *testing.T, options postgres.Options) *postgres.Store {
	t.Helper()
	store, err := postgres.New(openPool(t), options)
	if err != nil {
		t.Fatal(err)
	}
	conn := connect(t, "public")
	t.Cleanup(func() { do(t, conn, "DROP SCHEMA IF EXISTS "+options.Schema+" CASCADE") })
	return store
}

func TestManyProcessesMigrateAtOnce(t *testing.T) {
	for round := range 5 {
		t.Run(fmt.Sprint("round=", round), migrateAtOnce)
	}
}

func migrateAtOnce(t *testing.T) {
	schema := newSchema()
	stores := make([]*postgres.Store, 10)
	for i := range stores {
		stores[i] = unmade(t, postgres.Options{Schema: schema})
	}
	errs := make([]error, len(stores))
	var calls sync.WaitGroup
	start := make(chan struct{})
	for i, store := range stores {
		calls.Go(func() {
			<-start
			errs[i] = store.Migrate(t.Context())
		})
	}
	close(start)
	calls.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Errorf("ten Migrate at once = %v, want no error", err)
	}
	if got, want := versionOf(t, schema), len(migrations(t)); got != want {
		t.Errorf("the schema's version is %d, want %d", got, want)
	}
	tellAndVerify(t, stores[0])
}

func versionOf(t *testing.T, schema string) int {
	t.Helper()
	var version int
	if err := connect(t, schema).QueryRow(t.Context(), "SELECT version FROM migrations").Scan(&version); err != nil {
		t.Fatal(err)
	}
	return version
}

// tellAndVerify makes the story's accounts, and returns what they come to.
func tellAndVerify(t *testing.T, store credits.Store) *story {
	t.Helper()
	s := newStory(t, store)
	s.tell()
	s.verify()
	return s
}

func (s *story) verify() {
	s.t.Helper()
	for _, account := range customers {
		wrong, err := s.Verify(s.t.Context(), account)
		if err != nil || len(wrong) > 0 {
			s.t.Errorf("Verify(%q) = %v, %v, want nothing", account, wrong, err)
		}
	}
}

func TestAFailedMigrationLeavesThoseBefore(t *testing.T) {
	schema := newSchema()
	store := unmade(t, postgres.Options{Schema: schema})
	conn := connect(t, schema)
	do(t, conn, "CREATE SCHEMA "+schema)
	do(t, conn, "CREATE TABLE postings (in_the_way text)") // of the view of 0002
	err := store.Migrate(t.Context())
	answer, _ := errors.AsType[*pgconn.PgError](err)
	if answer == nil || answer.Code != "42P07" {
		t.Fatalf("Migrate() with a table in the way = %v, want PostgreSQL's 42P07", err)
	}
	if got := versionOf(t, schema); got != 1 {
		t.Errorf("version after the second migration failed = %d, want 1", got)
	}
	if got := table(t, conn, "SELECT indexname FROM pg_indexes WHERE schemaname = $1 AND indexname LIKE 'entries_feed'", schema); got != nil {
		t.Errorf("the failed migration left %v, want nothing of it", got)
	}
	s := tellAndVerify(t, store)
	do(t, conn, "DROP TABLE postings")
	if err := store.Migrate(t.Context()); err != nil {
		t.Fatalf("Migrate() with nothing in the way = %v, want no error", err)
	}
	s.verify()
}

func do(t testing.TB, conn *pgx.Conn, sql string) {
	t.Helper()
	if _, err := conn.Exec(context.Background(), sql); err != nil { // also in a cleanup
		t.Fatalf("%s: %v", sql, err)
	}
}

// A schema that was made by hand, from copies of the files, is the same.
func TestMigrationsRunByHand(t *testing.T) {
	byHand, byMigrate := newSchema(), newSchema()
	store := unmade(t, postgres.Options{Schema: byHand})
	conn := connect(t, byHand)
	do(t, conn, "CREATE SCHEMA "+byHand)
	for _, script := range migrations(t) {
		if _, err := conn.PgConn().Exec(t.Context(), script).ReadAll(); err != nil {
			t.Fatal(err)
		}
	}
	tellAndVerify(t, store)
	openStore(t, openPool(t), postgres.Options{Schema: byMigrate})
	const columns = `SELECT table_name, column_name, data_type, collation_name, is_nullable, column_default FROM information_schema.columns
		WHERE table_schema = $1 AND table_name <> 'migrations' ORDER BY 1, 2`
	const indexes = `SELECT replace(indexdef, schemaname || '.', '') FROM pg_indexes WHERE schemaname = $1 AND tablename <> 'migrations' ORDER BY 1`
	for _, sql := range []string{columns, indexes} {
		want := table(t, conn, sql, byMigrate)
		if diff := cmp.Diff(want, table(t, conn, sql, byHand)); diff != "" || len(want) == 0 {
			t.Errorf("schema made by hand, %d rows (-want +got):\n%s", len(want), diff)
		}
	}
}

// From every version of the schema, the way to the newest changes no figure.
func TestMigrationsKeepEveryFigure(t *testing.T) {
	scripts := migrations(t)
	for version := 1; version < len(scripts); version++ {
		t.Run(fmt.Sprint("from version ", version), func(t *testing.T) {
			schema := newSchema()
			store := unmade(t, postgres.Options{Schema: schema})
			conn := connect(t, schema)
			do(t, conn, "CREATE SCHEMA "+schema)
			do(t, conn, "CREATE TABLE migrations (one integer PRIMARY KEY CHECK (one = 1), version integer NOT NULL)")
			do(t, conn, fmt.Sprintf("INSERT INTO migrations (one, version) VALUES (1, %d)", version))
			for _, script := range scripts[:version] {
				if _, err := conn.PgConn().Exec(t.Context(), script).ReadAll(); err != nil {
					t.Fatal(err)
				}
			}
			s := tellAndVerify(t, store)
			before := s.everything(store)
			if err := store.Migrate(t.Context()); err != nil {
				t.Fatalf("Migrate() = %v, want no error", err)
			}
			if got := versionOf(t, schema); got != len(scripts) {
				t.Errorf("version = %d, want %d", got, len(scripts))
			}
			if diff := cmp.Diff(before, s.everything(store), cmp.Comparer(credits.Amount.Equal)); diff != "" {
				t.Errorf("states and entries (-before +after):\n%s", diff)
			}
			s.verify()
			s.does(march(11, 9), credits.Spend{ID: "after", Account: "ada", Amount: credits.Of(1)})
			s.verify()
		})
	}
}

// everything returns the states and the entries of all accounts.
func (s *story) everything(store credits.Store) map[string][]any {
	s.t.Helper()
	all := make(map[string][]any)
	for _, account := range customers {
		state, err := store.State(s.t.Context(), account)
		if err != nil {
			s.t.Fatal(err)
		}
		all[account] = []any{state}
		for entry, err := range store.Entries(s.t.Context(), credits.Query{Account: account}) {
			if err != nil {
				s.t.Fatal(err)
			}
			all[account] = append(all[account], entry)
		}
	}
	return all
}

func TestADatabaseOfALaterReleaseIsLeftAlone(t *testing.T) {
	schema := newSchema()
	store := openStore(t, openPool(t), postgres.Options{Schema: schema})
	conn := connect(t, schema)
	known := len(migrations(t))
	do(t, conn, fmt.Sprintf("UPDATE migrations SET version = %d", known+3))
	err := store.Migrate(t.Context())
	got, _ := errors.AsType[*postgres.VersionError](err)
	if got == nil || *got != (postgres.VersionError{Schema: schema, Found: known + 3, Known: known}) {
		t.Errorf("Migrate() on version %d = %v, want a VersionError with it, and with %d", known+3, err, known)
	}
	if got := versionOf(t, schema); got != known+3 {
		t.Errorf("version = %d, want %d as before", got, known+3)
	}
}

func TestMigrateAgainNeedsNoRights(t *testing.T) {
	schema := newSchema()
	openStore(t, openPool(t), postgres.Options{Schema: schema})
	conn, role := connect(t, schema), "role_"+schema
	do(t, conn, "CREATE ROLE "+role)
	t.Cleanup(func() {
		do(t, conn, "DROP OWNED BY "+role)
		do(t, conn, "DROP ROLE "+role)
	})
	do(t, conn, "GRANT USAGE ON SCHEMA "+schema+" TO "+role)
	do(t, conn, "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA "+schema+" TO "+role)
	pool := poolOf(t, role)
	store, err := postgres.New(pool, postgres.Options{Schema: schema})
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Migrate(t.Context()); err != nil {
		t.Errorf("Migrate() where nothing is to be done = %v, want no error without the right to make anything", err)
	}
	tellAndVerify(t, store)
}

func TestAPortableSchemaHasNoReports(t *testing.T) {
	schema := newSchema()
	store := unmade(t, postgres.Options{Schema: schema, Portable: true})
	if err := store.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	conn := connect(t, schema)
	if got := table(t, conn, "SELECT count(*) FROM pg_class WHERE relnamespace = $1::text::regnamespace AND relname IN ('postings', 'entries_feed', 'entries_time')", schema); got[0][0] != "0" {
		t.Errorf("a portable schema has %s things of 0002_reports.sql, want none", got[0][0])
	}
	tellAndVerify(t, store)
	if _, err := conn.PgConn().Exec(t.Context(), migrations(t)[1]).ReadAll(); err != nil {
		t.Errorf("0002_reports.sql by hand = %v, want no error", err)
	}
}

// poolOf returns a pool whose connections act as a role.
func poolOf(t *testing.T, role string) *pgxpool.Pool {
	t.Helper()
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	config.ConnConfig.RuntimeParams["role"] = role
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}
