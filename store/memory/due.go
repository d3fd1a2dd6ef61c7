package memory

import "time"

// notDue is the place in the heap of an account that is not in it.
const notDue = -1

// dueHeap has the accounts of a shard in which something will come due: a heap, in
// which none is due before its parent.
type dueHeap []dueAccount

type dueAccount struct {
	at     int64 // in microseconds since 1970
	number int32
}

// reschedule puts an account where its new Due belongs.
func (sh *shard) reschedule(number int, due time.Time) {
	i := int(sh.places[number].due)
	if due.IsZero() {
		sh.unschedule(i)
		return
	}
	if i == notDue {
		i = len(sh.due)
		sh.due = append(sh.due, dueAccount{})
	}
	sh.settle(i, dueAccount{at: due.UnixMicro(), number: int32(number)})
}

// unschedule takes out the account at a place in the heap.
func (sh *shard) unschedule(i int) {
	if i == notDue {
		return
	}
	sh.places[sh.due[i].number].due = notDue
	last := len(sh.due) - 1
	moved := sh.due[last]
	sh.due = sh.due[:last]
	if i < last {
		sh.settle(i, moved)
	}
}

// settle puts an account in the heap, where the place i is free: up, past those due
// after it, or down, below those due before it.
func (sh *shard) settle(i int, a dueAccount) {
	for parent := (i - 1) / 2; i > 0 && a.at < sh.due[parent].at; parent = (i - 1) / 2 {
		sh.move(i, sh.due[parent])
		i = parent
	}
	for child := sh.soonerChild(i); child < len(sh.due) && sh.due[child].at < a.at; child = sh.soonerChild(i) {
		sh.move(i, sh.due[child])
		i = child
	}
	sh.move(i, a)
}

// soonerChild returns the child of a place that is due sooner.
func (sh *shard) soonerChild(i int) int {
	left, right := 2*i+1, 2*i+2
	if right < len(sh.due) && sh.due[right].at < sh.due[left].at {
		return right
	}
	return left
}

func (sh *shard) move(i int, a dueAccount) {
	sh.due[i] = a
	sh.places[a.number].due = int32(i)
}

// appendDue appends to names, up to limit of them, a shard's accounts that are
// due by an instant. In a heap no child is due before its parent, so that it
// looks at these and their children only.
func (sh *shard) appendDue(names []string, by time.Time, limit int) []string {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	latest := by.UnixMicro()
	for open := []int{0}; len(open) > 0 && len(names) < limit; {
		i := open[len(open)-1]
		open = open[:len(open)-1]
		if i >= len(sh.due) || sh.due[i].at > latest {
			continue
		}
		names = append(names, sh.name(int(sh.due[i].number)))
		open = append(open, 2*i+1, 2*i+2)
	}
	return names
}
