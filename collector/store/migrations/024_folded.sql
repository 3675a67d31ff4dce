-- Apiary, schema version 24: sessions that are equal but for addresses and times are kept once, with their members. Run as
-- apiary_owner in one transaction, after all before it.
SET LOCAL client_min_messages = warning;
SET LOCAL search_path = apiary, pg_catalog;

-- ---------------------------------------------------------------- folds
-- What the collector does with rows is not a sensor's to say: so it is named here, and not in a record.
CREATE TABLE fold_service(sensor_id int REFERENCES sensor, service text CHECK (length(service) BETWEEN 1 AND 256),
  since timestamptz NOT NULL DEFAULT now(), by text NOT NULL DEFAULT session_user, PRIMARY KEY (sensor_id, service));
COMMENT ON TABLE fold_service IS
  'Services whose sessions are folded when they are alike; of others nothing is. What is folded stays so when a row goes.';
COMMENT ON COLUMN fold_service.sensor_id IS '-> sensor.sensor_id';
COMMENT ON COLUMN fold_service.service IS 'Name of the service in the sensor''s configuration.';
COMMENT ON COLUMN fold_service.since IS 'When it was asked for.';
COMMENT ON COLUMN fold_service.by IS 'By whom.';

-- What differs from member to member are numbers: each as its distance from the least one, in as many bytes as the largest
-- distance takes. The last bytes of all members are in low, the others in high: there much is alike, and PostgreSQL
-- compresses it. They are: 1 ms of the start behind the fold's, 2 us from start to end, 3 us since 1970 of received_at, 4 the
-- source's port, 5 the target's distance from the fold's, 6 the clock's offset, then us of each event behind the one before
-- it, then the bytes of syn that differ. What of an id is not its time is ten bytes of noise, and kept as it is.
CREATE TABLE session_fold(fold_id uuid, started_at timestamptz, last_at timestamptz NOT NULL,
  folded_at timestamptz NOT NULL DEFAULT now(), members int NOT NULL CHECK (members >= 2),
  sensor_id int NOT NULL, collector_id smallint NOT NULL, source inet NOT NULL, source_scope text NOT NULL,
  target inet NOT NULL, target_port int NOT NULL, transport text NOT NULL, protocol text NOT NULL, detected text, service text,
  persona text, outcome text NOT NULL, bytes_in bigint NOT NULL, bytes_out bigint NOT NULL, packets int NOT NULL,
  events int NOT NULL, login_accepted boolean NOT NULL, country text, asn bigint, enrichment text, community_id text,
  tags text[] NOT NULL, techniques text[] NOT NULL,
  traffic text NOT NULL GENERATED ALWAYS AS (CASE WHEN 'self-test' = ANY (tags) THEN 'self-test'
    WHEN 'known-scanner' = ANY (tags) THEN 'known-scanner' ELSE 'attack' END) STORED,
  syn bytea, syn_places int[] NOT NULL,
  seqs int[] NOT NULL, kinds smallint[] NOT NULL, channels smallint[] NOT NULL, payloads bytea[] NOT NULL,
  bases bigint[] NOT NULL, widths smallint[] NOT NULL, low_at int[] NOT NULL, high_at int[] NOT NULL,
  ids bytea NOT NULL, low bytea NOT NULL, high bytea NOT NULL,
  PRIMARY KEY (fold_id, started_at), CONSTRAINT fold_id_is_start CHECK (started_at = apiary.uuid_time(fold_id)),
  CHECK (last_at >= started_at)) PARTITION BY RANGE (started_at);
ALTER TABLE session_fold ALTER COLUMN ids SET STORAGE EXTERNAL;
CREATE INDEX ON session_fold (source, started_at);
CREATE INDEX ON session_fold (sensor_id, service, last_at);

CREATE OR REPLACE FUNCTION partitioned_tables() RETURNS text[] LANGUAGE sql IMMUTABLE AS
$$ SELECT ARRAY['session','event','credential','command','fingerprint','artifact_sighting','probe','session_fold'] $$;

-- ---------------------------------------------------------------- reading
CREATE FUNCTION fold_number(p_low bytea, p_high bytea, p_members int, p_member int, p_base bigint, p_width smallint,
  p_low_at int, p_high_at int) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE p_width WHEN 0 THEN p_base
    WHEN 1 THEN p_base + get_byte(p_low, p_low_at * p_members + p_member)
    ELSE p_base + get_byte(p_low, p_low_at * p_members + p_member)
      + (get_byte(p_high, (p_high_at + p_width - 2) * p_members + p_member)::bigint << 8)
      + CASE WHEN p_width > 2 THEN get_byte(p_high, (p_high_at + p_width - 3) * p_members + p_member)::bigint << 16 ELSE 0 END
      + CASE WHEN p_width > 3 THEN get_byte(p_high, (p_high_at + p_width - 4) * p_members + p_member)::bigint << 24 ELSE 0 END
      + CASE WHEN p_width > 4 THEN get_byte(p_high, (p_high_at + p_width - 5) * p_members + p_member)::bigint << 32 ELSE 0 END
      + CASE WHEN p_width > 5 THEN get_byte(p_high, (p_high_at + p_width - 6) * p_members + p_member)::bigint << 40 ELSE 0 END
      + CASE WHEN p_width > 6 THEN get_byte(p_high, (p_high_at + p_width - 7) * p_members + p_member)::bigint << 48 ELSE 0 END
      + CASE WHEN p_width > 7 THEN get_byte(p_high, (p_high_at + p_width - 8) * p_members + p_member)::bigint << 56 ELSE 0 END
    END $$;
COMMENT ON FUNCTION fold_number(bytea, bytea, int, int, bigint, smallint, int, int) IS
  'Internal: a number of a member (from 0) of a fold.';

-- The bytes are unpacked once for a fold, and not for each number; what is not of the time that is asked for is known by its
-- first number alone.
CREATE FUNCTION fold_members(p_fold apiary.session_fold)
  RETURNS TABLE (member int, low bytea, high bytea, session_id uuid, started_at timestamptz, ended_at timestamptz,
    received_at timestamptz, source_port int, target inet, clock_offset_ms int) LANGUAGE sql STABLE PARALLEL SAFE ROWS 500 AS $$
  SELECT i, d.low, d.high, encode(substr(int8send(d.began + apiary.fold_number(d.low, d.high, d.n, i, d.b[1], d.w[1], d.l[1],
      d.h[1])), 3) || substr(d.ids, i * 10 + 1, 10), 'hex')::uuid,
    (p_fold).started_at + apiary.fold_number(d.low, d.high, d.n, i, d.b[1], d.w[1], d.l[1], d.h[1]) * interval '1 ms',
    (p_fold).started_at + apiary.fold_number(d.low, d.high, d.n, i, d.b[1], d.w[1], d.l[1], d.h[1]) * interval '1 ms'
      + x.lasted * interval '1 us',
    'epoch'::timestamptz + x.received * interval '1 us', x.port::int, (p_fold).target + x.distance, x.clock::int
  FROM (SELECT (p_fold).ids || ''::bytea AS ids, (p_fold).low || ''::bytea AS low, (p_fold).high || ''::bytea AS high,
      (p_fold).members AS n, (p_fold).bases AS b, (p_fold).widths AS w, (p_fold).low_at AS l, (p_fold).high_at AS h,
      ('x' || left(replace((p_fold).fold_id::text, '-', ''), 12))::bit(48)::bigint AS began OFFSET 0) d,
    generate_series(0, d.n - 1) i,
    LATERAL (SELECT apiary.fold_number(d.low, d.high, d.n, i, d.b[2], d.w[2], d.l[2], d.h[2]) AS lasted,
      apiary.fold_number(d.low, d.high, d.n, i, d.b[3], d.w[3], d.l[3], d.h[3]) AS received,
      apiary.fold_number(d.low, d.high, d.n, i, d.b[4], d.w[4], d.l[4], d.h[4]) AS port,
      apiary.fold_number(d.low, d.high, d.n, i, d.b[5], d.w[5], d.l[5], d.h[5]) AS distance,
      apiary.fold_number(d.low, d.high, d.n, i, d.b[6], d.w[6], d.l[6], d.h[6]) AS clock OFFSET 0) x $$;
COMMENT ON FUNCTION fold_members(apiary.session_fold) IS 'Internal: what differs between the sessions of a fold.';
CREATE FUNCTION fold_syn(p_fold apiary.session_fold, p_low bytea, p_high bytea, p_member int) RETURNS bytea
  LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE syn bytea := (p_fold).syn; places int[] := (p_fold).syn_places; k int := 6 + cardinality((p_fold).seqs);
BEGIN
  FOR i IN 1 .. cardinality(places) LOOP
    k := k + 1;
    syn := set_byte(syn, places[i], apiary.fold_number(p_low, p_high, (p_fold).members, p_member, (p_fold).bases[k],
      (p_fold).widths[k], (p_fold).low_at[k], (p_fold).high_at[k])::int);
  END LOOP;
  RETURN syn;
END $$;
COMMENT ON FUNCTION fold_syn(apiary.session_fold, bytea, bytea, int) IS 'Internal: the SYN of a member of a fold.';

-- What reads folds is planned once in a session, and not in each question anew, and costs next to nothing where there are
-- none. A fold lies within an hour.
CREATE FUNCTION folds_between(p_from timestamptz, p_to timestamptz) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN EXISTS (SELECT FROM apiary.session_fold WHERE started_at >= p_from - interval '1 hour' AND started_at < p_to);
END $$;
COMMENT ON FUNCTION folds_between(timestamptz, timestamptz) IS
  'Whether sessions that began in [from, to) may be kept in folds.';
CREATE FUNCTION folded_sessions(p_from timestamptz, p_to timestamptz, p_syn boolean DEFAULT true) RETURNS SETOF apiary.session
  LANGUAGE plpgsql STABLE ROWS 1000 AS $$
BEGIN
  IF NOT apiary.folds_between(p_from, p_to) THEN RETURN; END IF;
  RETURN QUERY SELECT m.session_id, m.started_at, m.ended_at, m.received_at, f.sensor_id, f.collector_id, f.source,
    m.source_port, f.source_scope, m.target, f.target_port, f.transport, f.protocol, f.detected, f.service, f.persona,
    f.outcome, f.bytes_in, f.bytes_out, f.packets, f.events, 0, 0, 0, f.login_accepted, NULL::bytea, f.country, f.asn,
    f.enrichment, f.community_id, f.tags, f.techniques, f.traffic,
    CASE WHEN p_syn THEN apiary.fold_syn(f, m.low, m.high, m.member) END, m.clock_offset_ms, NULL::text, NULL::bytea
  FROM apiary.session_fold f CROSS JOIN LATERAL apiary.fold_members(f) m
  WHERE f.started_at >= p_from - interval '1 hour' AND f.started_at < p_to AND f.last_at >= p_from
    AND m.started_at >= p_from AND m.started_at < p_to;
END $$;
COMMENT ON FUNCTION folded_sessions(timestamptz, timestamptz, boolean) IS
  'The sessions that began in [from, to) and are kept in folds, as rows of session, without journal_sha256: see session_all. '
  'syn costs most of it.';
CREATE FUNCTION folded_session(p_session uuid) RETURNS SETOF apiary.session LANGUAGE sql STABLE ROWS 1 AS $$
  SELECT * FROM apiary.folded_sessions(apiary.uuid_time(p_session), apiary.uuid_time(p_session) + interval '1 ms')
   WHERE session_id = p_session $$;
COMMENT ON FUNCTION folded_session(uuid) IS 'The row of this session, if it is kept in a fold; without journal_sha256.';

CREATE FUNCTION folded_events(p_from timestamptz, p_to timestamptz) RETURNS SETOF apiary.event
  LANGUAGE plpgsql STABLE ROWS 1000 AS $$
BEGIN
  IF NOT apiary.folds_between(p_from, p_to) THEN RETURN; END IF;
  RETURN QUERY SELECT m.session_id, m.started_at, f.seqs[e], m.started_at + (SELECT sum(apiary.fold_number(m.low, m.high,
      f.members, m.member, f.bases[k], f.widths[k], f.low_at[k], f.high_at[k])) FROM generate_series(7, 6 + e) k)::bigint
      * interval '1 us', f.kinds[e], f.channels[e], f.payloads[e]
  FROM apiary.session_fold f CROSS JOIN LATERAL apiary.fold_members(f) m
    CROSS JOIN LATERAL generate_series(1, cardinality(f.seqs)) e
  WHERE f.started_at >= p_from - interval '1 hour' AND f.started_at < p_to AND f.last_at >= p_from
    AND m.started_at >= p_from AND m.started_at < p_to;
END $$;
COMMENT ON FUNCTION folded_events(timestamptz, timestamptz) IS
  'The events of sessions that began in [from, to) and are kept in folds, as rows of event.';
CREATE FUNCTION events_of_folded(p_session uuid) RETURNS SETOF apiary.event LANGUAGE sql STABLE ROWS 10 AS $$
  SELECT * FROM apiary.folded_events(apiary.uuid_time(p_session), apiary.uuid_time(p_session) + interval '1 ms')
   WHERE session_id = p_session $$;
COMMENT ON FUNCTION events_of_folded(uuid) IS 'The events of this session, if it is kept in a fold.';

CREATE FUNCTION folded_among(p_sessions uuid[]) RETURNS SETOF uuid LANGUAGE plpgsql STABLE AS $$
DECLARE lo timestamptz; hi timestamptz;
BEGIN
  SELECT min(apiary.uuid_time(u)), max(apiary.uuid_time(u)) INTO lo, hi FROM unnest(p_sessions) u;
  IF NOT apiary.folds_between(lo, hi + interval '1 ms') THEN RETURN; END IF;
  RETURN QUERY SELECT m.session_id FROM apiary.session_fold f CROSS JOIN LATERAL apiary.fold_members(f) m
    WHERE f.started_at >= lo - interval '1 hour' AND f.started_at <= hi AND f.last_at >= lo
      AND EXISTS (SELECT FROM unnest(p_sessions) u WHERE apiary.uuid_time(u) BETWEEN f.started_at AND f.last_at)
      AND m.session_id = ANY (p_sessions);
END $$;
COMMENT ON FUNCTION folded_among(uuid[]) IS 'Those of the sessions that are kept in folds.';

CREATE FUNCTION folded_newest(p_sensor int, p_service text, p_after timestamptz, p_most int) RETURNS SETOF timestamptz
  LANGUAGE plpgsql STABLE AS $$
DECLARE reach timestamptz;
BEGIN
  -- The newest folds that hold so many together, and all that began no earlier than these.
  SELECT started_at INTO reach FROM (SELECT f.started_at, sum(f.members) OVER (ORDER BY f.started_at DESC, f.fold_id DESC) AS n
      FROM apiary.session_fold f WHERE f.sensor_id = p_sensor AND f.service = p_service AND f.traffic <> 'self-test'
        AND f.started_at > p_after - interval '1 hour') x WHERE n >= p_most ORDER BY started_at DESC LIMIT 1;
  RETURN QUERY SELECT m.started_at FROM apiary.session_fold f CROSS JOIN LATERAL apiary.fold_members(f) m
    WHERE f.sensor_id = p_sensor AND f.service = p_service AND f.traffic <> 'self-test'
      AND f.started_at > p_after - interval '1 hour' AND f.last_at >= coalesce(reach, p_after)
      AND m.started_at > p_after ORDER BY 1 DESC LIMIT p_most;
END $$;
COMMENT ON FUNCTION folded_newest(int, text, timestamptz, int) IS
  'When the newest sessions of a service that are kept in folds began, but for self-tests.';

-- ---------------------------------------------------------------- text logs of many
CREATE FUNCTION log_stamp(timestamptz) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT to_char($1 AT TIME ZONE 'UTC', 'Dy Mon DD HH24:MI:SS "UTC" YYYY') $$;
COMMENT ON FUNCTION log_stamp(timestamptz) IS 'Internal: a time as the text logs have it.';
CREATE FUNCTION log_digest(p_started timestamptz, p_ended timestamptz, p_source text, p_source_port int, p_target text,
  p_target_port int, p_protocol text, p_footer text, p_at timestamptz[], p_kinds smallint[], p_lines text[]) RETURNS bytea
  LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE source text := p_source || ':' || p_source_port; target text := p_target || ':' || p_target_port;
  log text := E'*****\n*****Started at: ' || apiary.log_stamp(p_started) ||
    E'*****\nTIMESTAMP, SRC_IP:PRT, DST_IP:PRT, PACKET\n';
BEGIN
  FOR i IN 1 .. cardinality(p_kinds) LOOP
    IF p_kinds[i] = 0 THEN
      log := log || apiary.log_stamp(p_at[i]) || ',' || source || ',' || target || ',' || p_lines[i] || E'\n';
    ELSIF p_kinds[i] = 1 THEN
      log := log || apiary.log_stamp(p_at[i]) || ',' || target || ',' || source || ',' || p_lines[i] || E'\n';
    END IF;
  END LOOP;
  RETURN sha256(convert_to(log || '*****Protocol ' || upper(p_protocol) || ' ' || p_footer || ' /' || p_source ||
    ' using local port ' || p_target_port || E', connection closed.****\n*****Stopped at: ' || apiary.log_stamp(p_ended) ||
    E'*****\n*****\n', 'UTF8'));
END $$;
COMMENT ON FUNCTION log_digest(timestamptz, timestamptz, text, int, text, int, text, text, timestamptz[], smallint[], text[]) IS
  'Internal: transcript_digest() of a session without data channels, of what is in hand.';
CREATE FUNCTION folded_digests(p_from timestamptz, p_to timestamptz)
  RETURNS TABLE (session_id uuid, sensor_id int, outcome text, digest bytea) LANGUAGE plpgsql STABLE ROWS 1000 AS $$
BEGIN
  IF NOT apiary.folds_between(p_from, p_to) THEN RETURN; END IF;
  RETURN QUERY SELECT m.session_id, f.sensor_id, f.outcome, apiary.log_digest(m.started_at, m.ended_at, host(f.source),
      m.source_port, host(m.target), f.target_port, f.protocol, o.footer, ARRAY(SELECT m.started_at + sum(apiary.fold_number(
        m.low, m.high, f.members, m.member, f.bases[k], f.widths[k], f.low_at[k], f.high_at[k])) OVER (ORDER BY k)::bigint
        * interval '1 us' FROM generate_series(7, 6 + cardinality(f.seqs)) k ORDER BY k), f.kinds, l.lines)
    FROM apiary.session_fold f JOIN apiary.outcome o ON o.outcome = f.outcome
      CROSS JOIN LATERAL (SELECT ARRAY(SELECT apiary.escape(y.b) FROM unnest(f.payloads) WITH ORDINALITY y(b, n) ORDER BY y.n)
        AS lines OFFSET 0) l
      CROSS JOIN LATERAL apiary.fold_members(f) m
    WHERE f.started_at >= p_from - interval '1 hour' AND f.started_at < p_to AND f.last_at >= p_from
      AND m.started_at >= p_from AND m.started_at < p_to;
END $$;
COMMENT ON FUNCTION folded_digests(timestamptz, timestamptz) IS
  'transcript_digest() of all sessions that began in [from, to) and are kept in folds.';

-- ---------------------------------------------------------------- folding
CREATE FUNCTION fold_pack(p_numbers bigint[], OUT base bigint, OUT width smallint, OUT low bytea, OUT high bytea)
  LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
#variable_conflict use_column
DECLARE span bigint; plane bytea;
BEGIN
  SELECT min(v), max(v) - min(v) INTO base, span FROM unnest(p_numbers) v;
  width := CASE WHEN span = 0 THEN 0 ELSE (length(to_hex(span)) + 1) / 2 END;
  low := ''; high := '';
  FOR i IN REVERSE width - 1 .. 0 LOOP
    SELECT string_agg(substr(int8send(v - base), 8 - i, 1), ''::bytea ORDER BY n) INTO plane
      FROM unnest(p_numbers) WITH ORDINALITY x(v, n);
    IF i = 0 THEN low := plane; ELSE high := high || plane; END IF;
  END LOOP;
END $$;
COMMENT ON FUNCTION fold_pack(bigint[]) IS 'Internal: numbers as session_fold keeps them.';

CREATE FUNCTION fold_columns() RETURNS text LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = 'apiary.session'::regclass
    AND attnum > 0 AND NOT attisdropped AND attgenerated = '' AND attname <> 'journal_sha256' $$;
COMMENT ON FUNCTION fold_columns() IS
  'Internal: what must be the same of a session before it is folded and behind it. What a later version adds, too.';

-- The rows are few and then many, of which the planner knows nothing: what is looked up one by one is written so, and all
-- else is joined by hash. One that has a text log of its own stays a row, and what has more than events: a row is what its file, its logins and
-- its commands belong to. Nothing is deleted before it was read back from the fold and compared.
CREATE FUNCTION fold_write(p_from timestamptz, p_to timestamptz, p_collector smallint, p_most int,
  OUT upto timestamptz, OUT folds bigint, OUT sessions bigint) LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp SET lock_timeout = '1s' SET enable_nestloop = off AS $$
#variable_conflict use_column
DECLARE g record; p record; numbers bigint[]; bases bigint[]; widths smallint[]; lows int[]; highs int[]; low bytea; high bytea;
  places int[]; made uuid[]; gone uuid[]; n bigint; lows_now int; highs_now int; columns text;
BEGIN
  IF p_from IS NULL OR p_to IS NULL OR p_from >= p_to OR p_to > now() - interval '10 min' OR p_most < 2 THEN
    RAISE EXCEPTION 'fold_write: from a time to a later one, 10 minutes ago at the latest' USING ERRCODE = '22023';
  END IF;
  folds := 0; sessions := 0; upto := p_to;
  IF p_to <= apiary.accepted_from() THEN RETURN; END IF;  -- retention has given that up
  LOCK TABLE apiary.session_fold IN SHARE ROW EXCLUSIVE MODE;  -- others read, nobody folds or unfolds
  SELECT s.started_at INTO upto FROM apiary.fold_service k JOIN apiary.session s USING (sensor_id, service)
    WHERE s.started_at >= p_from AND s.started_at < p_to AND s.journal_path IS NULL ORDER BY s.started_at OFFSET p_most LIMIT 1;
  upto := coalesce(upto + interval '1 ms', p_to);
  IF NOT EXISTS (SELECT FROM apiary.fold_service k JOIN apiary.session s USING (sensor_id, service)
    WHERE s.started_at >= p_from AND s.started_at < upto AND s.journal_path IS NULL) THEN RETURN; END IF;
  PERFORM apiary.ensure_partitions(greatest(p_from, apiary.accepted_from()), upto);
  FOR g IN
    WITH s AS MATERIALIZED (SELECT t.* FROM apiary.fold_service k CROSS JOIN LATERAL (SELECT * FROM apiary.session c
        WHERE c.sensor_id = k.sensor_id AND c.service = k.service AND c.started_at >= greatest(p_from, apiary.accepted_from())
          AND c.started_at < upto AND c.journal_path IS NULL AND c.journal_sha256 IS NOT NULL
          AND c.collector_id = p_collector AND c.received_at < now() - interval '10 min' AND c.outcome <> 'unfinished'
          AND c.credentials = 0 AND c.commands = 0 AND c.artifacts = 0 AND c.command_digest IS NULL
          AND c.clock_offset_ms IS NOT NULL AND c.events <= 64 OFFSET 0) t),
    y AS MATERIALIZED (SELECT s.*, x.*, date_bin('1 hour', s.started_at, '2000-01-01 00:00+00') AS hour,
        network(set_masklen(s.target, CASE family(s.target) WHEN 4 THEN 8 ELSE 72 END)) AS near, length(s.syn) AS syn_length
      FROM s CROSS JOIN LATERAL (SELECT coalesce(array_agg(seq ORDER BY seq), '{}') AS seqs,
          coalesce(array_agg(kind ORDER BY seq), '{}') AS kinds, coalesce(array_agg(channel ORDER BY seq), '{}') AS channels,
          coalesce(array_agg(bytes ORDER BY seq), '{}') AS payloads, coalesce(array_agg(at ORDER BY seq), '{}') AS times,
          coalesce(array_agg(behind ORDER BY seq), '{}') AS behind,
          coalesce(bool_and(kind IN (0, 1, 2, 4) AND channel = 0) AND sum(length(bytes)) <= 65536, true) AS plain
        FROM (SELECT v.seq, v.at, v.kind, v.channel, v.bytes,
            (extract(epoch FROM v.at - lag(v.at, 1, s.started_at) OVER (ORDER BY v.seq)) * 1000000)::bigint AS behind
          FROM apiary.event v WHERE v.session_id = s.session_id AND v.started_at = s.started_at) q) x WHERE x.plain),
    z AS MATERIALIZED (SELECT y.*, dense_rank() OVER w AS number FROM y
      WINDOW w AS (ORDER BY hour, sensor_id, source, source_scope, near, target_port, transport, protocol, detected, service,
        persona, outcome, bytes_in, bytes_out, packets, events, login_accepted, country, asn, enrichment, community_id, tags,
        techniques, syn_length, seqs, kinds, channels, payloads)),
    -- A text is escaped once for all that are alike.
    l AS MATERIALIZED (SELECT number, ARRAY(SELECT apiary.escape(b) FROM unnest(payloads) WITH ORDINALITY q(b, n) ORDER BY n)
        AS lines FROM (SELECT DISTINCT ON (number) number, payloads FROM z ORDER BY number) q),
    d AS MATERIALIZED (SELECT z.*, count(*) OVER (PARTITION BY number) AS likes, (row_number() OVER (PARTITION BY number
        ORDER BY z.started_at, z.session_id) - 1) / 4096 AS part
      FROM z JOIN l USING (number) JOIN apiary.outcome o USING (outcome)
      WHERE apiary.log_digest(z.started_at, z.ended_at, host(z.source), z.source_port, host(z.target), z.target_port,
        z.protocol, o.footer, z.times, z.kinds, l.lines) = z.journal_sha256)
    SELECT min(sensor_id) AS sensor_id, min(source) AS source, min(source_scope) AS source_scope, min(target) AS target,
      min(target_port) AS target_port, min(transport) AS transport, min(protocol) AS protocol, min(detected) AS detected,
      min(service) AS service, min(persona) AS persona, min(outcome) AS outcome, min(bytes_in) AS bytes_in,
      min(bytes_out) AS bytes_out, min(packets) AS packets, min(events) AS events, bool_or(login_accepted) AS login_accepted,
      min(country) AS country, min(asn) AS asn, min(enrichment) AS enrichment, min(community_id) AS community_id,
      min(tags) AS tags, min(techniques) AS techniques, min(seqs) AS seqs, min(kinds) AS kinds, min(channels) AS channels,
      min(payloads) AS payloads, max(started_at) AS last_at,
      array_agg(session_id ORDER BY started_at, session_id) AS ids, array_agg(syn ORDER BY started_at, session_id) AS syns,
      array_agg((extract(epoch FROM ended_at - started_at) * 1000000)::bigint ORDER BY started_at, session_id) AS lasted,
      array_agg((extract(epoch FROM received_at) * 1000000)::bigint ORDER BY started_at, session_id) AS received,
      array_agg(source_port::bigint ORDER BY started_at, session_id) AS ports,
      array_agg(target ORDER BY started_at, session_id) AS targets,
      array_agg(clock_offset_ms::bigint ORDER BY started_at, session_id) AS clocks,
      array_agg(behind || 0::bigint ORDER BY started_at, session_id) AS behind  -- none may be empty
    FROM d WHERE likes > 1 GROUP BY number, part HAVING count(*) > 1
  LOOP
    places := coalesce(ARRAY(SELECT i FROM generate_series(0, length(g.syns[1]) - 1) i
      WHERE EXISTS (SELECT FROM unnest(g.syns) q WHERE get_byte(q, i) <> get_byte(g.syns[1], i)) ORDER BY i), '{}');
    bases := '{}'; widths := '{}'; lows := '{}'; highs := '{}'; low := ''; high := ''; lows_now := 0; highs_now := 0;
    FOR k IN 1 .. 6 + cardinality(g.seqs) + cardinality(places) LOOP
      numbers := CASE
        WHEN k = 1 THEN ARRAY(SELECT ('x' || encode(substr(uuid_send(u), 1, 6), 'hex'))::bit(48)::bigint
          - ('x' || encode(substr(uuid_send(g.ids[1]), 1, 6), 'hex'))::bit(48)::bigint
          FROM unnest(g.ids) WITH ORDINALITY q(u, o) ORDER BY o)
        WHEN k = 2 THEN g.lasted WHEN k = 3 THEN g.received WHEN k = 4 THEN g.ports
        WHEN k = 5 THEN ARRAY(SELECT t - g.target FROM unnest(g.targets) WITH ORDINALITY q(t, o) ORDER BY o)
        WHEN k = 6 THEN g.clocks
        WHEN k <= 6 + cardinality(g.seqs) THEN ARRAY(SELECT g.behind[o][k - 6] FROM generate_series(1, cardinality(g.ids)) o
          ORDER BY o)
        ELSE ARRAY(SELECT get_byte(q, places[k - 6 - cardinality(g.seqs)])::bigint
          FROM unnest(g.syns) WITH ORDINALITY r(q, o) ORDER BY o) END;
      p := apiary.fold_pack(numbers);
      bases := bases || p.base; widths := widths || p.width; lows := lows || lows_now; highs := highs || highs_now;
      low := low || p.low; high := high || p.high;
      lows_now := lows_now + least(p.width, 1); highs_now := highs_now + greatest(p.width - 1, 0);
    END LOOP;
    INSERT INTO apiary.session_fold(fold_id, started_at, last_at, members, sensor_id, collector_id, source, source_scope, target,
        target_port, transport, protocol, detected, service, persona, outcome, bytes_in, bytes_out, packets, events,
        login_accepted, country, asn, enrichment, community_id, tags, techniques, syn, syn_places, seqs, kinds, channels,
        payloads, bases, widths, low_at, high_at, ids, low, high)
      VALUES (g.ids[1], apiary.uuid_time(g.ids[1]), g.last_at, cardinality(g.ids), g.sensor_id, p_collector, g.source,
        g.source_scope, g.target, g.target_port, g.transport, g.protocol, g.detected, g.service, g.persona, g.outcome,
        g.bytes_in, g.bytes_out, g.packets, g.events, g.login_accepted, g.country, g.asn, g.enrichment, g.community_id, g.tags,
        g.techniques, g.syns[1], places, g.seqs, g.kinds, g.channels, g.payloads, bases, widths, lows, highs,
        (SELECT string_agg(substr(uuid_send(u), 7), ''::bytea ORDER BY o) FROM unnest(g.ids) WITH ORDINALITY q(u, o)), low, high);
    made := made || g.ids[1]; gone := gone || g.ids; folds := folds + 1;
  END LOOP;
  IF made IS NULL THEN RETURN; END IF;
  sessions := cardinality(gone);
  columns := apiary.fold_columns();
  EXECUTE format('SELECT count(*) FROM (SELECT %1$s FROM apiary.folded_sessions($1, $2) WHERE session_id = ANY ($3) INTERSECT '
    'SELECT %1$s FROM apiary.session WHERE started_at >= $1 AND started_at < $2 AND session_id = ANY ($3)) x', columns)
    INTO n USING p_from, upto, gone;
  IF n <> sessions THEN
    RAISE EXCEPTION 'fold_write: of % sessions only % are the same when folded; they stay as they are', sessions, n
      USING ERRCODE = 'AP003';
  END IF;
  SELECT count(*) - (SELECT count(*) FROM apiary.event WHERE started_at >= p_from AND started_at < upto
      AND session_id = ANY (gone)) INTO n FROM (
    SELECT * FROM apiary.folded_events(p_from, upto) WHERE session_id = ANY (gone) INTERSECT
    SELECT * FROM apiary.event WHERE started_at >= p_from AND started_at < upto AND session_id = ANY (gone)) x;
  IF n <> 0 THEN
    RAISE EXCEPTION 'fold_write: events of % sessions are not all the same when folded; they stay as they are', sessions
      USING ERRCODE = 'AP003';
  END IF;
  DELETE FROM apiary.event WHERE started_at >= p_from AND started_at < upto AND session_id = ANY (gone);
  DELETE FROM apiary.session WHERE started_at >= p_from AND started_at < upto AND session_id = ANY (gone);
END $$;
COMMENT ON FUNCTION fold_write(timestamptz, timestamptz, smallint, int) IS
  'Folds sessions of one collector and of fold_service that began in [from, upto) and are alike: their rows in session and event '
  'become one in session_fold for each hour and 4,096 of them. upto is where it stopped, with about so many candidates '
  'behind it. Changes nothing that any view for people, transcript() or a rollup shows. Not of the last 10 minutes.';

-- The way back, before anything of them is changed.
CREATE FUNCTION unfold(p_folds uuid[]) RETURNS bigint LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE lo timestamptz; hi timestamptz; columns text := apiary.fold_columns(); ids uuid[]; n bigint; total bigint;
BEGIN
  IF coalesce(cardinality(p_folds), 0) = 0 THEN RETURN 0; END IF;
  LOCK TABLE apiary.session_fold IN SHARE ROW EXCLUSIVE MODE;
  SELECT min(started_at), max(last_at) + interval '1 ms', sum(members) INTO lo, hi, total FROM apiary.session_fold
    WHERE fold_id = ANY (p_folds);
  IF lo IS NULL THEN RETURN 0; END IF;
  SELECT array_agg(m.session_id) INTO ids FROM apiary.session_fold f CROSS JOIN LATERAL apiary.fold_members(f) m
    WHERE f.fold_id = ANY (p_folds);
  INSERT INTO apiary.event SELECT * FROM apiary.folded_events(lo, hi) WHERE session_id = ANY (ids);
  EXECUTE format('INSERT INTO apiary.session(%1$s, journal_sha256) SELECT %1$s, d.digest FROM apiary.folded_sessions($1, $2) s '
    'JOIN (SELECT session_id AS id, digest FROM apiary.folded_digests($1, $2)) d ON d.id = s.session_id '
    'WHERE s.session_id = ANY ($3)', columns) USING lo, hi, ids;
  GET DIAGNOSTICS n = ROW_COUNT;
  IF n <> total THEN RAISE EXCEPTION 'unfold: % sessions of %', n, total USING ERRCODE = 'AP003'; END IF;
  DELETE FROM apiary.session_fold WHERE fold_id = ANY (p_folds);
  RETURN n;
END $$;
COMMENT ON FUNCTION unfold(uuid[]) IS 'Makes the members of these folds rows again; returns how many. The owner''s.';
REVOKE ALL ON FUNCTION fold_write(timestamptz, timestamptz, smallint, int), unfold(uuid[]), fold_columns(), fold_pack(bigint[])
  FROM PUBLIC, apiary_reader;
GRANT EXECUTE ON FUNCTION fold_write(timestamptz, timestamptz, smallint, int) TO apiary_writer;
GRANT EXECUTE ON FUNCTION fold_number(bytea, bytea, int, int, bigint, smallint, int, int), fold_members(apiary.session_fold),
  fold_syn(apiary.session_fold, bytea, bytea, int), folds_between(timestamptz, timestamptz),
  folded_sessions(timestamptz, timestamptz, boolean), folded_session(uuid), folded_events(timestamptz, timestamptz),
  events_of_folded(uuid), folded_among(uuid[]), folded_newest(int, text, timestamptz, int), log_stamp(timestamptz), log_digest(timestamptz, timestamptz, text, int, text,
  int, text, text, timestamptz[], smallint[], text[]), folded_digests(timestamptz, timestamptz) TO apiary_reader, apiary_writer;

-- ---------------------------------------------------------------- what people read
-- As in version 2, with folded sessions.
CREATE OR REPLACE FUNCTION transcript(p_session uuid) RETURNS SETOF text LANGUAGE sql STABLE PARALLEL SAFE ROWS 50 AS $$
  WITH s AS MATERIALIZED (
    SELECT started_at, ended_at, source, source_port, target, target_port, protocol, outcome FROM apiary.session
     WHERE session_id = p_session AND started_at = apiary.uuid_time(p_session)
    UNION ALL
    SELECT started_at, ended_at, source, source_port, target, target_port, protocol, outcome
      FROM apiary.folded_session(p_session)
    UNION ALL
    SELECT started_at, NULL, source, source_port, target, target_port, protocol, NULL FROM apiary.session_open
     WHERE session_id = p_session AND NOT EXISTS (SELECT FROM apiary.session WHERE session_id = p_session
       AND started_at = apiary.uuid_time(p_session))
  ), e AS MATERIALIZED (
    SELECT seq, at, kind, channel, bytes FROM apiary.event
     WHERE session_id = p_session AND started_at = apiary.uuid_time(p_session) AND kind IN (0, 1, 3, 5)
    UNION ALL
    SELECT seq, at, kind, channel, bytes FROM apiary.events_of_folded(p_session) WHERE kind IN (0, 1)
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

CREATE VIEW session_all AS
  SELECT * FROM apiary.session
  UNION ALL
  SELECT session_id, started_at, ended_at, received_at, sensor_id, collector_id, source, source_port, source_scope, target,
    target_port, transport, protocol, detected, service, persona, outcome, bytes_in, bytes_out, packets, events, credentials,
    commands, artifacts, login_accepted, command_digest, country, asn, enrichment, community_id, tags, techniques, traffic, syn,
    clock_offset_ms, journal_path, apiary.transcript_digest(session_id)
  FROM apiary.folded_sessions('-infinity', 'infinity');
CREATE OR REPLACE VIEW session_summary AS
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
  FROM apiary.session_open o LEFT JOIN apiary.sensor n USING (sensor_id)
  UNION ALL
  SELECT f.session_id, f.started_at, f.ended_at, f.ended_at - f.started_at, n.name, n.site, f.source, f.source_port, f.country,
    f.asn, f.source_scope, f.target, f.target_port, f.transport, f.protocol, f.detected, f.service, f.outcome, f.packets,
    f.bytes_in, f.bytes_out, f.credentials, f.commands, f.artifacts, f.login_accepted, f.tags, f.traffic, f.community_id,
    f.sensor_id
  FROM apiary.folded_sessions('-infinity', 'infinity', false) f LEFT JOIN apiary.sensor n USING (sensor_id);
CREATE OR REPLACE VIEW event_text AS
  SELECT session_id, started_at, seq, at, (ARRAY['received','sent','tls','channel','anomaly','gap'])[kind + 1] AS kind,
    channel, length(bytes) AS size, apiary.escape(bytes) AS text FROM apiary.event
  UNION ALL
  SELECT session_id, started_at, seq, at, (ARRAY['received','sent','tls','channel','anomaly','gap'])[kind + 1],
    channel, length(bytes), apiary.escape(bytes) FROM apiary.folded_events('-infinity', 'infinity');
CREATE OR REPLACE FUNCTION time_between_attacks(p_from timestamptz, p_to timestamptz)
RETURNS TABLE (sensor_id int, target inet, source inet, country text, protocol text, started_at timestamptz,
  gap interval) LANGUAGE sql STABLE AS $$
  SELECT s.sensor_id, s.target, s.source, s.country, s.protocol, s.started_at,
    s.started_at - lag(s.started_at) OVER (PARTITION BY s.target ORDER BY s.started_at, s.session_id)
    FROM (SELECT session_id, sensor_id, target, source, country, protocol, started_at FROM apiary.session
        WHERE traffic = 'attack' AND started_at >= p_from AND started_at < p_to
      UNION ALL
      SELECT session_id, sensor_id, target, source, country, protocol, started_at
        FROM apiary.folded_sessions(p_from, p_to, false) WHERE traffic = 'attack') s $$;
CREATE OR REPLACE FUNCTION timeline(p_source inet, p_from timestamptz, p_to timestamptz)
RETURNS TABLE (at timestamptz, sensor text, what text, target inet, target_port int, detail text,
  session_id uuid) LANGUAGE sql STABLE AS $$
  SELECT * FROM (
    SELECT s.started_at, n.name, s.protocol, s.target, s.target_port,
      s.outcome || ', ' || s.credentials || ' credentials, ' || s.commands || ' commands', s.session_id
      FROM apiary.session s LEFT JOIN apiary.sensor n USING (sensor_id) WHERE s.source <<= p_source
        AND s.started_at >= p_from AND s.started_at < p_to
    UNION ALL
    SELECT s.started_at, n.name, s.protocol, s.target, s.target_port,
      s.outcome || ', ' || s.credentials || ' credentials, ' || s.commands || ' commands', s.session_id
      FROM apiary.folded_sessions(p_from, p_to, false) s LEFT JOIN apiary.sensor n USING (sensor_id) WHERE s.source <<= p_source
    UNION ALL
    SELECT p.started_at, n.name, 'probe ' || p.kind, p.target, p.target_port,
      p.packets || ' packets' || coalesce(', ' || p.tool, ''), NULL
      FROM apiary.probe p LEFT JOIN apiary.sensor n USING (sensor_id) WHERE p.source <<= p_source
        AND p.started_at >= p_from AND p.started_at < p_to) t ORDER BY 1 $$;
CREATE OR REPLACE FUNCTION sessions_5m(p_from timestamptz, p_to timestamptz) RETURNS TABLE (bucket_at timestamptz, protocol text,
  sessions bigint) LANGUAGE sql STABLE AS $$
  WITH e AS (SELECT date_bin('5 min', p_from + CASE WHEN p_from < kept THEN interval '0' ELSE interval '299.999999 s' END,
      '2000-01-01 00:00+00') AS lo, date_bin('5 min', p_to + CASE WHEN p_to < kept THEN interval '299.999999 s'
      ELSE interval '0' END, '2000-01-01 00:00+00') AS hi
    FROM (SELECT coalesce(rows_from::timestamp AT TIME ZONE 'UTC', '-infinity') AS kept FROM apiary.retained) r)
  SELECT x.bucket_at, x.protocol, sum(x.n)::bigint FROM (
    SELECT r.bucket_at, r.protocol, r.sessions AS n FROM apiary.rollup_5m_protocol r WHERE r.traffic = 'attack'
       AND r.bucket_at >= (SELECT lo FROM e) AND r.bucket_at < (SELECT hi FROM e)
    UNION ALL
    SELECT date_bin('5 min', s.started_at, '2000-01-01 00:00+00'), s.protocol,
      count(*) FROM apiary.session s WHERE s.traffic = 'attack'
       AND s.started_at >= p_from AND s.started_at < least((SELECT lo FROM e), p_to) GROUP BY 1, 2
    UNION ALL
    SELECT date_bin('5 min', s.started_at, '2000-01-01 00:00+00'), s.protocol,
      count(*) FROM apiary.session s WHERE s.traffic = 'attack'
       AND s.started_at >= greatest((SELECT hi FROM e), (SELECT lo FROM e)) AND s.started_at < p_to GROUP BY 1, 2
    UNION ALL
    SELECT date_bin('5 min', s.started_at, '2000-01-01 00:00+00'), s.protocol,
      count(*) FROM apiary.folded_sessions(p_from, least((SELECT lo FROM e), p_to), false) s WHERE s.traffic = 'attack' GROUP BY 1, 2
    UNION ALL
    SELECT date_bin('5 min', s.started_at, '2000-01-01 00:00+00'), s.protocol,
      count(*) FROM apiary.folded_sessions(greatest((SELECT hi FROM e), (SELECT lo FROM e)), p_to, false) s
       WHERE s.traffic = 'attack' GROUP BY 1, 2) x GROUP BY 1, 2 ORDER BY 1, 2 $$;

-- ---------------------------------------------------------------- counting anew, and changing
-- As in version 2. What ingest counts is never in a fold; a rebuild, which names no sessions, counts those as well.
CREATE OR REPLACE FUNCTION rollup_sessions(p_ids uuid[], p_from timestamptz, p_to timestamptz)
  RETURNS TABLE (session_id uuid, started_at timestamptz, collector_id smallint, traffic text, protocol text,
    sensor_id int, transport text, target_port int, source inet, source_scope text, country text, asn bigint,
    packets int, bytes_in bigint, bytes_out bigint, credentials int, commands int, login_accepted boolean)
  LANGUAGE plpgsql STABLE ROWS 200 AS $$
DECLARE columns CONSTANT text := 'SELECT session_id, started_at, collector_id, traffic, protocol, sensor_id, transport, '
    'target_port, source, source_scope, country, asn, packets, bytes_in, bytes_out, credentials, commands, '
    'login_accepted FROM ';
BEGIN
  RETURN QUERY EXECUTE columns || apiary.rollup_table('session', p_from, p_to) ||
    ' WHERE started_at >= $2 AND started_at < $3' ||
    CASE WHEN p_ids IS NULL THEN ' UNION ALL ' || columns || 'apiary.folded_sessions($2, $3, false)'
      ELSE ' AND session_id = ANY ($1)' END USING p_ids, p_from, p_to;
END $$;

-- When a source was seen first and last as what it is, and in which hours, its rows tell: so all of it are rows again
-- before any of them changes.
CREATE FUNCTION unfold_sources_of(p_ids uuid[]) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  LOCK TABLE apiary.session_fold IN SHARE ROW EXCLUSIVE MODE;
  PERFORM apiary.unfold(array_agg(f.fold_id)) FROM apiary.session_fold f WHERE f.source IN (SELECT s.source
    FROM apiary.session s WHERE s.session_id = ANY (p_ids) AND s.started_at >= (SELECT min(apiary.uuid_time(u)) FROM unnest(p_ids) u)
      AND s.started_at <= (SELECT max(apiary.uuid_time(u)) FROM unnest(p_ids) u));
END $$;
COMMENT ON FUNCTION unfold_sources_of(uuid[]) IS 'Internal: no session of the sources of these sessions is folded any more.';
ALTER FUNCTION retag_sessions(uuid[], text[]) RENAME TO retag_rows;
CREATE FUNCTION retag_sessions(p_ids uuid[], p_known text[]) RETURNS bigint LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM apiary.unfold_sources_of(p_ids);
  RETURN apiary.retag_rows(p_ids, p_known);
END $$;
ALTER FUNCTION enrich_sessions(uuid[], text[], bigint[], text) RENAME TO enrich_rows;
CREATE FUNCTION enrich_sessions(p_ids uuid[], p_countries text[], p_asns bigint[], p_enrichment text) RETURNS bigint
  LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM apiary.unfold_sources_of(p_ids);
  RETURN apiary.enrich_rows(p_ids, p_countries, p_asns, p_enrichment);
END $$;
DO $$
DECLARE f record;
BEGIN
  FOR f IN SELECT * FROM (VALUES ('retag_rows(uuid[], text[])', 'retag_sessions(uuid[], text[])'),
      ('enrich_rows(uuid[], text[], bigint[], text)', 'enrich_sessions(uuid[], text[], bigint[], text)')) x(rows, sessions) LOOP
    EXECUTE format('COMMENT ON FUNCTION apiary.%s IS %L', f.sessions, obj_description(('apiary.' || f.rows)::regprocedure,
      'pg_proc'));
    EXECUTE format('COMMENT ON FUNCTION apiary.%s IS %L', f.rows, 'Internal: of those whose sources have no folds.');
    EXECUTE format('REVOKE ALL ON FUNCTION apiary.%s, apiary.%s FROM PUBLIC', f.rows, f.sessions);
  END LOOP;
END $$;
REVOKE ALL ON FUNCTION unfold_sources_of(uuid[]) FROM PUBLIC, apiary_reader;

GRANT SELECT ON fold_service, session_fold, session_all TO apiary_reader, apiary_writer;

-- ---------------------------------------------------------------- comments
DO $$
DECLARE r record;
BEGIN
  FOR r IN SELECT c.relname, c.relkind, a.attname, coalesce(d.txt, col_description('apiary.session'::regclass, (SELECT attnum
      FROM pg_attribute WHERE attrelid = 'apiary.session'::regclass AND attname = a.attname))) AS txt
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN (VALUES ('fold_id', 'Id of the first of its sessions.'),
      ('last_at', 'Start of the last of them. All began within one hour.'), ('folded_at', 'When they were folded.'),
      ('members', 'How many there are.'), ('target', 'The least of the addresses that were contacted.'),
      ('syn', 'Of the first session.'), ('syn_places', 'Which of its bytes, from 0, differ between the sessions.'),
      ('seqs', 'event.seq of what happened in each of them.'), ('kinds', 'event.kind likewise.'),
      ('channels', 'event.channel likewise.'), ('payloads', 'event.bytes likewise.'),
      ('bases', 'Of each number that differs between the sessions the least.'),
      ('widths', 'How many bytes its distance from that takes.'),
      ('low_at', 'Where in low its bytes are, in units of members.'), ('high_at', 'Where in high.'),
      ('ids', 'The last ten bytes of their ids, one after the other.'),
      ('low', 'The last byte of each number, session by session.'),
      ('high', 'The other bytes, the first ones first, session by session.')) d(col, txt)
      ON d.col = a.attname AND c.relname = 'session_fold'
    WHERE c.oid IN ('apiary.session_fold'::regclass, 'apiary.session_all'::regclass) LOOP
    IF r.txt IS NULL THEN RAISE EXCEPTION 'no comment for %.%', r.relname, r.attname; END IF;
    EXECUTE format('COMMENT ON COLUMN apiary.%I.%I IS %L', r.relname, r.attname, r.txt);
  END LOOP;
END $$;
COMMENT ON TABLE session_fold IS
  'Ended sessions of one source that are equal but for times, ports and addresses of ours: kept once, with what differs. '
  'Read them by session_all, session_summary, event_text and transcript().';
COMMENT ON VIEW session_all IS
  'Every session that has ended, whether it is kept as a row of session or in a fold. For a short time out of many, '
  'folded_sessions(from, to) takes less.';
