-- Apiary, schema version 16: credentials that come often in an hour are found without the others; sources by the hour in
-- which they came last. Run as apiary_owner in one transaction.
SET LOCAL client_min_messages = warning;
SET LOCAL search_path = apiary, pg_catalog;

-- ---------------------------------------------------------------- who may lead
-- An index by the count itself would be written anew with every count. This value changes once.
ALTER TABLE rollup_hour_credential ADD COLUMN frequent boolean NOT NULL GENERATED ALWAYS AS (uses > 3) STORED;
CREATE INDEX ON rollup_hour_credential (bucket_at, traffic) WHERE frequent;
COMMENT ON COLUMN rollup_hour_credential.frequent IS 'More than three uses: who leads is among these, or all are few.';

-- ---------------------------------------------------------------- how many came last in an hour
ALTER TABLE source_hour ADD COLUMN last bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN source_hour.last IS 'Sources whose last session so far began in this hour.';

-- As in version 7, and counts last sights.
CREATE OR REPLACE FUNCTION source_hour_fresh() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
DECLARE sign CONSTANT int := CASE TG_OP WHEN 'INSERT' THEN 1 ELSE -1 END;
BEGIN
  INSERT INTO apiary.source_hour AS r (bucket_at, traffic, collector_id, fresh, last)
    SELECT date_bin('1 hour', x.at, '2000-01-01 00:00+00'), traffic, collector_id, sign * sum(x.fresh), sign * sum(x.last)
      FROM changed, LATERAL (VALUES (first_seen_at, 1, 0), (last_seen_at, 0, 1)) x(at, fresh, last)
      GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
    ON CONFLICT (bucket_at, traffic, collector_id) DO UPDATE SET fresh = r.fresh + excluded.fresh,
      last = r.last + excluded.last;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION source_hour_fresh() IS 'Internal: counts rows of source by the hours of their first and last session.';
CREATE FUNCTION source_hour_last() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  INSERT INTO apiary.source_hour AS r (bucket_at, traffic, collector_id, last)
    SELECT date_bin('1 hour', last_seen_at, '2000-01-01 00:00+00'), traffic, collector_id, sum(n)
      FROM (SELECT last_seen_at, traffic, collector_id, 1 FROM changed UNION ALL
        SELECT last_seen_at, traffic, collector_id, -1 FROM replaced) x(last_seen_at, traffic, collector_id, n)
      GROUP BY 1, 2, 3 HAVING sum(n) <> 0 ORDER BY 1, 2, 3
    ON CONFLICT (bucket_at, traffic, collector_id) DO UPDATE SET last = r.last + excluded.last;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION source_hour_last() IS 'Internal: sources came again, in another hour than before.';
REVOKE ALL ON FUNCTION source_hour_last() FROM PUBLIC;
CREATE TRIGGER source_hour_last AFTER UPDATE ON source REFERENCING OLD TABLE AS replaced NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION source_hour_last();

INSERT INTO source_hour AS r (bucket_at, traffic, collector_id, last)
  SELECT date_bin('1 hour', last_seen_at, '2000-01-01 00:00+00'), traffic, collector_id, count(*) FROM source
    GROUP BY 1, 2, 3
  ON CONFLICT (bucket_at, traffic, collector_id) DO UPDATE SET last = excluded.last;
