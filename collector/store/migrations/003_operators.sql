-- Apiary, schema version 3: operators who are shut out. Run as apiary_owner in one transaction, after 002.
SET LOCAL client_min_messages = warning;
SET LOCAL search_path = apiary, pg_catalog;

-- Rows are never taken away: who is revoked stays so under that name.
CREATE TABLE operator_revoked(name text PRIMARY KEY CHECK (name ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$'),
  revoked_at timestamptz NOT NULL DEFAULT clock_timestamp(), revoked_by text NOT NULL);
GRANT INSERT ON operator_revoked TO apiary_writer;
COMMENT ON TABLE operator_revoked IS 'Operators whose certificates, old and new, open nothing any more.';
COMMENT ON COLUMN operator_revoked.name IS 'As the certificate says it.';
COMMENT ON COLUMN operator_revoked.revoked_at IS 'Since when.';
COMMENT ON COLUMN operator_revoked.revoked_by IS 'The account that did it.';
