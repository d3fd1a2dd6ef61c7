package postgres

import (
	"context"
	"iter"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/scriphq/scrip/credits"
)

// pageSize is how many entries a round trip brings.
const pageSize = 500

// Entries implements [credits.Store]. It reads page by page and has no connection
// while it yields.
func (s *Store) Entries(ctx context.Context, q credits.Query) iter.Seq2[credits.Entry, error] {
	return entries(q, func(q *credits.Query) ([]credits.Entry, error) {
		return again(ctx, s.pool, func(conn *pgx.Conn) ([]credits.Entry, error) { return s.sql.page(ctx, conn, q) })
	})
}

// entries yields the pages of a query one after the other.
func entries(q credits.Query, read func(q *credits.Query) ([]credits.Entry, error)) iter.Seq2[credits.Entry, error] {
	q.Kinds = slices.Clone(q.Kinds)
	return func(yield func(credits.Entry, error) bool) {
		rest := q // what is left of the query
		for {
			page, err := read(&rest)
			if err != nil {
				yield(credits.Entry{}, wrap("entries", err))
				return
			}
			for _, e := range page {
				if !yield(e, nil) {
					return
				}
			}
			if len(page) < pageSize || len(page) == rest.Limit {
				return
			}
			goOn(&rest, page)
		}
	}
}

// goOn takes a page off what is left of a query.
func goOn(q *credits.Query, page []credits.Entry) {
	last := page[len(page)-1].Seq
	if q.NewestFirst {
		q.Before = last
	} else {
		q.After = last
	}
	if q.Limit > 0 {
		q.Limit -= len(page)
	}
}

// Page implements [credits.Paging] in one round trip, whose statements share a snapshot.
func (s *Store) Page(ctx context.Context, q credits.Query) (credits.State, []credits.Entry, bool, error) {
	type glance struct {
		state credits.State
		first []credits.Entry
	}
	g, err := again(ctx, s.pool, func(conn *pgx.Conn) (g glance, err error) {
		g.state, err = s.sql.state(ctx, conn, q.Account, func(b *pgx.Batch) {
			sql, args := s.sql.pageOf(&q)
			b.Queue(sql, args...).Query(func(rows pgx.Rows) (err error) {
				g.first, err = collectEntries(rows)
				return err
			})
		})
		return g, err
	})
	if err != nil {
		return credits.State{}, nil, false, wrap("page", err)
	}
	return g.state, g.first, len(g.first) == pageSize && len(g.first) != q.Limit, nil
}

// page reads the first entries of a query, at most pageSize.
func (s *statements) page(ctx context.Context, conn sender, q *credits.Query) ([]credits.Entry, error) {
	sql, args := s.pageOf(q)
	rows, err := conn.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	return collectEntries(rows)
}

func collectEntries(rows pgx.Rows) ([]credits.Entry, error) {
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (credits.Entry, error) { return readEntry(row) })
}

// pageOf is the statement of page.
func (s *statements) pageOf(q *credits.Query) (sql string, args []any) {
	before, limit, order := q.Before, pageSize, "ASC"
	if before == 0 {
		before = math.MaxInt64
	}
	if q.Limit > 0 {
		limit = min(limit, q.Limit)
	}
	if q.NewestFirst {
		order = "DESC"
	}
	kinds := make([]string, len(q.Kinds))
	for i, kind := range q.Kinds {
		kinds[i] = string(kind)
	}
	return s.entries + order + " LIMIT " + strconv.Itoa(limit),
		[]any{q.Account, q.After, before, kinds, q.Feature, nullable(q.From), nullable(q.To)}
}

// dueAhead is how many more of the accounts that come first are looked at than are
// asked for.
const dueAhead = 4

func (s *statements) due(ctx context.Context, conn sender, at time.Time, limit int) ([]string, error) {
	if limit <= 0 {
		return nil, nil
	}
	rows, err := conn.Query(ctx, s.dueAccounts, at, min(limit, math.MaxInt32)*dueAhead)
	if err != nil {
		return nil, err
	}
	accounts, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, err
	}
	rand.Shuffle(len(accounts), func(i, j int) { accounts[i], accounts[j] = accounts[j], accounts[i] })
	return accounts[:min(limit, len(accounts))], nil
}
