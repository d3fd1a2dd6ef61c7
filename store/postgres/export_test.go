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
