-- Apiary, schema version 29: new sources by five minutes. Run as apiary_owner in one transaction, after all before it.
SET LOCAL client_min_messages = warning;
SET LOCAL search_path = apiary, pg_catalog;

-- What of an hour is in a range was counted in source itself: its index leads to half an hour of rows, each of which must be
-- read for its traffic.
CREATE TABLE source_5m(bucket_at timestamptz, traffic text, collector_id smallint, fresh bigint NOT NULL,
  PRIMARY KEY (bucket_at, traffic, collector_id)) WITH (fillfactor = 50);
COMMENT ON TABLE source_5m IS 'New sources by 5 minutes, of one kind of traffic at one collector. Kept by triggers.';
COMMENT ON COLUMN source_5m.bucket_at IS 'Start of the bucket, UTC.';
COMMENT ON COLUMN source_5m.traffic IS 'See session.traffic.';
COMMENT ON COLUMN source_5m.collector_id IS 'Number of the collector.';
COMMENT ON COLUMN source_5m.fresh IS 'Sources whose first session ever began in this bucket.';

-- Triggers, as those of source_hour are: what is committed from here on waits, and is counted by them.
CREATE FUNCTION source_5m_fresh() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  INSERT INTO apiary.source_5m AS r
    SELECT date_bin('5 min', first_seen_at, '2000-01-01 00:00+00'), traffic, collector_id,
        CASE TG_OP WHEN 'INSERT' THEN count(*) ELSE -count(*) END FROM changed GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
    ON CONFLICT (bucket_at, traffic, collector_id) DO UPDATE SET fresh = r.fresh + excluded.fresh;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION source_5m_fresh() IS 'Internal: counts rows of source by the 5 minutes of their first session.';
CREATE FUNCTION source_5m_moved() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  INSERT INTO apiary.source_5m AS r
    SELECT date_bin('5 min', x.at, '2000-01-01 00:00+00'), NEW.traffic, NEW.collector_id, sum(x.n)
      FROM (VALUES (OLD.first_seen_at, -1), (NEW.first_seen_at, 1)) x(at, n) GROUP BY 1 HAVING sum(x.n) <> 0 ORDER BY 1
    ON CONFLICT (bucket_at, traffic, collector_id) DO UPDATE SET fresh = r.fresh + excluded.fresh;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION source_5m_moved() IS 'Internal: a source was first seen in other 5 minutes.';
REVOKE ALL ON FUNCTION source_5m_fresh(), source_5m_moved() FROM PUBLIC;
CREATE TRIGGER source_5m_fresh AFTER INSERT ON source REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION source_5m_fresh();
CREATE TRIGGER source_5m_gone AFTER DELETE ON source REFERENCING OLD TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION source_5m_fresh();
CREATE TRIGGER source_5m_moved AFTER UPDATE ON source FOR EACH ROW
  WHEN (OLD.first_seen_at <> NEW.first_seen_at) EXECUTE FUNCTION source_5m_moved();

INSERT INTO source_5m SELECT date_bin('5 min', first_seen_at, '2000-01-01 00:00+00'), traffic, collector_id, count(*)
  FROM source GROUP BY 1, 2, 3;
