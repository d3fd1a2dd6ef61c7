package postgres

// Waiting returns how many updates wait for a transaction.
func (s *Store) Waiting() int {
	waiting := 0
	for i := range s.lanes {
		l := &s.lanes[i]
		l.mu.Lock()
		waiting += l.waiting
		l.mu.Unlock()
	}
	return waiting
}

// MaxWaiting is how many may wait in each lane.
const MaxWaiting = maxWaiting

// KeepAtMost has a store keep at most so many bytes; zero: it reads every account each
// time.
func (s *Store) KeepAtMost(bytes int) {
	for i := range s.lanes {
		s.lanes[i].kept = keeper{most: bytes}
	}
}

// JointStatements returns what settings a transaction has, what it reads, and how it
// writes records of every kind, of accounts that there are and of new ones: one row of
// each, and many.
func (s *Store) JointStatements() (settings string, statements map[string]string) {
	q := s.sql
	statements = map[string]string{"lock": q.lock, "lots": q.lots, "rest": q.rest, "prior": q.prior}
	for name, rows := range map[string][]string{"write one of each": {"a"}, "write many": {"a", "b"}} {
		records := new(writes).records(q)
		for i := range records {
			records[i].rows = rows
		}
		unused := statement{sql: q.unused, rows: rows, args: new(keys).args()}
		accounts := statement{sql: q.putAccounts, rows: rows, args: new(accountColumns).args()}
		made := statement{sql: q.newAccounts, rows: rows, args: new(accountColumns).args()}
		statements[name], _ = q.join(unused, accounts, made, records)
	}
	return q.plan, statements
}
