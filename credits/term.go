package credits

import "time"

// Term is a subscription as far as credits care. Lots whose validity says
// "while subscribed" end when it does; renewing it before that carries them on.
type Term struct {
	ID    string
	Since time.Time // the first purchase; renewals keep it
	Until time.Time // the term has ended at this instant and after

	// Lapsed is set by the change that closes the term. A term renewed after
	// it lapsed starts anew, with a new Since.
	Lapsed bool
}

// Closed reports whether the term is over. A store drops closed terms from
// [State.Terms].
func (t *Term) Closed() bool { return t.Lapsed }
