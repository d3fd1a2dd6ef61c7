package postgres

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Migrations are the files that Migrate runs, in the order of their names, to be
// copied into a migration tool of one's own. They make everything in the schema that
// is first in the search path. A file of a release never changes later.
//
//go:embed migrations/*.sql
var Migrations embed.FS

// reports is the migration that a store that is Portable leaves out.
const reports = "migrations/0002_reports.sql"

// VersionError says that a database has migrations that this release does not know:
// a later release has migrated it. Deploy that release, or a later one.
type VersionError struct {
	Schema string
	Found  int // how many migrations the database has
	Known  int // how many this release has, fewer than Found
}

func (e *VersionError) Error() string {
	return fmt.Sprintf("postgres: schema %q is at version %d, and this release knows %d: a later one has migrated it", e.Schema, e.Found, e.Known)
}

// Migrate creates the schema and its tables, or brings those of an earlier release
// up to date, and keeps every figure. Where nothing is to be done it writes nothing
// and needs no rights but to read. Any number of processes may call it at the same
// time. Each migration is a transaction; an error leaves those before it done, and
// the next call goes on from there. A database that a later release has migrated is a
// [*VersionError], and is left alone. The schema's table migrations has the version.
//
// A store that is Portable leaves out 0002_reports.sql: run it by hand where the
// store is not Portable any more.
func (s *Store) Migrate(ctx context.Context) error {
	for tries := 0; ; tries++ {
		err := s.migrate(ctx)
		if err == nil || !raced(err) || tries == maxRetries || !pause(ctx, tries) {
			return err
		}
	}
}

// raced reports whether another process made the same thing at the same time, which
// PostgreSQL tells in these ways even of CREATE ... IF NOT EXISTS.
func raced(err error) bool {
	answer, ok := errors.AsType[*pgconn.PgError](err)
	return ok && slices.Contains([]string{"23505", "42P06", "42P07", "42710", "40001"}, answer.Code)
}

func (s *Store) migrate(ctx context.Context) error {
	files, err := fs.Glob(Migrations, "migrations/*.sql")
	if err != nil {
		return wrap("migrate", err)
	}
	done, err := s.version(ctx)
	switch {
	case err != nil:
		return wrap("migrate", err)
	case done > len(files):
		return &VersionError{Schema: s.options.Schema, Found: done, Known: len(files)}
	case done < 0:
		if err := s.makeSchema(ctx); err != nil {
			return wrap("migrate", err)
		}
	}
	for i := max(done, 0); i < len(files); i++ {
		if err := s.migrateTo(ctx, i+1, files[i]); err != nil {
			return fmt.Errorf("postgres: migrate: %s: %w", strings.TrimPrefix(files[i], "migrations/"), err)
		}
	}
	return nil
}

// in puts the schema's name into a statement.
func (s *Store) in(sql string) string {
	return strings.ReplaceAll(sql, "$schema", pgx.Identifier{s.options.Schema}.Sanitize())
}

// version returns how many migrations the database has; -1: it was never migrated.
func (s *Store) version(ctx context.Context) (int, error) {
	var version int
	err := s.pool.QueryRow(ctx, s.in("SELECT version FROM $schema.migrations")).Scan(&version)
	if answer, ok := errors.AsType[*pgconn.PgError](err); ok && (answer.Code == "42P01" || answer.Code == "3F000") || errors.Is(err, pgx.ErrNoRows) {
		return -1, nil
	}
	return version, err
}

// makeSchema makes what the version is kept in. A schema that is there may be
// somebody else's gift to a user who may not make one.
func (s *Store) makeSchema(ctx context.Context) error {
	var there bool
	err := s.pool.QueryRow(ctx, "SELECT count(*) > 0 FROM pg_catalog.pg_namespace WHERE nspname = $1", s.options.Schema).Scan(&there)
	if err != nil {
		return err
	}
	steps := []string{
		"CREATE SCHEMA IF NOT EXISTS $schema",
		"CREATE TABLE IF NOT EXISTS $schema.migrations (one integer PRIMARY KEY CHECK (one = 1), version integer NOT NULL)",
		"INSERT INTO $schema.migrations (one, version) VALUES (1, 0) ON CONFLICT DO NOTHING",
	}
	if there {
		steps = steps[1:]
	}
	for _, sql := range steps {
		if _, err := s.pool.Exec(ctx, s.in(sql)); err != nil {
			return err
		}
	}
	return nil
}

// migrateTo runs one migration unless it was. The row with the version is the lock.
func (s *Store) migrateTo(ctx context.Context, version int, file string) error {
	script, err := Migrations.ReadFile(file)
	if err != nil {
		return err
	}
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		var done int
		if err := tx.QueryRow(ctx, s.in("SELECT version FROM $schema.migrations FOR UPDATE")).Scan(&done); err != nil {
			return err
		}
		if done >= version {
			return nil
		}
		if _, err := tx.Exec(ctx, s.in("SET LOCAL search_path TO $schema")); err != nil {
			return err
		}
		if file != reports || !s.options.Portable {
			if _, err := tx.Conn().PgConn().Exec(ctx, string(script)).ReadAll(); err != nil {
				return err
			}
		}
		_, err := tx.Exec(ctx, s.in("UPDATE $schema.migrations SET version = $1"), version)
		return err
	})
}
