-- Apiary, schema version 2: what people and charts read, transcript(), rollups. Run as apiary_owner in one transaction,
-- after 001.
SET LOCAL client_min_messages = warning;
SET LOCAL search_path = apiary, pg_catalog;
SET LOCAL check_function_bodies = on;

-- ---------------------------------------------------------------- bytes as text
-- encode(escape) does the work in C: \\ for the backslash, octal for NUL and 0x80-0xff, everything else as it is. What
-- remains is to turn its
-- octal into \xHH and to escape the control bytes; U+0100 stands for the backslash meanwhile, it cannot occur in
-- encode's output.
CREATE FUNCTION escape(p bytea) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp AS $$
DECLARE t text := encode(p, 'escape'); octal boolean; i int; j int; k int;
BEGIN
  t := replace(t, '\\', U&'\0100');
  octal := strpos(t, '\') > 0;
  IF octal THEN
    t := replace(t, '\000', '\x00');
    FOR i IN 2..3 LOOP
      CONTINUE WHEN strpos(t, '\' || i) = 0;
      FOR j IN 0..7 LOOP
        CONTINUE WHEN strpos(t, '\' || i || j) = 0;
        FOR k IN 0..7 LOOP t := replace(t, '\' || i || j || k, '\x' || to_hex(i * 64 + j * 8 + k)); END LOOP;
      END LOOP;
    END LOOP;
  END IF;
  IF t ~ '[\x01-\x1f\x7f]' THEN
    t := replace(replace(t, E'\r', '\x0d'), E'\n', '\x0a');
    IF t ~ '[\x01-\x1f\x7f]' THEN
      FOR i IN 1..31 LOOP t := replace(t, chr(i), '\x' || lpad(to_hex(i), 2, '0')); END LOOP;
      t := replace(t, chr(127), '\x7f');
    END IF;
  END IF;
  RETURN replace(t, U&'\0100', '\\');
END $$;
COMMENT ON FUNCTION escape(bytea) IS
  'Bytes as the journal writes them: 0x20-0x7e as they are, \\ for the backslash, \xHH (lower case) for the rest. '
  'Reversible, safe to print.';

-- ---------------------------------------------------------------- transcript
-- not STRICT: PostgreSQL inlines it then, and prunes
CREATE FUNCTION transcript(p_session uuid) RETURNS SETOF text LANGUAGE sql STABLE PARALLEL SAFE ROWS 50 AS $$
  WITH s AS MATERIALIZED (
    SELECT started_at, ended_at, source, source_port, target, target_port, protocol, outcome FROM apiary.session
     WHERE session_id = p_session AND started_at = apiary.uuid_time(p_session)
    UNION ALL
    SELECT started_at, NULL, source, source_port, target, target_port, protocol, NULL FROM apiary.session_open
     WHERE session_id = p_session AND NOT EXISTS (SELECT FROM apiary.session WHERE session_id = p_session
       AND started_at = apiary.uuid_time(p_session))
  ), e AS MATERIALIZED (
    SELECT seq, at, kind, channel, bytes FROM apiary.event
     WHERE session_id = p_session AND started_at = apiary.uuid_time(p_session) AND kind IN (0, 1, 3, 5)
  ), c AS (     -- the ports of a data channel
    SELECT channel, split_part(o, ' ', 2) AS source_port, split_part(o, ' ', 3) AS target_port
      FROM (SELECT channel, encode(bytes, 'escape') AS o FROM e WHERE kind = 3) x WHERE o LIKE 'open %'
  ), l AS (
    SELECT 0 AS part, h.n AS seq, h.line FROM s CROSS JOIN LATERAL unnest(ARRAY[
      '*****',
      '*****Started at: ' || to_char(s.started_at AT TIME ZONE 'UTC', 'Dy Mon DD HH24:MI:SS "UTC" YYYY') || '*****',
      'TIMESTAMP, SRC_IP:PRT, DST_IP:PRT, PACKET']) WITH ORDINALITY h(line, n)
    UNION ALL
    SELECT 1, e.seq, CASE WHEN e.kind = 5
      THEN '*****' || split_part(encode(e.bytes, 'escape'), ' ', 1) || ' packets not kept (' ||
        substr(apiary.escape(e.bytes), strpos(apiary.escape(e.bytes), ' ') + 1) || ')*****'
      ELSE to_char(e.at AT TIME ZONE 'UTC', 'Dy Mon DD HH24:MI:SS "UTC" YYYY') || ',' ||
        CASE e.kind
          WHEN 0 THEN host(s.source) || ':' || coalesce(c.source_port, s.source_port::text) || ',' ||
                      host(s.target) || ':' || coalesce(c.target_port, s.target_port::text)
                 ELSE host(s.target) || ':' || coalesce(c.target_port, s.target_port::text) || ',' ||
                      host(s.source) || ':' || coalesce(c.source_port, s.source_port::text) END
        || ',' || apiary.escape(e.bytes) END
      FROM s CROSS JOIN e LEFT JOIN c ON c.channel = e.channel AND e.channel > 0 WHERE e.kind <> 3
    UNION ALL
    SELECT 2, f.n, f.line FROM s JOIN apiary.outcome o USING (outcome) CROSS JOIN LATERAL unnest(ARRAY[
      '*****Protocol ' || upper(s.protocol) || ' ' || o.footer || ' /' || host(s.source) ||
        ' using local port ' || s.target_port || ', connection closed.****',
      '*****Stopped at: ' || to_char(s.ended_at AT TIME ZONE 'UTC', 'Dy Mon DD HH24:MI:SS "UTC" YYYY') || '*****',
      '*****']) WITH ORDINALITY f(line, n)
      WHERE o.footer IS NOT NULL
  ) SELECT line FROM l ORDER BY part, seq $$;
COMMENT ON FUNCTION transcript(uuid) IS
  'The lines of the agent''s text log of this session, rendered from the database. No footer while the session is '
  'open or when its end is not known. No row: no such session.';
CREATE FUNCTION transcript_digest(p_session uuid) RETURNS bytea LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp AS $$
DECLARE d bytea;
BEGIN   -- EXECUTE plans with the id known, so that one partition is planned
  EXECUTE $q$ SELECT CASE WHEN NOT EXISTS (SELECT FROM apiary.event WHERE session_id = $1
    AND started_at = apiary.uuid_time($1) AND kind = 5)
    THEN sha256(convert_to(string_agg(line || E'\n', '' ORDER BY n), 'UTF8')) END
      FROM apiary.transcript($1) WITH ORDINALITY t(line, n) $q$ INTO d USING p_session;
  RETURN d;
END $$;
COMMENT ON FUNCTION transcript_digest(uuid) IS
  'SHA-256 over the transcript, each line with LF. Equals session.journal_sha256 when database and text log agree. '
  'Null when payload was dropped on the way (event kind 5).';

-- ---------------------------------------------------------------- rollups
-- What rollup_write() reads: the rows of these sessions, or without ids of all in [from, to). Planned anew each time,
-- so that only the partitions meant are touched, while the long statement behind them keeps its plan; of one partition
-- alone when they lie in one day, which takes less planning.
CREATE FUNCTION rollup_table(p_table text, p_from timestamptz, p_to timestamptz) RETURNS text
  LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE day text := 'apiary_part.' || p_table || to_char(p_from AT TIME ZONE 'UTC', '_YYYYMMDD');
BEGIN
  IF date_bin('1 day', p_from, '2000-01-01 00:00+00') = date_bin('1 day', p_to - interval '1 us',
    '2000-01-01 00:00+00') AND to_regclass(day) IS NOT NULL THEN RETURN day; END IF;
  RETURN 'apiary.' || p_table;
END $$;
COMMENT ON FUNCTION rollup_table(text, timestamptz, timestamptz) IS
  'Internal: the least that holds all rows of [from, to).';
REVOKE ALL ON FUNCTION rollup_table(text, timestamptz, timestamptz) FROM PUBLIC;
CREATE FUNCTION rollup_sessions(p_ids uuid[], p_from timestamptz, p_to timestamptz)
  RETURNS TABLE (session_id uuid, started_at timestamptz, collector_id smallint, traffic text, protocol text,
    sensor_id int, transport text, target_port int, source inet, source_scope text, country text, asn bigint,
    packets int, bytes_in bigint, bytes_out bigint, credentials int, commands int, login_accepted boolean)
  LANGUAGE plpgsql STABLE ROWS 200 SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN QUERY EXECUTE 'SELECT session_id, started_at, collector_id, traffic, protocol, sensor_id, transport, '
    'target_port, source, source_scope, country, asn, packets, bytes_in, bytes_out, credentials, commands, '
    'login_accepted FROM ' || apiary.rollup_table('session', p_from, p_to) ||
    ' WHERE started_at >= $2 AND started_at < $3' ||
    CASE WHEN p_ids IS NULL THEN '' ELSE ' AND session_id = ANY ($1)' END USING p_ids, p_from, p_to;
END $$;
COMMENT ON FUNCTION rollup_sessions(uuid[], timestamptz, timestamptz) IS
  'Internal: the sessions that rollup_write() counts.';
CREATE FUNCTION rollup_credentials(p_ids uuid[], p_from timestamptz, p_to timestamptz)
  RETURNS TABLE (session_id uuid, digest bytea, username_text text, secret_text text, accepted boolean)
  LANGUAGE plpgsql STABLE ROWS 200 SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN QUERY EXECUTE 'SELECT session_id, digest, username_text, secret_text, accepted FROM ' ||
    apiary.rollup_table('credential', p_from, p_to) ||
    ' WHERE started_at >= $2 AND started_at < $3' ||
    CASE WHEN p_ids IS NULL THEN '' ELSE ' AND session_id = ANY ($1)' END USING p_ids, p_from, p_to;
END $$;
COMMENT ON FUNCTION rollup_credentials(uuid[], timestamptz, timestamptz) IS 'Internal: their credentials.';
CREATE FUNCTION rollup_commands(p_ids uuid[], p_from timestamptz, p_to timestamptz)
  RETURNS TABLE (session_id uuid, normalized text)
  LANGUAGE plpgsql STABLE ROWS 200 SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN QUERY EXECUTE 'SELECT session_id, normalized FROM ' || apiary.rollup_table('command', p_from, p_to) ||
    ' WHERE started_at >= $2 AND started_at < $3' ||
    CASE WHEN p_ids IS NULL THEN '' ELSE ' AND session_id = ANY ($1)' END USING p_ids, p_from, p_to;
END $$;
COMMENT ON FUNCTION rollup_commands(uuid[], timestamptz, timestamptz) IS 'Internal: their commands.';
REVOKE ALL ON FUNCTION rollup_sessions(uuid[], timestamptz, timestamptz),
  rollup_credentials(uuid[], timestamptz, timestamptz), rollup_commands(uuid[], timestamptz, timestamptz) FROM PUBLIC;

-- One statement, used by ingest and by rebuild, so that both count the same. Runs as owner, callable by nobody else.
-- The rows are gone through twice, to count by what is few (p) and by source (a); the rollups count those.
CREATE FUNCTION rollup_write(p_ids uuid[], p_from timestamptz, p_to timestamptz, p_totals boolean)
  RETURNS bigint LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan AS $f$
DECLARE n bigint;
BEGIN
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
  t3 AS (INSERT INTO apiary.command_seen AS r SELECT k.normalized, s.traffic, s.collector_id, min(s.started_at),
    max(s.started_at), count(*) FROM s JOIN apiary.rollup_commands(p_ids, p_from, p_to) k
      ON k.session_id = s.session_id WHERE p_totals AND s.commands > 0 GROUP BY 1,2,3 ORDER BY 1,2,3
    ON CONFLICT (normalized, traffic, collector_id) DO UPDATE SET first_seen_at = least(r.first_seen_at,
      excluded.first_seen_at), last_seen_at = greatest(r.last_seen_at, excluded.last_seen_at),
      uses = r.uses + excluded.uses)
  SELECT count(*) INTO n FROM s;
  RETURN n;
END $f$;
COMMENT ON FUNCTION rollup_write(uuid[], timestamptz, timestamptz, boolean) IS
  'Internal: counts the chosen sessions into every rollup.';
REVOKE ALL ON FUNCTION rollup_write(uuid[], timestamptz, timestamptz, boolean) FROM PUBLIC;

CREATE FUNCTION rollup_add(p_ids uuid[]) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog,
  pg_temp AS $$
DECLARE lo timestamptz; hi timestamptz; n bigint;
BEGIN
  IF coalesce(cardinality(p_ids), 0) = 0 THEN RETURN 0; END IF;
  SELECT min(apiary.uuid_time(u)), max(apiary.uuid_time(u)) + interval '1 ms' INTO lo, hi FROM unnest(p_ids) u;
  n := apiary.rollup_write(p_ids, lo, hi, true);
  IF n <> cardinality(p_ids) THEN RAISE EXCEPTION 'rollup_add: % ids, % sessions found', cardinality(p_ids),
    n USING ERRCODE = '22023'; END IF;
  RETURN n;
END $$;
COMMENT ON FUNCTION rollup_add(uuid[]) IS
  'Last statement of an ingest transaction: counts the sessions whose closing row this transaction wrote, with all '
  'their credentials and commands. Exactly the ids written: the ledger is what keeps it from being called twice.';
GRANT EXECUTE ON FUNCTION rollup_add(uuid[]) TO apiary_writer;

CREATE FUNCTION rollup_rebuild(p_from timestamptz, p_to timestamptz) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
DECLARE d timestamptz;
BEGIN
  IF p_from IS NULL OR p_to IS NULL OR p_to <= p_from OR NOT isfinite(p_from) OR NOT isfinite(p_to) OR date_trunc('day',
    p_from, 'UTC') <> p_from OR date_trunc('day', p_to, 'UTC') <> p_to THEN
    RAISE EXCEPTION 'rollup_rebuild: whole UTC days, from < to' USING ERRCODE = '22023'; END IF;
  -- An ingest that has counted holds a row lock in these tables and is waited for; one that has not yet will add its
  -- own rows afterwards.
  LOCK TABLE apiary.rollup_5m_protocol, apiary.rollup_hour_protocol, apiary.rollup_hour_sensor,
    apiary.rollup_hour_country, apiary.rollup_hour_source,
    apiary.rollup_hour_credential, apiary.source_day, apiary.rollup_day_port IN SHARE ROW EXCLUSIVE MODE;
  -- the rollup may be all that is left of a day
  FOR d IN SELECT generate_series(p_from, p_to - interval '1 day', interval '24 h') LOOP
    IF to_regclass('apiary_part.session_' || to_char(d AT TIME ZONE 'UTC', 'YYYYMMDD')) IS NULL
      AND EXISTS (SELECT FROM apiary.rollup_day_port WHERE day_at = d) THEN
      RAISE EXCEPTION 'rollup_rebuild: the rows of % are gone, its rollups are kept', d USING ERRCODE = '55000'; END IF;
  END LOOP;
  DELETE FROM apiary.rollup_5m_protocol     WHERE bucket_at >= p_from AND bucket_at < p_to;
  DELETE FROM apiary.rollup_hour_protocol   WHERE bucket_at >= p_from AND bucket_at < p_to;
  DELETE FROM apiary.rollup_hour_sensor     WHERE bucket_at >= p_from AND bucket_at < p_to;
  DELETE FROM apiary.rollup_hour_country    WHERE bucket_at >= p_from AND bucket_at < p_to;
  DELETE FROM apiary.rollup_hour_source     WHERE bucket_at >= p_from AND bucket_at < p_to;
  DELETE FROM apiary.rollup_hour_credential WHERE bucket_at >= p_from AND bucket_at < p_to;
  DELETE FROM apiary.source_day             WHERE day_at >= p_from AND day_at < p_to;
  DELETE FROM apiary.rollup_day_port        WHERE day_at >= p_from AND day_at < p_to;
  RETURN apiary.rollup_write(NULL, p_from, p_to, false);
END $$;
COMMENT ON FUNCTION rollup_rebuild(timestamptz,
  timestamptz) IS
  'Recomputes the rollups of whole UTC days from their rows; must change nothing. source and *_seen are left alone, '
  'they outlive the rows. Refused for a day whose rows retention has dropped.';
GRANT EXECUTE ON FUNCTION rollup_rebuild(timestamptz, timestamptz) TO apiary_writer;

CREATE FUNCTION rollup_fold() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  WITH d AS (DELETE FROM apiary.rollup_hour_source WHERE bucket_at < date_trunc('day', now(),
    'UTC') - (SELECT hour_source_days FROM apiary.policy) * interval '24 h' RETURNING 1) SELECT count(*) FROM d $$;
COMMENT ON FUNCTION rollup_fold() IS
  'Daily: removes hour x source older than policy.hour_source_days. source_day, written at ingest, keeps the days.';
GRANT EXECUTE ON FUNCTION rollup_fold() TO apiary_writer;

-- ---------------------------------------------------------------- views for people
CREATE VIEW session_summary AS
  SELECT s.session_id, s.started_at, s.ended_at, s.ended_at - s.started_at AS duration, n.name AS sensor, n.site,
    s.source, s.source_port, s.country, s.asn, s.source_scope,
    s.target, s.target_port, s.transport, s.protocol, s.detected, s.service, s.outcome, s.packets, s.bytes_in,
      s.bytes_out, s.credentials, s.commands, s.artifacts, s.login_accepted,
    s.tags, s.traffic, s.community_id, s.sensor_id
  FROM apiary.session s LEFT JOIN apiary.sensor n USING (sensor_id)
  UNION ALL
  SELECT o.session_id, o.started_at, NULL, NULL, n.name, n.site, o.source, o.source_port, o.country, o.asn,
    o.source_scope, o.target, o.target_port, o.transport, o.protocol, NULL, o.service, 'open',
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, o.tags, o.traffic, o.community_id, o.sensor_id
  FROM apiary.session_open o LEFT JOIN apiary.sensor n USING (sensor_id);
CREATE VIEW attack AS SELECT * FROM session_summary WHERE traffic = 'attack';
CREATE VIEW credential_use AS
  SELECT c.at, c.source, n.name AS sensor, c.protocol, c.method, c.username_text AS username, c.secret_text AS secret,
    c.accepted, c.session_id, c.started_at, c.sensor_id, c.digest
  FROM apiary.credential c JOIN apiary.session s ON s.session_id = c.session_id AND s.started_at = c.started_at LEFT
    JOIN apiary.sensor n ON n.sensor_id = c.sensor_id
  WHERE s.traffic = 'attack';
CREATE VIEW source_profile AS
  SELECT address AS source, min(first_seen_at) AS first_seen_at, max(last_seen_at) AS last_seen_at,
    sum(sessions)::bigint AS sessions, sum(credentials)::bigint AS credentials,
    sum(logins_accepted)::bigint AS logins_accepted, max(country) AS country, max(asn) AS asn,
      max(source_scope) AS source_scope
  FROM apiary.source WHERE traffic = 'attack' GROUP BY address;
CREATE VIEW event_text AS
  SELECT session_id, started_at, seq, at, (ARRAY['received','sent','tls','channel','anomaly','gap'])[kind + 1] AS kind,
    channel, length(bytes) AS size, apiary.escape(bytes) AS text FROM apiary.event;
CREATE VIEW incident_current AS
  SELECT i.*, c.state, c.assignee, c.note, c.at AS changed_at FROM apiary.incident i LEFT JOIN LATERAL
    (SELECT state, assignee, note, at FROM apiary.incident_change x WHERE x.incident_id = i.incident_id
      ORDER BY at DESC LIMIT 1) c ON true;
CREATE FUNCTION time_between_attacks(p_from timestamptz, p_to timestamptz)
RETURNS TABLE (sensor_id int, target inet, source inet, country text, protocol text, started_at timestamptz,
  gap interval) LANGUAGE sql STABLE AS $$
  SELECT s.sensor_id, s.target, s.source, s.country, s.protocol, s.started_at,
    s.started_at - lag(s.started_at) OVER (PARTITION BY s.target ORDER BY s.started_at, s.session_id)
    FROM apiary.session s WHERE s.traffic = 'attack' AND s.started_at >= p_from AND s.started_at < p_to $$;
COMMENT ON FUNCTION time_between_attacks(timestamptz,
  timestamptz) IS
  'Each attack in [from, to) and the time since the one before on the same target address (null for the first). Group '
  'by what you like, bin with width_bucket(log(...)).';
CREATE FUNCTION timeline(p_source inet, p_from timestamptz, p_to timestamptz)
RETURNS TABLE (at timestamptz, sensor text, what text, target inet, target_port int, detail text,
  session_id uuid) LANGUAGE sql STABLE AS $$
  SELECT * FROM (
    SELECT s.started_at, n.name, s.protocol, s.target, s.target_port,
      s.outcome || ', ' || s.credentials || ' credentials, ' || s.commands || ' commands', s.session_id
      FROM apiary.session s LEFT JOIN apiary.sensor n USING (sensor_id) WHERE s.source <<= p_source
        AND s.started_at >= p_from AND s.started_at < p_to
    UNION ALL
    SELECT p.started_at, n.name, 'probe ' || p.kind, p.target, p.target_port,
      p.packets || ' packets' || coalesce(', ' || p.tool, ''), NULL
      FROM apiary.probe p LEFT JOIN apiary.sensor n USING (sensor_id) WHERE p.source <<= p_source
        AND p.started_at >= p_from AND p.started_at < p_to) t ORDER BY 1 $$;
COMMENT ON FUNCTION timeline(inet, timestamptz,
  timestamptz) IS
  'Everything an address or a network (192.0.2.0/24) did, everywhere, in order: sessions and probes, of every kind of '
  'traffic.';
-- The chart of the Overview: whole buckets from the rollup, the two cut buckets at the ends from rows.
CREATE FUNCTION sessions_5m(p_from timestamptz, p_to timestamptz) RETURNS TABLE (bucket_at timestamptz, protocol text,
  sessions bigint) LANGUAGE sql STABLE AS $$
  SELECT x.bucket_at, x.protocol, sum(x.n)::bigint FROM (
    SELECT r.bucket_at, r.protocol, r.sessions AS n FROM apiary.rollup_5m_protocol r WHERE r.traffic = 'attack'
       AND r.bucket_at >= date_bin('5 min', p_from + interval '299.999999 s',
         '2000-01-01 00:00+00') AND r.bucket_at < date_bin('5 min', p_to, '2000-01-01 00:00+00')
    UNION ALL
    SELECT date_bin('5 min', s.started_at, '2000-01-01 00:00+00'), s.protocol,
      count(*) FROM apiary.session s WHERE s.traffic = 'attack'
       AND s.started_at >= p_from AND s.started_at < least(date_bin('5 min', p_from + interval '299.999999 s',
         '2000-01-01 00:00+00'), p_to) GROUP BY 1, 2
    UNION ALL
    SELECT date_bin('5 min', s.started_at, '2000-01-01 00:00+00'), s.protocol,
      count(*) FROM apiary.session s WHERE s.traffic = 'attack'
       AND s.started_at >= greatest(date_bin('5 min', p_to, '2000-01-01 00:00+00'),
         date_bin('5 min', p_from + interval '299.999999 s', '2000-01-01 00:00+00')) AND s.started_at < p_to GROUP BY 1,
         2) x GROUP BY 1, 2 ORDER BY 1, 2 $$;
COMMENT ON FUNCTION sessions_5m(timestamptz,
  timestamptz) IS
  'Ended attack sessions by 5 minutes and protocol in exactly [from, to). No row for a bucket is a zero only where '
  'coverage_hour says that somebody listened.';
CREATE VIEW dictionary AS
  SELECT c.relname AS relation, CASE c.relkind WHEN 'v' THEN 'view' ELSE 'table' END AS kind, a.attname AS column_name,
    format_type(a.atttypid, a.atttypmod) AS type,
    coalesce(col_description(c.oid, a.attnum), CASE WHEN a.attnum IS NULL THEN obj_description(c.oid,
      'pg_class') END) AS meaning, coalesce(a.attnum, 0) AS position
  FROM pg_class c LEFT JOIN LATERAL (SELECT attname, atttypid, atttypmod,
    attnum FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped
    UNION ALL SELECT NULL, NULL, NULL, NULL) a ON true WHERE c.relnamespace = 'apiary'::regnamespace
      AND c.relkind IN ('r','p','v') ORDER BY 1, 6;
GRANT SELECT ON ALL TABLES IN SCHEMA apiary TO apiary_reader, apiary_writer;
GRANT EXECUTE ON FUNCTION escape(bytea), transcript(uuid), transcript_digest(uuid),
  time_between_attacks(timestamptz, timestamptz), timeline(inet, timestamptz, timestamptz),
  sessions_5m(timestamptz, timestamptz) TO apiary_reader, apiary_writer;

-- ---------------------------------------------------------------- comments
-- 'relation' or '*' (every relation that has the column), 'column' or '' (the relation itself), text. -> names the row
-- that the value points to.
CREATE TEMP TABLE doc(rel text, col text, txt text) ON COMMIT DROP;
INSERT INTO doc VALUES
  ('schema_version', '', 'Migrations applied.'),
  ('schema_version', 'number', 'Number of the migration.'),
  ('schema_version', 'name', 'File name.'),
  ('schema_version', 'sha256', 'SHA-256 of the file as it was applied.'),
  ('schema_version', 'applied_at', 'When.'),
  ('policy', '', 'One row: how long evidence is kept. Only apiary_owner changes it.'),
  ('policy', 'only_row', 'Always true.'),
  ('policy', 'retention_days', 'Days of rows kept; records older than this are quarantined.'),
  ('policy', 'ahead_days', 'Days into the future that a record may lie.'),
  ('policy', 'hour_source_days', 'Days for which sources are counted by hour; older ones only by day.'),
  ('sensor', '', 'One enrolled installation of the agent.'),
  ('sensor', 'sensor_id', 'Short number of the sensor, used everywhere.'),
  ('sensor', 'sensor_uuid', 'Identity in the certificate.'),
  ('sensor', 'name', 'Name that people gave it.'),
  ('sensor', 'site', 'Place or network.'),
  ('sensor', 'sensor_group', 'Group in the console.'),
  ('sensor', 'certificate_sha256', 'Fingerprint of its present certificate.'),
  ('sensor', 'enrolled_at', 'When it was enrolled.'),
  ('sensor', 'revoked_at', 'When it was shut out; null: trusted.'),
  ('sensor_state', '', 'Last status report of each sensor.'),
  ('sensor_state', 'reported_at', 'When the report arrived.'),
  ('sensor_state', 'agent_version', 'Version of the agent.'),
  ('sensor_state', 'applied_version', '-> desired_state.version that the sensor runs.'),
  ('sensor_state', 'spool_records', 'Records not yet acknowledged.'),
  ('sensor_state', 'spool_oldest_at', 'Age of the oldest of them.'),
  ('sensor_state', 'services', 'Each service: protocol, address, port, desired, actual, reason.'),
  ('desired_state', '', 'What operators asked of each sensor; insert only.'),
  ('desired_state', 'version', 'Counts up per sensor; the highest is in force.'),
  ('desired_state', 'issued_at', 'When.'),
  ('desired_state', 'issued_by', 'Operator.'),
  ('desired_state', 'document', 'The wanted configuration.'),
  ('audit_log', '', 'Every act of an operator, also a refused one. Insert only.'),
  ('audit_log', 'audit_id', 'Order of the acts.'),
  ('audit_log', 'action', 'What was done, e.g. service_stop.'),
  ('audit_log', 'target', 'To what.'),
  ('audit_log', 'refused', 'True: asked for, not allowed.'),
  ('audit_log', 'old_value', 'Before.'),
  ('audit_log', 'new_value', 'After.'),
  ('audit_log', 'database_role', 'PostgreSQL login that wrote the row.'),
  ('ingest_stream', '',
   'Ledger: up to which record each spool has been committed. The reason why nothing is stored twice.'),
  ('ingest_stream', 'last_seq', 'Highest record committed; the next batch starts at last_seq + 1.'),
  ('ingest_stream', 'updated_at', 'When.'),
  ('*', 'stream_id', 'Identity of one spool of a sensor; a new one after a loss or a clone.'),
  ('*', 'lane', 'Numbered sequence within the spool; a session stays in one lane.'),
  ('gap', '', 'Records that were lost, and said so: every loss has a row here.'),
  ('gap', 'first_seq', 'First record number that the loss covers.'),
  ('gap', 'last_seq', 'Last one.'),
  ('gap', 'what',
   'payload: bytes of kept sessions; session, probe: whole records; spool: a spool was lost; restore: this database '
   'was set back.'),
  ('gap', 'records', 'How many records.'),
  ('gap', 'bytes', 'How many bytes, if known.'),
  ('gap', 'from_at', 'Time of the first lost record.'),
  ('gap', 'to_at', 'Time of the last.'),
  ('gap', 'reason', 'Why, e.g. disk budget.'),
  ('quarantine', '', 'Records that could not be stored, with the reason, kept whole. Not counted anywhere.'),
  ('quarantine', 'quarantine_id', 'Order of arrival.'),
  ('quarantine', 'seq', 'Number of the record in its lane.'),
  ('quarantine', 'sqlstate', 'PostgreSQL''s code, if it refused the row.'),
  ('quarantine', 'reason',
   'In words, e.g. time outside the window, session of another sensor, already closed as unfinished.'),
  ('quarantine', 'record', 'The record as the sensor sent it.'),
  ('outcome', '', 'How a session can end, and the words of its journal footer.'),
  ('outcome', 'footer', 'Words in the footer line; null: no footer is known.'),
  ('outcome', 'meaning', 'What it means.'),
  ('session', '',
   'Conversations that have ended, one row each, written once, never changed. Partitioned by day of started_at: give '
   'a time range. Includes self-tests and known scanners: see traffic.'),
  ('session_open', '',
   'Conversations going on now. The row leaves when the session ends and its row appears in session.'),
  ('*', 'session_id', 'Identity of the session (UUIDv7: begins with its start time). -> session.session_id'),
  ('*', 'started_at', 'Start of the session, milliseconds, UTC; equals uuid_time(id) and names the partition.'),
  ('*', 'ended_at', 'End, by the sensor''s clock.'),
  ('*', 'received_at', 'When the collector wrote the row.'),
  ('*', 'sensor_id', '-> sensor.sensor_id'),
  ('*', 'collector_id', 'Number of the collector that wrote it.'),
  ('*', 'source', 'Address that came to us (attacker). Networks: source <<= ''192.0.2.0/24''.'),
  ('*', 'source_port', 'Its port.'),
  ('*', 'source_scope',
   'internet, private (RFC 1918 and the like), own (configured networks: something inside touched a decoy), special '
   '(other RFC 6890).'),
  ('*', 'target', 'Our address that was contacted; with a prefix length where a row stands for a network.'),
  ('*', 'target_port', 'Our port.'),
  ('*', 'transport', 'tcp or udp.'),
  ('*', 'protocol', 'Emulated protocol in lower case, e.g. ftp.'),
  ('*', 'detected', 'Protocol that was really spoken, when it differs.'),
  ('*', 'persona', 'Kind of host that was played.'),
  ('*', 'service', 'Name of the service in the sensor''s configuration.'),
  ('*', 'outcome', 'How it ended. -> outcome.outcome'),
  ('*', 'bytes_in', 'Bytes received from the source.'),
  ('*', 'bytes_out', 'Bytes sent to the source.'),
  ('*', 'packets', 'Reads and writes, or packets of a probe.'),
  ('*', 'events', 'Rows in event.'),
  ('*', 'credentials', 'Credentials tried.'),
  ('*', 'commands', 'Commands understood.'),
  ('*', 'artifacts', 'Rows in artifact_sighting.'),
  ('*', 'login_accepted', 'True: a login was let in.'),
  ('session', 'command_digest',
   'SHA-256 over the normalized commands in order: same digest, same script. Null without commands.'),
  ('*', 'country', 'ISO 3166 code of the source at the time of ingest; null, or ?? in rollups: unknown.'),
  ('*', 'asn', 'Autonomous system of the source at the time of ingest.'),
  ('*', 'enrichment', 'Build of the country and network file that was used.'),
  ('*', 'community_id', 'Community ID 1 (as Zeek and Suricata print it), to join with their logs.'),
  ('*', 'tags', 'Tags given at ingest by tag_rule. Later opinions are in annotation.'),
  ('*', 'techniques', 'MITRE ATT&CK technique ids, e.g. T1110.'),
  ('*', 'traffic',
   'attack, known-scanner or self-test, derived from tags. Default views say: WHERE traffic = ''attack''.'),
  ('*', 'syn', 'IP and TCP header of the SYN as received (TTL, window, options).'),
  ('*', 'clock_offset_ms', 'Sensor''s clock minus collector''s, last measured.'),
  ('*', 'journal_path', 'Text log on the sensor.'),
  ('*', 'journal_sha256', 'SHA-256 of that file; compare with transcript_digest(session_id).'),
  ('event', '', 'What went over the wire in a session, in order. Use transcript(session_id) or event_text to read it.'),
  ('*', 'seq', 'Order within the session.'),
  ('*', 'at', 'When, microseconds, by the clock of who wrote it.'),
  ('event', 'kind',
   '0 received, 1 sent, 2 tls handshake (a line of ASCII: ok or failed, version, server name; then what the peer had '
   'sent when it began), 3 channel (ASCII: open SOURCE_PORT TARGET_PORT, or close), 4 anomaly (escaped text), 5 gap '
   '(ASCII: PACKETS REASON).'),
  ('*', 'channel', '0 the connection itself, more: data connections.'),
  ('*', 'bytes', 'Exact bytes, at most 16384: one read or one write.'),
  ('credential', '', 'Logins tried, one row each, accepted or not, of every kind of traffic.'),
  ('*', 'method', 'password, digest, public key ...'),
  ('credential', 'username', 'Exact bytes.'),
  ('credential', 'secret', 'Exact bytes.'),
  ('*', 'username_text', 'Escaped, first 256 characters.'),
  ('*', 'secret_text', 'Escaped, first 256 characters.'),
  ('*', 'digest', 'SHA-256 of username, one NUL, secret: the pair as a key.'),
  ('*', 'accepted', 'Let in; in rollups how often.'),
  ('command', '', 'Commands understood by the protocol.'),
  ('command', 'verb', 'First word, upper case where the protocol ignores case.'),
  ('command', 'argument', 'The rest, exact bytes.'),
  ('command', 'argument_text', 'Escaped, first 4096 characters.'),
  ('*', 'normalized', 'Command with addresses, random words and hex replaced by placeholders, for counting.'),
  ('fingerprint', '', 'Marks by which a client program is recognised, several per session.'),
  ('fingerprint', 'kind', 'ja3, ja4 (TLS), hassh (SSH), syn (TCP/IP stack), banner.'),
  ('fingerprint', 'value', 'The mark.'),
  ('artifact', '', 'Files offered by attackers, one row per content.'),
  ('*', 'sha256', 'SHA-256 of the content; null: only the address of a file was seen.'),
  ('artifact', 'size', 'Bytes.'),
  ('artifact', 'type', 'Kind of file by its first bytes.'),
  ('*', 'first_seen_at', 'First sight, kept beyond retention.'),
  ('*', 'last_seen_at', 'Last sight.'),
  ('artifact', 'stored', 'False: only the digest was kept.'),
  ('artifact', 'content', 'The bytes, if stored. Never opened by Apiary.'),
  ('artifact_sighting', '', 'Each time a file or the address of one was offered. Addresses are never fetched.'),
  ('artifact_sighting', 'offered_name', 'Name that the client gave.'),
  ('artifact_sighting', 'url', 'Address from which the client wanted it fetched.'),
  ('artifact_sighting', 'url_host', 'Host in that address.'),
  ('artifact_piece', '',
   'Pieces of uploads that have not ended; with the last one they become an artifact. What stays here was cut off by '
   'the death of its agent.'),
  ('artifact_piece', 'payload', 'Tells the uploads of one session apart.'),
  ('artifact_piece', 'bytes', 'The piece.'),
  ('probe', '', 'Contact that never became a session: SYN, closed port, ICMP, stray UDP, refused by admission.'),
  ('probe', 'probe_id', 'Identity (UUIDv7).'),
  ('probe', 'kind', 'syn, udp, icmp, closed, refused.'),
  ('probe', 'reason', 'Why it was refused.'),
  ('probe', 'tool', 'Scanner recognised by its packets.'),
  ('source', '', 'Every address ever seen, beyond retention. Add up over collector_id, or use source_profile.'),
  ('source', 'address', 'The address.'),
  ('*', 'sessions', 'Ended sessions.'),
  ('*', 'logins_accepted', 'Sessions that were let in.'),
  ('credential_seen', '', 'Every pair ever tried, with first and last sight, beyond retention.'),
  ('*', 'uses', 'How often.'),
  ('command_seen', '', 'Every normalized command ever seen, beyond retention.'),
  ('coverage_hour', '',
   'Exposure as data: in which hour which address and port really answered, by the sensor''s report and its '
   'self-tests. Divide counts by it. No row or up_seconds = 0 means no data, never zero attacks.'),
  ('coverage_hour', 'hour_at', 'Start of the hour, UTC.'),
  ('coverage_hour', 'addresses', 'Addresses that the row stands for.'),
  ('coverage_hour', 'up_seconds', 'Seconds in which the service accepted.'),
  ('coverage_hour', 'self_tests', 'Self-tests that went all the way into this database.'),
  ('coverage_hour', 'self_tests_failed', 'Self-tests that did not.'),
  ('coverage_hour', 'lost_records', 'Records lost in this hour. -> gap'),
  ('tag_rule', '',
   'Rules by which ingest tags sessions and probes. Changes apply from then on; rows already written keep their tags.'),
  ('tag_rule', 'tag_rule_id', 'Number.'),
  ('*', 'tag', 'Tag, e.g. known-scanner, self-test, mirai-like.'),
  ('tag_rule', 'kind', 'What is compared.'),
  ('tag_rule', 'value', 'With what, e.g. 198.51.100.0/24.'),
  ('tag_rule', 'origin', 'List it comes from, with its date.'),
  ('tag_rule', 'created_at', 'When.'),
  ('tag_rule', 'created_by', 'Operator or list update.'),
  ('tag_rule', 'retired_at', 'No longer in force since.'),
  ('annotation', '',
   'What people noted later on a source, session, credential, artifact or incident. Insert only; a row can withdraw '
   'another.'),
  ('annotation', 'annotation_id', 'Number.'),
  ('*', 'operator', 'Who.'),
  ('annotation', 'subject_kind', 'What is annotated.'),
  ('annotation', 'subject', 'Its address, id or hex digest.'),
  ('*', 'note', 'Free text.'),
  ('annotation', 'withdraws', '-> annotation.annotation_id that no longer holds.'),
  ('incident', '', 'Alerts grouped for people.'),
  ('*', 'incident_id', 'Number. -> incident.incident_id'),
  ('*', 'opened_at', 'When.'),
  ('*', 'rule', 'Rule that opened it.'),
  ('*', 'severity', '1 low to 4 critical.'),
  ('*', 'title', 'In words.'),
  ('incident_change', '', 'History of an incident; the last row is its state. Insert only.'),
  ('*', 'state', 'new, acknowledged or closed.'),
  ('*', 'assignee', 'Who works on it.'),
  ('rollup_5m_protocol', '', 'Ended sessions by 5 minutes and protocol.'),
  ('rollup_hour_protocol', '', 'Ended sessions by hour and protocol.'),
  ('rollup_hour_sensor', '', 'Ended sessions by hour, sensor and protocol.'),
  ('rollup_hour_country', '', 'Ended sessions by hour and country.'),
  ('rollup_hour_source', '', 'Ended sessions by hour and source, for policy.hour_source_days.'),
  ('rollup_hour_credential', '', 'Uses of credentials by hour of the session''s start.'),
  ('source_day', '',
   'Ended sessions by UTC day, source and sensor. count(DISTINCT source) here is the exact number of unique sources.'),
  ('rollup_day_port', '', 'Ended sessions by UTC day and port.'),
  ('*', 'bucket_at', 'Start of the bucket, UTC, by the session''s start.'),
  ('*', 'day_at', 'Start of the UTC day.'),
  ('session_summary', '',
   'Every session, ended or open (outcome = open), readable. Includes self-tests and known scanners. Give a range of '
   'started_at.'),
  ('attack', '',
   'session_summary WHERE traffic = ''attack'': without self-tests and known scanners. Give a range of started_at.'),
  ('*', 'duration', 'ended_at - started_at.'),
  ('*', 'sensor', 'Name of the sensor.'),
  ('credential_use', '', 'Logins tried in ended sessions WHERE traffic = ''attack''. Give a range of started_at.'),
  ('*', 'username', 'Escaped, first 256 characters.'),
  ('*', 'secret', 'Escaped, first 256 characters.'),
  ('source_profile', '', 'One row per address ever seen as traffic = ''attack'', over all collectors.'),
  ('event_text', '', 'event with its kind in words and its bytes escaped.'),
  ('*', 'size', 'Bytes.'),
  ('*', 'text', 'Bytes escaped as in the journal.'),
  ('*', 'kind', 'In words.'),
  ('incident_current', '', 'Incidents with their present state.'),
  ('*', 'changed_at', 'Time of the last change.'),
  ('dictionary', '', 'This dictionary: every table, view and column with its meaning.'),
  ('dictionary', 'relation', 'Table or view.'),
  ('dictionary', 'column_name', 'Null: the relation itself.'),
  ('dictionary', 'type', 'PostgreSQL type.'),
  ('dictionary', 'meaning', 'The comment.'),
  ('dictionary', 'position', 'Order of the columns.'),
  ('*', 'site', 'Place or network of the sensor.');
DO $$
DECLARE r record;
BEGIN
  FOR r IN SELECT c.oid, c.relname, c.relkind, a.attname, coalesce(d.txt, w.txt) AS txt FROM pg_class c
             LEFT JOIN LATERAL (SELECT attname FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0
               AND NOT attisdropped UNION ALL SELECT '') a ON true
             LEFT JOIN doc d ON d.rel = c.relname AND d.col = a.attname LEFT JOIN doc w ON w.rel = '*'
               AND w.col = a.attname
            WHERE c.relnamespace = 'apiary'::regnamespace AND c.relkind IN ('r','p','v') LOOP
    IF r.txt IS NULL THEN RAISE EXCEPTION 'no comment for %.%', r.relname, r.attname; END IF;
    IF r.attname = '' THEN EXECUTE format('COMMENT ON %s apiary.%I IS %L',
      CASE r.relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END, r.relname, r.txt);
    ELSE EXECUTE format('COMMENT ON COLUMN apiary.%I.%I IS %L', r.relname, r.attname, r.txt); END IF;
  END LOOP;
END $$;
COMMENT ON TABLE apiary_secret.enrolment_token IS 'One-time tokens, only their SHA-256. Not readable by apiary_reader.';
