package memory

// names finds the accounts of a shard by name. As index, it is a table of cells of
// fixed size without a pointer, each in the first free place from its hash on. A
// name itself is where its account is.
type names struct {
	cells []nameCell // as many as a power of two
	used  int
}

// nameCell is the upper half of a name's hash and the account's number plus one. The
// zero value is a free cell's. The lower half chose the shard.
type nameCell struct {
	hash   uint32
	number uint32
}

func newNames() names { return names{cells: make([]nameCell, firstCells)} }

// number returns the number of the account of that name.
func (sh *shard) number(name string, hash uint64) (number int, known bool) {
	half, cells := uint32(hash>>32), sh.names.cells
	for i := sh.names.first(half); cells[i].number != 0; i = sh.names.next(i) {
		if number := int(cells[i].number) - 1; cells[i].hash == half && sh.name(number) == name {
			return number, true
		}
	}
	return 0, false
}

// name returns the name of the account with that number.
func (sh *shard) name(number int) string {
	p := &sh.places[number]
	if p.asleep == "" {
		return sh.awakeAt(p).state.Account
	}
	r := decoder{rest: p.asleep}
	return r.text()
}

// add enters a name that is not there.
func (n *names) add(hash uint64, number int) {
	if 4*n.used >= 3*len(n.cells) {
		n.grow()
	}
	n.insert(nameCell{hash: uint32(hash >> 32), number: uint32(number) + 1})
	n.used++
}

func (n *names) insert(c nameCell) {
	i := n.first(c.hash)
	for n.cells[i].number != 0 {
		i = n.next(i)
	}
	n.cells[i] = c
}

func (n *names) grow() {
	old := n.cells
	n.cells = make([]nameCell, 2*len(old))
	for _, c := range old {
		if c.number != 0 {
			n.insert(c)
		}
	}
}

// first returns where the cells of a hash begin, as in an index.
func (n *names) first(half uint32) int { return int(uint64(half) * uint64(len(n.cells)) >> 32) }
func (n *names) next(i int) int        { return (i + 1) & (len(n.cells) - 1) }
