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

// queueStates asks for everything that is open in the accounts, of which accounts
// is a statement that reads their rows.
func (q *statements) queueStates(b *pgx.Batch, accounts string, names []string, into map[string]*account) {
	b.Queue(accounts, names).Query(eachRow(func(rows pgx.Rows) error { return readAccount(rows, into) }))
	b.Queue(q.lots, names).Query(eachRow(func(rows pgx.Rows) error { return readLot(rows, into) }))
	b.Queue(q.rest, names).Query(eachRow(func(rows pgx.Rows) error { return readRest(rows, into) }))
}

// state reads one account in one round trip, whose statements share a snapshot, with
// what else is asked for.
func (q *statements) state(ctx context.Context, conn sender, name string, more func(*pgx.Batch)) (credits.State, error) {
	a := newAccount(name)
	var b pgx.Batch
	b.Queue("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
	if q.plan != "" {
		b.Queue(q.plan)
	}
	q.queueStates(&b, q.accounts, []string{name}, map[string]*account{name: a})
	more(&b)
	b.Queue("COMMIT")
	if err := conn.SendBatch(ctx, &b).Close(); err != nil {
		return credits.State{}, err
	}
	sortState(&a.read)
	return a.read, nil
}

// stateIn is state inside a transaction, where each statement may see more than the
// one before it: it reads again until nothing came between.
func (q *statements) stateIn(ctx context.Context, conn sender, name string) (credits.State, error) {
	for {
		a, later := newAccount(name), newAccount(name)
		var b pgx.Batch
		q.queueStates(&b, q.accounts, []string{name}, map[string]*account{name: a})
		b.Queue(q.accounts, []string{name}).Query(eachRow(func(rows pgx.Rows) error {
			return readAccount(rows, map[string]*account{name: later})
		}))
		if err := conn.SendBatch(ctx, &b).Close(); err != nil {
			return credits.State{}, err
		}
		if a.read.Seq == later.read.Seq {
			sortState(&a.read)
			return a.read, nil
		}
	}
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

func readAccount(rows pgx.Rows, accounts map[string]*account) error {
	var (
		name                               string
		seq                                int64
		balance, debt, debtHeld, overdraft int64
		written, version                   int64
		at, due                            *time.Time
		frozen                             bool
	)
	if err := rows.Scan(&name, &seq, &at, &balance, &due, &debt, &debtHeld, &overdraft, &frozen, &written, &version); err != nil {
		return err
	}
	s := &accounts[name].read
	accounts[name].written, accounts[name].version, accounts[name].locked = written, version, true
	s.Seq, s.At, s.Balance, s.Due = seq, instant(at), credits.Micros(balance), instant(due)
	s.Debt, s.DebtHeld = credits.Micros(debt), credits.Micros(debtHeld)
	s.Settings = credits.Settings{Overdraft: credits.Micros(overdraft), Frozen: frozen}
	return nil
}

func readLot(rows pgx.Rows, accounts map[string]*account) error {
	var (
		name             string
		l                lot
		start            time.Time
		end, periodEnd   *time.Time
		features, meta   []byte
		priority, rolled int32
	)
	err := rows.Scan(&name, &l.ID, &l.Source, &l.Granted, &l.Available, &l.Held, &l.Spent, &start, &end, &l.Validity, &l.Term,
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
	s := &accounts[name].read
	s.Lots = append(s.Lots, open)
	return nil
}

// readRest reads a hold, a term or an allowance.
func readRest(rows pgx.Rows, accounts map[string]*account) error {
	var (
		what, name, id string
		since, until   *time.Time
		body           []byte
	)
	if err := rows.Scan(&what, &name, &id, &since, &until, &body); err != nil {
		return err
	}
	s := &accounts[name].read
	switch what {
	case "hold":
		var h hold
		if err := json.Unmarshal(body, &h); err != nil {
			return err
		}
		s.Holds = append(s.Holds, h.hold())
	case "term":
		s.Terms = append(s.Terms, credits.Term{ID: id, Since: instant(since), Until: instant(until)})
	case "allowance":
		var a allowance
		if err := json.Unmarshal(body, &a); err != nil {
			return err
		}
		running, err := a.allowance()
		if err != nil {
			return err
		}
		s.Allowances = append(s.Allowances, running)
	}
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
