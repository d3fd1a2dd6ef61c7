package memory

import (
	"encoding/binary"
	"time"
)

// reader reads the first fields of a record in place, in the log's memory.
type reader struct{ rest []byte }

func (r *reader) unsigned() uint64 {
	n, size := binary.Uvarint(r.rest)
	r.rest = r.rest[size:]
	return n
}

func (r *reader) part() []byte {
	n := r.unsigned()
	part := r.rest[:n]
	r.rest = r.rest[n:]
	return part
}

func (r *reader) seq() int64 {
	n, size := binary.Varint(r.rest)
	r.rest = r.rest[size:]
	return n
}

// key is what identifies a record.
type key struct {
	account int
	id, of  []byte
	before  link // to the record before it with the same Of
}

// keyOf returns what identifies a record.
func keyOf(record []byte) key {
	r := reader{rest: record}
	return r.key()
}

func (r *reader) key() (k key) {
	k.account, k.id, k.of = int(r.unsigned()), r.part(), r.part()
	if len(k.of) > 0 {
		k.before = link(r.unsigned())
	}
	return k
}

// linkAt returns a record's link of a level to an earlier one of the account.
func linkAt(record []byte, level int) (l link) {
	r := reader{rest: record}
	r.key()
	r.seq()
	for range level + 1 {
		l = link(r.unsigned())
	}
	return l
}

// recordedAt returns a record's At.
func recordedAt(record []byte) time.Time {
	r := reader{rest: record}
	r.key()
	for range levels(r.seq()) + 1 {
		r.unsigned()
	}
	return time.UnixMicro(int64(binary.LittleEndian.Uint64(r.rest))).UTC()
}
