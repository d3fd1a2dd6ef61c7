package postgres_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/store/postgres"
)

// The environment of a process that serves a test: it carries out commands that it
// reads, all at once, and writes what became of them.
const workerSchema, workerURL = "SCRIP_TEST_WORKER_SCHEMA", "SCRIP_TEST_WORKER_URL"

// request is a line that a process reads, response one that it writes.
type (
	request struct {
		Slot    int
		Command command
	}
	response struct {
		Slot    int
		Entry   credits.Entry
		Refused string `json:",omitempty"`
		Unknown bool   `json:",omitempty"`
	}
)

// serve is the whole of such a process. It ends with its input.
func serve(schema string) int {
	pool, err := pgxpool.New(context.Background(), os.Getenv(workerURL))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	store, err := postgres.New(pool, postgres.Options{Schema: schema})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	ledger := credits.New(store, credits.Options{Now: clock()})
	out := make(chan response)
	go func() {
		var calls sync.WaitGroup
		for in := json.NewDecoder(os.Stdin); ; {
			var r request
			if in.Decode(&r) != nil {
				break
			}
			calls.Go(func() {
				receipt, err := r.Command.do(context.Background(), ledger)
				answer := response{Slot: r.Slot, Entry: receipt.Entry, Unknown: errors.Is(err, credits.ErrUnknown)}
				if err != nil {
					answer.Refused = err.Error()
				}
				out <- answer
			})
		}
		calls.Wait()
		close(out)
	}()
	lines := json.NewEncoder(os.Stdout)
	for answer := range out {
		if lines.Encode(answer) != nil {
			return 1
		}
	}
	return 0
}

// worker is such a process, which starts again whenever it is killed.
type worker struct {
	schema  string
	process atomic.Pointer[process]
}

// process is one life of a worker.
type process struct {
	cmd      *exec.Cmd
	in       io.WriteCloser
	over     chan struct{} // closed when all that it wrote is read
	followed chan struct{} // closed when the next life has begun

	mu      sync.Mutex
	waiting map[int]chan response
}

func newWorker(t *testing.T, schema string) *worker {
	t.Helper()
	w := &worker{schema: schema}
	t.Cleanup(func() {
		if err := w.kill(); err != nil {
			t.Error(err)
		}
	})
	if err := w.start(); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *worker) start() error {
	p := &process{
		cmd: exec.Command(os.Args[0]), over: make(chan struct{}), followed: make(chan struct{}), waiting: make(map[int]chan response),
	}
	p.cmd.Env = append(os.Environ(), workerSchema+"="+w.schema, workerURL+"="+url)
	p.cmd.Stderr = os.Stderr
	out, err := p.cmd.StdoutPipe()
	if err == nil {
		p.in, err = p.cmd.StdinPipe()
	}
	if err == nil {
		err = p.cmd.Start()
	}
	if err != nil {
		return err
	}
	go p.read(out)
	if last := w.process.Swap(p); last != nil {
		close(last.followed)
	}
	return nil
}

// kill ends the process at whatever it is doing.
func (w *worker) kill() error {
	p := w.process.Load()
	if p == nil {
		return nil
	}
	if err := p.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	<-p.over
	_ = p.cmd.Wait() // it was killed
	return nil
}

// send has the worker carry a command out, again until it says what became of it.
func (w *worker) send(ctx context.Context, slot int, c command) (credits.Entry, int, error) {
	for sent := 1; ; sent++ {
		p := w.process.Load()
		answer, found := p.ask(slot, c)
		switch {
		case found && answer.Refused == "":
			return answer.Entry, sent, nil
		case found && !answer.Unknown:
			return credits.Entry{}, sent, errors.New(answer.Refused)
		case found:
			continue
		}
		select {
		case <-p.followed:
		case <-ctx.Done():
			return credits.Entry{}, sent, ctx.Err()
		}
	}
}

// read hands out what the process writes. Its last line may be half of one.
func (p *process) read(out io.Reader) {
	for lines := bufio.NewScanner(out); lines.Scan(); {
		var r response
		if json.Unmarshal(lines.Bytes(), &r) != nil {
			break
		}
		p.mu.Lock()
		p.waiting[r.Slot] <- r
		p.mu.Unlock()
	}
	close(p.over)
}

// ask has the process carry a command out. It reports whether an answer came.
func (p *process) ask(slot int, c command) (response, bool) {
	answer := make(chan response, 1)
	p.mu.Lock()
	p.waiting[slot] = answer
	err := json.NewEncoder(p.in).Encode(request{Slot: slot, Command: c})
	p.mu.Unlock()
	if err != nil {
		return response{}, false
	}
	select {
	case r := <-answer:
		return r, true
	case <-p.over:
	}
	select {
	case r := <-answer: // the last words
		return r, true
	default:
		return response{}, false
	}
}

// Processes that die at any point, and their successors, who ask for the same again:
// nothing is lost or done twice, and what one saw acknowledged before another began
// comes first. It covers R5, R7, R9 and R45.
func TestR07_ClientsKilled(t *testing.T) {
	chance := rand.New(rand.NewPCG(seed(t), 8))
	schema := fmt.Sprintf("tworkers%d", os.Getpid())
	store := openStore(t, openPool(t), postgres.Options{Schema: schema})
	workers := make([]*worker, 3)
	for i := range workers {
		workers[i] = newWorker(t, schema)
	}
	load := start(t, newClients(12, seed(t), "ada", "bob"), func(ctx context.Context, n int, c command) (credits.Entry, int, error) {
		return workers[n%len(workers)].send(ctx, n, c)
	})
	for range rounds(t, 9) {
		load.await(1 + chance.IntN(150))
		w := workers[chance.IntN(len(workers))]
		if err := w.kill(); err != nil {
			t.Fatal(err)
		}
		if err := w.start(); err != nil {
			t.Fatal(err)
		}
	}
	load.await(50)
	audit(t, store, load.stop())
}
