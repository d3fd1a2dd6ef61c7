package postgres

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Migrations are the files that Migrate runs, in order, to be copied into a
// migration tool of one's own. They create their tables in the schema that is first
// in the search path.
//
//go:embed migrations/*.sql
var Migrations embed.FS

// Migrate creates the schema and its tables, or brings those of an earlier version
// up to date. What is there already it leaves alone. Any number of processes may
// call it at the same time. Each migration is a transaction; an error leaves those
// before it done.
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
	return ok && (answer.Code == "23505" || answer.Code == "42P06" || answer.Code == "42P07" || answer.Code == "40001")
}

func (s *Store) migrate(ctx context.Context) error {
	schema := pgx.Identifier{s.options.Schema}.Sanitize()
	for _, sql := range []string{
		"CREATE SCHEMA IF NOT EXISTS " + schema,
		"CREATE TABLE IF NOT EXISTS " + schema + ".migrations (one integer PRIMARY KEY CHECK (one = 1), version integer NOT NULL)",
		"INSERT INTO " + schema + ".migrations (one, version) VALUES (1, 0) ON CONFLICT DO NOTHING",
	} {
		if _, err := s.pool.Exec(ctx, sql); err != nil {
			return wrap("migrate", err)
		}
	}
	files, err := fs.Glob(Migrations, "migrations/*.sql")
	if err != nil {
		return wrap("migrate", err)
	}
	for i, file := range files {
		if err := s.migrateTo(ctx, schema, i+1, file); err != nil {
			return fmt.Errorf("postgres: migrate: %s: %w", strings.TrimPrefix(file, "migrations/"), err)
		}
	}
	return nil
}

// migrateTo runs one migration unless it was. The row with the version is the lock.
func (s *Store) migrateTo(ctx context.Context, schema string, version int, file string) error {
	script, err := Migrations.ReadFile(file)
	if err != nil {
		return err
	}
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		var done int
		if err := tx.QueryRow(ctx, "SELECT version FROM "+schema+".migrations FOR UPDATE").Scan(&done); err != nil {
			return err
		}
		if done >= version {
			return nil
		}
		if _, err := tx.Exec(ctx, "SET LOCAL search_path TO "+schema); err != nil {
			return err
		}
		if _, err := tx.Conn().PgConn().Exec(ctx, string(script)).ReadAll(); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, "UPDATE "+schema+".migrations SET version = $1", version)
		return err
	})
}
