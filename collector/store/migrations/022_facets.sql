-- Apiary, schema version 22: what few values tell apart is found by two small indices. Run as apiary_owner in one
-- transaction, after all before it. Ingest waits while they are built, some seconds for each million sessions.
SET LOCAL client_min_messages = warning;
SET LOCAL search_path = apiary, pg_catalog;

-- Sessions that agree in all of these share one key, so that the index takes as much as one of the protocol alone, and is
-- so small that it is read whole for a column behind the first.
DROP INDEX session_protocol_idx;
CREATE INDEX ON session (protocol, target_port, outcome, transport, login_accepted);
-- In place of two that had every session's id in them. What is not known shares one key.
DROP INDEX session_country_session_id_idx;
DROP INDEX session_asn_session_id_idx;
CREATE INDEX ON session (country, asn);

-- Protocols have their ports, and seldom another: taken for independent of each other, what never comes together
-- passes for frequent.
CREATE STATISTICS session_facets (mcv) ON protocol, target_port, outcome, transport, login_accepted FROM session;
-- As LIKE does it for partitions to come. Those of days past are analysed by nobody else any more.
DO $$
DECLARE r record;
BEGIN
  FOR r IN SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
             WHERE i.inhparent = 'apiary.session'::regclass ORDER BY c.relname LOOP
    EXECUTE format('CREATE STATISTICS apiary_part.%I (mcv) ON protocol, target_port, outcome, transport, login_accepted '
      'FROM apiary_part.%I', r.relname || '_facets', r.relname);
    EXECUTE format('ANALYZE apiary_part.%I (protocol, target_port, outcome, transport, login_accepted)', r.relname);
  END LOOP;
END $$;
