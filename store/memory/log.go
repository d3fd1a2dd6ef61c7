package memory

import "encoding/binary"

// log is an append-only sequence of records in blocks of bytes: nothing is ever
// moved or changed, and a garbage collector sees a few blocks whatever they hold.
type log struct {
	blocks [][]byte
	used   int // of the last block
}

// position is where a record is in a log: the block's number and the offset.
type position uint64

// link is a position in a record; zero: none.
type link uint64

func linkTo(p position) link { return link(p) + 1 }

// position returns where a link leads.
func (l link) position() position { return position(l) - 1 }

// offsetBits are enough for where a record begins: all but the first of a block begin
// within lastBlock.
const offsetBits = 16

// Blocks double from firstBlock to lastBlock bytes, so that a small store is small, a
// large one has few blocks, and no update waits for much fresh memory. A larger record
// has its own block.
const (
	firstBlock = 1 << 10
	lastBlock  = 1 << offsetBits
)

// add appends a record, which starts with its length.
func (l *log) add(record []byte) position {
	var prefix [binary.MaxVarintLen64]byte
	length := binary.PutUvarint(prefix[:], uint64(len(record)))
	room := l.room(length + len(record))
	at := position(len(l.blocks)-1)<<offsetBits | position(l.used)
	copy(room, prefix[:length])
	copy(room[length:], record)
	l.used += length + len(record)
	return at
}

// room returns what is left of the last block, which is at least that many bytes.
func (l *log) room(size int) []byte {
	last := len(l.blocks) - 1
	if last < 0 || len(l.blocks[last])-l.used < size {
		want := firstBlock
		if last >= 0 {
			want = min(2*len(l.blocks[last]), lastBlock)
		}
		l.blocks = append(l.blocks, make([]byte, max(want, size)))
		l.used = 0
		last++
	}
	return l.blocks[last][l.used:]
}

// at returns the record at a position. It is the log's memory.
func (l *log) at(p position) []byte {
	block := l.blocks[p>>offsetBits][p&(1<<offsetBits-1):]
	length, size := binary.Uvarint(block)
	return block[size : size+int(length)]
}

// view returns the log as it is, to be read while records are appended.
func (l *log) view() log { return log{blocks: l.blocks, used: l.used} }
