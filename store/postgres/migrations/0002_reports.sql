-- For reports and feeds over all accounts. PostgreSQL only: other engines that speak
-- its language do without this file.

-- written is the transaction that wrote the entry: what lets a feed read entries in
-- an order in which none can appear later.
ALTER TABLE entries ADD COLUMN written xid8 NOT NULL DEFAULT pg_current_xact_id();

CREATE INDEX entries_feed ON entries (written, account, seq);
CREATE INDEX entries_time ON entries USING brin (at);

-- One row for each change of a lot by an entry; an empty lot is the overdraft.
CREATE VIEW postings AS
	SELECT e.account, e.seq, e.at, e.kind, p.lot, p.available, p.held
	FROM entries e, jsonb_to_recordset(e.postings) AS p(lot text, available bigint, held bigint);
