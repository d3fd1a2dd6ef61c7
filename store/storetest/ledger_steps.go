package storetest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"pgregory.net/rapid"

	"github.com/scriphq/scrip/credits"
)

func (m *machine) transfer(t *rapid.T) {
	c := credits.Transfer{ID: m.id(t), From: "ada", To: "bob", Amount: drawn(t, "amount", someAmounts), Feature: drawFeature(t)}
	if rapid.Bool().Draw(t, "back") {
		c.From, c.To = c.To, c.From
	}
	m.move(t, c)
	if oneIn(t, 4, "repeats it") {
		m.move(t, c)
	}
}

func (m *machine) move(t *rapid.T, c credits.Transfer) {
	got, err := m.ledger.Transfer(t.Context(), c)
	t.Logf("%v transfer %+v: %v", m.now, c, err)
	from, to := m.view(t, c.From), m.view(t, c.To)
	replayed, refusal := tryTransfer(from, to, c)
	m.compareError(t, from, fmt.Sprintf("transfer %+v", c), err, refusal)
	if got.Replayed != replayed || refusal != nil && len(got.Out)+len(got.In) > 0 {
		t.Fatalf("Transfer(%+v) = %+v, want replayed %v", c, got, replayed)
	}
	if refusal != nil {
		return
	}
	checkLegs(t, from, c, got.Out, -c.Amount.Micros())
	checkLegs(t, to, c, got.In, c.Amount.Micros())
	if len(got.Out) != len(got.In) {
		t.Fatalf("Transfer(%+v) = %d entries out, %d in, want as many", c, len(got.Out), len(got.In))
	}
	if !replayed {
		m.commit(from)
		m.commit(to)
	}
}

// checkLegs compares one side of a transfer with the history, where its entries
// follow each other and sum to the amount.
func checkLegs(t *rapid.T, a *modelAccount, c credits.Transfer, legs []credits.Entry, want int64) {
	first, sum := a.told(t, c.ID), int64(0)
	for i, leg := range legs {
		mustEqual(t, fmt.Sprintf("leg %d of %s", i, c.ID), leg, a.seen[int(first.Seq)-1+i])
		sum += leg.Amount.Micros()
	}
	if sum != want {
		t.Fatalf("Transfer(%+v) moves %v in %s, want %v", c, credits.Micros(sum), a.name, credits.Micros(want))
	}
}

var (
	errWork  = errors.New("storetest: the work failed")
	tookLong = []int{0, 0, 0, 6, 24}
)

// work is what a Do runs: it takes a while, and then ends in one of three ways.
type work struct {
	usage  credits.Usage
	err    error
	panics bool
	took   time.Duration
	ran    bool
}

func (w *work) run(m *machine) (credits.Usage, error) {
	w.ran = true
	m.now = m.now.Add(w.took)
	if w.panics {
		panic(errWork)
	}
	return w.usage, w.err
}

// do runs work under a hold, at times one whose hold was there before.
func (m *machine) do(t *rapid.T) {
	a := m.account(t)
	c := credits.Reserve{ID: m.id(t), Account: a.name, Feature: drawFeature(t), Amount: drawCost(t), Deadline: m.later(t, a)}
	if len(m.done) > 0 && oneIn(t, 3, "does it again") {
		c = drawn(t, "again", m.done)
	}
	w := work{usage: credits.Usage{Amount: drawCost(t)}, took: time.Duration(drawn(t, "took", tookLong)) * time.Hour}
	switch rapid.IntRange(0, 4).Draw(t, "ends") {
	case 0:
		w.err = errWork
	case 1:
		w.err, w.usage = errWork, credits.Usage{}
	case 2:
		w.panics = true
	}
	start := m.now
	receipt, err := m.doing(t, c, &w)
	t.Logf("%v do %+v, work %+v: %v", start, c, w, err)
	m.checkDo(t, c, &w, start, receipt, err)
}

// doing runs Do, and makes an error of a panic of the work's.
func (m *machine) doing(t *rapid.T, c credits.Reserve, w *work) (receipt credits.Receipt, err error) {
	defer func() {
		if w.panics && w.ran {
			err, _ = recover().(error)
		}
	}()
	return m.ledger.Do(t.Context(), c, func(context.Context) (credits.Usage, error) { return w.run(m) })
}

// checkDo plays a Do on the model: its Reserve at the instant it began, and what
// it did at its end.
func (m *machine) checkDo(t *rapid.T, c credits.Reserve, w *work, start time.Time, receipt credits.Receipt, err error) {
	what := fmt.Sprintf("do %+v", c)
	ended := m.now
	m.now = start
	a := m.view(t, c.Account)
	m.now = ended
	replayed, refusal := a.try(modelCommand{c: c})
	if replayed {
		var first string
		if first, refusal = a.doneBefore(c.ID); refusal == nil {
			m.compare(t, a, first, what, credits.Result{Receipt: receipt, Err: err}, true, nil)
			checkHoldNow(t, c.ID, receipt.HoldNow, a.hold(c.ID))
		}
	}
	if w.ran != (refusal == nil && !replayed) {
		t.Fatalf("%s ran the work: %v, want it to run exactly if the hold is its own", what, w.ran)
	}
	if !w.ran {
		m.compareError(t, a, what, err, refusal)
		return
	}
	m.commit(a)
	m.done = append(m.done, c)
	a = m.view(t, c.Account)
	m.compareEnd(t, a, c, w, receipt, err)
}

func (m *machine) compareEnd(t *rapid.T, a *modelAccount, c credits.Reserve, w *work, receipt credits.Receipt, err error) {
	failed := w.err
	var refusal error
	if w.panics {
		failed = errWork
	}
	if w.panics || w.err != nil && w.usage.Amount.IsZero() {
		refusal = a.tryRelease(credits.Release{Hold: c.ID})
	} else if refusal = a.tryCapture(credits.Capture{Hold: c.ID, Amount: w.usage.Amount}); refusal == nil {
		mustEqual(t, "receipt of do "+c.ID, receipt.Entry, a.told(t, a.hold(c.ID).paidBy.id))
	}
	want := errors.Join(failed, refusal)
	if w.panics {
		want = failed // the panic is all that is heard of
	}
	m.compareError(t, a, fmt.Sprintf("do %+v", c), err, want)
	if failed != nil && !errors.Is(err, errWork) {
		t.Fatalf("do %+v = %v, want the work's error in it", c, err)
	}
	if refusal == nil {
		a.settle(a.now)
		m.commit(a)
	}
}
