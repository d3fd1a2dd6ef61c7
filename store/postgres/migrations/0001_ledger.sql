-- Accounts with what is open in them, and their entries. Amounts are micros: 10^-6
-- credit, at most 10^18. Instants have microseconds. An empty text is none; NULL is
-- never, for an instant.
--
-- Every key begins with the account, so that accounts can be spread over machines.
--
-- Each statement that writes reads the conditions of its table anew: few large ones
-- cost less than many small ones.

CREATE TABLE accounts (
	account   text COLLATE "C" NOT NULL PRIMARY KEY,
	seq       bigint NOT NULL DEFAULT 0, -- of the last entry
	at        timestamptz,                               -- of the last entry
	balance   bigint NOT NULL DEFAULT 0,
	due       timestamptz,                               -- when time next does something
	debt      bigint NOT NULL DEFAULT 0,
	debt_held bigint NOT NULL DEFAULT 0,
	overdraft bigint NOT NULL DEFAULT 0,
	frozen    boolean NOT NULL DEFAULT false,
	written   bigint NOT NULL DEFAULT 0, -- that of the last entry
	version   bigint NOT NULL DEFAULT 0, -- a random number, another with each change of the account and what is open in it
	CONSTRAINT accounts_in_range CHECK (least(seq, debt, debt_held, overdraft) >= 0
		AND greatest(abs(balance), debt, debt_held, overdraft) <= 1000000000000000000),
	CONSTRAINT accounts_begun CHECK ((seq = 0) = (at IS NULL))
) WITH (fillfactor = 80);

CREATE INDEX accounts_due ON accounts (due) WHERE due IS NOT NULL;
CREATE INDEX accounts_in_debt ON accounts (account) WHERE debt > 0;

-- The open lots: what is left of them, and on what terms.
CREATE TABLE lots (
	account        text COLLATE "C" NOT NULL,
	id             text COLLATE "C" NOT NULL,
	source         text NOT NULL,
	granted        bigint NOT NULL,
	available      bigint NOT NULL,
	held           bigint NOT NULL,
	spent          bigint NOT NULL,
	start_at       timestamptz NOT NULL,
	end_at         timestamptz,
	validity       text NOT NULL,
	term           text NOT NULL,
	period_end     timestamptz,
	features       jsonb,
	priority       integer NOT NULL,
	only_with      text NOT NULL,
	paid_minor     bigint NOT NULL,
	paid_currency  text NOT NULL,
	non_refundable boolean NOT NULL,
	rollover       text NOT NULL,
	origin         bigint NOT NULL,
	rolled         integer NOT NULL,
	allowance      text NOT NULL,
	meta           jsonb,
	PRIMARY KEY (account, id),
	CONSTRAINT lots_in_range CHECK (least(available, held, spent, paid_minor, origin) >= 0 AND rolled >= 0 AND granted <= 1000000000000000000),
	CONSTRAINT lots_within_granted CHECK (available + held > 0 AND available + held + spent <= granted),
	CONSTRAINT lots_paid_in CHECK ((paid_currency = '') = (paid_minor = 0))
) WITH (fillfactor = 80);

CREATE INDEX lots_end ON lots (end_at) WHERE end_at IS NOT NULL;

-- The open holds, terms and allowances. body is the whole record as JSON; the
-- columns beside it are for queries.
CREATE TABLE holds (
	account  text COLLATE "C" NOT NULL,
	id       text COLLATE "C" NOT NULL,
	feature  text NOT NULL,
	deadline timestamptz NOT NULL,
	body     jsonb NOT NULL,
	PRIMARY KEY (account, id)
);

CREATE TABLE terms (
	account  text COLLATE "C" NOT NULL,
	id       text COLLATE "C" NOT NULL,
	since_at timestamptz NOT NULL,
	until_at timestamptz NOT NULL,
	PRIMARY KEY (account, id)
);

CREATE TABLE allowances (
	account text COLLATE "C" NOT NULL,
	id      text COLLATE "C" NOT NULL,
	amount  bigint NOT NULL CHECK (amount > 0),
	next_at timestamptz NOT NULL,
	body    jsonb NOT NULL,
	PRIMARY KEY (account, id)
);

-- The ledger: rows are added and never changed. postings is a list of
-- {"lot", "available", "held"}, in micros.
CREATE TABLE entries (
	account       text COLLATE "C" NOT NULL,
	seq           bigint NOT NULL,
	id            text COLLATE "C" NOT NULL,
	of_id         text COLLATE "C" NOT NULL,
	kind          text NOT NULL,
	at            timestamptz NOT NULL,
	amount        bigint NOT NULL,
	balance       bigint NOT NULL,
	postings      jsonb,
	short         bigint NOT NULL,
	feature       text NOT NULL,
	quantity      text NOT NULL,
	card          text NOT NULL,
	card_version  text NOT NULL,
	explanation   text NOT NULL,
	source        text NOT NULL,
	peer          text NOT NULL,
	money_minor   bigint NOT NULL,
	money_currency text NOT NULL,
	record        jsonb, -- the lots, hold, term, allowance or settings that the entry left
	meta          jsonb,
	digest        bytea,
	written       bigint NOT NULL, -- the transaction that wrote it, but not less than that of the entry before it
	PRIMARY KEY (account, seq),
	CONSTRAINT entries_in_range CHECK (least(seq - 1, short, money_minor) >= 0 AND greatest(abs(amount), abs(balance)) <= 1000000000000000000),
	CONSTRAINT entries_named CHECK (id <> '' AND kind <> '')
);

CREATE UNIQUE INDEX entries_id ON entries (account, id);
CREATE INDEX entries_of ON entries (account, of_id, seq) WHERE of_id <> '';
