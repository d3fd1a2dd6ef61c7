package memory

import (
	"container/heap"
	"time"
)

// notDue is the place in the heap of an account that is not in it.
const notDue = -1

// dueHeap has the accounts of a shard in which something will come due, the
// earliest first.
type dueHeap []*account

func (h dueHeap) Len() int           { return len(h) }
func (h dueHeap) Less(i, j int) bool { return h[i].state.Due.Before(h[j].state.Due) }

func (h dueHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].due, h[j].due = i, j
}

// Push implements heap.Interface.
func (h *dueHeap) Push(x any) {
	a := x.(*account)
	a.due = len(*h)
	*h = append(*h, a)
}

// Pop implements heap.Interface.
func (h *dueHeap) Pop() any {
	last := len(*h) - 1
	a := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	a.due = notDue
	return a
}

// reschedule puts an account where its Due belongs.
func (sh *shard) reschedule(a *account) {
	switch inHeap, wanted := a.due != notDue, !a.state.Due.IsZero(); {
	case inHeap && wanted:
		heap.Fix(&sh.due, a.due)
	case wanted:
		heap.Push(&sh.due, a)
	case inHeap:
		heap.Remove(&sh.due, a.due)
	}
}

// appendDue appends to names, up to limit of them, a shard's accounts that are
// due by an instant. In a heap no child is due before its parent, so that it
// looks at these and their children only.
func (sh *shard) appendDue(names []string, by time.Time, limit int) []string {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	for open := []int{0}; len(open) > 0 && len(names) < limit; {
		i := open[len(open)-1]
		open = open[:len(open)-1]
		if i >= len(sh.due) || sh.due[i].state.Due.After(by) {
			continue
		}
		names = append(names, sh.due[i].state.Account)
		open = append(open, 2*i+1, 2*i+2)
	}
	return names
}
