package credits_test

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
)

// The bounds of one input, so that none takes long: commands, and for how many
// days time goes on.
const (
	mostSteps = 64
	mostDays  = 100
)

// FuzzCommands makes commands on two accounts out of bytes, sensible and not, and
// checks after each what always holds. Nothing may panic, a refused command
// changes nothing, and in the end the ledgers verify.
func FuzzCommands(f *testing.F) {
	for seed := range uint64(8) { // long inputs, beside the short ones that are kept
		noise := rand.New(rand.NewPCG(seed, 0))
		data := make([]byte, 1000)
		for i := range data {
			data[i] = byte(noise.Uint32())
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) { playTape(t, data) })
}

// play is one input being carried out.
type play struct {
	*desk
	tape
	last  credits.Command
	first credits.Receipt     // of last
	paid  map[string][]string // what can be refunded, by account
	past  map[string][]moment // what accounts had, by account
	lost  bool                // a transfer was cut short, and credits are on their way
	other bool                // the drawdown order is not the usual one
	met   map[string]bool     // the kinds of entries and the errors there were
}

// moment is the balance that an account had when a command was through.
type moment struct {
	at     time.Time
	posted credits.Amount
}

var players = []string{"ada", "bob"}

func playTape(t *testing.T, data []byte) *play {
	p := &play{tape: tape{bytes: data}, paid: map[string][]string{}, past: map[string][]moment{}, met: map[string]bool{}}
	options := credits.Options{}
	if p.other = p.flag(); p.other {
		options.Order = func(a, b credits.Lot) int { return strings.Compare(b.ID, a.ID) }
	}
	p.desk = openDesk(t, options)
	p.run("ada", credits.Grant{ID: "opening", Account: "ada", Amount: credits.Of(100), Validity: expiry.Permanent()})
	for range mostSteps {
		if p.over() {
			break
		}
		p.step()
		for _, account := range players {
			p.check(account)
		}
	}
	p.finish()
	return p
}

// step carries out what the next bytes say.
func (p *play) step() {
	account := pick(&p.tape, players)
	switch b := p.byte(); {
	case b < 48:
		p.turn()
	case b < 60:
		p.sweepAll()
	case b < 72:
		p.again()
	case b < 84:
		p.transfer(account)
	case b < 100:
		p.spendAll(account)
	default:
		state := p.state(account)
		p.run(account, p.command(account, p.clock.read(), &state, p.paid[account]))
	}
}

// turn turns the clock, forwards or backwards.
func (p *play) turn() {
	now := p.clock.read().Add(pick(&p.tape, steps))
	if now.After(day(mostDays)) {
		now = day(mostDays)
	}
	p.clock.set(now)
}

func (p *play) sweepAll() {
	if _, err := p.ledger.Sweep(p.ctx); err != nil {
		p.t.Fatalf("Sweep() = %v, want no error", err)
	}
}

// run carries out a command. One that is refused changes nothing.
func (p *play) run(account string, command credits.Command) {
	before := p.state(account)
	receipt, err := p.do(command)
	after := p.state(account)
	switch {
	case err != nil:
		p.refused(command, err)
		if !equal(before, after) {
			p.t.Fatalf("%T, refused with %v, changed the account (-before +after):\n%s", command, err, compare(before, after))
		}
		return
	case receipt.Replayed:
		return
	}
	p.last, p.first = command, receipt
	if after.Seq <= before.Seq || after.At.Before(before.At) || receipt.Seq <= before.Seq || receipt.Seq > after.Seq {
		p.t.Fatalf("%T = entry %d, and %d at %v became %d at %v, want later", command, receipt.Seq, before.Seq, before.At, after.Seq, after.At)
	}
	if receipt.Kind == credits.KindSpend || receipt.Kind == credits.KindCapture {
		p.paid[account] = append(p.paid[account], receipt.ID)
	}
	p.remember(account, &after)
}

func (p *play) do(command credits.Command) (credits.Receipt, error) {
	results, err := p.ledger.Batch(p.ctx, []credits.Command{command})
	if err != nil {
		p.t.Fatalf("Batch(%T) = %v, want no error", command, err)
	}
	return results[0].Receipt, results[0].Err
}

func (p *play) remember(account string, s *credits.State) {
	p.past[account] = append(p.past[account], moment{s.At, s.Balance})
}

// refusals are the errors that a command may end in with a store that never fails.
var refusals = []error{
	credits.ErrInvalid, credits.ErrInsufficient, credits.ErrIDReused, credits.ErrNotFound,
	credits.ErrClosed, credits.ErrFrozen, credits.ErrOverflow, credits.ErrLimit,
}

func (p *play) refused(what any, err error) {
	for _, refusal := range refusals {
		if errors.Is(err, refusal) {
			p.met[refusal.Error()] = true
			return
		}
	}
	p.t.Fatalf("%T = %v, want one of the errors that say what is wrong", what, err)
}

// again repeats the last command that took effect: the same receipt, and nothing
// written.
func (p *play) again() {
	if p.last == nil {
		return
	}
	account := p.first.Account
	before := p.state(account)
	receipt, err := p.do(p.last)
	if err != nil || !receipt.Replayed || !equal(receipt.Entry, p.first.Entry) {
		p.t.Fatalf("%T again = %v, replayed %v (-first +again):\n%s", p.last, err, receipt.Replayed, compare(p.first.Entry, receipt.Entry))
	}
	if after := p.state(account); !equal(before, after) {
		p.t.Fatalf("%T again changed the account (-before +after):\n%s", p.last, compare(before, after))
	}
}

// transfer moves credits to the other account.
func (p *play) transfer(from string) {
	to := players[1-slices.Index(players, from)]
	command := credits.Transfer{ID: p.id(), From: from, To: to, Amount: p.amount(little), Feature: pick(&p.tape, uses)}
	before := p.state(from)
	done, err := p.ledger.Transfer(p.ctx, command)
	if err != nil {
		p.refused(command, err)
		_, cut := errors.AsType[*credits.TransitError](err)
		after := p.state(from)
		if !cut && !equal(before, after) {
			p.t.Fatalf("Transfer, refused with %v, changed the account (-before +after):\n%s", err, compare(before, after))
		}
		if cut {
			p.lost = true
			p.remember(from, &after)
		}
		return
	}
	if len(done.Out) == 0 || len(done.Out) != len(done.In) {
		p.t.Fatalf("Transfer(%v) = %d entries out, %d in, want as many, and some", command.Amount, len(done.Out), len(done.In))
	}
	again, err := p.ledger.Transfer(p.ctx, command)
	if err != nil || !again.Replayed {
		p.t.Fatalf("Transfer(again) = replayed %v, %v, want true", again.Replayed, err)
	}
	for _, account := range players {
		state := p.state(account)
		p.remember(account, &state)
	}
}

// spendAll spends what the balance says a feature can: a millionth more is refused,
// and exactly that is not.
func (p *play) spendAll(account string) {
	balance, err := p.ledger.Balance(p.ctx, account)
	if err != nil {
		p.t.Fatalf("Balance(%s) = %v, want no error", account, err)
	}
	feature := pick(&p.tape, uses)
	all := balance.For(feature)
	if all.Sign() < 0 || balance.Frozen || all == credits.Of(credits.MaxCredits) {
		return
	}
	p.made++
	more := credits.Spend{ID: fmt.Sprintf("n%d", p.made), Account: account, Feature: feature, Amount: credits.Micros(all.Micros() + 1)}
	if _, err := p.ledger.Spend(p.ctx, more); !errors.Is(err, credits.ErrInsufficient) {
		p.t.Fatalf("Spend(%v of %v for %q) = %v, want ErrInsufficient", more.Amount, all, feature, err)
	}
	exact := more
	exact.Amount = all
	if _, err := p.ledger.Spend(p.ctx, exact); err != nil {
		p.t.Fatalf("Spend(%v of %v for %q) = %v, want no error", exact.Amount, all, feature, err)
	}
	p.paid[account] = append(p.paid[account], exact.ID)
	state := p.state(account)
	p.remember(account, &state)
}

func (p *play) state(account string) credits.State {
	state, err := p.store.State(p.ctx, account)
	if err != nil {
		p.t.Fatalf("State(%s) = %v, want no error", account, err)
	}
	return state
}

// The inputs that are kept bring about every kind of entry and every refusal, so
// that a change of what bytes mean does not empty them of meaning unseen.
func TestTheInputsOfFuzzCommandsBringAboutEverything(t *testing.T) {
	names, err := filepath.Glob(filepath.Join("testdata", "fuzz", "FuzzCommands", "*"))
	if err != nil {
		t.Fatal(err)
	}
	met := map[string]bool{}
	for _, name := range names {
		p := playTape(t, input(t, name))
		maps.Copy(met, p.met)
	}
	for _, refusal := range refusals[:len(refusals)-1] { // ErrLimit takes 10,000 lots
		if !met[refusal.Error()] {
			t.Errorf("no input is refused with %q", refusal)
		}
	}
	for _, kind := range []credits.Kind{
		credits.KindGrant, credits.KindSpend, credits.KindReserve, credits.KindExtend, credits.KindCapture, credits.KindRelease,
		credits.KindRefund, credits.KindRevoke, credits.KindRenew, credits.KindAllow, credits.KindAmend, credits.KindConfigure,
		credits.KindTransfer, credits.KindEnd, credits.KindRollover, credits.KindLapse,
	} {
		if !met[string(kind)] {
			t.Errorf("no input makes an entry of kind %q", kind)
		}
	}
}

// input reads the one []byte of a file that go test keeps inputs in.
func input(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	_, line, _ := strings.Cut(string(text), "\n[]byte(")
	data, err := strconv.Unquote(strings.TrimSuffix(strings.TrimSpace(line), ")"))
	if err != nil {
		t.Fatalf("%s holds %q: %v", name, text, err)
	}
	return []byte(data)
}
