-- Apiary, schema version 7: sources of each hour counted; sessions with a login. Run as apiary_owner in one transaction,
-- after 001 to 006.
SET LOCAL client_min_messages = warning;
SET LOCAL search_path = apiary, pg_catalog;

-- ---------------------------------------------------------------- those with a login, newest first
CREATE INDEX ON session (session_id) WHERE credentials > 0;

-- ---------------------------------------------------------------- how many sources an hour saw
CREATE TABLE source_hour(bucket_at timestamptz, traffic text, collector_id smallint, seen bigint NOT NULL DEFAULT 0,
  fresh bigint NOT NULL DEFAULT 0, PRIMARY KEY (bucket_at, traffic, collector_id)) WITH (fillfactor = 50);
COMMENT ON TABLE source_hour IS
  'Sources of each hour, of one kind of traffic at one collector: how many rows rollup_hour_source has, and how many of '
  'source begin in it. Kept by triggers. Of hours that rollup_fold() has removed, seen stays as it was.';
COMMENT ON COLUMN source_hour.bucket_at IS 'The hour, UTC.';
COMMENT ON COLUMN source_hour.traffic IS 'See session.traffic.';
COMMENT ON COLUMN source_hour.collector_id IS 'Number of the collector.';
COMMENT ON COLUMN source_hour.seen IS 'Different sources in this hour.';
COMMENT ON COLUMN source_hour.fresh IS 'Sources whose first session ever began in this hour.';

CREATE FUNCTION source_hour_seen() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO apiary.source_hour AS r (bucket_at, traffic, collector_id, seen)
      SELECT bucket_at, traffic, collector_id, count(*) FROM changed GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
      ON CONFLICT (bucket_at, traffic, collector_id) DO UPDATE SET seen = r.seen + excluded.seen;
  ELSE  -- what is folded away has been counted
    UPDATE apiary.source_hour r SET seen = r.seen - d.n FROM (SELECT bucket_at, traffic, collector_id, count(*) AS n
        FROM changed WHERE bucket_at >= date_trunc('day', now(), 'UTC') - (SELECT hour_source_days FROM apiary.policy)
          * interval '24 h' GROUP BY 1, 2, 3) d
      WHERE r.bucket_at = d.bucket_at AND r.traffic = d.traffic AND r.collector_id = d.collector_id;
  END IF;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION source_hour_seen() IS 'Internal: counts rows of rollup_hour_source.';
CREATE FUNCTION source_hour_fresh() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  INSERT INTO apiary.source_hour AS r (bucket_at, traffic, collector_id, fresh)
    SELECT date_bin('1 hour', first_seen_at, '2000-01-01 00:00+00'), traffic, collector_id,
        CASE TG_OP WHEN 'INSERT' THEN count(*) ELSE -count(*) END FROM changed GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
    ON CONFLICT (bucket_at, traffic, collector_id) DO UPDATE SET fresh = r.fresh + excluded.fresh;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION source_hour_fresh() IS 'Internal: counts rows of source by the hour of their first session.';
-- Few: late records, and retagging.
CREATE FUNCTION source_hour_moved() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  INSERT INTO apiary.source_hour AS r (bucket_at, traffic, collector_id, fresh)
    SELECT date_bin('1 hour', x.at, '2000-01-01 00:00+00'), NEW.traffic, NEW.collector_id, sum(x.n)
      FROM (VALUES (OLD.first_seen_at, -1), (NEW.first_seen_at, 1)) x(at, n) GROUP BY 1 HAVING sum(x.n) <> 0 ORDER BY 1
    ON CONFLICT (bucket_at, traffic, collector_id) DO UPDATE SET fresh = r.fresh + excluded.fresh;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION source_hour_moved() IS 'Internal: a source was first seen in another hour.';
REVOKE ALL ON FUNCTION source_hour_seen(), source_hour_fresh(), source_hour_moved() FROM PUBLIC;

-- These wait for whoever counts, and keep others waiting until what there is has been counted.
CREATE TRIGGER source_hour_seen AFTER INSERT ON rollup_hour_source REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION source_hour_seen();
CREATE TRIGGER source_hour_gone AFTER DELETE ON rollup_hour_source REFERENCING OLD TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION source_hour_seen();
CREATE TRIGGER source_hour_fresh AFTER INSERT ON source REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION source_hour_fresh();
CREATE TRIGGER source_hour_gone AFTER DELETE ON source REFERENCING OLD TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION source_hour_fresh();
CREATE TRIGGER source_hour_moved AFTER UPDATE ON source FOR EACH ROW
  WHEN (OLD.first_seen_at <> NEW.first_seen_at) EXECUTE FUNCTION source_hour_moved();

INSERT INTO source_hour SELECT bucket_at, traffic, collector_id, sum(seen), sum(fresh) FROM (
    SELECT bucket_at, traffic, collector_id, count(*) AS seen, 0 AS fresh FROM rollup_hour_source GROUP BY 1, 2, 3
    UNION ALL
    SELECT date_bin('1 hour', first_seen_at, '2000-01-01 00:00+00'), traffic, collector_id, 0, count(*) FROM source
      GROUP BY 1, 2, 3) x GROUP BY 1, 2, 3;
