-- Apiary, schema version 18: sources know the hours in which they came. Run as apiary_owner in one transaction, after all
-- before it.
SET LOCAL client_min_messages = warning;
SET LOCAL search_path = apiary, pg_catalog;

CREATE FUNCTION hour_number(timestamptz) RETURNS int LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN pg_catalog.floor(pg_catalog.date_part('epoch', $1 - '1970-01-01 00:00+00'::timestamptz) / 3600)::int;
COMMENT ON FUNCTION hour_number(timestamptz) IS 'Whole hours since 1970.';
CREATE FUNCTION hours_ago(p_hours timestamptz[], p_last timestamptz) RETURNS bit LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT bit_or((B'1')::bit(192) >> (apiary.hour_number(p_last) - apiary.hour_number(h)))
     FROM unnest(p_hours) h WHERE h <= p_last $$;
COMMENT ON FUNCTION hours_ago(timestamptz[], timestamptz) IS
  'A bit for each hour from the last one back, as source.hours has it: 1 for those that are given.';
REVOKE ALL ON FUNCTION hour_number(timestamptz), hours_ago(timestamptz[], timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hour_number(timestamptz) TO apiary_reader, apiary_writer;

-- ---------------------------------------------------------------- the hours of a source
-- An index by the moment was written anew with every count of a source, and with it all others of the table. The hour
-- changes once in an hour.
ALTER TABLE source
  ADD COLUMN last_hour int NOT NULL GENERATED ALWAYS AS (apiary.hour_number(last_seen_at)) STORED,
  ADD COLUMN hours_from int NOT NULL DEFAULT 2147483647,
  ADD COLUMN hours bit(192) NOT NULL DEFAULT (B'0')::bit(192);
COMMENT ON COLUMN source.last_hour IS 'The hour of last_seen_at, counted from 1970.';
COMMENT ON COLUMN source.hours_from IS
  'Since which hour, counted from 1970, hours tells where the source was not. Where it was it always tells.';
COMMENT ON COLUMN source.hours IS
  'Eight days by the hour: the first bit is last_hour, each next one the hour before. 1: a session began in it.';
-- Of older hours rollup_fold() may have left nothing.
UPDATE source r SET hours = coalesce(h.hours, r.hours), hours_from = apiary.hour_number(date_trunc('day', now(), 'UTC')
    - (SELECT hour_source_days FROM policy) * interval '24 h')
  FROM source s LEFT JOIN (SELECT o.address, o.traffic, o.collector_id,
      bit_or((B'1')::bit(192) >> (o.last_hour - apiary.hour_number(h.bucket_at))) AS hours
    FROM rollup_hour_source h JOIN source o ON o.address = h.source AND o.traffic = h.traffic
      AND o.collector_id = h.collector_id AND o.last_hour >= apiary.hour_number(h.bucket_at) GROUP BY 1, 2, 3) h
    USING (address, traffic, collector_id)
  WHERE r.address = s.address AND r.traffic = s.traffic AND r.collector_id = s.collector_id;
DROP INDEX source_last_seen_at_idx;
CREATE INDEX ON source (last_hour, first_seen_at);

-- As in version 4, and notes the hours of sources.
CREATE OR REPLACE FUNCTION rollup_write(p_ids uuid[], p_from timestamptz, p_to timestamptz, p_totals boolean)
  RETURNS bigint LANGUAGE plpgsql
  SET plan_cache_mode = force_generic_plan AS $f$
DECLARE n bigint;
BEGIN
  IF NOT p_totals THEN   -- a rebuild, whose locks keep away who would count here
    DELETE FROM apiary.rollup_hour_command WHERE bucket_at >= p_from AND bucket_at < p_to;
    DELETE FROM apiary.rollup_hour_port WHERE bucket_at >= p_from AND bucket_at < p_to;
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

-- As in version 4, and takes away hours in which nothing is left.
CREATE OR REPLACE FUNCTION retag_sessions(p_ids uuid[], p_known text[]) RETURNS bigint LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp AS $$
DECLARE lo timestamptz; hi timestamptz; n bigint; before apiary.source[];
  days apiary.source_day[]; hours apiary.rollup_hour_source[];
BEGIN
  IF coalesce(cardinality(p_ids), 0) = 0 THEN RETURN 0; END IF;
  SELECT min(apiary.uuid_time(u)), max(apiary.uuid_time(u)) + interval '1 ms' INTO lo, hi FROM unnest(p_ids) u;
  -- Ingest that has counted is waited for and waits for us: two that count in different orders would stop each other.
  LOCK TABLE apiary.rollup_5m_protocol, apiary.rollup_hour_protocol, apiary.rollup_hour_sensor,
    apiary.rollup_hour_country, apiary.rollup_hour_source, apiary.rollup_hour_credential, apiary.source_day,
    apiary.rollup_hour_command, apiary.rollup_hour_port, apiary.rollup_day_port, apiary.source, apiary.credential_seen,
    apiary.command_seen IN SHARE ROW EXCLUSIVE MODE;
  SELECT array_agg(x) INTO before FROM (SELECT ROW(source, traffic, collector_id, min(started_at), max(started_at),
    0, 0, 0, NULL, NULL, '', NULL, NULL, NULL)::apiary.source AS x FROM apiary.rollup_sessions(p_ids, lo, hi)
    GROUP BY source, traffic, collector_id) y;
  SELECT array_agg(x) INTO hours FROM (SELECT DISTINCT ROW(date_bin('1 hour', started_at, '2000-01-01 00:00+00'),
    traffic, source, collector_id, 0, 0)::apiary.rollup_hour_source AS x
    FROM apiary.rollup_sessions(p_ids, lo, hi)) y;
  SELECT array_agg(x) INTO days FROM (SELECT ROW(date_bin('1 day', started_at, '2000-01-01 00:00+00'), traffic, source,
    sensor_id, collector_id, min(coalesce(country, '??')), 0, 0)::apiary.source_day AS x
    FROM apiary.rollup_sessions(p_ids, lo, hi)
    GROUP BY date_bin('1 day', started_at, '2000-01-01 00:00+00'), traffic, source, sensor_id, collector_id) y;
  PERFORM apiary.rollup_subtract(p_ids, lo, hi);
  UPDATE apiary.session s SET tags = apiary.known_tags(s.tags, x.known) FROM unnest(p_ids, p_known) x(id, known)
    WHERE s.session_id = x.id AND s.started_at >= lo AND s.started_at < hi;
  n := apiary.rollup_write(p_ids, lo, hi, true);
  IF n <> cardinality(p_ids) THEN RAISE EXCEPTION 'retag_sessions: % ids, % sessions found', cardinality(p_ids),
    n USING ERRCODE = '22023'; END IF;
  -- The least country of a source's day, where it went away; mostly the next session has the same.
  UPDATE apiary.source_day r SET country = coalesce((SELECT min(coalesce(s.country, '??')) FROM apiary.session s
      WHERE s.source = b.source AND s.started_at >= b.day_at AND s.started_at < b.day_at + interval '24 h'
        AND s.sensor_id = b.sensor_id AND s.traffic = b.traffic AND s.collector_id = b.collector_id), r.country)
    FROM unnest(days) b
    WHERE r.day_at = b.day_at AND r.traffic = b.traffic AND r.source = b.source AND r.sensor_id = b.sensor_id
      AND r.collector_id = b.collector_id AND r.country = b.country
      AND NOT EXISTS (SELECT FROM apiary.session s WHERE s.source = b.source AND s.started_at >= greatest(lo, b.day_at)
        AND s.started_at < b.day_at + interval '24 h' AND s.sensor_id = b.sensor_id AND s.traffic = b.traffic
        AND s.collector_id = b.collector_id AND coalesce(s.country, '??') = b.country);
  -- Hours in which none of its sessions is left.
  UPDATE apiary.source r SET hours = r.hours & (~b.gone) FROM (SELECT o.address, o.traffic, o.collector_id,
      bit_or((B'1')::bit(192) >> (o.last_hour - apiary.hour_number(h.bucket_at))) AS gone
    FROM unnest(hours) h JOIN apiary.source o ON o.address = h.source AND o.traffic = h.traffic
      AND o.collector_id = h.collector_id AND o.last_hour >= apiary.hour_number(h.bucket_at)
    WHERE NOT EXISTS (SELECT FROM apiary.session s WHERE s.source = h.source AND s.started_at >= h.bucket_at
      AND s.started_at < h.bucket_at + interval '1 hour' AND s.traffic = h.traffic AND s.collector_id = h.collector_id)
    GROUP BY 1, 2, 3) b
    WHERE r.address = b.address AND r.traffic = b.traffic AND r.collector_id = b.collector_id;
  -- When a source was first and last seen as what it still is. Nothing is before its first sight nor behind its last,
  -- so each search begins at what went away.
  UPDATE apiary.source r SET first_seen_at = coalesce(f.at, r.first_seen_at) FROM unnest(before) b
    CROSS JOIN LATERAL (SELECT s.started_at AS at FROM apiary.session s WHERE s.source = b.address
      AND s.started_at >= b.first_seen_at AND s.traffic = b.traffic AND s.collector_id = b.collector_id
      ORDER BY s.started_at LIMIT 1) f
    WHERE r.address = b.address AND r.traffic = b.traffic AND r.collector_id = b.collector_id
      AND r.first_seen_at >= b.first_seen_at;
  -- What lies behind the last of its hours is not known.
  UPDATE apiary.source r SET last_seen_at = f.at, hours = r.hours << (r.last_hour - apiary.hour_number(f.at)),
      hours_from = CASE WHEN apiary.hour_number(f.at) < r.last_hour THEN greatest(r.hours_from, r.last_hour - 191)
        ELSE r.hours_from END FROM unnest(before) b
    CROSS JOIN LATERAL (SELECT s.started_at AS at FROM apiary.session s WHERE s.source = b.address
      AND s.started_at <= b.last_seen_at AND s.traffic = b.traffic AND s.collector_id = b.collector_id
      ORDER BY s.started_at DESC LIMIT 1) f
    WHERE r.address = b.address AND r.traffic = b.traffic AND r.collector_id = b.collector_id
      AND r.last_seen_at <= b.last_seen_at;
  RETURN n;
END $$;
