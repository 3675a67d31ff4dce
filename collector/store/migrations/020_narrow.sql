-- Apiary, schema version 20: indices that tell less twice. Run as apiary_owner in one transaction, after all before it.
-- Ingest waits while they are built, a second or two for each million sessions.
SET LOCAL client_min_messages = warning;
SET LOCAL search_path = apiary, pg_catalog;

-- Sessions are listed by id, so a start behind the protocol orders nothing, and without it all sessions of a protocol
-- share one key.
DROP INDEX session_protocol_started_at_idx;
CREATE INDEX ON session (protocol);
-- One of a sensor's sessions by service, self-tests too, finds what the one without services did. Self-tests come so
-- seldom that the newest sessions of a service are found as soon.
DROP INDEX session_sensor_id_started_at_idx;
DROP INDEX session_sensor_id_service_started_at_idx;
CREATE INDEX ON session (sensor_id, service, started_at);
-- Commands are found by their normalized text.
DROP INDEX command_verb_started_at_idx;

-- Most credentials of an hour come once or twice: there is less to be counted again in place.
ALTER TABLE rollup_hour_credential SET (fillfactor = 85);
