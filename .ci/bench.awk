# Turns the figures of .ci/bench into a report. Each line is one of go test's with the
# package's name in front, or begins a part: "# memory full: runs 6, code 1a2b3c4, ...".
#
# table=short prints the table that README.md shows; table=full the goals, the curves
# and each benchmark. A part without figures is left out of all; a figure that a part
# should have and has not is told on stderr, and makes the exit status 1.

BEGIN {
	part["memory"] = "memory"
	part["credits"] = part["pricing"] = "core"
	part["postgres"] = "postgres"
}

$1 == "#" {
	size[$2] = $3
	sub(/:$/, "", size[$2])
	code[$2] = "unknown"
	if (match($0, /, code [^,]+/)) code[$2] = substr($0, RSTART + 7, RLENGTH - 7)
	next
}

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
	if (table == "short") print "| work" origins() " | against | scrip | ratio | goal | what the ratio says |\n|---|---|---|---|---|---|"
	else print "\n## Goals\n\n| work" origins() " | measured | against | ratio | goal | |\n|---|---|---|---|---|---|"
	goals()
	if (table != "short") {
		printf "\n%d goals: %d met, %d **missed**%s\n", met + missed + without, met, missed, without ? ", " without " **without a figure**" : ""
		print "\n## Curves"
		curves()
		printf "\n%d curves: %d flat, %d grow as their floors do, %d **GROW**%s\n", flat + alike + growing + holed, flat, alike, growing, holed ? ", " holed " **INCOMPLETE**" : ""
		tables()
	}
	exit (missing > 0)
}

# origins names what each part is of, where they are not all of one size and code.
function origins(name, first, text, differ) {
	for (name in size) {
		if (first == "") first = size[name] " " code[name]
		else if (first != size[name] " " code[name]) differ = 1
	}
	if (!differ) return ""
	for (name in size) text = text (text == "" ? "" : "; ") name " " size[name] ", " code[name]
	return " (NOT OF ONE RUN: " text ")"
}

# Each goal is a ratio to a floor, or a plain figure. The bound after "then" is what is
# wanted once the first is met; "" is no bound. What the ratio says is for README.md.
function goals() {
	ratio("memory: a spend, of 1,000 accounts", "memory Spend/ledger", "ns/op", "memory Spend/floor", "<=", 1.5, 1,
		"what lots, a ledger and idempotency cost over a map, a mutex and a slice by hand")
	plain("memory: a spend's allocations", "memory Spend/ledger", "allocs/op", "<=", 4)
	ratio("memory: spends on one core, to on two", "memory Spend/ledger", "ns/op", "memory Spend/ledger/every-core", ">=", 1.7, "",
		"how many times as much two cores do as one")
	ratio("memory: the same by hand", "memory Spend/floor", "ns/op", "memory Spend/floor/every-core")
	longest("memory: a spend after", "memory SpendByHistory/", "", "ns/op", 10, 1000000, 1.1, "whether spends get slower as an account gets older")
	ratio("memory: a spend from 1,000 lots, to 1", "memory SpendByLots/1000", "ns/op", "memory SpendByLots/1", "<=", 2)
	if (there("memory"))
		row("memory: a balance, for each lot more", (of("memory Balance/1000", "ns/op") - of("memory Balance/1", "ns/op")) / 999, "ns/op", "", "<=", 150)
	ratio("memory: a spend while its account of 1,000 lots is read all the time, to while not", "memory SpendWhileRead/ledger/read", "ns/op", "memory SpendWhileRead/ledger/quiet", "<=", 2)
	ratio("memory: the same by hand", "memory SpendWhileRead/floor/read", "ns/op", "memory SpendWhileRead/floor/quiet")
	ratio("memory: an entry" ofScale(), "memory Scale/ledger", "B/entry", "memory Scale/floor", "under", 200, "", "how much of a machine's memory the ledger of a spend takes")
	ratio("memory: an account with three lots" ofScale(), "memory Scale/ledger", "B/account", "memory Scale/floor", "under", 500)
	ratio("memory: a full collection" ofScale(), "memory Scale/ledger", "full-gc-ms", "memory Scale/floor", "under", 500, "",
		"how long the garbage collector is busy with all that is kept")
	ratio("memory: a single spend, p50" ofScale(), "memory Scale/ledger", "p50-us", "memory Scale/floor")
	ratio("memory: a single spend, worst" ofScale(), "memory Scale/ledger", "worst-us", "memory Scale/floor", "", "", "",
		"the longest that one spend has waited for collections and growing tables")

	each("pricing: a quote, ", "flat capped", "pricing Quote/", "ns/op", 100)
	ratio("pricing: a quote, block", "pricing Quote/block", "ns/op", "pricing Quote/floor", "under", 100, "",
		"what finding the rule, checking the use and keeping the price cost over a division")
	each("pricing: a quote's allocations, ", "flat block capped", "pricing Quote/", "allocs/op", 2)
	each("credits: ten years of a daily allowance, ", "ending adding reset rolling", "credits SettleTenYears/", "ns/op", 20e6)
	each("credits: the same, ", "ending adding reset rolling", "credits SettleTenYears/", "B/op", 5e6)

	many = "postgres Spend/accounts=1000/callers="
	hot = "postgres Spend/accounts=1/callers="
	ratio("PostgreSQL: one caller, many accounts", many "1/store", "op/s", many "1/floor", ">=", 0.6, "",
		"what is left of an UPDATE's and an INSERT's speed where nothing can be shared")
	ratio("PostgreSQL: one caller, one account", hot "1/store", "op/s", hot "1/floor", ">=", 0.6)
	if (there("postgres"))
		row("PostgreSQL: 128 callers, many accounts, to the floor's best", of(many "128/store", "op/s"), "op/s", best(many, "floor", "op/s"), ">=", 2, 3.5,
			"what sharing transactions wins over the best that the UPDATE reaches with any number of callers")
	ratio("PostgreSQL: 128 callers, many accounts, p99", many "128/store", "p99-ms", many "128/floor", "<=", 1)
	ratio("PostgreSQL: 128 callers, one account", hot "128/store", "op/s", hot "128/floor", ">=", 8, 20,
		"the same where all wait for one row: a company's shared account")
	ratio("PostgreSQL: 128 callers, one account, p99", hot "128/store", "p99-ms", hot "128/floor", "<=", 1, "", "how long the unluckiest of a hundred wait there")
	ratio("PostgreSQL: p50 of a bystander of a hot account, to quiet", "postgres Bystander/store/hot", "p50-ms", "postgres Bystander/store/quiet", "<=", 2, "",
		"what a customer notices of another who is busy")
	ratio("PostgreSQL: the same by hand", "postgres Bystander/floor/hot", "p50-ms", "postgres Bystander/floor/quiet")
	ratio("PostgreSQL: a bulk grant, to a COPY of its rows", "postgres Bulk/store", "grants/s", "postgres Bulk/floor", ">=", 0.5, "",
		"what grants to everyone reach, each of them idempotent")
	ratio("PostgreSQL: a sweep, to account by account", "postgres Sweep/store", "accounts/s", "postgres Sweep/floor", "", "", "",
		"how much faster what ended is written down together")
	reads("Balance")
	reads("History")
}

# reads are the goals of one reading: its round trips, and that it costs after the
# longest history what it does after the shortest of which the goal speaks.
function reads(what) {
	plain("PostgreSQL: " what ", round trips", "postgres Read/entries=1000/" what, "trips/op", "<=", 1)
	longest("PostgreSQL: " what " after", "postgres Read/entries=", "/" what, "ns/op", 1000, 10000000, 1.2)
	ratio("PostgreSQL: " what ", to a plain table's", "postgres Read/entries=1000/" what, "ns/op", "postgres Read/entries=1000/" what "/floor")
}

# longest is the goal that work after a history of the goal's length costs what it does
# after the first. Where that was not measured, which a full part may not miss, the
# longest that was takes its place; if it is no longer than the first, it says nothing.
function longest(work, prefix, suffix, unit, first, wanted, bound, says, size) {
	if (!there(prefix)) return
	if (!full(prefix)) size = largest(prefix, suffix)
	if (!size || size > wanted) size = wanted
	work = work " " grouped(size) " entries" (size < wanted ? ", fewer than the goal is about" : "") ", to " grouped(first)
	if (size > first) ratio(work, prefix size suffix, unit, prefix first suffix, "<=", bound, "", says)
	else ratio(work, prefix size suffix, unit, prefix first suffix)
}

function each(work, names, prefix, unit, bound, i, name) {
	split(names, name, " ")
	for (i = 1; i in name; i++) plain(work name[i], prefix name[i], unit, "<=", bound)
}

function ofScale() { return full("memory") ? ", 10,000,000 entries" : ", fewer entries than the goal is about" }

# best is the highest of a benchmark's figures over all numbers of callers.
function best(prefix, suffix, unit, i, most) {
	for (i = 1; i <= nkeys; i++)
		if (index(keys[i], prefix) == 1 && keys[i] ~ "/" suffix "$" && of(keys[i], unit) > most) most = of(keys[i], unit)
	return most == "" ? lost(prefix "*/" suffix) : most
}

function ratio(work, key, unit, floor, op, bound, later, says) {
	if (there(key)) row(work, of(key, unit), unit, of(floor, unit), op, bound, later, says)
}

function plain(work, key, unit, op, bound) {
	if (there(key)) row(work, of(key, unit), unit, "", op, bound)
}

# there reports whether the part that has a benchmark was measured, and full whether at
# full size.
function there(key) { return partOf(key) in size }
function full(key) { return there(key) && size[partOf(key)] == "full" }

function partOf(key, word) {
	split(key, word, " ")
	return part[word[1]]
}

# row prints a goal. It is about the ratio where there is something to compare with,
# which is the floor or other work of scrip's, unless it says that the figure itself is
# to be "under" something. A figure that was lost since the last row is one of its own.
function row(work, got, unit, floor, op, bound, later, says, what, goal, itself, outcome) {
	what = floor == "" ? "" : floor > 0 ? got / floor : 0
	itself = floor == "" || op == "under"
	if (op != "") {
		goal = (op == ">=" ? "at least " : "at most ") (itself ? human(bound, unit) : short(bound)) (later == "" ? "" : ", then " short(later))
		if (missing > told) {
			without++
			outcome = "**no figure**"
		} else if (within(itself ? got : what, op, bound)) {
			met++
			outcome = "met" (later == "" ? "" : within(what, op, later) ? ", the next too" : ", the next not yet")
		} else {
			missed++
			outcome = "**missed**"
		}
	}
	told = missing
	if (table != "short")
		printf "| %s | %s | %s | %s | %s | %s |\n", work, human(got, unit), floor == "" ? "" : human(floor, unit), what == "" ? "" : short(what), goal, outcome
	else if (says != "")
		printf "| %s | %s | %s | **%s** | %s | %s |\n", work, human(floor, unit), human(got, unit), short(what), goal, says
}

function within(x, op, bound) { return op == ">=" ? x >= bound : x <= bound }

# Each curve says what a cost is allowed to grow by from its first size to any other;
# where nothing is said about it, a fifth is for the noise of machines.
function curves() {
	curve("memory: a spend that touches one lot, by open lots", "memory SpendByLots/", "", "/floor", "1 10 100 1000", "ns/op", 2)
	cheapest("memory: a spend that touches one lot, by open lots, more accounts than are awake taking turns", "memory SpendInTurn/", "", "", "1 10 100 1000", "ns/op", 2)
	curve("memory: a spend, by entries of its account", "memory SpendByHistory/", "", "/floor", "10 1000 100000 1000000", "ns/op", 1.1)
	curve("memory: a spend, by accounts", "memory SpendByAccounts/", "", "/floor", "1 100 10000 1000000", "ns/op", 1.2)
	callers("memory: spends from 1,000 accounts, by callers at once", "memory SpendByCallers/many/", "", "/floor")
	callers("memory: spends from one account, by callers at once", "memory SpendByCallers/one/", "", "/floor")
	curve("memory: a balance, by open lots", "memory Balance/", "", "/floor", "1 10 100 1000", "ns/op", 1.2, 150)
	curve("memory: a balance, by entries", "memory ReadByHistory/Balance/", "", "/floor", "100 1000 100000 1000000", "ns/op", 1.2)
	curve("memory: the first page of the history, by entries", "memory ReadByHistory/History/", "", "/floor", "100 1000 100000 1000000", "ns/op", 1.2)
	curve("memory: a sweep of 100 accounts that came due, by others", "memory SweepByAccounts/", "", "", "1 100 10000 1000000", "ns/op", 1.2)
	cheapest("memory: a hold and its release, for each lot that it takes, by lots", "memory HoldByLots/", "", "", "10 100 1000 10000", "ns/lot", 1.2)
	curve("memory: a capture in parts, by captures before it", "memory CaptureInParts/", "", "", "1 100 10000", "ns/op", 1.2)
	cheapest("memory: a spend and its refund, for each lot that it takes, by lots", "memory RefundByLots/", "", "", "1 10 100 1000", "ns/lot", 1.2)
	curve("PostgreSQL: a spend that touches one lot, by open lots", "postgres SpendByLots/lots=", "/store", "/floor", "1 10 100 1000", "ns/op", 2)
	curve("PostgreSQL: a spend, by entries of its account", "postgres Read/entries=", "/Spend", "/Spend/floor", "10 1000 100000 10000000", "ns/op", 1.2)
	curve("PostgreSQL: a balance, by entries", "postgres Read/entries=", "/Balance", "/Balance/floor", "10 1000 100000 10000000", "ns/op", 1.2)
	curve("PostgreSQL: the first page of the history, by entries", "postgres Read/entries=", "/History", "/History/floor", "1000 100000 10000000", "ns/op", 1.2)
	curve("PostgreSQL: a spend of one caller's, by accounts", "postgres SpendByAccounts/callers=1/accounts=", "/store", "/floor", "1 100 10000 1000000", "ns/op", 1.2)
	curve("PostgreSQL: a spend of 32 callers', by accounts", "postgres SpendByAccounts/callers=32/accounts=", "/store", "/floor", "100 10000 1000000", "ns/op", 1.2)
	curve("PostgreSQL: a sweep of 100 accounts that came due, by others", "postgres SpendByAccounts/sweep/accounts=", "", "", "1 100 10000 1000000", "ns/op", 1.2)
	curve("PostgreSQL: a spend of 32 callers', by accounts, since they were planned with one", "postgres SpendSincePlanned/accounts=", "", "", "100 1000 10000", "ns/op", 1.2)
	callers("PostgreSQL: spends from 1,000 accounts, by callers at once", many, "/store", "/floor")
	callers("PostgreSQL: spends from one account, by callers at once", hot, "/store", "/floor")
}

# callers is a curve of the time for each spend where more callers may not make it
# longer than fewer did.
function callers(title, prefix, suffix, floor) { cheapest(title, prefix, suffix, floor, "1 2 8 32 128 512", "ns/op", 1.2) }

# cheapest is a curve that is about the least cost before instead of the first, which is
# high for another reason: one caller shares nothing, and a few lots share little of what
# any operation costs.
function cheapest(title, prefix, suffix, floor, wanted, unit, allowed) { curve(title, prefix, suffix, floor, wanted, unit, allowed, 0, 1) }

# curve prints the cost by size, growth being against the first, or where least is set
# against the least so far, and says whether it grows by more than a factor, and so much
# for each further unit of the size, where that is allowed. Of the sizes, the largest that was measured may be followed by others that were not,
# but in a full part.
function curve(title, prefix, suffix, floor, wanted, unit, allowed, more, least, sizes, count, i, x, bare, from, barefrom, growth, own, worst, worstown, before) {
	if (!there(prefix)) return
	before = missing
	for (count = split(wanted, sizes, " "); count && !full(prefix) && !((prefix sizes[count] suffix) in known); count--);
	if (!count) {
		holed++
		return lost(prefix "*" suffix)
	}
	print "\n### " title "\n\n| " (floor == "" ? "| cost" : "| cost | floor | ratio") " | " (least ? "to the least so far" : "growth") " |\n" (floor == "" ? "|---|---|---|" : "|---|---|---|---|---|")
	for (i = 1; i <= count; i++) {
		x = of(prefix sizes[i] suffix, unit)
		bare = floor == "" ? 0 : of(prefix sizes[i] floor, unit)
		if (i == 1 || least && x < from) from = x
		if (i == 1 || least && bare < barefrom) barefrom = bare
		printf "| %s | %s |%s %s |\n", grouped(sizes[i]), human(x, unit), floor == "" ? "" : " " human(bare, unit) " | " short(bare > 0 ? x / bare : 0) " |", short(from > 0 ? x / from : 0)
		growth = from > 0 ? (x - more * (sizes[i] - sizes[1])) / from : 0
		own = more || bare <= barefrom ? growth : growth * barefrom / bare # what the floor's growth does not explain
		if (growth > worst) worst = growth
		if (own > worstown) worstown = own
	}
	if (missing > before) {
		holed++
		print "\n**INCOMPLETE**: there is no figure of some size"
	} else printf "\n%s\n", verdict(worst, worstown, allowed, more ? " and " human(more, unit) " for each more" : "")
}

function verdict(worst, own, allowed, more) {
	if (worst <= allowed) {
		flat++
		return "flat: x " short(worst) " at worst; x " allowed more " is allowed"
	}
	if (own <= allowed) {
		alike++
		return "grows as its floor does: x " short(worst) " at worst, but x " short(own) " against the floor; x " allowed " is allowed"
	}
	growing++
	return "**GROWS**: x " short(worst) " at worst; x " allowed more " is allowed"
}

# largest is the largest number between a prefix and a suffix of benchmarks' names.
function largest(prefix, suffix, i, x, most) {
	for (i = 1; i <= nkeys; i++) {
		if (index(keys[i], prefix) != 1) continue
		x = substr(keys[i], length(prefix) + 1)
		sub(/[^0-9].*/, "", x)
		if (keys[i] == prefix x suffix && x + 0 > most) most = x + 0
	}
	return most
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
function tables(i, j, title, head, rest, count, unit, line) {
	for (i = 1; i <= nkeys; i++) {
		head = keys[i]
		sub(/\/.*/, "", head)
		if (head != title) {
			title = head
			count = columns(title, unit)
			print "\n## " title "\n"
			line = "| |"
			for (j = 1; j <= count; j++) line = line " " unit[j] " |"
			print line
			gsub(/[^|]+/, "---", line)
			print line
		}
		rest = substr(keys[i], length(title) + 2)
		line = "| " (rest == "" ? "all" : rest) " |"
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

# human writes a figure in a unit that people read.
function human(x, unit) {
	if (unit == "ns/op" || unit == "ns/lot") return span(x)
	if (unit ~ /-us$/) return span(x * 1e3)
	if (unit ~ /-ms$/) return span(x * 1e6)
	if (unit ~ /^B\//) return x >= 1e6 ? short(x / 1e6) " MB" : x >= 1e4 ? short(x / 1e3) " kB" : short(x) " B"
	if (unit ~ /\/s$/) return grouped(x) "/s"
	return short(x)
}

function span(ns) { return ns >= 1e9 ? short(ns / 1e9) " s" : ns >= 1e6 ? short(ns / 1e6) " ms" : ns >= 1e3 ? short(ns / 1e3) " us" : short(ns) " ns" }

# grouped writes a whole number as 1,234,567.
function grouped(x, text) {
	for (text = sprintf("%.0f", x); match(text, /[0-9][0-9][0-9][0-9](,|$)/); ) text = substr(text, 1, RSTART) "," substr(text, RSTART + 1)
	return text
}

# short writes a figure with three digits, or as a whole number.
function short(x) {
	if (x >= 100 || x <= -100 || x == int(x)) return sprintf("%.0f", x)
	return sprintf("%.3g", x)
}
