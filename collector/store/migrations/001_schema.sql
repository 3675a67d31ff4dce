-- Apiary, schema version 1. Run as apiary_owner in one transaction. Forward only.
SET LOCAL client_min_messages = warning;
CREATE SCHEMA apiary;         -- what people read
CREATE SCHEMA apiary_part;    -- the day partitions: nobody needs a right on it, \dt and every GUI stay short
CREATE SCHEMA apiary_secret;  -- enrolment tokens: never the reader's
SET LOCAL search_path = apiary, pg_catalog;

ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES IN SCHEMA apiary GRANT SELECT ON TABLES TO apiary_reader, apiary_writer;
GRANT USAGE ON SCHEMA apiary TO apiary_reader, apiary_writer;
GRANT USAGE ON SCHEMA apiary_secret TO apiary_writer;

-- ---------------------------------------------------------------- functions that tables need
-- PostgreSQL 15 cannot read the time of a UUIDv7. Exact to the millisecond; inlined; settled at planning, so it prunes
-- partitions.
CREATE FUNCTION uuid_time(uuid) RETURNS timestamptz LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT pg_catalog.to_timestamp(('x' || pg_catalog.left(pg_catalog.replace($1::text, '-', ''),
  12))::bit(48)::bigint::float8 / 1000) $$;  -- not numeric: every row's CHECK pays for it
COMMENT ON FUNCTION uuid_time(uuid) IS
  'Start of a session, from its id (UUIDv7, milliseconds). Add "AND started_at = uuid_time(session_id)" to every '
  'look-up by id.';
GRANT EXECUTE ON FUNCTION uuid_time(uuid) TO apiary_reader, apiary_writer;

-- ---------------------------------------------------------------- administration
CREATE TABLE schema_version(number int PRIMARY KEY, name text NOT NULL, sha256 bytea,
  applied_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE policy(only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  retention_days int NOT NULL CHECK (retention_days BETWEEN 1 AND 3660),
  ahead_days int NOT NULL CHECK (ahead_days BETWEEN 1 AND 14),
    hour_source_days int NOT NULL CHECK (hour_source_days >= 2));
INSERT INTO policy VALUES (true, 90, 1, 8);
CREATE TABLE sensor(sensor_id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, sensor_uuid uuid NOT NULL UNIQUE,
  name text NOT NULL UNIQUE, site text,
  sensor_group text, certificate_sha256 bytea, enrolled_at timestamptz NOT NULL DEFAULT now(), revoked_at timestamptz);
CREATE TABLE sensor_state(sensor_id int PRIMARY KEY REFERENCES sensor, reported_at timestamptz NOT NULL,
  collector_id smallint NOT NULL,
  agent_version text, applied_version bigint, clock_offset_ms int, spool_records bigint, spool_oldest_at timestamptz,
  services jsonb NOT NULL DEFAULT '[]') WITH (fillfactor = 50);
CREATE TABLE desired_state(sensor_id int REFERENCES sensor, version bigint,
  issued_at timestamptz NOT NULL DEFAULT now(), issued_by text NOT NULL,
  document jsonb NOT NULL, PRIMARY KEY (sensor_id, version));
CREATE TABLE audit_log(audit_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  operator text NOT NULL, action text NOT NULL, target text, refused boolean NOT NULL DEFAULT false, old_value jsonb,
    new_value jsonb,
  database_role text NOT NULL DEFAULT session_user);
CREATE TABLE apiary_secret.enrolment_token(token_sha256 bytea PRIMARY KEY CHECK (length(token_sha256) = 32),
  issued_at timestamptz NOT NULL DEFAULT now(),
  issued_by text NOT NULL, expires_at timestamptz NOT NULL, used_at timestamptz, sensor_id int REFERENCES sensor);

-- ---------------------------------------------------------------- ledger and losses
CREATE TABLE ingest_stream(stream_id uuid, lane smallint, sensor_id int NOT NULL REFERENCES sensor,
  last_seq bigint NOT NULL DEFAULT 0 CHECK (last_seq >= 0),
  updated_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (stream_id, lane)) WITH (fillfactor = 50);
CREATE TABLE gap(stream_id uuid, lane smallint, first_seq bigint, last_seq bigint NOT NULL, sensor_id int NOT NULL,
  what text NOT NULL
  CHECK (what IN ('payload','session','probe','spool','restore')), records bigint NOT NULL, bytes bigint,
    from_at timestamptz, to_at timestamptz, reason text NOT NULL,
  received_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (stream_id, lane, first_seq),
    CHECK (last_seq >= first_seq));
CREATE TABLE quarantine(quarantine_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, stream_id uuid NOT NULL,
  lane smallint NOT NULL, seq bigint NOT NULL,
  sensor_id int, received_at timestamptz NOT NULL DEFAULT now(), sqlstate text, reason text NOT NULL,
    record bytea NOT NULL);

-- ---------------------------------------------------------------- sessions
-- Rows are written once, by COPY, when the session has ended. Nothing updates them. No foreign keys: they cost 5 us a
-- row; the comments name the parent.
CREATE TABLE outcome(outcome text PRIMARY KEY, footer text, meaning text NOT NULL);
INSERT INTO outcome VALUES
  ('finished',       'finished talking to',
    'The emulated server ended the conversation as its protocol does.'),
  ('peer_closed',    'hung up by',                        'The client ended the connection (FIN).'),
  ('reset',          'reset by',                          'The client aborted the connection (RST).'),
  ('timed_out',      'TIMED OUT talking to',
    'The client was silent longer than the idle limit of the service.'),
  ('limit',          'cut at a limit, talking to',        'A cap (total time, bytes, evidence) ended the session.'),
  ('tls_failed',     'failed TLS with',                   'The TLS handshake did not succeed.'),
  ('agent_stopped',  'stopped by the agent, talking to',  'The agent or the service was stopped.'),
  ('interrupted',    'interrupted talking to',            'The agent died; its next start closed the session.'),
  ('refused',        'refused to talk to',                'Admission refused the conversation after it had begun.'),
  ('unfinished',     NULL,
    'The sensor vanished; the collector closed the session. No journal footer is known, so none is shown.');
CREATE TABLE session(
  session_id uuid, started_at timestamptz, ended_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
  sensor_id int NOT NULL, collector_id smallint NOT NULL,
  source inet NOT NULL, source_port int NOT NULL,
    source_scope text NOT NULL DEFAULT 'internet' CHECK (source_scope IN ('internet','private','own','special')),
  target inet NOT NULL, target_port int NOT NULL, transport text NOT NULL CHECK (transport IN ('tcp','udp')),
  protocol text NOT NULL CHECK (protocol ~ '^[a-z0-9._-]{1,32}$'), detected text, service text, persona text,
  outcome text NOT NULL
    CHECK (outcome IN
    ('finished','peer_closed','reset','timed_out','limit','tls_failed','agent_stopped','interrupted','refused','unfinished')),
  bytes_in bigint NOT NULL, bytes_out bigint NOT NULL, packets int NOT NULL, events int NOT NULL,
    credentials int NOT NULL DEFAULT 0, commands int NOT NULL DEFAULT 0,
  artifacts int NOT NULL DEFAULT 0, login_accepted boolean NOT NULL DEFAULT false, command_digest bytea,
  country text CHECK (length(country) = 2), asn bigint, enrichment text, community_id text,
  tags text[] NOT NULL DEFAULT '{}', techniques text[] NOT NULL DEFAULT '{}',
  traffic text NOT NULL GENERATED ALWAYS AS (CASE WHEN 'self-test' = ANY (tags) THEN 'self-test'
    WHEN 'known-scanner' = ANY (tags) THEN 'known-scanner' ELSE 'attack' END) STORED,
  syn bytea, clock_offset_ms int, journal_path text, journal_sha256 bytea CHECK (length(journal_sha256) = 32),
  PRIMARY KEY (session_id, started_at),
    CONSTRAINT session_id_is_start CHECK (started_at = apiary.uuid_time(session_id)), CHECK (ended_at >= started_at)
) PARTITION BY RANGE (started_at);
CREATE INDEX ON session USING brin (started_at) WITH (pages_per_range = 32);
CREATE INDEX ON session (source, started_at);
CREATE INDEX ON session (protocol, started_at);
CREATE INDEX ON session (sensor_id, started_at);
CREATE TABLE session_open(
  session_id uuid PRIMARY KEY, started_at timestamptz NOT NULL, received_at timestamptz NOT NULL DEFAULT now(),
    sensor_id int NOT NULL, collector_id smallint NOT NULL,
  source inet NOT NULL, source_port int NOT NULL,
    source_scope text NOT NULL DEFAULT 'internet' CHECK (source_scope IN ('internet','private','own','special')),
  target inet NOT NULL, target_port int NOT NULL, transport text NOT NULL CHECK (transport IN ('tcp','udp')),
  protocol text NOT NULL CHECK (protocol ~ '^[a-z0-9._-]{1,32}$'), service text, persona text,
    country text CHECK (length(country) = 2), asn bigint, community_id text, tags text[] NOT NULL DEFAULT '{}',
  traffic text NOT NULL GENERATED ALWAYS AS (CASE WHEN 'self-test' = ANY (tags) THEN 'self-test'
    WHEN 'known-scanner' = ANY (tags) THEN 'known-scanner' ELSE 'attack' END) STORED,
  CONSTRAINT session_id_is_start CHECK (started_at = apiary.uuid_time(session_id))
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX ON session_open (sensor_id);

-- ---------------------------------------------------------------- what happened in a session
CREATE TABLE event(session_id uuid, started_at timestamptz, seq int, at timestamptz NOT NULL,
  kind smallint NOT NULL CHECK (kind BETWEEN 0 AND 5),
  channel smallint NOT NULL DEFAULT 0, bytes bytea NOT NULL CHECK (length(bytes) <= 16384),
    PRIMARY KEY (session_id, seq, started_at),
  CONSTRAINT session_id_is_start CHECK (started_at = apiary.uuid_time(session_id))) PARTITION BY RANGE (started_at);
-- The text columns are cut at 256 characters: a btree refuses rows over 2,704 bytes, and one long password would fail
-- the whole batch.
CREATE TABLE credential(session_id uuid, started_at timestamptz, seq int, at timestamptz NOT NULL,
  sensor_id int NOT NULL, source inet NOT NULL, protocol text NOT NULL,
  method text NOT NULL DEFAULT 'password', username bytea NOT NULL, secret bytea NOT NULL,
    username_text text NOT NULL CHECK (length(username_text) <= 256),
  secret_text text NOT NULL CHECK (length(secret_text) <= 256), digest bytea NOT NULL CHECK (length(digest) = 32),
    accepted boolean NOT NULL DEFAULT false,
  PRIMARY KEY (session_id, seq, started_at),
    CONSTRAINT session_id_is_start CHECK (started_at = apiary.uuid_time(session_id))) PARTITION BY RANGE (started_at);
CREATE INDEX ON credential (username_text, secret_text);
CREATE INDEX ON credential USING brin (at) WITH (pages_per_range = 32);
CREATE TABLE command(session_id uuid, started_at timestamptz, seq int, at timestamptz NOT NULL, sensor_id int NOT NULL,
  source inet NOT NULL, protocol text NOT NULL,
  verb text NOT NULL CHECK (length(verb) <= 64), argument bytea NOT NULL,
    argument_text text NOT NULL CHECK (length(argument_text) <= 4096),
  normalized text NOT NULL CHECK (length(normalized) <= 256), PRIMARY KEY (session_id, seq, started_at),
  CONSTRAINT session_id_is_start CHECK (started_at = apiary.uuid_time(session_id))) PARTITION BY RANGE (started_at);
CREATE INDEX ON command (verb, started_at);
CREATE INDEX ON command (normalized, started_at);
CREATE TABLE fingerprint(session_id uuid, started_at timestamptz,
  kind text NOT NULL CHECK (kind IN ('ja3','ja4','hassh','syn','banner')),
  value text NOT NULL CHECK (length(value) <= 256), source inet NOT NULL, sensor_id int NOT NULL,
    PRIMARY KEY (session_id, kind, value, started_at),
  CONSTRAINT session_id_is_start CHECK (started_at = apiary.uuid_time(session_id))) PARTITION BY RANGE (started_at);
CREATE INDEX ON fingerprint (kind, value, started_at);
CREATE TABLE artifact(sha256 bytea PRIMARY KEY CHECK (length(sha256) = 32), size bigint NOT NULL, type text,
  first_seen_at timestamptz NOT NULL, stored boolean NOT NULL, content bytea);
CREATE TABLE artifact_sighting(session_id uuid, started_at timestamptz, seq int, at timestamptz NOT NULL,
  sensor_id int NOT NULL, source inet NOT NULL,
  sha256 bytea CHECK (length(sha256) = 32), offered_name bytea, url bytea,
    url_host text CHECK (length(url_host) <= 256), CHECK (sha256 IS NOT NULL OR url IS NOT NULL),
    PRIMARY KEY (session_id, seq, started_at),
  CONSTRAINT session_id_is_start CHECK (started_at = apiary.uuid_time(session_id))) PARTITION BY RANGE (started_at);
CREATE INDEX ON artifact_sighting (sha256, started_at);
-- An upload on its way: its pieces, until the last one makes them an artifact. Small, so not partitioned.
CREATE TABLE artifact_piece(session_id uuid, payload int, seq int, started_at timestamptz NOT NULL,
  bytes bytea NOT NULL CHECK (length(bytes) <= 1048576),
  PRIMARY KEY (session_id, payload, seq),
    CONSTRAINT session_id_is_start CHECK (started_at = apiary.uuid_time(session_id)));
CREATE TABLE probe(probe_id uuid, started_at timestamptz, ended_at timestamptz NOT NULL,
  received_at timestamptz NOT NULL DEFAULT now(), sensor_id int NOT NULL,
  collector_id smallint NOT NULL, source inet NOT NULL,
    source_scope text NOT NULL DEFAULT 'internet' CHECK (source_scope IN ('internet','private','own','special')),
  target inet NOT NULL, target_port int, kind text NOT NULL CHECK (kind IN ('syn','udp','icmp','closed','refused')),
    packets bigint NOT NULL, service text, reason text, tool text,
  country text CHECK (length(country) = 2), asn bigint, tags text[] NOT NULL DEFAULT '{}',
  traffic text NOT NULL GENERATED ALWAYS AS (CASE WHEN 'self-test' = ANY (tags) THEN 'self-test'
    WHEN 'known-scanner' = ANY (tags) THEN 'known-scanner' ELSE 'attack' END) STORED,
  PRIMARY KEY (probe_id, started_at),
    CONSTRAINT probe_id_is_start CHECK (started_at = apiary.uuid_time(probe_id))) PARTITION BY RANGE (started_at);
CREATE INDEX ON probe (source, started_at);
CREATE INDEX ON probe USING brin (started_at) WITH (pages_per_range = 32);

-- ---------------------------------------------------------------- what outlives the partitions
CREATE TABLE source(address inet, traffic text, collector_id smallint, first_seen_at timestamptz NOT NULL,
  last_seen_at timestamptz NOT NULL,
  sessions bigint NOT NULL, credentials bigint NOT NULL, logins_accepted bigint NOT NULL, country text, asn bigint,
    source_scope text NOT NULL,
  PRIMARY KEY (address, traffic, collector_id)) WITH (fillfactor = 70);
CREATE INDEX ON source (first_seen_at);
CREATE TABLE credential_seen(digest bytea, traffic text, collector_id smallint, username_text text NOT NULL,
  secret_text text NOT NULL,
  first_seen_at timestamptz NOT NULL, last_seen_at timestamptz NOT NULL, uses bigint NOT NULL,
    PRIMARY KEY (digest, traffic, collector_id)) WITH (fillfactor = 70);
CREATE INDEX ON credential_seen (first_seen_at);
CREATE TABLE command_seen(normalized text, traffic text, collector_id smallint, first_seen_at timestamptz NOT NULL,
  last_seen_at timestamptz NOT NULL,
  uses bigint NOT NULL, PRIMARY KEY (normalized, traffic, collector_id)) WITH (fillfactor = 70);
CREATE INDEX ON command_seen (first_seen_at);

-- ---------------------------------------------------------------- exposure
CREATE TABLE coverage_hour(hour_at timestamptz CHECK (date_trunc('hour', hour_at, 'UTC') = hour_at), sensor_id int,
  target inet, target_port int, transport text CHECK (transport IN ('tcp','udp')),
  protocol text NOT NULL, addresses bigint NOT NULL CHECK (addresses >= 1),
    up_seconds int NOT NULL CHECK (up_seconds BETWEEN 0 AND 3600), self_tests int NOT NULL DEFAULT 0,
    self_tests_failed int NOT NULL DEFAULT 0,
  lost_records bigint NOT NULL DEFAULT 0, clock_offset_ms int, PRIMARY KEY (hour_at, sensor_id, target, target_port,
    transport)) WITH (fillfactor = 70);

-- ---------------------------------------------------------------- tags, notes, incidents
CREATE TABLE tag_rule(tag_rule_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tag text NOT NULL CHECK (tag ~ '^[a-z0-9][a-z0-9._-]{0,63}$'), kind text NOT NULL
  CHECK (kind IN ('network','asn','ja3','ja4','hassh','credential','command','self-test-key')), value text NOT NULL,
    origin text NOT NULL, created_at timestamptz NOT NULL DEFAULT now(),
  created_by text NOT NULL, retired_at timestamptz, UNIQUE NULLS NOT DISTINCT (tag, kind, value, retired_at));
CREATE TABLE annotation(annotation_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at timestamptz NOT NULL DEFAULT now(), operator text NOT NULL,
  subject_kind text NOT NULL CHECK (subject_kind IN ('source','session','credential','artifact','incident')),
    subject text NOT NULL, tag text, note text, withdraws bigint REFERENCES annotation,
  CHECK (tag IS NOT NULL OR note IS NOT NULL OR withdraws IS NOT NULL));
CREATE INDEX ON annotation (subject_kind, subject);
CREATE TABLE incident(incident_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  opened_at timestamptz NOT NULL DEFAULT now(), rule text NOT NULL,
  severity smallint NOT NULL CHECK (severity BETWEEN 1 AND 4), source inet, title text NOT NULL);
CREATE TABLE incident_change(incident_id bigint REFERENCES incident, at timestamptz NOT NULL DEFAULT clock_timestamp(),
  operator text NOT NULL,
  state text NOT NULL CHECK (state IN ('new','acknowledged','closed')), assignee text, note text,
    PRIMARY KEY (incident_id, at));

-- ---------------------------------------------------------------- rollups: sessions that have ended, in the bucket of
-- started_at
CREATE TABLE rollup_5m_protocol(bucket_at timestamptz, traffic text, protocol text, collector_id smallint,
  sessions bigint NOT NULL, packets bigint NOT NULL, bytes_in bigint NOT NULL,
  bytes_out bigint NOT NULL, credentials bigint NOT NULL, commands bigint NOT NULL,
    PRIMARY KEY (bucket_at, traffic, protocol, collector_id)) WITH (fillfactor = 70);
CREATE TABLE rollup_hour_protocol(LIKE rollup_5m_protocol INCLUDING ALL) WITH (fillfactor = 70);
CREATE TABLE rollup_hour_sensor(bucket_at timestamptz, traffic text, sensor_id int, protocol text,
  collector_id smallint, sessions bigint NOT NULL, packets bigint NOT NULL,
  bytes_in bigint NOT NULL, bytes_out bigint NOT NULL, credentials bigint NOT NULL, commands bigint NOT NULL,
    PRIMARY KEY (bucket_at, traffic, sensor_id, protocol, collector_id)) WITH (fillfactor = 70);
CREATE TABLE rollup_hour_country(bucket_at timestamptz, traffic text, country text, collector_id smallint,
  sessions bigint NOT NULL, credentials bigint NOT NULL,
  PRIMARY KEY (bucket_at, traffic, country, collector_id)) WITH (fillfactor = 70);
CREATE TABLE rollup_hour_source(bucket_at timestamptz, traffic text, source inet, collector_id smallint,
  sessions bigint NOT NULL, credentials bigint NOT NULL,
  PRIMARY KEY (bucket_at, traffic, source, collector_id)) WITH (fillfactor = 70);
CREATE TABLE rollup_hour_credential(bucket_at timestamptz, traffic text, digest bytea, collector_id smallint,
  uses bigint NOT NULL, accepted bigint NOT NULL,
  PRIMARY KEY (bucket_at, traffic, digest, collector_id)) WITH (fillfactor = 70);
CREATE TABLE source_day(day_at timestamptz, traffic text, source inet, sensor_id int, collector_id smallint,
  country text, sessions bigint NOT NULL, credentials bigint NOT NULL,
  PRIMARY KEY (day_at, traffic, source, sensor_id, collector_id)) WITH (fillfactor = 70);
CREATE INDEX ON source_day (source, day_at);
CREATE TABLE rollup_day_port(day_at timestamptz, traffic text, transport text, target_port int, collector_id smallint,
  sessions bigint NOT NULL,
  PRIMARY KEY (day_at, traffic, transport, target_port, collector_id)) WITH (fillfactor = 70);

-- ---------------------------------------------------------------- rights of the collector
-- Evidence: insert only. Rollups, source and *_seen: only through rollup_add(). Everything else by name.
GRANT INSERT ON session, session_open, event, credential, command, fingerprint, artifact, artifact_sighting,
  artifact_piece, probe, gap, quarantine, audit_log, ingest_stream,
  sensor, sensor_state, desired_state, coverage_hour, tag_rule, annotation, incident, incident_change TO apiary_writer;
GRANT DELETE ON session_open TO apiary_writer;
GRANT UPDATE (last_seq, updated_at) ON ingest_stream TO apiary_writer;
GRANT UPDATE (name, site, sensor_group, certificate_sha256, revoked_at) ON sensor TO apiary_writer;
GRANT UPDATE ON sensor_state, coverage_hour TO apiary_writer;
GRANT UPDATE (retired_at) ON tag_rule TO apiary_writer;
GRANT SELECT, INSERT ON apiary_secret.enrolment_token TO apiary_writer;
GRANT UPDATE (used_at, sensor_id) ON apiary_secret.enrolment_token TO apiary_writer;

-- ---------------------------------------------------------------- partitions
CREATE FUNCTION partitioned_tables() RETURNS text[] LANGUAGE sql IMMUTABLE AS
$$ SELECT ARRAY['session','event','credential','command','fingerprint','artifact_sighting','probe'] $$;
COMMENT ON FUNCTION partitioned_tables() IS 'The tables that are cut by day of started_at (UTC).';

-- Never CREATE ... PARTITION OF: it waits for every reader of the table, and the ingest waits behind it. LIKE + ATTACH
-- passes.
CREATE FUNCTION ensure_partitions(p_from timestamptz, p_to timestamptz) RETURNS int LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET lock_timeout = '1s' AS $$
DECLARE
  first_day date := (p_from AT TIME ZONE 'UTC')::date;
  last_day  date := ((p_to - interval '1 microsecond') AT TIME ZONE 'UTC')::date;   -- [from, to)
  lo date; hi date; d date; t text; part text; made int := 0;
BEGIN
  SELECT ((now() AT TIME ZONE 'UTC')::date - retention_days),
    ((now() AT TIME ZONE 'UTC')::date + ahead_days) INTO STRICT lo, hi FROM apiary.policy;
  IF p_from IS NULL OR p_to IS NULL OR NOT isfinite(p_from) OR NOT isfinite(p_to) OR p_to <= p_from OR first_day < lo
    OR last_day > hi THEN
    RAISE EXCEPTION 'days % to % are not inside the accepted window % to %', first_day, last_day, lo, hi
      USING ERRCODE = '22008', HINT = 'Quarantine records whose started_at lies outside the window.';
  END IF;
  PERFORM pg_advisory_xact_lock(hashtext('apiary.ensure_partitions'));
  FOR d IN SELECT g::date FROM generate_series(first_day::timestamp, last_day::timestamp, interval '1 day') g LOOP
    FOREACH t IN ARRAY apiary.partitioned_tables() LOOP
      part := t || '_' || to_char(d, 'YYYYMMDD');
      CONTINUE WHEN to_regclass(format('apiary_part.%I', part)) IS NOT NULL;
      EXECUTE format('CREATE TABLE apiary_part.%I (LIKE apiary.%I INCLUDING ALL EXCLUDING COMMENTS)', part, t);
      EXECUTE format('ALTER TABLE apiary.%I ATTACH PARTITION apiary_part.%I FOR VALUES FROM (%L) TO (%L)', t, part,
        d || ' 00:00:00+00', (d + 1) || ' 00:00:00+00');
      made := made + 1;
    END LOOP;
  END LOOP;
  RETURN made;
END $$;
COMMENT ON FUNCTION ensure_partitions(timestamptz, timestamptz) IS
 'Makes the day partitions that [from, to) needs; returns how many were new. Refused (22008) outside now - retention '
 '.. now + ahead. Call it on its own connection before the batch; retry on 55P03.';
GRANT EXECUTE ON FUNCTION ensure_partitions(timestamptz, timestamptz) TO apiary_writer;

-- The floor is the policy, which only the owner can change: a stolen collector cannot shorten the memory.
CREATE FUNCTION drop_partitions(p_before timestamptz, p_dry_run boolean DEFAULT true)
RETURNS TABLE (partition text, day date, bytes bigint, done boolean, note text) LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET lock_timeout = '1s' AS $$
DECLARE floor_day date; limit_day date := (p_before AT TIME ZONE 'UTC')::date; t text; r record;
BEGIN
  SELECT (now() AT TIME ZONE 'UTC')::date - retention_days INTO STRICT floor_day FROM apiary.policy;
  IF limit_day IS NULL OR NOT isfinite(p_before) OR limit_day > floor_day THEN
    RAISE EXCEPTION 'refused: % is inside the retention (before % at the latest)', limit_day,
      floor_day USING ERRCODE = '22008';
  END IF;
  FOREACH t IN ARRAY apiary.partitioned_tables() LOOP
    FOR r IN SELECT c.oid, c.relname, to_date(right(c.relname, 8), 'YYYYMMDD') AS d FROM pg_inherits i JOIN pg_class c
      ON c.oid = i.inhrelid
              WHERE i.inhparent = format('apiary.%I', t)::regclass AND to_date(right(c.relname, 8),
                'YYYYMMDD') < limit_day ORDER BY c.relname LOOP
      partition := r.relname; day := r.d; bytes := pg_total_relation_size(r.oid); done := false;
        note := CASE WHEN p_dry_run THEN 'dry run' END;
      IF NOT p_dry_run THEN
        BEGIN
          EXECUTE format('ALTER TABLE apiary.%I DETACH PARTITION apiary_part.%I', t, r.relname);
          EXECUTE format('DROP TABLE apiary_part.%I', r.relname);
          INSERT INTO apiary.audit_log(operator, action, target, old_value) VALUES (session_user, 'drop_partition',
            r.relname, jsonb_build_object('bytes', bytes));
          done := true;
        EXCEPTION WHEN lock_not_available THEN note := 'in use, call again';
        END;
      END IF;
      RETURN NEXT;
    END LOOP;
  END LOOP;
  IF NOT p_dry_run THEN DELETE FROM apiary.artifact_piece WHERE started_at < limit_day::timestamp AT TIME ZONE 'UTC';
    END IF;
END $$;
COMMENT ON FUNCTION drop_partitions(timestamptz, boolean) IS
 'Retention: lists (default) or drops the partitions of days before the given one. Never inside '
 'policy.retention_days. Waits at most 1 s for readers of each; every drop leaves an audit row.';
GRANT EXECUTE ON FUNCTION drop_partitions(timestamptz, boolean) TO apiary_writer;

-- ---------------------------------------------------------------- ledger
CREATE FUNCTION ledger_advance(p_stream uuid, p_lane smallint, p_first bigint,
  p_last bigint) RETURNS text LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE have bigint;
BEGIN
  IF p_first < 1 OR p_last < p_first THEN RAISE EXCEPTION 'bad range %..%', p_first, p_last USING ERRCODE = '22023';
    END IF;
  UPDATE apiary.ingest_stream SET last_seq = p_last,
    updated_at = now() WHERE stream_id = p_stream AND lane = p_lane AND last_seq = p_first - 1;
  IF FOUND THEN RETURN 'new'; END IF;
  SELECT last_seq INTO have FROM apiary.ingest_stream WHERE stream_id = p_stream AND lane = p_lane;
  IF have IS NULL THEN RETURN 'unknown'; ELSIF p_last <= have THEN RETURN 'duplicate';
    ELSIF p_first <= have THEN RETURN 'overlap'; ELSE RETURN 'gap'; END IF;
END $$;
COMMENT ON FUNCTION ledger_advance(uuid, smallint, bigint, bigint) IS
 'First statement of every ingest transaction. new: go on. duplicate: roll back, acknowledge again. overlap, gap, '
 'unknown: roll back, tell the agent where to resume (ingest_stream.last_seq).';
CREATE FUNCTION ledger_require(p_stream uuid, p_lane smallint, p_first bigint,
  p_last bigint) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE verdict text := apiary.ledger_advance(p_stream, p_lane, p_first, p_last);
BEGIN IF verdict <> 'new' THEN RAISE EXCEPTION 'batch %..% refused: %', p_first, p_last,
  verdict USING ERRCODE = 'AP001'; END IF; END $$;
COMMENT ON FUNCTION ledger_require(uuid, smallint, bigint,
  bigint) IS 'ledger_advance() that raises AP001 unless the batch is new: how the collector begins.';
GRANT EXECUTE ON FUNCTION ledger_advance(uuid, smallint, bigint, bigint),
  ledger_require(uuid, smallint, bigint, bigint) TO apiary_writer;

-- ---------------------------------------------------------------- uploads
-- Runs as owner: the writer may neither change an artifact nor delete a piece otherwise. What it stores is what the
-- digest says.
CREATE FUNCTION artifact_assemble(p_session uuid, p_payload int, p_seq int, p_at timestamptz, p_sensor int,
  p_source inet, p_sha256 bytea, p_size bigint, p_name bytea)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE whole bytea; kept boolean;
BEGIN
  WITH gone AS (DELETE FROM apiary.artifact_piece WHERE session_id = p_session AND payload = p_payload RETURNING seq,
    bytes)
  SELECT coalesce(string_agg(bytes, ''::bytea ORDER BY seq), ''::bytea) INTO whole FROM gone;
  kept := sha256(whole) = p_sha256;   -- not so when a bound of the sensor's spool dropped pieces
  INSERT INTO apiary.artifact AS a (sha256, size, first_seen_at, stored, content)
  VALUES (p_sha256, CASE WHEN kept THEN length(whole) ELSE p_size END, p_at, kept, CASE WHEN kept THEN whole END)
  ON CONFLICT (sha256) DO UPDATE SET first_seen_at = least(a.first_seen_at, excluded.first_seen_at),
    stored = a.stored OR excluded.stored,
    size = CASE WHEN a.stored THEN a.size ELSE excluded.size END, content = coalesce(a.content, excluded.content)
  WHERE a.first_seen_at > excluded.first_seen_at OR (excluded.stored AND NOT a.stored);
  INSERT INTO apiary.artifact_sighting(session_id, started_at, seq, at, sensor_id, source, sha256, offered_name)
  VALUES (p_session, apiary.uuid_time(p_session), p_seq, p_at, p_sensor, p_source, p_sha256, p_name);
  RETURN kept;
END $$;
COMMENT ON FUNCTION artifact_assemble(uuid, int, int, timestamptz, int, inet, bytea, bigint, bytea) IS
 'The last piece of an upload has come: makes the pieces one artifact and notes the sighting. False: pieces are '
 'missing, only the digest is kept.';
GRANT EXECUTE ON FUNCTION artifact_assemble(uuid, int, int, timestamptz, int, inet, bytea, bigint,
  bytea) TO apiary_writer;
