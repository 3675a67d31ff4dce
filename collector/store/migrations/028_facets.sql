-- Apiary, schema version 28: countries, ports and sensors by five minutes. Run as apiary_owner in one transaction, after
-- all before it. Ingest waits while the sessions that are there are counted, some seconds for each million.
SET LOCAL client_min_messages = warning;
SET LOCAL search_path = apiary, pg_catalog;

-- Most passwords come once in an hour, so their rows stay as they are: a page needs little room for updates. First of all,
-- as who opens an unfinished session again holds this table before it takes that of sessions.
ALTER TABLE rollup_hour_credential SET (fillfactor = 95);

-- A range rarely begins with an hour: what lies at its two ends is up to an hour of sessions, too many to be read one by
-- one for a list of some countries. They go with the rows, as nobody asks for them later.
CREATE TABLE rollup_5m_facet(bucket_at timestamptz, traffic text, facet text CHECK (facet IN ('country', 'port', 'sensor')),
  value text, collector_id smallint, sessions bigint NOT NULL,
  PRIMARY KEY (bucket_at, traffic, facet, value, collector_id)) WITH (fillfactor = 70);
COMMENT ON TABLE rollup_5m_facet IS
  'Ended sessions by 5 minutes and, each by itself, country, port and sensor, as long as their rows are kept.';
COMMENT ON COLUMN rollup_5m_facet.bucket_at IS 'Start of the bucket, UTC, by the session''s start.';
COMMENT ON COLUMN rollup_5m_facet.traffic IS 'attack, known-scanner or self-test.';
COMMENT ON COLUMN rollup_5m_facet.facet IS 'country, port or sensor: what value is.';
COMMENT ON COLUMN rollup_5m_facet.value IS 'The country or ??, our port as 22/tcp, or the sensor_id.';
COMMENT ON COLUMN rollup_5m_facet.collector_id IS 'Number of the collector that wrote it.';
COMMENT ON COLUMN rollup_5m_facet.sessions IS 'Ended sessions.';

-- What is committed from here on waits, and is counted by the new rollup_write().
LOCK TABLE session_fold, session IN SHARE MODE;  -- in the order of those who fold and retag
INSERT INTO rollup_5m_facet SELECT date_bin('5 min', started_at, '2000-01-01 00:00+00'), traffic, facet, value, collector_id,
    count(*) FROM session_all, LATERAL (VALUES ('country', coalesce(country, '??')), ('port', target_port || '/' || transport),
    ('sensor', sensor_id::text)) v(facet, value) GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5;

-- As in version 18, and counts facets.
CREATE OR REPLACE FUNCTION rollup_write(p_ids uuid[], p_from timestamptz, p_to timestamptz, p_totals boolean)
  RETURNS bigint LANGUAGE plpgsql
  SET plan_cache_mode = force_generic_plan AS $f$
DECLARE n bigint;
BEGIN
  IF NOT p_totals THEN   -- a rebuild, whose locks keep away who would count here
    DELETE FROM apiary.rollup_hour_command WHERE bucket_at >= p_from AND bucket_at < p_to;
    DELETE FROM apiary.rollup_hour_port WHERE bucket_at >= p_from AND bucket_at < p_to;
    DELETE FROM apiary.rollup_5m_facet WHERE bucket_at >= p_from AND bucket_at < p_to;
  END IF;
  WITH s AS MATERIALIZED (SELECT session_id, started_at, date_bin('5 min', started_at, '2000-01-01 00:00+00') AS five,
    date_bin('1 hour', started_at, '2000-01-01 00:00+00') AS hour,
      collector_id, traffic, protocol, sensor_id, transport, target_port, source, source_scope,
        coalesce(country, '??') AS country, asn, packets, bytes_in, bytes_out, credentials, commands, login_accepted
    FROM apiary.rollup_sessions(p_ids, p_from, p_to)),
  p AS MATERIALIZED (SELECT five, date_bin('1 hour', five, '2000-01-01 00:00+00') AS hour,
    date_bin('1 day', five, '2000-01-01 00:00+00') AS day, traffic, protocol, sensor_id, country, transport,
    target_port, collector_id, count(*) AS sessions, sum(packets) AS packets, sum(bytes_in) AS bytes_in,
      sum(bytes_out) AS bytes_out, sum(credentials) AS credentials, sum(commands) AS commands
    FROM s GROUP BY five, traffic, protocol, sensor_id, country, transport, target_port, collector_id),
  a AS MATERIALIZED (SELECT hour, date_bin('1 day', hour, '2000-01-01 00:00+00') AS day, traffic, source, sensor_id,
    collector_id, min(country) AS country, min(started_at) AS first_at, max(started_at) AS last_at,
      count(*) AS sessions, sum(credentials) AS credentials, count(*) FILTER (WHERE login_accepted) AS accepted,
      max(nullif(country, '??')) AS known_country, max(asn) AS asn, max(source_scope) AS source_scope
    FROM s GROUP BY hour, traffic, source, sensor_id, collector_id),
  c AS MATERIALIZED (SELECT s.hour, s.traffic, s.collector_id, k.digest, min(k.username_text) AS username_text,
    min(k.secret_text) AS secret_text, min(s.started_at) AS first_at, max(s.started_at) AS last_at, count(*) AS uses,
      count(*) FILTER (WHERE k.accepted) AS accepted
    FROM s JOIN apiary.rollup_credentials(p_ids, p_from, p_to) k ON k.session_id = s.session_id
    WHERE s.credentials > 0 GROUP BY s.hour, s.traffic, s.collector_id, k.digest),
  m AS MATERIALIZED (SELECT s.hour, s.traffic, s.collector_id, k.normalized, min(s.started_at) AS first_at,
    max(s.started_at) AS last_at, count(*) AS uses
    FROM s JOIN apiary.rollup_commands(p_ids, p_from, p_to) k ON k.session_id = s.session_id
    WHERE s.commands > 0 GROUP BY s.hour, s.traffic, s.collector_id, k.normalized),
  r1 AS (INSERT INTO apiary.rollup_5m_protocol AS r SELECT five, traffic, protocol, collector_id, sum(sessions),
    sum(packets), sum(bytes_in), sum(bytes_out), sum(credentials),
    sum(commands) FROM p GROUP BY 1,2,3,4 ORDER BY 1,2,3,4
    ON CONFLICT (bucket_at, traffic, protocol, collector_id) DO UPDATE SET sessions = r.sessions + excluded.sessions,
      packets = r.packets + excluded.packets, bytes_in = r.bytes_in + excluded.bytes_in,
      bytes_out = r.bytes_out + excluded.bytes_out, credentials = r.credentials + excluded.credentials,
        commands = r.commands + excluded.commands),
  r2 AS (INSERT INTO apiary.rollup_hour_protocol AS r SELECT hour, traffic, protocol, collector_id, sum(sessions),
    sum(packets), sum(bytes_in), sum(bytes_out), sum(credentials),
    sum(commands) FROM p GROUP BY 1,2,3,4 ORDER BY 1,2,3,4
    ON CONFLICT (bucket_at, traffic, protocol, collector_id) DO UPDATE SET sessions = r.sessions + excluded.sessions,
      packets = r.packets + excluded.packets, bytes_in = r.bytes_in + excluded.bytes_in,
      bytes_out = r.bytes_out + excluded.bytes_out, credentials = r.credentials + excluded.credentials,
        commands = r.commands + excluded.commands),
  r3 AS (INSERT INTO apiary.rollup_hour_sensor AS r SELECT hour, traffic, sensor_id, protocol, collector_id,
    sum(sessions), sum(packets), sum(bytes_in), sum(bytes_out), sum(credentials),
    sum(commands) FROM p GROUP BY 1,2,3,4,5 ORDER BY 1,2,3,4,5
    ON CONFLICT (bucket_at, traffic, sensor_id, protocol,
      collector_id) DO UPDATE SET sessions = r.sessions + excluded.sessions, packets = r.packets + excluded.packets,
      bytes_in = r.bytes_in + excluded.bytes_in,
      bytes_out = r.bytes_out + excluded.bytes_out, credentials = r.credentials + excluded.credentials,
        commands = r.commands + excluded.commands),
  r4 AS (INSERT INTO apiary.rollup_hour_country AS r SELECT hour, traffic, country, collector_id, sum(sessions),
    sum(credentials) FROM p GROUP BY 1,2,3,4 ORDER BY 1,2,3,4
    ON CONFLICT (bucket_at, traffic, country, collector_id) DO UPDATE SET sessions = r.sessions + excluded.sessions,
      credentials = r.credentials + excluded.credentials),
  r5 AS (INSERT INTO apiary.rollup_hour_source AS r SELECT hour, traffic, source, collector_id, sum(sessions),
    sum(credentials) FROM a
      WHERE hour >= date_trunc('day', now(), 'UTC') - (SELECT hour_source_days FROM apiary.policy) * interval '24 h'
        GROUP BY 1,2,3,4 ORDER BY 1,2,3,4
    ON CONFLICT (bucket_at, traffic, source, collector_id) DO UPDATE SET sessions = r.sessions + excluded.sessions,
      credentials = r.credentials + excluded.credentials),
  r6 AS (INSERT INTO apiary.rollup_hour_credential AS r SELECT hour, traffic, digest, collector_id, uses, accepted
    FROM c ORDER BY 1,2,3,4
    ON CONFLICT (bucket_at, traffic, digest, collector_id) DO UPDATE SET uses = r.uses + excluded.uses,
      accepted = r.accepted + excluded.accepted),
  r7 AS (INSERT INTO apiary.source_day AS r SELECT day, traffic, source, sensor_id, collector_id, min(country),
    sum(sessions), sum(credentials) FROM a GROUP BY 1,2,3,4,5 ORDER BY 1,2,3,4,5
    ON CONFLICT (day_at, traffic, source, sensor_id,
      collector_id) DO UPDATE SET sessions = r.sessions + excluded.sessions,
      credentials = r.credentials + excluded.credentials, country = least(r.country, excluded.country)),
  r8 AS (INSERT INTO apiary.rollup_day_port AS r SELECT day, traffic, transport, target_port, collector_id,
    sum(sessions) FROM p GROUP BY 1,2,3,4,5 ORDER BY 1,2,3,4,5
    ON CONFLICT (day_at, traffic, transport, target_port,
      collector_id) DO UPDATE SET sessions = r.sessions + excluded.sessions),
  r9 AS (INSERT INTO apiary.rollup_hour_command AS r SELECT hour, traffic, normalized, collector_id, uses
    FROM m ORDER BY 1,2,3,4
    ON CONFLICT (bucket_at, traffic, normalized, collector_id) DO UPDATE SET uses = r.uses + excluded.uses),
  r10 AS (INSERT INTO apiary.rollup_hour_port AS r SELECT hour, traffic, transport, target_port, collector_id,
    sum(sessions) FROM p GROUP BY 1,2,3,4,5 ORDER BY 1,2,3,4,5
    ON CONFLICT (bucket_at, traffic, transport, target_port, collector_id) DO UPDATE
      SET sessions = r.sessions + excluded.sessions),
  r11 AS (INSERT INTO apiary.rollup_5m_facet AS r SELECT five, traffic, facet, value, collector_id, sum(sessions)
    FROM p, LATERAL (VALUES ('country', country), ('port', target_port || '/' || transport), ('sensor', sensor_id::text))
      v(facet, value) GROUP BY 1,2,3,4,5 ORDER BY 1,2,3,4,5
    ON CONFLICT (bucket_at, traffic, facet, value, collector_id) DO UPDATE SET sessions = r.sessions + excluded.sessions),
  t1 AS (INSERT INTO apiary.source AS r (address, traffic, collector_id, first_seen_at, last_seen_at, sessions,
    credentials, logins_accepted, country, asn, source_scope, hours, hours_from) SELECT source, traffic, collector_id, min(first_at), max(last_at),
    sum(sessions), sum(credentials), sum(accepted), max(known_country), max(asn), max(source_scope),
    CASE WHEN min(hour) = max(hour) THEN (B'1')::bit(192) ELSE apiary.hours_ago(array_agg(hour), max(hour)) END, 0
      FROM a WHERE p_totals GROUP BY 1,2,3 ORDER BY 1,2,3
    ON CONFLICT (address, traffic, collector_id) DO UPDATE SET first_seen_at = least(r.first_seen_at,
      excluded.first_seen_at), last_seen_at = greatest(r.last_seen_at, excluded.last_seen_at),
      sessions = r.sessions + excluded.sessions, credentials = r.credentials + excluded.credentials,
        logins_accepted = r.logins_accepted + excluded.logins_accepted,
      country = coalesce(excluded.country, r.country), asn = coalesce(excluded.asn, r.asn),
      hours = CASE WHEN excluded.last_hour > r.last_hour
        THEN excluded.hours | (r.hours >> (excluded.last_hour - r.last_hour))
        ELSE r.hours | (excluded.hours >> (r.last_hour - excluded.last_hour)) END),
  t2 AS (INSERT INTO apiary.credential_seen AS r SELECT digest, traffic, collector_id, min(username_text),
    min(secret_text), min(first_at), max(last_at), sum(uses) FROM c WHERE p_totals GROUP BY 1,2,3 ORDER BY 1,2,3
    ON CONFLICT (digest, traffic, collector_id) DO UPDATE SET first_seen_at = least(r.first_seen_at,
      excluded.first_seen_at), last_seen_at = greatest(r.last_seen_at, excluded.last_seen_at),
      uses = r.uses + excluded.uses),
  t3 AS (INSERT INTO apiary.command_seen AS r SELECT normalized, traffic, collector_id, min(first_at), max(last_at),
    sum(uses) FROM m WHERE p_totals GROUP BY 1,2,3 ORDER BY 1,2,3
    ON CONFLICT (normalized, traffic, collector_id) DO UPDATE SET first_seen_at = least(r.first_seen_at,
      excluded.first_seen_at), last_seen_at = greatest(r.last_seen_at, excluded.last_seen_at),
      uses = r.uses + excluded.uses)
  SELECT count(*) INTO n FROM s;
  RETURN n;
END $f$;

-- As in version 4, and takes them away again.
CREATE OR REPLACE FUNCTION rollup_subtract(p_ids uuid[], p_from timestamptz, p_to timestamptz) RETURNS void LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp AS $f$
DECLARE
  five CONSTANT text := $$date_bin('5 min', s.started_at, '2000-01-01 00:00+00')$$;
  hour CONSTANT text := $$date_bin('1 hour', s.started_at, '2000-01-01 00:00+00')$$;
  day CONSTANT text := $$date_bin('1 day', s.started_at, '2000-01-01 00:00+00')$$;
  few CONSTANT text[] := ARRAY['sessions', 'count(*)', 'credentials', 'sum(s.credentials)'];
  many CONSTANT text[] := few || ARRAY['packets', 'sum(s.packets)', 'bytes_in', 'sum(s.bytes_in)',
    'bytes_out', 'sum(s.bytes_out)', 'commands', 'sum(s.commands)'];
  every CONSTANT text[] := ARRAY['traffic', 's.traffic', 'collector_id', 's.collector_id'];
  tried CONSTANT text := ' JOIN apiary.rollup_credentials($1, $2, $3) k ON k.session_id = s.session_id'
    ' AND s.credentials > 0';
  typed CONSTANT text := ' JOIN apiary.rollup_commands($1, $2, $3) k ON k.session_id = s.session_id'
    ' AND s.commands > 0';
  t record; statement text;
BEGIN
  -- Names and values by turns: what a rollup is keyed by, and what it sums; the first sum tells whether it counts.
  FOR t IN SELECT * FROM (VALUES
    ('rollup_5m_protocol', '', ARRAY['bucket_at', five, 'protocol', 's.protocol'], many),
    ('rollup_hour_protocol', '', ARRAY['bucket_at', hour, 'protocol', 's.protocol'], many),
    ('rollup_hour_sensor', '', ARRAY['bucket_at', hour, 'sensor_id', 's.sensor_id', 'protocol', 's.protocol'], many),
    ('rollup_hour_country', '', ARRAY['bucket_at', hour, 'country', $$coalesce(s.country, '??')$$], few),
    ('rollup_hour_source', '', ARRAY['bucket_at', hour, 'source', 's.source'], few),
    ('rollup_hour_credential', tried, ARRAY['bucket_at', hour, 'digest', 'k.digest'],
      ARRAY['uses', 'count(*)', 'accepted', 'count(*) FILTER (WHERE k.accepted)']),
    ('rollup_hour_command', typed, ARRAY['bucket_at', hour, 'normalized', 'k.normalized'],
      ARRAY['uses', 'count(*)']),
    ('source_day', '', ARRAY['day_at', day, 'source', 's.source', 'sensor_id', 's.sensor_id'], few),
    ('rollup_day_port', '', ARRAY['day_at', day, 'transport', 's.transport', 'target_port', 's.target_port'],
      ARRAY['sessions', 'count(*)']),
    ('rollup_hour_port', '', ARRAY['bucket_at', hour, 'transport', 's.transport', 'target_port', 's.target_port'],
      ARRAY['sessions', 'count(*)']),
    ('rollup_5m_facet', '', ARRAY['bucket_at', five, 'facet', $$text 'country'$$, 'value', $$coalesce(s.country, '??')$$],
      ARRAY['sessions', 'count(*)']),
    ('rollup_5m_facet', '', ARRAY['bucket_at', five, 'facet', $$text 'port'$$,
      'value', $$(s.target_port || '/' || s.transport)$$], ARRAY['sessions', 'count(*)']),
    ('rollup_5m_facet', '', ARRAY['bucket_at', five, 'facet', $$text 'sensor'$$, 'value', 's.sensor_id::text'],
      ARRAY['sessions', 'count(*)']),
    ('source', '', ARRAY['address', 's.source'],
      few || ARRAY['logins_accepted', 'count(*) FILTER (WHERE s.login_accepted)']),
    ('credential_seen', tried, ARRAY['digest', 'k.digest'], ARRAY['uses', 'count(*)']),
    ('command_seen', typed, ARRAY['normalized', 'k.normalized'], ARRAY['uses', 'count(*)']))
    x(name, joined, keys, sums)
  LOOP
    WITH k AS (SELECT t.keys || every AS a), pair AS (
      SELECT true AS key, a[2 * i - 1] AS name, a[2 * i] AS value FROM k, generate_series(1, cardinality(a) / 2) i
      UNION ALL
      SELECT false, t.sums[2 * i - 1], t.sums[2 * i] FROM generate_series(1, cardinality(t.sums) / 2) i)
    SELECT format('WITH d AS MATERIALIZED (SELECT %1$s FROM apiary.rollup_sessions($1, $2, $3) s%2$s GROUP BY %3$s), '
        'gone AS (DELETE FROM apiary.%4$I r USING d WHERE %5$s AND r.%6$I <= d.%6$I) '
        'UPDATE apiary.%4$I r SET %7$s FROM d WHERE %5$s AND r.%6$I > d.%6$I',
      string_agg(format('%s AS %I', value, name), ', '), t.joined, string_agg(value, ', ') FILTER (WHERE key), t.name,
      string_agg(format('r.%1$I = d.%1$I', name), ' AND ') FILTER (WHERE key), t.sums[1],
      string_agg(format('%1$I = r.%1$I - d.%1$I', name), ', ') FILTER (WHERE NOT key)) INTO statement FROM pair;
    EXECUTE statement USING p_ids, p_from, p_to;
  END LOOP;
END $f$;

-- As in version 6, and moves facets.
CREATE OR REPLACE FUNCTION enrich_rows(p_ids uuid[], p_countries text[], p_asns bigint[], p_enrichment text) RETURNS bigint
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
  five AS MATERIALIZED (SELECT date_bin('5 min', started_at, '2000-01-01 00:00+00') AS bucket_at, traffic, country,
      collector_id, count(*) AS sessions FROM now WHERE moves GROUP BY 1, 2, 3, 4),
  v AS MATERIALIZED (SELECT bucket_at, traffic, collector_id, sum(sessions) AS sessions FROM five GROUP BY 1, 2, 3),
  gone_5m AS (DELETE FROM apiary.rollup_5m_facet r USING v WHERE r.bucket_at = v.bucket_at AND r.traffic = v.traffic
      AND r.collector_id = v.collector_id AND r.facet = 'country' AND r.value = '??' AND r.sessions <= v.sessions),
  less_5m AS (UPDATE apiary.rollup_5m_facet r SET sessions = r.sessions - v.sessions FROM v WHERE r.bucket_at = v.bucket_at
      AND r.traffic = v.traffic AND r.collector_id = v.collector_id AND r.facet = 'country' AND r.value = '??'
      AND r.sessions > v.sessions),
  more_5m AS (INSERT INTO apiary.rollup_5m_facet AS r SELECT bucket_at, traffic, 'country', country, collector_id, sessions
      FROM five ORDER BY 1, 2, 3, 4, 5
    ON CONFLICT (bucket_at, traffic, facet, value, collector_id) DO UPDATE SET sessions = r.sessions + excluded.sessions),
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

-- As in version 21, and facets go with the rows.
CREATE OR REPLACE FUNCTION retention_session_rollups(p_by text) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
DECLARE limit_day date; n bigint; total bigint := 0; covered bigint := apiary.retention_coverage(p_by); t text; at text;
BEGIN
  DELETE FROM apiary.rollup_5m_facet WHERE bucket_at < (SELECT rows_from::timestamp AT TIME ZONE 'UTC' FROM apiary.retained);
  -- Where rows are, their rollups are: reports take whole buckets from them.
  SELECT least((now() AT TIME ZONE 'UTC')::date - greatest(rollup_days, retention_days), r.rows_from) INTO limit_day
    FROM apiary.policy, apiary.retained r WHERE rollup_days IS NOT NULL AND r.rows_from IS NOT NULL;
  IF limit_day IS NULL OR limit_day <= (SELECT rollups_from FROM apiary.retained) THEN RETURN covered; END IF;
  FOR t, at IN VALUES ('rollup_5m_protocol', 'bucket_at'), ('rollup_hour_protocol', 'bucket_at'),
      ('rollup_hour_sensor', 'bucket_at'), ('rollup_hour_country', 'bucket_at'), ('rollup_hour_source', 'bucket_at'),
      ('rollup_hour_credential', 'bucket_at'), ('rollup_hour_command', 'bucket_at'), ('rollup_hour_port', 'bucket_at'),
      ('source_day', 'day_at'), ('rollup_day_port', 'day_at'), ('coverage_hour', 'hour_at'),
      ('coverage_hour_protocol', 'hour_at') LOOP
    EXECUTE format('DELETE FROM apiary.%I WHERE %I < $1', t, at) USING limit_day::timestamp AT TIME ZONE 'UTC';
    GET DIAGNOSTICS n = ROW_COUNT;
    total := total + n;
  END LOOP;
  UPDATE apiary.retained SET rollups_from = limit_day;
  IF total > 0 THEN
    INSERT INTO apiary.audit_log(operator, action, target, new_value) VALUES (p_by, 'retention', 'rollups',
      jsonb_build_object('rollups_from', limit_day, 'rows', total));
  END IF;
  RETURN covered + total;
END $$;
