package credits

import (
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"slices"
	"time"
)

// fingerprint collects what a caller said in a command, field by field in a
// fixed order, each with its length or in a fixed width, so that two different
// commands never give the same bytes. The layout is part of the stored format:
// a retry may come from another version of the library. It must not change.
type fingerprint struct{ said []byte }

// fingerprintOf starts the fingerprint of a command of that kind in the memory
// of buffer.
func fingerprintOf(kind Kind, buffer []byte) *fingerprint {
	f := &fingerprint{said: append(buffer[:0], 1)} // the layout's version
	f.text(string(kind))
	return f
}

func (f *fingerprint) text(s string) {
	f.said = binary.AppendUvarint(f.said, uint64(len(s)))
	f.said = append(f.said, s...)
}

func (f *fingerprint) number(n int64) {
	f.said = binary.BigEndian.AppendUint64(f.said, uint64(n))
}

func (f *fingerprint) amount(a Amount) { f.number(a.micros) }

func (f *fingerprint) flag(b bool) {
	if b {
		f.said = append(f.said, 1)
	} else {
		f.said = append(f.said, 0)
	}
}

// instant tells the zero time, which says nothing, from every instant.
func (f *fingerprint) instant(t time.Time) {
	f.flag(!t.IsZero())
	if !t.IsZero() {
		f.number(t.UnixMicro())
	}
}

func (f *fingerprint) texts(list []string) {
	f.number(int64(len(list)))
	for _, s := range list {
		f.text(s)
	}
}

func (f *fingerprint) meta(meta map[string]string) {
	f.number(int64(len(meta)))
	if len(meta) == 0 { // nothing to sort, nothing to allocate
		return
	}
	for _, key := range slices.Sorted(maps.Keys(meta)) {
		f.text(key)
		f.text(meta[key])
	}
}

// sum returns the first half of SHA-256: enough against accidents, and an
// account's owner who forges a collision only confuses their own retries.
func (f *fingerprint) sum() Digest {
	whole := sha256.Sum256(f.said)
	return Digest(whole[:len(Digest{})])
}
