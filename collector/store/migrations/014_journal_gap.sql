-- Apiary, schema version 14: sensors say which text logs their journal's budget removed. Run as apiary_owner in one transaction.
SET LOCAL client_min_messages = warning;
SET LOCAL search_path = apiary, pg_catalog;

ALTER TABLE gap DROP CONSTRAINT gap_what_check;
ALTER TABLE gap ADD CONSTRAINT gap_what_check
  CHECK (what IN ('payload','session','probe','spool','restore','journal'));
COMMENT ON COLUMN gap.what IS
  'payload: bytes of kept sessions; session, probe: whole records; spool: a spool was lost; restore: this database '
  'was set back; journal: text logs that a sensor removed, whose records are here: "records" counts logs, the times are '
  'of their sessions.';
