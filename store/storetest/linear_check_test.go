package storetest

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/scriphq/scrip/credits"
	"github.com/scriphq/scrip/expiry"
)

// tale is a history made up by hand. Its account starts with a lot of 100.
type tale struct {
	t *testing.T
	*replica
	calls []call
}

func newTale(t *testing.T) *tale {
	s := &tale{t: t, replica: &replica{state: credits.State{Account: "ada"}}}
	s.does(1, 2, command("ada", "lot", credits.Grant{
		ID: "lot", Account: "ada", Amount: credits.Of(100), Validity: expiry.Hours(1),
	}))
	return s
}

// does makes a call of the account as it is now, and has it last from one place in
// the order of events to another.
func (s *tale) does(from, to int64, c call) *call { return s.did(s.replica, from, to, c) }

// did makes a call of an account as it was or as it might have been.
func (s *tale) did(r *replica, from, to int64, c call) *call {
	return s.didAt(r, instant(0), from, to, c)
}

func (s *tale) didAt(r *replica, at time.Time, from, to int64, c call) *call {
	c.invoked, c.returned, c.clock = from, to, []time.Time{at}
	c.answer = c.on(s.t.Context(), r, at)
	s.calls = append(s.calls, c)
	return &s.calls[len(s.calls)-1]
}

// leaves has the outcome of a call unknown.
func (s *tale) leaves(from, to int64, c call) {
	s.calls = append(s.calls, call{
		account: c.account, id: c.id, what: c.what, do: c.do, invoked: from, returned: to,
		clock: []time.Time{instant(0)}, answer: answer{err: &credits.UnknownError{Account: c.account, ID: c.id, Err: ErrInjected}},
	})
}

// gets has ben, who had 50, send 40 of them.
func (s *tale) gets() {
	ben := &replica{state: credits.State{Account: "ben"}}
	has := command("ben", "lot", credits.Grant{ID: "lot", Account: "ben", Amount: credits.Of(50), Validity: expiry.Permanent()})
	has.on(s.t.Context(), ben, instant(0))
	gift := credits.Transfer{ID: "gift", From: "ben", To: "ada", Amount: credits.Of(40)}
	out := transfer(gift)
	out.on(s.t.Context(), ben, instant(0))
	s.sent = map[string][]credits.Entry{"ben": sentTo("ada", ben.entries)}
	s.does(3, 4, sideOf(gift, receives))
	s.does(5, 6, readBalance("ada"))
}

func (s *tale) check() error {
	h := history{account: "ada", calls: s.calls, entries: s.entries, state: s.state, sent: s.sent}
	return h.check(s.t.Context())
}

func paid(id string, amount int64) call {
	return command("ada", id, credits.Spend{ID: id, Account: "ada", Amount: credits.Of(amount)})
}

func held(id string, amount int64) call {
	return command("ada", id, credits.Reserve{ID: id, Account: "ada", Amount: credits.Of(amount), Deadline: instant(2)})
}

func TestHistoriesThatAnOrderExplains(t *testing.T) {
	for rule, tell := range map[string]func(s *tale){
		"one call after the other": func(s *tale) {
			s.does(3, 4, paid("a", 30))
			s.does(5, 6, paid("b", 80))
			s.does(7, 8, readBalance("ada"))
			s.does(9, 10, paid("a", 30))
			s.does(11, 12, readHistory("ada", 2))
		},
		"calls that overlap in any order": func(s *tale) {
			s.does(5, 10, paid("b", 80))
			s.does(3, 9, paid("a", 30))
		},
		"a read during a spend may not see it": func(s *tale) {
			before := s.clone()
			s.does(3, 6, paid("a", 30))
			s.did(before, 4, 5, readBalance("ada"))
		},
		"a read during a spend may see it": func(s *tale) {
			s.does(3, 6, paid("a", 30))
			s.does(4, 5, readBalance("ada"))
		},
		"a refusal by what was only there meanwhile": func(s *tale) {
			s.does(3, 10, paid("a", 90))
			s.does(5, 6, paid("b", 20))
			s.does(4, 9, command("ada", "back", credits.Refund{ID: "back", Account: "ada", Of: "a", All: true}))
		},
		"a call of unknown outcome that took effect": func(s *tale) {
			unsure := paid("a", 30)
			s.leaves(3, 4, unsure)
			unsure.on(s.t.Context(), s.replica, instant(0))
			s.does(5, 6, readBalance("ada"))
		},
		"a call of unknown outcome that took effect after it returned": func(s *tale) {
			s.leaves(3, 4, paid("a", 30))
			s.does(5, 6, readBalance("ada"))
			unsure := paid("a", 30)
			unsure.on(s.t.Context(), s.replica, instant(0))
			s.does(7, 8, readBalance("ada"))
		},
		"a call of unknown outcome that did not take effect": func(s *tale) {
			s.leaves(3, 4, paid("a", 30))
			s.does(5, 6, readBalance("ada"))
		},
		"a repeat of what is under way": func(s *tale) {
			s.does(3, 10, paid("a", 30))
			s.does(4, 5, paid("a", 30))
		},
		"a refusal and then, with the cause gone, the same ID": func(s *tale) {
			s.does(3, 4, paid("a", 101))
			s.does(5, 6, paid("b", 10))
			s.does(7, 8, paid("a", 90))
		},
		"what time did": func(s *tale) {
			s.does(3, 4, held("job", 10))
			s.didAt(s.replica, instant(3), 5, 6, readBalance("ada"))
			s.didAt(s.replica, instant(60), 7, 8, paid("a", 10))
			s.didAt(s.replica, instant(61), 9, 10, held("late", 0))
		},
		"a transfer to another account": func(s *tale) {
			s.does(3, 4, transfer(credits.Transfer{ID: "gift", From: "ada", To: "ben", Amount: credits.Of(40)}))
			s.does(5, 6, readBalance("ada"))
		},
		"a transfer from another account": (*tale).gets,
		"a clock that is behind what others recorded": func(s *tale) {
			if err := s.settle(s.t.Context(), instant(60)); err != nil {
				s.t.Fatal(err)
			}
			s.does(3, 4, paid("a", 10))
			s.does(5, 6, readBalance("ada"))
		},
	} {
		t.Run(rule, func(t *testing.T) {
			s := newTale(t)
			tell(s)
			if err := s.check(); err != nil {
				t.Errorf("check() = %v, want no error", err)
			}
		})
	}
}

func TestHistoriesThatNoOrderExplains(t *testing.T) {
	for _, c := range []struct {
		rule string
		tell func(s *tale)
		want string
	}{
		{"an acknowledged spend is not in the ledger", func(s *tale) {
			s.did(s.clone(), 3, 4, paid("a", 30))
		}, "an acknowledged entry is not in the ledger"},
		{"an acknowledged spend is another in the ledger", func(s *tale) {
			s.did(s.clone(), 3, 4, paid("a", 30))
			s.does(3, 4, paid("b", 30))
		}, "an acknowledged entry is not in the ledger"},
		{"a spend is in the ledger twice", func(s *tale) {
			s.does(3, 4, paid("a", 30))
			again := s.entries[1].Clone()
			again.Seq, again.Balance = 3, credits.Of(40)
			s.entries = append(s.entries, again)
		}, "entries 2 and 3 have the same ID"},
		{"two callers are told that they spent under one ID", func(s *tale) {
			before := s.clone()
			s.does(3, 6, paid("a", 30))
			s.did(before, 4, 5, paid("a", 30))
		}, "two callers were told to have written the same entry"},
		{"a Seq is left out", func(s *tale) {
			s.does(3, 4, paid("a", 30))
			s.entries[1].Seq = 3
		}, `entry "a" has seq 3, want 2`},
		{"a refused spend is in the ledger", func(s *tale) {
			refused := s.did(&replica{state: credits.State{Account: "ada"}}, 3, 4, paid("a", 30))
			refused.on(s.t.Context(), s.replica, instant(0))
		}, "no call that was not refused has its ID"},
		{"a cancelled spend is in the ledger", func(s *tale) {
			cancelled := s.does(3, 4, paid("a", 30))
			cancelled.answer = answer{err: context.Canceled}
		}, "no call that was not refused has its ID"},
		{"nobody sent what is in the ledger", func(s *tale) {
			s.does(3, 4, paid("a", 30))
			s.calls = s.calls[:1]
		}, "no call that was not refused has its ID"},
		{"the ledger's order is against real time", func(s *tale) {
			s.does(5, 6, paid("b", 20))
			s.does(3, 4, paid("a", 30))
		}, "entry 2 precedes entry 3 in the ledger, but began after it was acknowledged"},
		{"a spend was replayed before it was made", func(s *tale) {
			s.does(5, 6, paid("a", 30))
			s.does(3, 4, paid("a", 30))
		}, "entry 2 precedes entry 2"},
		{"a read shows what was before an acknowledged spend", func(s *tale) {
			before := s.clone()
			s.does(3, 4, paid("a", 30))
			s.did(before, 5, 6, readBalance("ada"))
		}, "after entry 2, at 2024-05-06T07:00:00Z"},
		{"a history lacks an acknowledged spend", func(s *tale) {
			before := s.clone()
			s.does(3, 4, paid("a", 30))
			s.did(before, 5, 6, readHistory("ada", 5))
		}, "no state that the account had meanwhile explains the answer"},
		{"a read shows what was spent after it", func(s *tale) {
			s.does(5, 6, paid("a", 30))
			s.does(3, 4, readBalance("ada"))
		}, "no state that the account had meanwhile explains the answer"},
		{"a read goes back behind the one before it", func(s *tale) {
			before := s.clone()
			s.does(3, 10, paid("a", 30))
			s.does(4, 5, readBalance("ada"))
			s.did(before, 6, 7, readBalance("ada"))
		}, "no state that the account had meanwhile explains the answer"},
		{"a spend precedes what a read before it had seen", func(s *tale) {
			s.does(6, 7, paid("a", 30))
			s.leaves(3, 4, paid("b", 10))
			unsure := paid("b", 10)
			unsure.on(s.t.Context(), s.replica, instant(0))
			after := &replica{state: credits.State{Account: "ada"}}
			for _, one := range []call{s.calls[0], unsure} {
				one.on(s.t.Context(), after, instant(0))
			}
			s.did(after, 4, 5, readBalance("ada"))
		}, "no state that the account had meanwhile explains the answer"},
		{"a refusal with enough there all the time", func(s *tale) {
			s.did(&replica{state: credits.State{Account: "ada"}}, 3, 4, paid("a", 30))
		}, "no state that the account had meanwhile explains the answer"},
		{"a refusal that misses more than was missing", func(s *tale) {
			less := s.clone()
			lower := paid("b", 50)
			lower.on(s.t.Context(), less, instant(0))
			s.did(less, 3, 4, paid("a", 101))
		}, "have 50, missing 51"},
		{"a refusal by the end of a lot that was still to come", func(s *tale) {
			c := s.didAt(s.clone(), instant(60), 3, 4, paid("a", 30))
			c.clock = []time.Time{instant(0)}
		}, "no state that the account had meanwhile explains the answer"},
		{"a spend at an instant that nobody's clock had", func(s *tale) {
			s.didAt(s.replica, instant(2), 3, 4, paid("a", 30)).clock = []time.Time{instant(1)}
		}, "which is neither what the clock said nor the account's time"},
		{"a spend beyond what there was", func(s *tale) {
			rich := &replica{state: credits.State{Account: "ada"}}
			more := command("ada", "lot", credits.Grant{ID: "lot", Account: "ada", Amount: credits.Of(500), Validity: expiry.Hours(1)})
			more.on(s.t.Context(), rich, instant(0))
			s.did(rich, 3, 4, paid("a", 130))
			s.entries = append(s.entries, rich.entries[1])
		}, "by the entries before it the command is refused"},
		{"a spend with a balance of another", func(s *tale) {
			s.does(3, 4, paid("a", 30))
			s.entries[1].Balance = credits.Of(71)
			s.calls[1].answer.receipt.Balance = credits.Of(71)
		}, "entry 2 is not what the command does after the entries before it"},
		{"a receipt whose hold is another's", func(s *tale) {
			hold := s.does(3, 4, held("job", 10)).answer.receipt.HoldNow
			hold.Reserved = credits.Of(11)
		}, "the receipt is not what the command gives"},
		{"a replay with a hold that was settled before", func(s *tale) {
			s.does(3, 4, held("job", 10))
			before := s.clone()
			s.does(5, 6, command("ada", "free", credits.Release{ID: "free", Account: "ada", Hold: "job"}))
			s.did(before, 7, 8, held("job", 10))
		}, "no state that the account had meanwhile explains the answer"},
		{"a lot ends before its end", func(s *tale) {
			early := s.clone()
			if err := early.settle(s.t.Context(), instant(60)); err != nil {
				s.t.Fatal(err)
			}
			early.entries[1].At = instant(1)
			s.entries = early.entries
		}, "the ledger's end is not what time does"},
		{"a transfer comes in that was never sent", func(s *tale) {
			s.gets()
			s.sent = nil
		}, "by the entries before it the command is refused"},
		{"a transfer that was refused went out", func(s *tale) {
			gift := s.does(3, 4, transfer(credits.Transfer{ID: "gift", From: "ada", To: "ben", Amount: credits.Of(40)}))
			gift.answer = answer{err: &credits.InsufficientError{Account: "ada", Needed: credits.Of(40)}}
		}, "no call that was not refused has its ID"},
		{"the state is not what the ledger comes to", func(s *tale) {
			s.does(3, 4, paid("a", 30))
			s.state.Balance = credits.Of(71)
		}, "the state is not what the ledger comes to"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			s := newTale(t)
			c.tell(s)
			if err := s.check(); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("check() = %v, want an error that says %q", err, c.want)
			}
		})
	}
}
