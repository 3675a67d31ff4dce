-- Apiary, schema version 5: leaders and unique sources without adding up every row. Run as apiary_owner in one
-- transaction, after 004.
SET LOCAL client_min_messages = warning;
SET LOCAL search_path = apiary, pg_catalog;

-- Ingest waits while the indices are built, about a second for each million rows of a rollup; its sensors' spools hold
-- what comes meanwhile.
-- The largest of each hour come first, so that leaders of many hours are found without going through the rest. Such an
-- index is written anew with every count: cheap for sources, of which a transaction has few, and an eighth of all the
-- counting for credentials, which go without.
CREATE INDEX ON rollup_hour_source (bucket_at, traffic, sessions);
-- Whom a range saw is whom it saw last, and of those who came back later the ones that it saw, too.
CREATE INDEX ON source (last_seen_at);

-- A source has a row for each collector that met it, so whoever is alone need not look for others.
CREATE TABLE counted_collector(collector_id smallint PRIMARY KEY);
INSERT INTO counted_collector SELECT DISTINCT collector_id FROM source;
COMMENT ON TABLE counted_collector IS 'Collectors that have ever counted a session.';
COMMENT ON COLUMN counted_collector.collector_id IS 'Number of the collector.';
-- Called for new rows only: a few times an hour.
CREATE FUNCTION counted_collector_add() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  INSERT INTO apiary.counted_collector VALUES (NEW.collector_id) ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION counted_collector_add() IS 'Internal: notes which collector counts.';
REVOKE ALL ON FUNCTION counted_collector_add() FROM PUBLIC;
CREATE TRIGGER counted_collector_add AFTER INSERT ON rollup_hour_protocol
  FOR EACH ROW EXECUTE FUNCTION counted_collector_add();

-- As in version 2. An id begins with its start, so the ends are found by order, and two starts read instead of all.
CREATE OR REPLACE FUNCTION rollup_add(p_ids uuid[]) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
DECLARE ordered uuid[]; n bigint;
BEGIN
  IF coalesce(cardinality(p_ids), 0) = 0 THEN RETURN 0; END IF;
  SELECT array_agg(u ORDER BY u) INTO ordered FROM unnest(p_ids) u;
  n := apiary.rollup_write(p_ids, apiary.uuid_time(ordered[1]),
    apiary.uuid_time(ordered[cardinality(ordered)]) + interval '1 ms', true);
  IF n <> cardinality(p_ids) THEN RAISE EXCEPTION 'rollup_add: % ids, % sessions found', cardinality(p_ids),
    n USING ERRCODE = '22023'; END IF;
  RETURN n;
END $$;
