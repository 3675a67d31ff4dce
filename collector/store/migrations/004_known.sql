-- Apiary, schema version 4: known traffic. Run as apiary_owner in one transaction, after 003.
SET LOCAL client_min_messages = warning;
SET LOCAL search_path = apiary, pg_catalog;

-- ---------------------------------------------------------------- rules
CREATE TABLE known_rule(known_rule_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  network cidr CHECK (NOT network <<= '::ffff:0:0/96'), target_port int CHECK (target_port BETWEEN 0 AND 65535), sensor_id int REFERENCES sensor,
  protocol text CHECK (protocol ~ '^[a-z0-9._-]{1,32}$'),
  tag text NOT NULL CHECK (tag IN ('known-scanner', 'self-test')),
  owner text NOT NULL CHECK (length(owner) BETWEEN 1 AND 256),
  reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 1024),
  expires_at timestamptz CHECK (expires_at BETWEEN '2000-01-01' AND '2200-01-01'),
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(), created_by text NOT NULL, removed_at timestamptz,
  CHECK (num_nonnulls(network, target_port, sensor_id, protocol) > 0));
CREATE TABLE known_version(only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  version bigint NOT NULL) WITH (fillfactor = 50);
INSERT INTO known_version VALUES (true, 1);
GRANT INSERT, UPDATE (removed_at) ON known_rule TO apiary_writer;

-- Locks of a table and not advisory ones: those anybody who may read could take, and with them stop ingest.
-- A change of the rules waits for the ingest transactions under way, and those after it wait for the change: so what
-- is committed after a change was tagged by it, and what was committed before is there for retag to see.
CREATE FUNCTION known_rules_version() RETURNS bigint LANGUAGE plpgsql VOLATILE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
BEGIN   -- two statements: the second sees what was committed while the first waited
  LOCK TABLE apiary.known_version IN ROW SHARE MODE;
  RETURN (SELECT version FROM apiary.known_version);
END $$;
COMMENT ON FUNCTION known_rules_version() IS
 'Number of the present rules for known traffic, which do not change before the transaction ends. Who holds rules of '
 'another number reads known_rule again.';
GRANT EXECUTE ON FUNCTION known_rules_version() TO apiary_writer;
CREATE FUNCTION known_rule_changes() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  LOCK TABLE apiary.known_version IN EXCLUSIVE MODE;
  UPDATE apiary.known_version SET version = version + 1;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION known_rule_changes() IS 'Internal: gives changed rules a number of their own.';
CREATE TRIGGER known_rule_changes BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON known_rule
  FOR EACH STATEMENT EXECUTE FUNCTION known_rule_changes();

-- ---------------------------------------------------------------- commands and ports by hour
-- What is committed from here on waits, and is counted by the new rollup_write().
LOCK TABLE session IN SHARE MODE;
-- A day's port counts serve whole UTC days only; the last 24 h hold none.
CREATE TABLE rollup_hour_command(bucket_at timestamptz, traffic text, normalized text, collector_id smallint,
  uses bigint NOT NULL, PRIMARY KEY (bucket_at, traffic, normalized, collector_id)) WITH (fillfactor = 70);
INSERT INTO rollup_hour_command SELECT date_bin('1 hour', s.started_at, '2000-01-01 00:00+00'), s.traffic, k.normalized,
  s.collector_id, count(*) FROM session s JOIN command k USING (session_id, started_at) WHERE s.commands > 0
  GROUP BY 1, 2, 3, 4;
COMMENT ON TABLE rollup_hour_command IS 'Uses of normalized commands by hour of the session''s start.';
COMMENT ON COLUMN rollup_hour_command.bucket_at IS 'Start of the bucket, UTC, by the session''s start.';
COMMENT ON COLUMN rollup_hour_command.traffic IS 'attack, known-scanner or self-test.';
COMMENT ON COLUMN rollup_hour_command.normalized IS
  'Command with addresses, random words and hex replaced by placeholders, for counting.';
COMMENT ON COLUMN rollup_hour_command.collector_id IS 'Number of the collector that wrote it.';
COMMENT ON COLUMN rollup_hour_command.uses IS 'How often.';

CREATE TABLE rollup_hour_port(bucket_at timestamptz, traffic text, transport text, target_port int,
  collector_id smallint, sessions bigint NOT NULL,
  PRIMARY KEY (bucket_at, traffic, transport, target_port, collector_id)) WITH (fillfactor = 70);
INSERT INTO rollup_hour_port SELECT date_bin('1 hour', started_at, '2000-01-01 00:00+00'), traffic, transport,
  target_port, collector_id, count(*) FROM session GROUP BY 1, 2, 3, 4, 5;
COMMENT ON TABLE rollup_hour_port IS 'Ended sessions by hour and port.';
COMMENT ON COLUMN rollup_hour_port.bucket_at IS 'Start of the bucket, UTC, by the session''s start.';
COMMENT ON COLUMN rollup_hour_port.traffic IS 'attack, known-scanner or self-test.';
COMMENT ON COLUMN rollup_hour_port.transport IS 'tcp or udp.';
COMMENT ON COLUMN rollup_hour_port.target_port IS 'Our port.';
COMMENT ON COLUMN rollup_hour_port.collector_id IS 'Number of the collector that wrote it.';
COMMENT ON COLUMN rollup_hour_port.sessions IS 'Ended sessions.';

-- As in version 2, and counts hours of commands and ports in the same statement.
CREATE OR REPLACE FUNCTION rollup_write(p_ids uuid[], p_from timestamptz, p_to timestamptz, p_totals boolean)
  RETURNS bigint LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan AS $f$
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
  t1 AS (INSERT INTO apiary.source AS r SELECT source, traffic, collector_id, min(first_at), max(last_at),
    sum(sessions), sum(credentials), sum(accepted), max(known_country), max(asn), max(source_scope)
      FROM a WHERE p_totals GROUP BY 1,2,3 ORDER BY 1,2,3
    ON CONFLICT (address, traffic, collector_id) DO UPDATE SET first_seen_at = least(r.first_seen_at,
      excluded.first_seen_at), last_seen_at = greatest(r.last_seen_at, excluded.last_seen_at),
      sessions = r.sessions + excluded.sessions, credentials = r.credentials + excluded.credentials,
        logins_accepted = r.logins_accepted + excluded.logins_accepted,
      country = coalesce(excluded.country, r.country), asn = coalesce(excluded.asn, r.asn)),
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

-- The list of known traffic alone would go through all attacks.
CREATE INDEX ON session (session_id) WHERE traffic <> 'attack';

-- ---------------------------------------------------------------- tagging what has been written
-- What rollup_write() would count for these sessions, taken away again. A row stays as long as it counts anything, as
-- after a rebuild.
CREATE FUNCTION rollup_subtract(p_ids uuid[], p_from timestamptz, p_to timestamptz) RETURNS void LANGUAGE plpgsql
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
COMMENT ON FUNCTION rollup_subtract(uuid[], timestamptz, timestamptz) IS
  'Internal: takes the chosen sessions out of every rollup, and out of source and *_seen.';
REVOKE ALL ON FUNCTION rollup_subtract(uuid[], timestamptz, timestamptz) FROM PUBLIC;

-- Not the writer's: it cannot change what it has written. Who runs it is the owner, as for a migration.
CREATE FUNCTION known_tags(p_present text[], p_known text) RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
  SELECT ARRAY(SELECT t FROM unnest(p_present) WITH ORDINALITY x(t, n) WHERE t NOT IN ('known-scanner', 'self-test')
    ORDER BY n) || string_to_array(p_known, ',') $$;
COMMENT ON FUNCTION known_tags(text[], text) IS
  'Tags with those of known traffic replaced: none, or known-scanner and self-test split by a comma.';
CREATE FUNCTION retag_sessions(p_ids uuid[], p_known text[]) RETURNS bigint LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp AS $$
DECLARE lo timestamptz; hi timestamptz; n bigint; before apiary.source[];
  days apiary.source_day[];
BEGIN
  IF coalesce(cardinality(p_ids), 0) = 0 THEN RETURN 0; END IF;
  SELECT min(apiary.uuid_time(u)), max(apiary.uuid_time(u)) + interval '1 ms' INTO lo, hi FROM unnest(p_ids) u;
  -- Ingest that has counted is waited for and waits for us: two that count in different orders would stop each other.
  LOCK TABLE apiary.rollup_5m_protocol, apiary.rollup_hour_protocol, apiary.rollup_hour_sensor,
    apiary.rollup_hour_country, apiary.rollup_hour_source, apiary.rollup_hour_credential, apiary.source_day,
    apiary.rollup_hour_command, apiary.rollup_hour_port, apiary.rollup_day_port, apiary.source, apiary.credential_seen,
    apiary.command_seen IN SHARE ROW EXCLUSIVE MODE;
  SELECT array_agg(x) INTO before FROM (SELECT ROW(source, traffic, collector_id, min(started_at), max(started_at),
    0, 0, 0, NULL, NULL, '')::apiary.source AS x FROM apiary.rollup_sessions(p_ids, lo, hi)
    GROUP BY source, traffic, collector_id) y;
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
  -- When a source was first and last seen as what it still is. Nothing is before its first sight nor behind its last,
  -- so each search begins at what went away.
  UPDATE apiary.source r SET first_seen_at = coalesce(f.at, r.first_seen_at) FROM unnest(before) b
    CROSS JOIN LATERAL (SELECT s.started_at AS at FROM apiary.session s WHERE s.source = b.address
      AND s.started_at >= b.first_seen_at AND s.traffic = b.traffic AND s.collector_id = b.collector_id
      ORDER BY s.started_at LIMIT 1) f
    WHERE r.address = b.address AND r.traffic = b.traffic AND r.collector_id = b.collector_id
      AND r.first_seen_at >= b.first_seen_at;
  UPDATE apiary.source r SET last_seen_at = coalesce(f.at, r.last_seen_at) FROM unnest(before) b
    CROSS JOIN LATERAL (SELECT s.started_at AS at FROM apiary.session s WHERE s.source = b.address
      AND s.started_at <= b.last_seen_at AND s.traffic = b.traffic AND s.collector_id = b.collector_id
      ORDER BY s.started_at DESC LIMIT 1) f
    WHERE r.address = b.address AND r.traffic = b.traffic AND r.collector_id = b.collector_id
      AND r.last_seen_at <= b.last_seen_at;
  RETURN n;
END $$;
COMMENT ON FUNCTION retag_sessions(uuid[], text[]) IS
  'Gives ended sessions other tags of known traffic (see known_tags) and moves what the rollups count of them. First '
  'and last sight in credential_seen and command_seen stay as long as something is counted there.';
CREATE FUNCTION retag_others(p_ids uuid[], p_known text[], p_open boolean) RETURNS bigint LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp AS $$
DECLARE lo timestamptz; hi timestamptz; n bigint;
BEGIN
  SELECT min(apiary.uuid_time(u)), max(apiary.uuid_time(u)) + interval '1 ms' INTO lo, hi FROM unnest(p_ids) u;
  IF p_open THEN
    UPDATE apiary.session_open s SET tags = apiary.known_tags(s.tags, x.known)
      FROM unnest(p_ids, p_known) x(id, known) WHERE s.session_id = x.id;
  ELSE
    UPDATE apiary.probe s SET tags = apiary.known_tags(s.tags, x.known) FROM unnest(p_ids, p_known) x(id, known)
      WHERE s.probe_id = x.id AND s.started_at >= lo AND s.started_at < hi;
  END IF;
  GET DIAGNOSTICS n = ROW_COUNT;
  RETURN n;
END $$;
COMMENT ON FUNCTION retag_others(uuid[], text[], boolean) IS 'The same for open sessions, or for probes.';
REVOKE ALL ON FUNCTION known_tags(text[], text), retag_sessions(uuid[], text[]),
  retag_others(uuid[], text[], boolean) FROM PUBLIC;

COMMENT ON TABLE known_rule IS
  'Rules by which ingest tags traffic that somebody owns up to. All that a rule names must fit. Rows are never taken '
  'away.';
COMMENT ON COLUMN known_rule.known_rule_id IS 'Number.';
COMMENT ON COLUMN known_rule.network IS 'Network of the source; null: any.';
COMMENT ON COLUMN known_rule.target_port IS 'Our port that was contacted; null: any.';
COMMENT ON COLUMN known_rule.sensor_id IS '-> sensor.sensor_id; null: any.';
COMMENT ON COLUMN known_rule.protocol IS 'Emulated protocol; null: any. Probes have none.';
COMMENT ON COLUMN known_rule.tag IS 'The tag: known-scanner or self-test. See session.traffic.';
COMMENT ON COLUMN known_rule.owner IS 'Whose traffic it is.';
COMMENT ON COLUMN known_rule.reason IS 'Why it is known, e.g. where its owner publishes the addresses.';
COMMENT ON COLUMN known_rule.expires_at IS 'Sessions that start then or later are not tagged; null: no end.';
COMMENT ON COLUMN known_rule.created_at IS 'When.';
COMMENT ON COLUMN known_rule.created_by IS 'The account that did it.';
COMMENT ON COLUMN known_rule.removed_at IS 'Not in force any more since.';
COMMENT ON TABLE known_version IS 'Number of the present rules: grows with every change of known_rule.';
COMMENT ON COLUMN known_version.only_row IS 'There is one row.';
COMMENT ON COLUMN known_version.version IS 'The number.';
COMMENT ON COLUMN session.tags IS
  'Tags. Those of known traffic (known_rule) are given at ingest and by retag_sessions(); later opinions are in '
  'annotation.';
COMMENT ON TABLE session IS
  'Conversations that have ended, one row each, written once; only their tags of known traffic change. Partitioned by '
  'day of started_at: give a time range. Includes self-tests and known scanners: see traffic.';
