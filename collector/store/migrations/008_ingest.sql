-- Apiary, schema version 8: an ingest transaction is one question, and finds what it counts by its ids. Run as
-- apiary_owner in one transaction, after 005.
SET LOCAL client_min_messages = warning;
SET LOCAL search_path = apiary, pg_catalog;

CREATE FUNCTION known_rules_require(p_version bigint) RETURNS void LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp AS $$
BEGIN IF apiary.known_rules_version() IS DISTINCT FROM p_version THEN
  RAISE EXCEPTION 'the rules for known traffic are not those of number %', p_version USING ERRCODE = 'AP002';
END IF; END $$;
COMMENT ON FUNCTION known_rules_require(bigint) IS
 'known_rules_version() that raises AP002 unless the rules have this number: how a collector goes on that holds them.';
REVOKE ALL ON FUNCTION known_rules_require(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION known_rules_require(bigint) TO apiary_writer;

-- What a transaction counts it has just written, so all of it is in memory. Told otherwise, and knowing nothing yet of
-- a day's partition, the planner reads the partition instead of a hundred places in its index.
ALTER FUNCTION rollup_add(uuid[]) SET random_page_cost = 0.1;
ALTER FUNCTION rollup_add(uuid[]) SET seq_page_cost = 0.1;

-- Who calls these has set the path, names are qualified all the same, and setting it once more costs as much as
-- counting a session. None of them runs with the rights of another.
ALTER FUNCTION rollup_table(text, timestamptz, timestamptz) RESET search_path;
ALTER FUNCTION rollup_sessions(uuid[], timestamptz, timestamptz) RESET search_path;
ALTER FUNCTION rollup_credentials(uuid[], timestamptz, timestamptz) RESET search_path;
ALTER FUNCTION rollup_commands(uuid[], timestamptz, timestamptz) RESET search_path;
ALTER FUNCTION rollup_write(uuid[], timestamptz, timestamptz, boolean) RESET search_path;
ALTER FUNCTION ledger_advance(uuid, smallint, bigint, bigint) RESET search_path;

-- As in version 1, for the same times at half the price: every row that is written pays for it. Each COPY looks the
-- body up anew, which has been parsed here.
CREATE OR REPLACE FUNCTION uuid_time(uuid) RETURNS timestamptz LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN pg_catalog.to_timestamp(('x' || pg_catalog.encode(pg_catalog.substring(pg_catalog.uuid_send($1), 1, 6),
  'hex'))::bit(48)::bigint::float8 / 1000);
