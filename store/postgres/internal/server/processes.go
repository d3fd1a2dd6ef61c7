package server

import (
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// process is a line of what the machine runs.
type process struct {
	pid, parent int
	dead        bool // but nobody has asked how it ended
}

// processes lists what the machine runs, the way POSIX has it.
func processes() ([]process, error) {
	out, err := exec.Command("ps", "-A", "-o", "pid=", "-o", "ppid=", "-o", "state=").Output()
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	var all []process
	for line := range strings.Lines(string(out)) {
		var p process
		var state string
		if _, err := fmt.Sscan(line, &p.pid, &p.parent, &state); err != nil {
			return nil, fmt.Errorf("list processes: %q: %w", line, err)
		}
		p.dead = strings.HasPrefix(state, "Z")
		all = append(all, p)
	}
	return all, nil
}

// children returns the processes that a process started. A server's are each in a
// group of their own, so that a signal to its group does not reach them.
func children(parent int) ([]int, error) {
	all, err := processes()
	var pids []int
	for _, p := range all {
		if p.parent == parent {
			pids = append(pids, p.pid)
		}
	}
	return pids, err
}

// awaitEnd waits until none of some killed processes is left: a server does not
// start while one of them has its memory.
func awaitEnd(pids []int) error {
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		all, err := processes()
		if err != nil {
			return err
		}
		left := slices.ContainsFunc(all, func(p process) bool { return !p.dead && slices.Contains(pids, p.pid) })
		switch {
		case !left:
			return nil
		case time.Now().After(deadline):
			return fmt.Errorf("of the processes %v some do not end", pids)
		}
	}
}
