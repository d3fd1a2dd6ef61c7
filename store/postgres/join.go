package postgres

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// join makes one statement of all that is to be written. It writes the accounts, or
// makes them, and with each the rest that is its own; what belongs to an account that
// was not written is left out. It returns, as rows, the accounts that were, and under
// which number.
//
// Where no part has more than one row, the statement is about values instead of
// arrays, which is less work for the server. Parts that are rare come all or
// none: a server plans and keeps every statement that differs.
func (q *statements) join(unused, accounts, made statement, rest []statement) (sql string, args []any) {
	parts := append([]statement{unused, accounts, made}, rest...)
	hasRare := slices.ContainsFunc(rest, func(p statement) bool { return p.rare && len(p.rows) > 0 })
	var which uint16
	many := false
	for i, p := range parts {
		if len(p.rows) > 0 || p.rare && hasRare {
			which |= 1 << i
			args = append(args, p.args...)
			many = many || len(p.rows) > 1
		}
	}
	if many {
		which |= manyRows
	} else {
		parts[1].sql = q.putAccount
		for i := range args {
			args[i] = only(args[i])
		}
	}
	if known, found := q.joint.Load(which); found {
		return known.(string), args
	}
	sql = joined(parts, which)
	if !many {
		sql = array.ReplaceAllString(sql, "$1::$2")
	}
	q.joint.Store(which, sql)
	return sql, args
}

// manyRows is the kind of statement that has arrays.
const manyRows = 1 << 15

// joined writes the statement of join, of the parts that are in it.
func joined(parts []statement, which uint16) string {
	const unused, accounts, made = 0, 1, 2
	var with, done []string
	before := 0 // arguments of the parts before
	for i, p := range parts {
		if i > made && done != nil {
			with, done = append(with, "done AS ("+strings.Join(done, " UNION ALL ")+")"), nil
		}
		if which&(1<<i) == 0 {
			continue
		}
		sql := renumbered(p.sql, before)
		before += len(p.args)
		switch i {
		case unused:
			with = append(with, sql)
		case accounts:
			with, done = append(with, sql), append(done, "SELECT account, written FROM put")
		case made:
			with, done = append(with, "made AS ("+sql+")"), append(done, "SELECT account, written FROM made")
		default:
			with = append(with, "part"+strconv.Itoa(i)+" AS ("+sql+")")
		}
	}
	return "WITH " + strings.Join(with, ",\n\t") + "\nSELECT account, written FROM done"
}

var (
	parameter = regexp.MustCompile(`\$\d+`)
	array     = regexp.MustCompile(`unnest\((\$\d+)::(\w+)\[\]\)`)
)

// renumbered moves a statement's parameters behind others.
func renumbered(sql string, before int) string {
	return parameter.ReplaceAllStringFunc(sql, func(p string) string {
		n, _ := strconv.Atoi(p[1:]) // it is digits
		return "$" + strconv.Itoa(before+n)
	})
}

// only returns the one element of a column, or NULL where it has none.
func only(column any) any {
	switch c := column.(type) {
	case []string:
		return first(c)
	case []int64:
		return first(c)
	case []int32:
		return first(c)
	case []bool:
		return first(c)
	case []time.Time:
		return first(c)
	case []*time.Time:
		return first(c)
	case []*string:
		return first(c)
	case [][]byte:
		return first(c)
	}
	panic("postgres: a column of another type")
}

func first[T any](column []T) any {
	if len(column) == 0 {
		return nil
	}
	return column[0]
}
