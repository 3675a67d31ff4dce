-- Apiary, schema version 13: retention by days and by size. Run as apiary_owner in one transaction, after 001 to 009.
SET LOCAL client_min_messages = warning;
SET LOCAL search_path = apiary, pg_catalog;

-- ---------------------------------------------------------------- what may go, and what has gone
-- Both are the owner's, as retention_days is: a stolen collector cannot shorten the memory.
ALTER TABLE policy ADD COLUMN minimum_days int CHECK (minimum_days BETWEEN 1 AND 3660),
  ADD COLUMN rollup_days int CHECK (rollup_days BETWEEN 1 AND 36600);
COMMENT ON COLUMN policy.minimum_days IS
  'For want of space rows may go earlier than after retention_days, but never before so many days. Null: never earlier.';
COMMENT ON COLUMN policy.rollup_days IS
  'Rollups of days whose rows are gone are kept for so many days. Null: for ever.';

-- Partitions are made when they are needed, so those that are there do not say which days were dropped.
CREATE TABLE retained(only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row), rows_from date, rollups_from date);
INSERT INTO retained SELECT true, (max(day_at) AT TIME ZONE 'UTC')::date + 1, NULL FROM rollup_day_port
  WHERE to_regclass('apiary_part.session_' || to_char(day_at AT TIME ZONE 'UTC', 'YYYYMMDD')) IS NULL;
COMMENT ON TABLE retained IS 'Which days retention has left. One row.';
COMMENT ON COLUMN retained.only_row IS 'Keeps the table at one row.';
COMMENT ON COLUMN retained.rows_from IS
  'Rows of sessions and probes that began on an earlier day (UTC) are gone, or are just going; their rollups are not. '
  'Null: nothing was dropped.';
COMMENT ON COLUMN retained.rollups_from IS 'Rollups of earlier days are gone as well. Null: none was dropped.';

CREATE FUNCTION retention_floor(p_for_size boolean) RETURNS date LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS
$$ SELECT (now() AT TIME ZONE 'UTC')::date - CASE WHEN p_for_size THEN least(retention_days, minimum_days)
     ELSE retention_days END FROM apiary.policy $$;
COMMENT ON FUNCTION retention_floor(boolean) IS
  'The day up to which rows may be dropped now, itself not included: by age, or for want of space. Never yesterday.';

-- ---------------------------------------------------------------- days that are accepted
-- As in version 1; a day that has been dropped does not come back.
CREATE OR REPLACE FUNCTION ensure_partitions(p_from timestamptz, p_to timestamptz) RETURNS int LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET lock_timeout = '1s' AS $$
DECLARE
  first_day date := (p_from AT TIME ZONE 'UTC')::date;
  last_day  date := ((p_to - interval '1 microsecond') AT TIME ZONE 'UTC')::date;   -- [from, to)
  lo date; hi date; d date; t text; part text; made int := 0;
BEGIN
  SELECT greatest((now() AT TIME ZONE 'UTC')::date - retention_days, (SELECT rows_from FROM apiary.retained)),
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

-- As in version 9, but what began on a day that is accepted no more is forgotten: there is no place for it, and the loss of
-- the spool would be put aside for its sake.
CREATE OR REPLACE FUNCTION close_unfinished(p_sensor int, p_before timestamptz, p_collector smallint) RETURNS bigint
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE ids uuid[]; first_at timestamptz; last_at timestamptz;
BEGIN
  DELETE FROM apiary.session_open WHERE sensor_id = p_sensor AND started_at < (SELECT greatest(date_trunc('day', now(), 'UTC')
    - retention_days * interval '24 h', (SELECT rows_from::timestamp AT TIME ZONE 'UTC' FROM apiary.retained)) FROM apiary.policy);
  SELECT min(started_at), max(started_at) INTO first_at, last_at FROM apiary.session_open
    WHERE sensor_id = p_sensor AND started_at < p_before;
  IF first_at IS NULL THEN RETURN 0; END IF;
  -- A session of which no more than the beginning has come may be the only one of its day.
  PERFORM apiary.ensure_partitions(date_trunc('day', first_at, 'UTC'), date_trunc('day', last_at, 'UTC') + interval '1 day');
  WITH gone AS (DELETE FROM apiary.session_open WHERE sensor_id = p_sensor AND started_at < p_before RETURNING *),
  kept AS (INSERT INTO apiary.session(session_id, started_at, ended_at, sensor_id, collector_id, source, source_port,
      source_scope, target, target_port, transport, protocol, service, persona, outcome, bytes_in, bytes_out, packets, events,
      credentials, commands, artifacts, login_accepted, country, asn, community_id, tags)
    SELECT o.session_id, o.started_at, greatest(o.started_at, e.last), o.sensor_id, p_collector, o.source, o.source_port,
      o.source_scope, o.target, o.target_port, o.transport, o.protocol, o.service, o.persona, 'unfinished', e.received, e.sent,
      e.packets, e.events, c.attempts, m.commands, a.artifacts, c.accepted, o.country, o.asn, o.community_id, o.tags
    FROM gone o
    CROSS JOIN LATERAL (SELECT max(at) AS last, count(*)::int AS events, count(*) FILTER (WHERE kind = 0)::int AS packets,
        coalesce(sum(length(bytes)) FILTER (WHERE kind = 0), 0) AS received,
        coalesce(sum(length(bytes)) FILTER (WHERE kind = 1), 0) AS sent
      FROM apiary.event x WHERE x.session_id = o.session_id AND x.started_at = o.started_at) e
    CROSS JOIN LATERAL (SELECT count(*)::int AS attempts, coalesce(bool_or(x.accepted), false) AS accepted
      FROM apiary.credential x WHERE x.session_id = o.session_id AND x.started_at = o.started_at) c
    CROSS JOIN LATERAL (SELECT count(*)::int AS commands
      FROM apiary.command x WHERE x.session_id = o.session_id AND x.started_at = o.started_at) m
    CROSS JOIN LATERAL (SELECT count(*)::int AS artifacts
      FROM apiary.artifact_sighting x WHERE x.session_id = o.session_id AND x.started_at = o.started_at) a
    WHERE NOT EXISTS (SELECT FROM apiary.session s WHERE s.session_id = o.session_id AND s.started_at = o.started_at)
    RETURNING session_id)
  SELECT array_agg(session_id) INTO ids FROM kept;
  RETURN apiary.rollup_add(ids);
END $$;

-- ---------------------------------------------------------------- dropping
CREATE FUNCTION retention_begin(p_before date, p_for_size boolean, p_by text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
DECLARE floor_day date := apiary.retention_floor(p_for_size); was date;
BEGIN
  IF p_before IS NULL OR NOT isfinite(p_before) OR p_before > floor_day THEN
    RAISE EXCEPTION 'refused: % is inside the retention (before % at the latest)', p_before, floor_day
      USING ERRCODE = '22008';
  END IF;
  SELECT rows_from INTO was FROM apiary.retained FOR UPDATE;
  IF was >= p_before THEN RETURN; END IF;
  UPDATE apiary.retained SET rows_from = p_before;
  INSERT INTO apiary.audit_log(operator, action, target, old_value, new_value) VALUES (p_by, 'retention',
    CASE WHEN p_for_size THEN 'rows, for want of space' ELSE 'rows, by age' END,
    jsonb_build_object('rows_from', was), jsonb_build_object('rows_from', p_before));
END $$;
COMMENT ON FUNCTION retention_begin(date, boolean, text) IS
  'Gives up the rows of days before the one given: from now on their records are accepted no more, and retention_drop() '
  'may be called. Refused (22008) beyond retention_floor().';

-- A transaction each: whoever holds one table and waits for another, as ingest and readers do, must never wait for us
-- holding the other. 300 ms is what they wait for at most, and less than it takes the server to suspect a deadlock.
CREATE FUNCTION retention_drop(p_partition text, p_by text) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp SET lock_timeout = '300ms' AS $$
DECLARE parent text; part oid; bytes bigint; d date;
BEGIN
  SELECT p.relname, c.oid, to_date(right(c.relname, 8), 'YYYYMMDD') INTO parent, part, d FROM pg_inherits i
    JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_class p ON p.oid = i.inhparent
    WHERE c.relnamespace = 'apiary_part'::regnamespace AND c.relname = p_partition
      AND p.relnamespace = 'apiary'::regnamespace AND p.relname = ANY (apiary.partitioned_tables());
  IF parent IS NULL THEN RETURN NULL; END IF;
  IF (d < (SELECT rows_from FROM apiary.retained)) IS NOT TRUE THEN
    RAISE EXCEPTION 'refused: % is kept', p_partition USING ERRCODE = '22008',
      HINT = 'retention_begin() says which days are given up.';
  END IF;
  bytes := pg_total_relation_size(part);
  EXECUTE format('ALTER TABLE apiary.%I DETACH PARTITION apiary_part.%I', parent, p_partition);
  EXECUTE format('DROP TABLE apiary_part.%I', p_partition);
  INSERT INTO apiary.audit_log(operator, action, target, old_value) VALUES (p_by, 'drop_partition', p_partition,
    jsonb_build_object('bytes', bytes));
  RETURN bytes;
END $$;
COMMENT ON FUNCTION retention_drop(text, text) IS
  'Drops one partition of a day that retention_begin() gave up, leaves an audit row and returns its bytes; null if it is '
  'not there. In a transaction of its own; waits at most 300 ms for who uses it: call again at 55P03.';

-- As in version 1 for whoever calls it by hand, day after day.
CREATE OR REPLACE FUNCTION drop_partitions(p_before timestamptz, p_dry_run boolean DEFAULT true)
RETURNS TABLE (partition text, day date, bytes bigint, done boolean, note text) LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET lock_timeout = '1s' AS $$
DECLARE limit_day date := (p_before AT TIME ZONE 'UTC')::date; r record;
BEGIN
  IF limit_day IS NULL OR NOT isfinite(p_before) OR limit_day > apiary.retention_floor(false) THEN
    RAISE EXCEPTION 'refused: % is inside the retention (before % at the latest)', limit_day,
      apiary.retention_floor(false) USING ERRCODE = '22008';
  END IF;
  IF NOT p_dry_run THEN PERFORM apiary.retention_begin(limit_day, false, session_user::text); END IF;
  FOR r IN SELECT c.oid, c.relname, to_date(right(c.relname, 8), 'YYYYMMDD') AS d FROM pg_inherits i
      JOIN pg_class c ON c.oid = i.inhrelid JOIN unnest(apiary.partitioned_tables()) WITH ORDINALITY t(name, n)
        ON i.inhparent = format('apiary.%I', t.name)::regclass
      WHERE to_date(right(c.relname, 8), 'YYYYMMDD') < limit_day ORDER BY d, t.n LOOP
    partition := r.relname; day := r.d; bytes := pg_total_relation_size(r.oid); done := false;
      note := CASE WHEN p_dry_run THEN 'dry run' END;
    IF NOT p_dry_run THEN
      BEGIN
        done := apiary.retention_drop(r.relname, session_user::text) IS NOT NULL;
      EXCEPTION WHEN lock_not_available THEN note := 'in use, call again';
      END;
    END IF;
    RETURN NEXT;
  END LOOP;
  IF NOT p_dry_run THEN PERFORM apiary.retention_sweep(); END IF;
END $$;
COMMENT ON FUNCTION drop_partitions(timestamptz, boolean) IS
 'Retention by hand: lists (default) or drops the partitions of days before the given one, in one transaction. Never '
 'inside policy.retention_days. apiary-collector retention keeps others waiting less.';

-- ---------------------------------------------------------------- what goes with the rows
CREATE FUNCTION retention_sweep() RETURNS TABLE (open_sessions bigint, pieces bigint) LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
DECLARE kept timestamptz;
BEGIN
  SELECT rows_from::timestamp AT TIME ZONE 'UTC' INTO kept FROM apiary.retained;
  -- Ingest may be about to delete the same ones: then they are its.
  DELETE FROM apiary.session_open WHERE session_id IN (SELECT session_id FROM apiary.session_open WHERE started_at < kept
    FOR UPDATE SKIP LOCKED);
  GET DIAGNOSTICS open_sessions = ROW_COUNT;
  DELETE FROM apiary.artifact_piece WHERE started_at < kept;
  GET DIAGNOSTICS pieces = ROW_COUNT;
  RETURN NEXT;
END $$;
COMMENT ON FUNCTION retention_sweep() IS
  'Forgets what is open since a day that was given up, which nothing closes any more, and pieces of its uploads.';

-- An upload that is just being put together may bring another sighting of a file that had none: who writes an artifact
-- is waited for, and then it is looked again.
CREATE FUNCTION retention_artifacts(p_most int) RETURNS TABLE (artifacts bigint, bytes bigint) LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp SET lock_timeout = '300ms' AS $$
DECLARE unseen bytea[];
BEGIN
  SELECT array_agg(sha256) INTO unseen FROM (SELECT sha256 FROM apiary.artifact a WHERE NOT EXISTS (SELECT
    FROM apiary.artifact_sighting s WHERE s.sha256 = a.sha256) LIMIT p_most) x;
  artifacts := 0; bytes := 0;
  IF unseen IS NOT NULL THEN
    LOCK TABLE apiary.artifact IN SHARE ROW EXCLUSIVE MODE;
    WITH gone AS (DELETE FROM apiary.artifact a WHERE a.sha256 = ANY (unseen) AND NOT EXISTS (SELECT
      FROM apiary.artifact_sighting s WHERE s.sha256 = a.sha256) RETURNING length(content) AS size)
    SELECT count(*), coalesce(sum(size), 0) INTO artifacts, bytes FROM gone;
  END IF;
  RETURN NEXT;
END $$;
COMMENT ON FUNCTION retention_artifacts(int) IS
  'Removes at most so many artifacts of which no sighting is left. Waits at most 300 ms: call again at 55P03.';
COMMENT ON TABLE artifact IS 'Files offered by attackers, one row per content, as long as a sighting of it is kept.';
COMMENT ON COLUMN artifact.first_seen_at IS 'First sight, of those that are kept.';

CREATE FUNCTION retention_rollups(p_by text) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
DECLARE limit_day date; kept timestamptz; n bigint; total bigint := 0; t text;
BEGIN
  -- Where rows are, their rollups are: reports take whole buckets from them.
  SELECT least((now() AT TIME ZONE 'UTC')::date - greatest(rollup_days, retention_days), r.rows_from) INTO limit_day
    FROM apiary.policy, apiary.retained r WHERE rollup_days IS NOT NULL AND r.rows_from IS NOT NULL;
  IF limit_day IS NULL OR limit_day <= (SELECT rollups_from FROM apiary.retained) THEN RETURN 0; END IF;
  kept := limit_day::timestamp AT TIME ZONE 'UTC';
  FOREACH t IN ARRAY ARRAY['rollup_5m_protocol', 'rollup_hour_protocol', 'rollup_hour_sensor', 'rollup_hour_country',
      'rollup_hour_source', 'rollup_hour_credential', 'rollup_hour_command', 'rollup_hour_port'] LOOP
    EXECUTE format('DELETE FROM apiary.%I WHERE bucket_at < $1', t) USING kept;
    GET DIAGNOSTICS n = ROW_COUNT;
    total := total + n;
  END LOOP;
  FOREACH t IN ARRAY ARRAY['source_day', 'rollup_day_port'] LOOP
    EXECUTE format('DELETE FROM apiary.%I WHERE day_at < $1', t) USING kept;
    GET DIAGNOSTICS n = ROW_COUNT;
    total := total + n;
  END LOOP;
  UPDATE apiary.retained SET rollups_from = limit_day;
  IF total > 0 THEN
    INSERT INTO apiary.audit_log(operator, action, target, new_value) VALUES (p_by, 'retention', 'rollups',
      jsonb_build_object('rollups_from', limit_day, 'rows', total));
  END IF;
  RETURN total;
END $$;
COMMENT ON FUNCTION retention_rollups(text) IS
  'Removes rollups older than policy.rollup_days, never of days that have rows; returns how many rows went. source, *_seen '
  'and source_hour, which counts source, stay.';

REVOKE ALL ON FUNCTION retention_floor(boolean), retention_begin(date, boolean, text), retention_drop(text, text),
  retention_sweep(), retention_artifacts(int), retention_rollups(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION partitioned_tables(), retention_floor(boolean), retention_begin(date, boolean, text), retention_drop(text, text),
  retention_sweep(), retention_artifacts(int), retention_rollups(text) TO apiary_writer;

-- ---------------------------------------------------------------- what is left of a day that was dropped
-- As in version 2. A day is given up before its partitions go, one after the other.
CREATE OR REPLACE FUNCTION rollup_rebuild(p_from timestamptz, p_to timestamptz) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
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
    IF (d AT TIME ZONE 'UTC')::date < (SELECT rows_from FROM apiary.retained)
      OR to_regclass('apiary_part.session_' || to_char(d AT TIME ZONE 'UTC', 'YYYYMMDD')) IS NULL
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

-- As in version 2, but an end of the range in a day whose rows are gone gets its bucket whole.
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
       AND s.started_at >= greatest((SELECT hi FROM e), (SELECT lo FROM e)) AND s.started_at < p_to GROUP BY 1,
         2) x GROUP BY 1, 2 ORDER BY 1, 2 $$;
COMMENT ON FUNCTION sessions_5m(timestamptz,
  timestamptz) IS
  'Ended attack sessions by 5 minutes and protocol in exactly [from, to), but for ends in days before retained.rows_from: '
  'there the whole bucket counts. No row for a bucket is a zero only where coverage_hour says that somebody listened.';
