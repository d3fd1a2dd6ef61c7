package postgres

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/scriphq/scrip/credits"
)

// Position is a place in the feed of all entries. The zero value is the beginning.
// Keep its text between calls.
type Position struct {
	written int64
	account string
	seq     int64
}

// String returns the text of a position, which UnmarshalText reads; "" for the
// beginning.
func (p Position) String() string {
	if p == (Position{}) {
		return ""
	}
	return fmt.Sprintf("%d %d %s", p.written, p.seq, p.account)
}

// MarshalText returns what [Position.String] returns. The error is always nil.
func (p Position) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads what [Position.String] returns, and changes p only on
// success. Its errors are [credits.ErrInvalid].
func (p *Position) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*p = Position{}
		return nil
	}
	written, rest, _ := strings.Cut(string(text), " ")
	seq, account, found := strings.Cut(rest, " ")
	read := Position{account: account}
	var errWritten, errSeq error
	read.written, errWritten = strconv.ParseInt(written, 10, 64)
	read.seq, errSeq = strconv.ParseInt(seq, 10, 64)
	if !found || account == "" || errWritten != nil || errSeq != nil || read.written < 1 || read.seq < 1 {
		return invalid("position", "is %.40q: give what Feed returned", text)
	}
	*p = read
	return nil
}

// MaxFeed bounds the entries of one call of Feed.
const MaxFeed = 10_000

// Feed returns entries of all accounts after a position, at most limit, from 1 to
// [MaxFeed], and the position after them: for an outbox, or for analytics. Read from
// where the last call ended, it brings every entry, once, and those of an account in
// the order of their Seq; nothing is missed that a slower transaction commits later.
// No entries: there are none yet. A transaction that has written something and stays
// open, in whatever database of the server, holds the feed back until it ends.
//
// Positions last as long as the server's data: also where a standby takes over, but
// not in a copy made by pg_dump, nor where a store that was Portable has written
// entries, which the feed passes over. It begins anew, while nobody writes, after
//
//	UPDATE scrip.accounts SET written = 1; UPDATE scrip.entries SET written = 1;
//
// It fails with an error that is [credits.ErrInvalid] for a limit out of range and
// in a store that is Portable.
func (s *Store) Feed(ctx context.Context, after Position, limit int) ([]credits.Entry, Position, error) {
	switch {
	case limit < 1 || limit > MaxFeed:
		return nil, after, invalid("limit", "is %d: must be from 1 to %d", limit, MaxFeed)
	case s.options.Portable:
		return nil, after, invalid("feed", "is not kept by a store that is Portable")
	}
	next := after
	entries, err := again(ctx, s.pool, func(conn *pgx.Conn) ([]credits.Entry, error) {
		rows, err := conn.Query(ctx, s.sql.feed, after.written, after.account, after.seq, limit)
		if err != nil {
			return nil, err
		}
		next = after
		return pgx.CollectRows(rows, func(row pgx.CollectableRow) (credits.Entry, error) {
			var written int64
			e, err := readEntry(row, &written)
			next = Position{written: written, account: e.Account, seq: e.Seq}
			return e, err
		})
	})
	if err != nil {
		return nil, after, wrap("feed", err)
	}
	return entries, next, nil
}
