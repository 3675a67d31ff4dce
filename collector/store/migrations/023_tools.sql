-- Apiary, schema version 23: probes by the scan tool whose marks they bear. Run as apiary_owner in one transaction, after all
-- before it. Ingest waits while the index is built, a second or two for each million probes.
SET LOCAL client_min_messages = warning;
SET LOCAL search_path = apiary, pg_catalog;

-- Those of one tool by time, and all that a count of tools needs to know of a probe.
CREATE INDEX ON probe (tool, started_at, traffic) WHERE tool IS NOT NULL;
