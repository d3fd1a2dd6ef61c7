# Turns the lines of .ci/bench, which are those of go test with the package's name in
# front, into a report: the goals, then a table for each benchmark.

{
	name = $2
	sub(/-[0-9]+$/, "", name) # the number of cores
	key = $1 " " name
	if (!(key in known)) {
		known[key] = 1
		keys[++nkeys] = key
	}
	for (i = 4; i < NF; i += 2) {
		unit = $(i + 1)
		if (!((key, unit) in n)) units[key] = units[key] " " unit
		value[key, unit, ++n[key, unit]] = $i
	}
}

END {
	if (!nkeys) lost("any benchmark")
	goals()
	tables()
	exit (missing > 0)
}

function goals() {
	print "## Goals\n"
	print "| work | measured | floor | ratio | goal | |"
	print "|---|---|---|---|---|---|"

	ratio("memory: a spend, 1,000 accounts", "memory Spend/ledger", "ns/op", "memory Spend/floor", "<=", 1.5)
	plain("memory: a spend", "memory Spend/ledger", "allocs/op", "<=", 4)
	ratio("memory: spends on one core, to two", "memory Spend/ledger", "ns/op", "memory Spend/ledger/every-core", ">=", 1.7)
	ratio("memory: a spend after 1,000,000 entries, to 10", "memory SpendByHistory/1000000", "ns/op", "memory SpendByHistory/10", "<=", 1.1)
	ratio("memory: the same on the floor", "memory SpendByHistory/1000000/floor", "ns/op", "memory SpendByHistory/10/floor", "", "")
	ratio("memory: a spend from 1,000 lots, to 1", "memory SpendByLots/1000", "ns/op", "memory SpendByLots/1", "<=", 2)
	row("memory: a balance, for each lot more", (of("memory Balance/1000", "ns/op") - of("memory Balance/10", "ns/op")) / 990, "ns", "", "<=", 150)
	plain("memory: an entry", "memory Scale/ledger", "B/entry", "<=", 200)
	plain("memory: an account with three lots", "memory Scale/ledger", "B/account", "<=", 500)
	plain("memory: a full collection", "memory Scale/ledger", "full-gc-ms", "<=", 500)
	ratio("memory: the worst spend", "memory Scale/ledger", "worst-us", "memory Scale/floor", "", "")

	each("pricing: a quote, ", "flat block capped", "pricing Quote/", "ns/op", 100)
	each("pricing: a quote, ", "flat block capped", "pricing Quote/", "allocs/op", 2)
	each("credits: ten years of a daily allowance, ", "ending adding reset rolling", "credits SettleTenYears/", "ns/op", 20e6)
	each("credits: ten years of a daily allowance, ", "ending adding reset rolling", "credits SettleTenYears/", "B/op", 5e6)

	many = "postgres Spend/accounts=1000/callers="
	hot = "postgres Spend/accounts=1/callers="
	ratio("postgres: one caller", many "1/store", "op/s", many "1/floor", ">=", 0.6)
	row("postgres: 128 callers, many accounts, to the floor's best", of(many "128/store", "op/s"), "op/s", best(many, "floor", "op/s"), ">=", 2)
	ratio("postgres: 128 callers, many accounts", many "128/store", "p99-ms", many "128/floor", "<=", 1)
	ratio("postgres: 128 callers, one account", hot "128/store", "op/s", hot "128/floor", ">=", 8)
	ratio("postgres: 128 callers, one account", hot "128/store", "p99-ms", hot "128/floor", "<=", 1)
	ratio("postgres: a bystander of a hot account, to quiet", "postgres Bystander/store/hot", "p50-ms", "postgres Bystander/store/quiet", "<=", 2)
	ratio("postgres: the same on the floor", "postgres Bystander/floor/hot", "p50-ms", "postgres Bystander/floor/quiet", "", "")
	ratio("postgres: a bulk grant, to a COPY of its rows", "postgres Bulk/store", "grants/s", "postgres Bulk/floor", ">=", 0.5)
	ratio("postgres: a sweep, to one by one", "postgres Sweep/store", "accounts/s", "postgres Sweep/floor", "", "")
	reads("Balance")
	reads("History")
	print ""
}

# reads are the goals of one reading: its round trips, and that the longest history
# costs what a short one does.
function reads(what, i, part, longest) {
	for (i = 1; i <= nkeys; i++)
		if (split(keys[i], part, /[=\/]/) == 4 && keys[i] ~ "^postgres Read/entries=.*/" what "$" && part[3] + 0 > longest) longest = part[3] + 0
	plain("postgres: " what ", round trips", "postgres Read/entries=1000/" what, "trips/op", "<=", 1)
	ratio("postgres: " what " after " longest " entries, to 1000", "postgres Read/entries=" longest "/" what, "ns/op", "postgres Read/entries=1000/" what, "<=", 1.2)
}

function each(work, names, prefix, unit, bound, i, name) {
	split(names, name, " ")
	for (i = 1; i in name; i++) plain(work name[i], prefix name[i], unit, "<=", bound)
}

# best is the highest of a benchmark's figures over all numbers of callers.
function best(prefix, suffix, unit, i, most) {
	for (i = 1; i <= nkeys; i++)
		if (index(keys[i], prefix) == 1 && keys[i] ~ "/" suffix "$" && of(keys[i], unit) > most) most = of(keys[i], unit)
	return most
}

function ratio(work, key, unit, floor, op, bound) { row(work, of(key, unit), unit, of(floor, unit), op, bound) }
function plain(work, key, unit, op, bound) { row(work, of(key, unit), unit, "", op, bound) }

# row prints a goal. It is about the ratio where there is a floor.
function row(work, got, unit, floor, op, bound, what, met) {
	what = floor == "" ? got : floor > 0 ? got / floor : 0
	met = op == "<=" ? what <= bound : what >= bound
	printf "| %s | %s %s | %s | %s | %s | %s |\n", work, short(got), unit, floor == "" ? "" : short(floor), floor == "" ? "" : short(what),
		op == "" ? "" : (op == "<=" ? "at most " : "at least ") short(bound), op == "" ? "" : met ? "met" : "**missed**"
}

# of is the median of a benchmark's figures.
function of(key, unit, i, j, x, sorted, count) {
	count = n[key, unit]
	if (!count) return lost(key " in " unit)
	for (i = 1; i <= count; i++) {
		x = value[key, unit, i] + 0
		for (j = i - 1; j >= 1 && sorted[j] > x; j--) sorted[j + 1] = sorted[j]
		sorted[j + 1] = x
	}
	return count % 2 ? sorted[(count + 1) / 2] : (sorted[count / 2] + sorted[count / 2 + 1]) / 2
}

function lost(what) {
	print ".ci/bench: there is no figure of " what > "/dev/stderr"
	missing++
	return 0
}

# tables prints every benchmark, a table for each function.
function tables(i, j, title, head, part, count, unit, line) {
	for (i = 1; i <= nkeys; i++) {
		head = keys[i]
		sub(/\/.*/, "", head)
		if (head != title) {
			title = head
			count = columns(title, unit)
			print (i > 1 ? "\n" : "") "## " title "\n"
			line = "| |"
			for (j = 1; j <= count; j++) line = line " " unit[j] " |"
			print line
			gsub(/[^|]+/, "---", line)
			print line
		}
		part = substr(keys[i], length(title) + 2)
		line = "| " (part == "" ? "all" : part) " |"
		for (j = 1; j <= count; j++) line = line " " ((keys[i], unit[j]) in n ? short(of(keys[i], unit[j])) : "") " |"
		print line
	}
}

# columns collects the units of a benchmark function's figures, and counts them.
function columns(title, unit, i, j, m, count, some, seen) {
	split("", unit)
	for (i = 1; i <= nkeys; i++) {
		if (keys[i] != title && index(keys[i], title "/") != 1) continue
		m = split(units[keys[i]], some, " ")
		for (j = 1; j <= m; j++)
			if (!(some[j] in seen)) {
				seen[some[j]] = 1
				unit[++count] = some[j]
			}
	}
	return count
}

# short writes a figure with three digits, or as a whole number.
function short(x) {
	if (x >= 100 || x <= -100 || x == int(x)) return sprintf("%.0f", x)
	return sprintf("%.3g", x)
}
