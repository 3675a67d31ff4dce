-- Apiary, schema version 25: probes are counted by the hour. Run as apiary_owner in one transaction, after all before it.
-- Ingest waits while the probes that are there are counted, about a second for each million.
SET LOCAL client_min_messages = warning;
SET LOCAL search_path = apiary, pg_catalog;

CREATE TABLE rollup_hour_probe(bucket_at timestamptz, traffic text, tool text, sensor_id int, collector_id smallint,
  probes bigint NOT NULL, PRIMARY KEY (bucket_at, traffic, tool, sensor_id, collector_id)) WITH (fillfactor = 70);
COMMENT ON TABLE rollup_hour_probe IS 'Probes by hour, scan tool and sensor.';
COMMENT ON COLUMN rollup_hour_probe.bucket_at IS 'Start of the bucket, UTC, by the probe''s start.';
COMMENT ON COLUMN rollup_hour_probe.traffic IS 'attack, known-scanner or self-test.';
COMMENT ON COLUMN rollup_hour_probe.tool IS 'Scanner recognised by its packets; empty: none.';
COMMENT ON COLUMN rollup_hour_probe.sensor_id IS '-> sensor.sensor_id.';
COMMENT ON COLUMN rollup_hour_probe.collector_id IS 'Number of the collector that wrote it.';
COMMENT ON COLUMN rollup_hour_probe.probes IS 'Probes, however many packets each has.';

ALTER TABLE retained ADD COLUMN probes_from date;
COMMENT ON COLUMN retained.probes_from IS
  'Probes of earlier days were never counted: their rows had gone before rollup_hour_probe was made. Null: none had.';

-- ---------------------------------------------------------------- counting
-- The one statement by which probes are counted, whoever calls it, so that all count the same. Each id is looked up for
-- itself: of a partition that nobody has analysed yet the planner knows no better way, but believes so.
CREATE FUNCTION rollup_write_probes(p_ids uuid[], p_from timestamptz, p_to timestamptz, p_sign int) RETURNS bigint
  LANGUAGE plpgsql AS $$
DECLARE probes text := apiary.rollup_table('probe', p_from, p_to) || ' p WHERE p.started_at >= $2 AND p.started_at < $3';
  n bigint;
BEGIN
  IF p_ids IS NOT NULL THEN
    probes := 'unnest($1) i(id) CROSS JOIN LATERAL (SELECT p.* FROM ' || probes || ' AND p.probe_id = i.id OFFSET 0) p';
  END IF;
  EXECUTE 'WITH c AS MATERIALIZED (SELECT date_bin(''1 hour'', started_at, ''2000-01-01 00:00+00'') AS hour, traffic, '
    'coalesce(tool, '''') AS tool, sensor_id, collector_id, count(*) AS probes FROM ' || probes
    || ' GROUP BY 1, 2, 3, 4, 5), '
    'w AS (INSERT INTO apiary.rollup_hour_probe AS r SELECT hour, traffic, tool, sensor_id, collector_id, $4 * probes '
    'FROM c ORDER BY 1, 2, 3, 4, 5 ON CONFLICT (bucket_at, traffic, tool, sensor_id, collector_id) DO UPDATE '
    'SET probes = r.probes + excluded.probes) SELECT coalesce(sum(probes), 0)::bigint FROM c'
    INTO n USING p_ids, p_from, p_to, p_sign;
  RETURN n;
END $$;
COMMENT ON FUNCTION rollup_write_probes(uuid[], timestamptz, timestamptz, int) IS
  'Internal: counts the chosen probes into rollup_hour_probe, or out of it with the sign -1.';

-- As with sessions: what a transaction counts it has just written, so it is in memory.
CREATE FUNCTION rollup_add_probes(p_ids uuid[]) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp SET random_page_cost = 0.1 SET seq_page_cost = 0.1 AS $$
DECLARE ordered uuid[]; n bigint;
BEGIN
  IF coalesce(cardinality(p_ids), 0) = 0 THEN RETURN 0; END IF;
  SELECT array_agg(u ORDER BY u) INTO ordered FROM unnest(p_ids) u;
  n := apiary.rollup_write_probes(p_ids, apiary.uuid_time(ordered[1]),
    apiary.uuid_time(ordered[cardinality(ordered)]) + interval '1 ms', 1);
  IF n <> cardinality(p_ids) THEN RAISE EXCEPTION 'rollup_add_probes: % ids, % probes found', cardinality(p_ids),
    n USING ERRCODE = '22023'; END IF;
  RETURN n;
END $$;
COMMENT ON FUNCTION rollup_add_probes(uuid[]) IS
  'Last of an ingest transaction, behind rollup_add(): counts the probes that this transaction wrote. Exactly their ids: '
  'the ledger is what keeps it from being called twice.';
REVOKE ALL ON FUNCTION rollup_write_probes(uuid[], timestamptz, timestamptz, int), rollup_add_probes(uuid[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rollup_add_probes(uuid[]) TO apiary_writer;

-- ---------------------------------------------------------------- all that touches rollups touches this one too
ALTER FUNCTION rollup_rebuild(timestamptz, timestamptz) RENAME TO rollup_rebuild_sessions;
REVOKE ALL ON FUNCTION rollup_rebuild_sessions(timestamptz, timestamptz) FROM PUBLIC, apiary_writer;
COMMENT ON FUNCTION rollup_rebuild_sessions(timestamptz, timestamptz) IS 'Internal: rollup_rebuild() of all but probes.';
CREATE FUNCTION rollup_rebuild(p_from timestamptz, p_to timestamptz) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
DECLARE n bigint := apiary.rollup_rebuild_sessions(p_from, p_to);
BEGIN
  LOCK TABLE apiary.rollup_hour_probe IN SHARE ROW EXCLUSIVE MODE;
  DELETE FROM apiary.rollup_hour_probe WHERE bucket_at >= p_from AND bucket_at < p_to;
  PERFORM apiary.rollup_write_probes(NULL, p_from, p_to, 1);
  RETURN n;
END $$;
COMMENT ON FUNCTION rollup_rebuild(timestamptz, timestamptz) IS
  'Recomputes the rollups of whole UTC days from their rows; must change nothing. source and *_seen are left alone, '
  'they outlive the rows. Refused for a day whose rows retention has dropped. Returns how many sessions were counted.';
REVOKE ALL ON FUNCTION rollup_rebuild(timestamptz, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rollup_rebuild(timestamptz, timestamptz) TO apiary_writer;

ALTER FUNCTION retention_rollups(text) RENAME TO retention_session_rollups;
REVOKE ALL ON FUNCTION retention_session_rollups(text) FROM PUBLIC, apiary_writer;
COMMENT ON FUNCTION retention_session_rollups(text) IS 'Internal: retention_rollups() of all but probes.';
CREATE FUNCTION retention_rollups(p_by text) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
DECLARE total bigint := apiary.retention_session_rollups(p_by); n bigint; kept date;
BEGIN
  SELECT rollups_from INTO kept FROM apiary.retained;
  DELETE FROM apiary.rollup_hour_probe WHERE bucket_at < kept::timestamp AT TIME ZONE 'UTC';
  GET DIAGNOSTICS n = ROW_COUNT;
  IF n > 0 THEN
    INSERT INTO apiary.audit_log(operator, action, target, new_value) VALUES (p_by, 'retention', 'rollups of probes',
      jsonb_build_object('rollups_from', kept, 'rows', n));
  END IF;
  RETURN total + n;
END $$;
COMMENT ON FUNCTION retention_rollups(text) IS
  'Removes rollups older than policy.rollup_days, never of days that have rows; returns how many rows went. source, *_seen '
  'and source_hour, which counts source, stay.';
REVOKE ALL ON FUNCTION retention_rollups(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION retention_rollups(text) TO apiary_writer;

-- As in version 4, and moves what is counted of probes.
CREATE OR REPLACE FUNCTION retag_others(p_ids uuid[], p_known text[], p_open boolean) RETURNS bigint LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp AS $$
DECLARE lo timestamptz; hi timestamptz; n bigint;
BEGIN
  IF p_open THEN
    UPDATE apiary.session_open s SET tags = apiary.known_tags(s.tags, x.known)
      FROM unnest(p_ids, p_known) x(id, known) WHERE s.session_id = x.id;
    GET DIAGNOSTICS n = ROW_COUNT;
    RETURN n;
  END IF;
  SELECT min(apiary.uuid_time(u)), max(apiary.uuid_time(u)) + interval '1 ms' INTO lo, hi FROM unnest(p_ids) u;
  LOCK TABLE apiary.rollup_hour_probe IN SHARE ROW EXCLUSIVE MODE;
  PERFORM apiary.rollup_write_probes(p_ids, lo, hi, -1);
  UPDATE apiary.probe s SET tags = apiary.known_tags(s.tags, x.known) FROM unnest(p_ids, p_known) x(id, known)
    WHERE s.probe_id = x.id AND s.started_at >= lo AND s.started_at < hi;
  GET DIAGNOSTICS n = ROW_COUNT;
  PERFORM apiary.rollup_write_probes(p_ids, lo, hi, 1);
  DELETE FROM apiary.rollup_hour_probe WHERE probes = 0 AND bucket_at < hi
    AND bucket_at >= date_bin('1 hour', lo, '2000-01-01 00:00+00');
  RETURN n;
END $$;

-- ---------------------------------------------------------------- what is there
LOCK TABLE probe IN SHARE MODE;
UPDATE retained SET probes_from = rows_from;
SELECT rollup_write_probes(NULL, coalesce((SELECT rows_from::timestamp AT TIME ZONE 'UTC' FROM retained), '-infinity'),
  'infinity', 1);
