package memory

import "encoding/binary"

// log is an append-only sequence of records in blocks of bytes: nothing is ever
// moved, and a garbage collector sees a few blocks whatever they hold.
type log struct {
	blocks  [][]byte
	scratch []byte // memory to encode in
}

// position is where a record is in a log: the block's number and the offset.
type position uint64

const offsetBits = 32

// Blocks double from firstBlock to lastBlock bytes, so that a small store is
// small and a large one has few blocks. A larger record has its own block.
const (
	firstBlock = 1 << 10
	lastBlock  = 1 << 20
)

// add appends a record, which starts with its length.
func (l *log) add(record []byte) position {
	var prefix [binary.MaxVarintLen64]byte
	length := binary.PutUvarint(prefix[:], uint64(len(record)))
	block := l.room(length + len(record))
	at := position(len(l.blocks)-1)<<offsetBits | position(len(*block))
	*block = append(*block, prefix[:length]...)
	*block = append(*block, record...)
	return at
}

// room returns the last block, with room for that many bytes.
func (l *log) room(size int) *[]byte {
	last := len(l.blocks) - 1
	if last < 0 || cap(l.blocks[last])-len(l.blocks[last]) < size {
		want := firstBlock
		if last >= 0 {
			want = min(2*cap(l.blocks[last]), lastBlock)
		}
		l.blocks = append(l.blocks, make([]byte, 0, max(want, size)))
		last++
	}
	return &l.blocks[last]
}

// at returns the record at a position. It is the log's memory.
func (l *log) at(p position) []byte {
	block := l.blocks[p>>offsetBits][p&(1<<offsetBits-1):]
	length, size := binary.Uvarint(block)
	return block[size : size+int(length)]
}
