-- Apiary, schema version 6: country and network of sources. Run as apiary_owner in one transaction, after 001 to 004.
SET LOCAL client_min_messages = warning;
SET LOCAL search_path = apiary, pg_catalog;

-- ---------------------------------------------------------------- whose an autonomous system is
CREATE TABLE network_name(asn bigint PRIMARY KEY CHECK (asn BETWEEN 1 AND 4294967295),
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 128), updated_at timestamptz NOT NULL DEFAULT now());
GRANT INSERT, UPDATE (name, updated_at) ON network_name TO apiary_writer;
COMMENT ON TABLE network_name IS
  'Names of autonomous systems, as the network file said last. -> session.asn';
COMMENT ON COLUMN network_name.asn IS 'Number.';
COMMENT ON COLUMN network_name.name IS 'Whose it is, escaped, first 128 characters.';
COMMENT ON COLUMN network_name.updated_at IS 'When the name was written.';

-- ---------------------------------------------------------------- those of one country or network, newest first
-- They cost nothing where no file is named: every row is null then.
CREATE INDEX ON session (country, session_id) WHERE country IS NOT NULL;
CREATE INDEX ON session (asn, session_id) WHERE asn IS NOT NULL;

-- ---------------------------------------------------------------- filling in what has been written
-- Not the writer's, as retagging is not. What was found at ingest stays: a file of today does not say where an address
-- was a year ago.
CREATE FUNCTION enrich_sessions(p_ids uuid[], p_countries text[], p_asns bigint[], p_enrichment text) RETURNS bigint
  LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE lo timestamptz; hi timestamptz; n bigint;
BEGIN
  IF coalesce(cardinality(p_ids), 0) = 0 THEN RETURN 0; END IF;
  SELECT min(apiary.uuid_time(u)), max(apiary.uuid_time(u)) + interval '1 ms' INTO lo, hi FROM unnest(p_ids) u;
  -- In the order of retag_sessions(), and for its reasons.
  LOCK TABLE apiary.rollup_hour_country, apiary.source_day, apiary.source IN SHARE ROW EXCLUSIVE MODE;
  WITH x AS MATERIALIZED (SELECT * FROM unnest(p_ids, p_countries, p_asns) x(id, country, asn)),
  w AS MATERIALIZED (SELECT s.session_id, s.started_at, x.country, x.asn,
      s.country IS NULL AND x.country IS NOT NULL AS moves
    FROM apiary.session s JOIN x ON x.id = s.session_id WHERE s.started_at >= lo AND s.started_at < hi
      AND (s.country IS NULL AND x.country IS NOT NULL OR s.asn IS NULL AND x.asn IS NOT NULL)),
  now AS (UPDATE apiary.session s SET country = coalesce(s.country, w.country), asn = coalesce(s.asn, w.asn),
      enrichment = CASE WHEN s.enrichment IS NULL OR s.enrichment = p_enrichment THEN p_enrichment
        ELSE s.enrichment || '; later ' || p_enrichment END
    FROM w WHERE s.session_id = w.session_id AND s.started_at = w.started_at
      AND s.started_at >= lo AND s.started_at < hi
    RETURNING s.started_at, s.traffic, s.collector_id, s.source, s.country, s.asn, s.credentials, w.moves),
  d AS MATERIALIZED (SELECT date_bin('1 hour', started_at, '2000-01-01 00:00+00') AS bucket_at, traffic, country,
      collector_id, count(*) AS sessions, sum(credentials) AS credentials FROM now WHERE moves GROUP BY 1, 2, 3, 4),
  u AS MATERIALIZED (SELECT bucket_at, traffic, collector_id, sum(sessions) AS sessions,
      sum(credentials) AS credentials FROM d GROUP BY 1, 2, 3),
  gone AS (DELETE FROM apiary.rollup_hour_country r USING u WHERE r.bucket_at = u.bucket_at AND r.traffic = u.traffic
      AND r.collector_id = u.collector_id AND r.country = '??' AND r.sessions <= u.sessions),
  less AS (UPDATE apiary.rollup_hour_country r SET sessions = r.sessions - u.sessions,
      credentials = r.credentials - u.credentials FROM u WHERE r.bucket_at = u.bucket_at AND r.traffic = u.traffic
      AND r.collector_id = u.collector_id AND r.country = '??' AND r.sessions > u.sessions),
  more AS (INSERT INTO apiary.rollup_hour_country AS r SELECT bucket_at, traffic, country, collector_id, sessions,
      credentials FROM d ORDER BY 1, 2, 3, 4
    ON CONFLICT (bucket_at, traffic, country, collector_id) DO UPDATE SET sessions = r.sessions + excluded.sessions,
      credentials = r.credentials + excluded.credentials),
  a AS (UPDATE apiary.source r SET country = coalesce(r.country, b.country), asn = coalesce(r.asn, b.asn)
    FROM (SELECT source, traffic, collector_id, max(country) AS country, max(asn) AS asn FROM now GROUP BY 1, 2, 3) b
    WHERE r.address = b.source AND r.traffic = b.traffic AND r.collector_id = b.collector_id)
  SELECT count(*) INTO n FROM now;
  -- A source's day has the least country of its sessions, and ?? is the least of all.
  UPDATE apiary.source_day r SET country = (SELECT min(s.country) FROM apiary.session s
      WHERE s.source = b.source AND s.started_at >= b.day_at AND s.started_at < b.day_at + interval '24 h'
        AND s.sensor_id = b.sensor_id AND s.traffic = b.traffic AND s.collector_id = b.collector_id)
    FROM (SELECT DISTINCT date_bin('1 day', started_at, '2000-01-01 00:00+00') AS day_at, traffic, source, sensor_id,
      collector_id FROM apiary.rollup_sessions(p_ids, lo, hi)) b
    WHERE r.day_at = b.day_at AND r.traffic = b.traffic AND r.source = b.source AND r.sensor_id = b.sensor_id
      AND r.collector_id = b.collector_id AND r.country = '??'
      AND NOT EXISTS (SELECT FROM apiary.session s WHERE s.source = b.source AND s.started_at >= b.day_at
        AND s.started_at < b.day_at + interval '24 h' AND s.sensor_id = b.sensor_id AND s.traffic = b.traffic
        AND s.collector_id = b.collector_id AND s.country IS NULL);
  RETURN n;
END $$;
COMMENT ON FUNCTION enrich_sessions(uuid[], text[], bigint[], text) IS
  'Gives ended sessions the country and the autonomous system that they lack and moves what the rollups count of them. '
  'Null changes nothing. Returns how many sessions have changed.';
CREATE FUNCTION enrich_others(p_ids uuid[], p_countries text[], p_asns bigint[], p_open boolean) RETURNS bigint
  LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE lo timestamptz; hi timestamptz; n bigint;
BEGIN
  SELECT min(apiary.uuid_time(u)), max(apiary.uuid_time(u)) + interval '1 ms' INTO lo, hi FROM unnest(p_ids) u;
  IF p_open THEN
    UPDATE apiary.session_open s SET country = coalesce(s.country, x.country), asn = coalesce(s.asn, x.asn)
      FROM unnest(p_ids, p_countries, p_asns) x(id, country, asn) WHERE s.session_id = x.id;
  ELSE
    UPDATE apiary.probe s SET country = coalesce(s.country, x.country), asn = coalesce(s.asn, x.asn)
      FROM unnest(p_ids, p_countries, p_asns) x(id, country, asn)
      WHERE s.probe_id = x.id AND s.started_at >= lo AND s.started_at < hi;
  END IF;
  GET DIAGNOSTICS n = ROW_COUNT;
  RETURN n;
END $$;
COMMENT ON FUNCTION enrich_others(uuid[], text[], bigint[], boolean) IS 'The same for open sessions, or for probes.';
REVOKE ALL ON FUNCTION enrich_sessions(uuid[], text[], bigint[], text),
  enrich_others(uuid[], text[], bigint[], boolean) FROM PUBLIC;

COMMENT ON COLUMN session.country IS
  'ISO 3166 code of the source, at the time of ingest or of enrich_sessions(): see enrichment. Null: unknown.';
COMMENT ON COLUMN session.asn IS
  'Autonomous system of the source, at the time of ingest or of enrich_sessions(). -> network_name.asn';
COMMENT ON COLUMN session.enrichment IS
  'Type and build day of the country and network files that were used; their digests are in audit_log (source_file).';
