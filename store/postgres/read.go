package postgres

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/scriphq/scrip/credits"
)

// queueStates asks for everything that is open in the accounts.
func (q *statements) queueStates(b *pgx.Batch, accounts []string, states map[string]*credits.State) {
	b.Queue(q.accounts, accounts).Query(eachRow(func(rows pgx.Rows) error { return readAccount(rows, states) }))
	b.Queue(q.lots, accounts).Query(eachRow(func(rows pgx.Rows) error { return readLot(rows, states) }))
	b.Queue(q.holds, accounts).Query(eachRow(func(rows pgx.Rows) error { return readHold(rows, states) }))
	b.Queue(q.terms, accounts).Query(eachRow(func(rows pgx.Rows) error { return readTerm(rows, states) }))
	b.Queue(q.allowances, accounts).Query(eachRow(func(rows pgx.Rows) error { return readAllowance(rows, states) }))
}

// state reads one account in one round trip. Unless the connection is in a
// transaction already, the statements share a snapshot of their own.
func (q *statements) state(ctx context.Context, conn sender, account string, snapshot bool) (credits.State, error) {
	states := newStates([]string{account})
	var b pgx.Batch
	if snapshot {
		b.Queue("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
	}
	q.queueStates(&b, []string{account}, states)
	if snapshot {
		b.Queue("COMMIT")
	}
	if err := conn.SendBatch(ctx, &b).Close(); err != nil {
		return credits.State{}, wrap("state", err)
	}
	sortState(states[account])
	return *states[account], nil
}

func newStates(accounts []string) map[string]*credits.State {
	states := make(map[string]*credits.State, len(accounts))
	for _, account := range accounts {
		states[account] = &credits.State{Account: account}
	}
	return states
}

// sortState brings the records into the order that State promises.
func sortState(s *credits.State) {
	slices.SortFunc(s.Lots, func(a, b credits.Lot) int { return a.Compare(&b) })
	slices.SortFunc(s.Holds, func(a, b credits.Hold) int { return strings.Compare(a.ID, b.ID) })
	slices.SortFunc(s.Terms, func(a, b credits.Term) int { return strings.Compare(a.ID, b.ID) })
	slices.SortFunc(s.Allowances, func(a, b credits.Allowance) int { return strings.Compare(a.ID, b.ID) })
}

func eachRow(read func(pgx.Rows) error) func(pgx.Rows) error {
	return func(rows pgx.Rows) error {
		for rows.Next() {
			if err := read(rows); err != nil {
				return err
			}
		}
		return rows.Err()
	}
}

func readAccount(rows pgx.Rows, states map[string]*credits.State) error {
	var (
		account                            string
		seq                                int64
		balance, debt, debtHeld, overdraft int64
		at, due                            *time.Time
		frozen                             bool
	)
	if err := rows.Scan(&account, &seq, &at, &balance, &due, &debt, &debtHeld, &overdraft, &frozen); err != nil {
		return err
	}
	s := states[account]
	s.Seq, s.At, s.Balance, s.Due = seq, instant(at), credits.Micros(balance), instant(due)
	s.Debt, s.DebtHeld = credits.Micros(debt), credits.Micros(debtHeld)
	s.Settings = credits.Settings{Overdraft: credits.Micros(overdraft), Frozen: frozen}
	return nil
}

func readLot(rows pgx.Rows, states map[string]*credits.State) error {
	var (
		account          string
		l                lot
		start            time.Time
		end, periodEnd   *time.Time
		features, meta   []byte
		priority, rolled int32
	)
	err := rows.Scan(&account, &l.ID, &l.Source, &l.Granted, &l.Available, &l.Held, &l.Spent, &start, &end, &l.Validity, &l.Term,
		&periodEnd, &features, &priority, &l.OnlyWith, &l.PaidMinor, &l.PaidCurrency, &l.NonRefundable, &l.Rollover, &l.Origin,
		&rolled, &l.Allowance, &meta)
	if err != nil {
		return err
	}
	l.Start, l.End, l.PeriodEnd, l.Priority, l.Rolled = start, instant(end), instant(periodEnd), int(priority), int(rolled)
	if err := unmarshal(features, &l.Features); err != nil {
		return err
	}
	if err := unmarshal(meta, &l.Meta); err != nil {
		return err
	}
	open, err := l.lot()
	if err != nil {
		return err
	}
	s := states[account]
	s.Lots = append(s.Lots, open)
	return nil
}

func readHold(rows pgx.Rows, states map[string]*credits.State) error {
	var account string
	var body []byte
	if err := rows.Scan(&account, &body); err != nil {
		return err
	}
	var h hold
	if err := json.Unmarshal(body, &h); err != nil {
		return err
	}
	s := states[account]
	s.Holds = append(s.Holds, h.hold())
	return nil
}

func readTerm(rows pgx.Rows, states map[string]*credits.State) error {
	var account string
	var t credits.Term
	if err := rows.Scan(&account, &t.ID, &t.Since, &t.Until); err != nil {
		return err
	}
	t.Since, t.Until = t.Since.UTC(), t.Until.UTC()
	s := states[account]
	s.Terms = append(s.Terms, t)
	return nil
}

func readAllowance(rows pgx.Rows, states map[string]*credits.State) error {
	var account string
	var body []byte
	if err := rows.Scan(&account, &body); err != nil {
		return err
	}
	var a allowance
	if err := json.Unmarshal(body, &a); err != nil {
		return err
	}
	running, err := a.allowance()
	if err != nil {
		return err
	}
	s := states[account]
	s.Allowances = append(s.Allowances, running)
	return nil
}

// readEntry reads the columns of entryColumns, and of more.
func readEntry(rows pgx.CollectableRow, more ...any) (credits.Entry, error) {
	var (
		e                            credits.Entry
		amount, balance, short       int64
		postings, record, meta, body []byte
		kind                         string
	)
	columns := append([]any{
		&e.Account, &e.Seq, &e.ID, &e.Of, &kind, &e.At, &amount, &balance, &postings, &short, &e.Feature, &e.Quantity,
		&e.Price.Card, &e.Price.Version, &e.Price.Explanation, &e.Source, &e.Peer, &e.Money.Minor, &e.Money.Currency, &record, &meta, &body,
	}, more...)
	if err := rows.Scan(columns...); err != nil {
		return e, err
	}
	e.Kind, e.At = credits.Kind(kind), e.At.UTC()
	e.Amount, e.Balance, e.Short = credits.Micros(amount), credits.Micros(balance), credits.Micros(short)
	copy(e.Digest[:], body)
	var list []posting
	if err := unmarshal(postings, &list); err != nil {
		return e, err
	}
	for _, p := range list {
		e.Postings = append(e.Postings, credits.Posting{Lot: p.Lot, Available: credits.Micros(p.Available), Held: credits.Micros(p.Held)})
	}
	if err := unmarshal(meta, &e.Meta); err != nil {
		return e, err
	}
	return e, readRecord(record, &e)
}

// unmarshal reads a column of JSON that may be NULL.
func unmarshal(data []byte, v any) error {
	if data == nil {
		return nil
	}
	return json.Unmarshal(data, v)
}

// instant turns NULL into the zero time.
func instant(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}
