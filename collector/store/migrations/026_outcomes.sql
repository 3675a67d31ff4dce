-- Apiary, schema version 26: sessions by outcome and protocol. Run as apiary_owner in one transaction, after all before it.
-- Ingest waits while the index is built, some seconds for each million sessions.
SET LOCAL client_min_messages = warning;
SET LOCAL search_path = apiary, pg_catalog;

-- Of the outcome alone PostgreSQL believes that its sessions lie side by side, as nearly all have the same one: it read
-- all that were reset for those of one protocol, or of one sensor. Equal pairs share one key, so that this one takes no
-- more than that did.
DROP INDEX session_outcome_idx;
CREATE INDEX ON session (outcome, protocol);
