-- Apiary, schema version 23: probes by the scan tool whose marks they bear; sessions with files and by outcome, from small
-- indices alone. Run as apiary_owner in one transaction, after all before it. Ingest waits while they are built, some
-- seconds for each million rows.
SET LOCAL client_min_messages = warning;
SET LOCAL search_path = apiary, pg_catalog;

-- Those of one tool by time, and all that a count of tools needs to know of a probe.
CREATE INDEX ON probe (tool, started_at, traffic) WHERE tool IS NOT NULL;
-- Few sessions offer a file: whose they are is told without their rows.
CREATE INDEX ON session (session_id, started_at, traffic, sensor_id, protocol) WHERE artifacts > 0;
-- The index of facets is read whole for each outcome of several that are sought. Here each is found at once, for seven
-- bytes a session.
CREATE INDEX ON session (outcome);
