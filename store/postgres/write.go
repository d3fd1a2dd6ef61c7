package postgres

import (
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/scriphq/scrip/credits"
)

// writes are changes of accounts, column by column, as one statement per table
// takes them.
type writes struct {
	unused     keys           // of which there must be no entry
	accounts   accountColumns // that there are
	made       accountColumns // that there are not yet
	spent      spentColumns
	lots       lotColumns
	holds      holdColumns
	terms      termColumns
	allowances allowanceColumns
	entries    entryColumnsOf
	closed     struct{ lots, holds, terms, allowances keys }
}

// keys name records.
type keys struct{ accounts, ids []string }

func (k *keys) add(account, id string) {
	k.accounts, k.ids = append(k.accounts, account), append(k.ids, id)
}

type accountColumns struct {
	account                                 []string
	oldVersion, oldWritten                  []int64 // as it was read
	version                                 []int64
	seq, balance, debt, debtHeld, overdraft []int64
	at, due                                 []*time.Time
	frozen                                  []bool
}

type spentColumns struct {
	keys
	available, held, spent []int64
}

type lotColumns struct {
	keys
	source, validity, term, onlyWith, currency, rollover, allowance []string
	granted, available, held, spent, paid, origin                   []int64
	start                                                           []time.Time
	end, periodEnd                                                  []*time.Time
	features, meta                                                  [][]byte
	priority, rolled                                                []int32
	nonRefundable                                                   []bool
}

type holdColumns struct {
	keys
	feature  []string
	deadline []time.Time
	body     [][]byte
}

type termColumns struct {
	keys
	since, until []time.Time
}

type allowanceColumns struct {
	keys
	amount []int64
	next   []time.Time
	body   [][]byte
}

type entryColumnsOf struct {
	account, id, of, kind, feature, quantity, card, version, explanation, source, peer, currency []string
	seq, amount, balance, short, money, written                                                  []int64
	at                                                                                           []time.Time
	postings, record, meta, digest                                                               [][]byte
}

// expect makes room for what most updates write: an entry, and a lot that is spent.
func (w *writes) expect(updates int) {
	room[string](updates, &w.accounts.account, &w.spent.accounts, &w.spent.ids)
	room[int64](updates, &w.accounts.oldVersion, &w.accounts.oldWritten, &w.accounts.version, &w.accounts.seq, &w.accounts.balance,
		&w.accounts.debt, &w.accounts.debtHeld, &w.accounts.overdraft, &w.spent.available, &w.spent.held, &w.spent.spent)
	room[*time.Time](updates, &w.accounts.at, &w.accounts.due)
	room[bool](updates, &w.accounts.frozen)
	e := &w.entries
	room[string](updates, &e.account, &e.id, &e.of, &e.kind, &e.feature, &e.quantity, &e.card, &e.version, &e.explanation, &e.source, &e.peer, &e.currency)
	room[int64](updates, &e.seq, &e.amount, &e.balance, &e.short, &e.money, &e.written)
	room[time.Time](updates, &e.at)
	room[[]byte](updates, &e.postings, &e.record, &e.meta, &e.digest)
}

func room[T any](n int, columns ...*[]T) {
	all := make([]T, n*len(columns))
	for i, c := range columns {
		*c = all[i*n : i*n : (i+1)*n]
	}
}

// add takes over what became of an account.
func (w *writes) add(a *account) error {
	for i := range a.touched.Lots {
		if err := w.lot(a, &a.touched.Lots[i]); err != nil {
			return err
		}
	}
	for i := range a.touched.Holds {
		if err := w.hold(a.read.Account, &a.touched.Holds[i]); err != nil {
			return err
		}
	}
	for i := range a.touched.Terms {
		w.term(a.read.Account, &a.touched.Terms[i])
	}
	for i := range a.touched.Allowances {
		if err := w.allowance(a.read.Account, &a.touched.Allowances[i]); err != nil {
			return err
		}
	}
	if a.locked || a.kept && a.read.Seq > 0 {
		w.accounts.add(a)
	} else {
		w.made.add(a)
	}
	return nil
}

func (c *accountColumns) add(a *account) {
	s := a.figures()
	c.account = append(c.account, s.Account)
	c.oldVersion, c.oldWritten, c.version = append(c.oldVersion, a.version), append(c.oldWritten, a.written), append(c.version, a.next)
	c.seq, c.at = append(c.seq, s.Seq), append(c.at, nullable(s.At))
	c.balance, c.due = append(c.balance, s.Balance.Micros()), append(c.due, nullable(s.Due))
	c.debt, c.debtHeld = append(c.debt, s.Debt.Micros()), append(c.debtHeld, s.DebtHeld.Micros())
	c.overdraft, c.frozen = append(c.overdraft, s.Settings.Overdraft.Micros()), append(c.frozen, s.Settings.Frozen)
}

func (c *accountColumns) args() []any {
	return []any{c.account, c.oldVersion, c.oldWritten, c.version, c.seq, c.at, c.balance, c.due, c.debt, c.debtHeld, c.overdraft, c.frozen}
}

func (w *writes) lot(a *account, l *credits.Lot) error {
	i, found := slices.BinarySearchFunc(a.read.Lots, l, func(old credits.Lot, l *credits.Lot) int { return old.Compare(l) })
	if !found { // it is new, or what it is ordered by has changed
		i = slices.IndexFunc(a.read.Lots, func(old credits.Lot) bool { return old.ID == l.ID })
	}
	switch {
	case l.Closed() && i >= 0:
		w.closed.lots.add(a.read.Account, l.ID)
		return nil
	case l.Closed():
		return nil // it opened in this very transaction
	case i >= 0 && onlySpent(&a.read.Lots[i], l):
		s := &w.spent
		s.add(a.read.Account, l.ID)
		s.available, s.held, s.spent = append(s.available, l.Available.Micros()), append(s.held, l.Held.Micros()), append(s.spent, l.Spent.Micros())
		return nil
	}
	return w.wholeLot(a.read.Account, l)
}

func (w *writes) wholeLot(account string, l *credits.Lot) error {
	features, err := marshal(l.Features, len(l.Features))
	if err != nil {
		return err
	}
	meta, err := marshal(l.Meta, len(l.Meta))
	if err != nil {
		return err
	}
	c := &w.lots
	c.add(account, l.ID)
	c.source, c.validity, c.term = append(c.source, l.Source), append(c.validity, l.Validity.String()), append(c.term, l.Term)
	c.onlyWith, c.rollover, c.allowance = append(c.onlyWith, l.OnlyWith), append(c.rollover, l.Rollover.String()), append(c.allowance, l.Allowance)
	c.currency, c.paid = append(c.currency, l.Paid.Currency), append(c.paid, l.Paid.Minor)
	c.granted, c.available = append(c.granted, l.Granted.Micros()), append(c.available, l.Available.Micros())
	c.held, c.spent, c.origin = append(c.held, l.Held.Micros()), append(c.spent, l.Spent.Micros()), append(c.origin, l.Origin.Micros())
	c.start, c.end, c.periodEnd = append(c.start, l.Start), append(c.end, nullable(l.End)), append(c.periodEnd, nullable(l.PeriodEnd))
	c.features, c.meta = append(c.features, features), append(c.meta, meta)
	c.priority, c.rolled = append(c.priority, int32(l.Priority)), append(c.rolled, int32(l.Rolled))
	c.nonRefundable = append(c.nonRefundable, l.NonRefundable)
	return nil
}

func (w *writes) hold(account string, h *credits.Hold) error {
	if h.Closed() {
		w.closed.holds.add(account, h.ID)
		return nil
	}
	body, err := json.Marshal(holdOf(h))
	if err != nil {
		return err
	}
	w.holds.add(account, h.ID)
	w.holds.feature, w.holds.deadline, w.holds.body = append(w.holds.feature, h.Feature), append(w.holds.deadline, h.Deadline), append(w.holds.body, body)
	return nil
}

func (w *writes) term(account string, t *credits.Term) {
	if t.Closed() {
		w.closed.terms.add(account, t.ID)
		return
	}
	w.terms.add(account, t.ID)
	w.terms.since, w.terms.until = append(w.terms.since, t.Since), append(w.terms.until, t.Until)
}

func (w *writes) allowance(account string, a *credits.Allowance) error {
	if a.Closed() {
		w.closed.allowances.add(account, a.ID)
		return nil
	}
	body, err := json.Marshal(allowanceOf(a))
	if err != nil {
		return err
	}
	c := &w.allowances
	c.add(account, a.ID)
	c.amount, c.next, c.body = append(c.amount, a.Amount.Micros()), append(c.next, a.Next), append(c.body, body)
	return nil
}

func (w *writes) entry(e *credits.Entry, written int64) error {
	postings, err := marshalPostings(e.Postings)
	if err != nil {
		return err
	}
	record, err := recordOf(e)
	if err != nil {
		return err
	}
	meta, err := marshal(e.Meta, len(e.Meta))
	if err != nil {
		return err
	}
	c := &w.entries
	c.account, c.seq, c.id, c.of = append(c.account, e.Account), append(c.seq, e.Seq), append(c.id, e.ID), append(c.of, e.Of)
	c.kind, c.at = append(c.kind, string(e.Kind)), append(c.at, e.At)
	c.amount, c.balance, c.short = append(c.amount, e.Amount.Micros()), append(c.balance, e.Balance.Micros()), append(c.short, e.Short.Micros())
	c.feature, c.quantity, c.card = append(c.feature, e.Feature), append(c.quantity, e.Quantity), append(c.card, e.Price.Card)
	c.version, c.explanation = append(c.version, e.Price.Version), append(c.explanation, e.Price.Explanation)
	c.source, c.peer = append(c.source, e.Source), append(c.peer, e.Peer)
	c.money, c.currency = append(c.money, e.Money.Minor), append(c.currency, e.Money.Currency)
	c.postings, c.record, c.meta, c.digest = append(c.postings, postings), append(c.record, record), append(c.meta, meta), append(c.digest, digest(e))
	c.written = append(c.written, written)
	return nil
}

// digest returns a copy: the entry's memory is the ledger's.
func digest(e *credits.Entry) []byte {
	if e.Digest == (credits.Digest{}) {
		return nil
	}
	return slices.Clone(e.Digest[:])
}

func marshalPostings(postings []credits.Posting) ([]byte, error) {
	list := make([]posting, len(postings))
	for i, p := range postings {
		list[i] = posting{Lot: p.Lot, Available: p.Available.Micros(), Held: p.Held.Micros()}
	}
	return marshal(list, len(list))
}

// marshal makes JSON of what has n parts; nothing is NULL.
func marshal(v any, n int) ([]byte, error) {
	if n == 0 {
		return nil, nil
	}
	return json.Marshal(v)
}

// onlySpent reports whether nothing but amounts differs.
func onlySpent(old, l *credits.Lot) bool {
	return old.Source == l.Source && old.Granted == l.Granted && old.Start.Equal(l.Start) && old.End.Equal(l.End) &&
		old.Validity.Equal(l.Validity) && old.Term == l.Term && old.PeriodEnd.Equal(l.PeriodEnd) && slices.Equal(old.Features, l.Features) &&
		old.Priority == l.Priority && old.OnlyWith == l.OnlyWith && old.Paid == l.Paid && old.NonRefundable == l.NonRefundable &&
		old.Rollover.Equal(l.Rollover) && old.Origin == l.Origin && old.Rolled == l.Rolled && old.Allowance == l.Allowance && maps.Equal(old.Meta, l.Meta)
}

// records are the statements that write what accounts have, and their entries.
func (w *writes) records(q *statements) []statement {
	l, h, t, a, e := &w.lots, &w.holds, &w.terms, &w.allowances, &w.entries
	all := [...]statement{
		{sql: q.spendLots, rows: w.spent.ids, args: []any{w.spent.accounts, w.spent.ids, w.spent.available, w.spent.held, w.spent.spent}},
		{sql: q.putLots, rows: l.ids, args: []any{l.accounts, l.ids, l.source, l.granted, l.available, l.held, l.spent, l.start, l.end, l.validity, l.term,
			l.periodEnd, texts(l.features), l.priority, l.onlyWith, l.paid, l.currency, l.nonRefundable, l.rollover, l.origin, l.rolled, l.allowance, texts(l.meta)}},
		{sql: q.putHolds, rows: h.ids, args: []any{h.accounts, h.ids, h.feature, h.deadline, texts(h.body)}},
		{sql: q.putTerms, rows: t.ids, args: []any{t.accounts, t.ids, t.since, t.until}, rare: true},
		{sql: q.putAllowances, rows: a.ids, args: []any{a.accounts, a.ids, a.amount, a.next, texts(a.body)}, rare: true},
		{sql: q.putEntries, rows: e.id, args: []any{e.account, e.seq, e.id, e.of, e.kind, e.at, e.amount, e.balance, texts(e.postings), e.short, e.feature, e.quantity,
			e.card, e.version, e.explanation, e.source, e.peer, e.money, e.currency, texts(e.record), texts(e.meta), e.digest, e.written}},
		w.closed.lots.named(q.dropLots, false), w.closed.holds.named(q.dropHolds, false),
		w.closed.terms.named(q.dropTerms, true), w.closed.allowances.named(q.dropAllowances, true),
	}
	return all[:]
}

// statement is one of the store's, with what it writes.
type statement struct {
	sql  string
	rows []string // none: nothing
	args []any
	rare bool // few updates have any
}

func (k *keys) args() []any { return []any{k.accounts, k.ids} }

// named is a statement about records by their names.
func (k *keys) named(sql string, rare bool) statement {
	return statement{sql: sql, rows: k.ids, args: k.args(), rare: rare}
}

// queue puts everything that writes into a batch. What it hears of the accounts that
// were written, and under which number, goes to done.
func (w *writes) queue(q *statements, b *pgx.Batch, done func(account string, written int64)) {
	accounts := statement{sql: q.putAccounts, rows: w.accounts.account, args: w.accounts.args()}
	made := statement{sql: q.newAccounts, rows: w.made.account, args: w.made.args()}
	if q.unused != "" {
		unused := statement{sql: q.unused, rows: w.accounts.account, args: w.unused.args()}
		if len(w.unused.ids) > 1 {
			unused.rows = w.unused.ids
		}
		sql, args := q.join(unused, accounts, made, w.records(q))
		b.Queue(sql, args...).Query(eachRow(func(rows pgx.Rows) error {
			var account string
			var written int64
			err := rows.Scan(&account, &written)
			done(account, written)
			return err
		}))
		return
	}
	for _, p := range append(w.records(q), accounts, made) {
		if len(p.rows) > 0 {
			b.Queue(p.sql, p.args...)
		}
	}
	for _, account := range slices.Concat(accounts.rows, made.rows) {
		done(account, 0)
	}
}

// texts is JSON the way that every mode of pgx sends it: without a description from
// the server, bytes would go as bytea.
func texts(columns [][]byte) []*string {
	texts := make([]*string, len(columns))
	for i, c := range columns {
		if c != nil {
			texts[i] = new(string(c))
		}
	}
	return texts
}

// nullable turns the zero time into NULL.
func nullable(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
