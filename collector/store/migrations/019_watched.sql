-- Apiary, schema version 19: troubles of a collector itself; a quota for quarantine; manifests go with the rows that they
-- speak of; sessions that no sensor will close. Run as apiary_owner in one transaction, after 001 to 016.
SET LOCAL client_min_messages = warning;
SET LOCAL search_path = apiary, pg_catalog;

-- ---------------------------------------------------------------- troubles of a collector
CREATE OR REPLACE VIEW trouble AS
  SELECT incident_id, sensor, service, rule AS kind, subject, severity, since_at, opened_at, ended_at, times, title, advice
  FROM apiary.incident_current WHERE collector_id IS NOT NULL;
COMMENT ON TABLE incident IS
  'Alerts grouped for people. Those with a collector are troubles that it found; one without a sensor is its own.';
COMMENT ON COLUMN incident.rule IS
  'Rule that opened it; of a trouble its kind: sensor-silent, service-silent, one-source, clock, limit, self-test, egress, '
  'quarantine, ledger, database.';
COMMENT ON COLUMN incident.sensor_id IS 'Null: the collector itself. -> sensor.sensor_id';
COMMENT ON VIEW trouble IS
  'What was wrong with sensors, services and collectors, from when to when. It lasts where ended_at is null.';
COMMENT ON COLUMN trouble.sensor IS 'Name of the sensor; null: the collector itself.';
COMMENT ON COLUMN trouble.kind IS
  'sensor-silent, service-silent, one-source, clock, limit, self-test, egress, quarantine, ledger or database.';

-- ---------------------------------------------------------------- quarantine has a quota
ALTER TABLE policy ADD COLUMN quarantine_bytes bigint NOT NULL DEFAULT 67108864 CHECK (quarantine_bytes >= 0),
  ADD COLUMN manifest_days int CHECK (manifest_days BETWEEN 1 AND 36600);
COMMENT ON COLUMN policy.quarantine_bytes IS
  'Bytes of quarantine that one sensor may fill; what comes then is counted in quarantine_use, and not kept.';
COMMENT ON COLUMN policy.manifest_days IS
  'Manifests are kept for so many days, and always as long as rows of their day. Null: no longer than these.';

CREATE TABLE quarantine_use(sensor_id int PRIMARY KEY, records bigint NOT NULL DEFAULT 0, bytes bigint NOT NULL DEFAULT 0,
  dropped_records bigint NOT NULL DEFAULT 0, dropped_bytes bigint NOT NULL DEFAULT 0, arrived bigint NOT NULL DEFAULT 0,
  last_at timestamptz, last_dropped_at timestamptz) WITH (fillfactor = 50);
COMMENT ON TABLE quarantine_use IS 'How much of quarantine is each sensor''s, and what was not kept for lack of room.';
COMMENT ON COLUMN quarantine_use.sensor_id IS '0: of no known one. -> sensor.sensor_id';
COMMENT ON COLUMN quarantine_use.records IS 'Records that are in quarantine.';
COMMENT ON COLUMN quarantine_use.bytes IS 'Bytes that they take, as quarantine_size() counts.';
COMMENT ON COLUMN quarantine_use.dropped_records IS 'Records that were not kept, ever: see policy.quarantine_bytes.';
COMMENT ON COLUMN quarantine_use.dropped_bytes IS 'Bytes of these.';
COMMENT ON COLUMN quarantine_use.arrived IS 'Records that were put aside, ever, kept or not.';
COMMENT ON COLUMN quarantine_use.last_at IS 'When one came last.';
COMMENT ON COLUMN quarantine_use.last_dropped_at IS 'When one was not kept last.';

CREATE FUNCTION quarantine_size(p_record bytea, p_reason text) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN length(p_record) + octet_length(p_reason) + 128;
COMMENT ON FUNCTION quarantine_size(bytea, text) IS 'Bytes that a row of quarantine counts as, about those that it takes.';
CREATE INDEX ON quarantine (received_at);
CREATE INDEX ON quarantine (sensor_id, quarantine_id);

-- Once for each statement: a COPY may bring thousands.
CREATE FUNCTION quarantine_added() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  INSERT INTO apiary.quarantine_use AS u (sensor_id, records, bytes, arrived, last_at)
    SELECT coalesce(sensor_id, 0), count(*), sum(apiary.quarantine_size(record, reason)), count(*), now() FROM added
      GROUP BY 1 ORDER BY 1
    ON CONFLICT (sensor_id) DO UPDATE SET records = u.records + excluded.records, bytes = u.bytes + excluded.bytes,
      arrived = u.arrived + excluded.arrived, last_at = excluded.last_at;
  WITH o AS (SELECT a.quarantine_id, u.sensor_id, apiary.quarantine_size(a.record, a.reason) AS size,
      u.bytes - coalesce(sum(apiary.quarantine_size(a.record, a.reason)) OVER (PARTITION BY u.sensor_id
        ORDER BY a.quarantine_id ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING), 0) AS upto
      FROM added a JOIN apiary.quarantine_use u ON u.sensor_id = coalesce(a.sensor_id, 0)
      WHERE u.bytes > (SELECT quarantine_bytes FROM apiary.policy)),
  -- Those of this statement that came first stay, as far as there is room.
  gone AS (DELETE FROM apiary.quarantine q USING o WHERE q.quarantine_id = o.quarantine_id
    AND o.upto > (SELECT quarantine_bytes FROM apiary.policy) RETURNING o.sensor_id, o.size),
  d AS (SELECT sensor_id, count(*) AS records, sum(size) AS bytes FROM gone GROUP BY 1)
  UPDATE apiary.quarantine_use u SET dropped_records = u.dropped_records + d.records,
    dropped_bytes = u.dropped_bytes + d.bytes, last_dropped_at = now() FROM d WHERE u.sensor_id = d.sensor_id;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION quarantine_added() IS 'Internal: keeps quarantine_use and the quota of a sensor.';
CREATE FUNCTION quarantine_removed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE apiary.quarantine_use u SET records = u.records - d.records, bytes = u.bytes - d.bytes
    FROM (SELECT coalesce(sensor_id, 0) AS sensor_id, count(*) AS records, sum(apiary.quarantine_size(record, reason)) AS bytes
      FROM removed GROUP BY 1) d WHERE u.sensor_id = d.sensor_id;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION quarantine_removed() IS 'Internal: keeps quarantine_use.';
CREATE FUNCTION quarantine_emptied() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
BEGIN UPDATE apiary.quarantine_use SET records = 0, bytes = 0; RETURN NULL; END $$;
COMMENT ON FUNCTION quarantine_emptied() IS 'Internal: keeps quarantine_use.';
REVOKE ALL ON FUNCTION quarantine_added(), quarantine_removed(), quarantine_emptied() FROM PUBLIC;
INSERT INTO quarantine_use(sensor_id, records, bytes, arrived, last_at) SELECT coalesce(sensor_id, 0), count(*),
  sum(quarantine_size(record, reason)), count(*), max(received_at) FROM quarantine GROUP BY 1;
CREATE TRIGGER quarantine_added AFTER INSERT ON quarantine REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION quarantine_added();
CREATE TRIGGER quarantine_removed AFTER DELETE ON quarantine REFERENCING OLD TABLE AS removed
  FOR EACH STATEMENT EXECUTE FUNCTION quarantine_removed();
CREATE TRIGGER quarantine_emptied AFTER TRUNCATE ON quarantine
  FOR EACH STATEMENT EXECUTE FUNCTION quarantine_emptied();

-- ---------------------------------------------------------------- what contradicts itself
CREATE INDEX ON manifest_piece (sensor_id) WHERE flaw IS NOT NULL;
CREATE INDEX ON gap (sensor_id) WHERE what IN ('spool', 'restore');

-- ---------------------------------------------------------------- manifests go with the rows of their day
ALTER TABLE retained ADD COLUMN manifests_from date;
COMMENT ON COLUMN retained.manifests_from IS 'Manifests of earlier days are gone as well. Null: none was removed.';

CREATE FUNCTION manifest_floor(p_rows_from date) RETURNS date LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS
$$ SELECT least(p_rows_from, (now() AT TIME ZONE 'UTC')::date - coalesce(manifest_days, 0)) FROM apiary.policy $$;
COMMENT ON FUNCTION manifest_floor(date) IS
  'Manifests of days before this one go once rows are kept from the day given on; null: none go.';
CREATE FUNCTION retention_manifests(p_by text) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
DECLARE kept date; n bigint;
BEGIN
  SELECT apiary.manifest_floor(rows_from) INTO kept FROM apiary.retained WHERE rows_from IS NOT NULL;
  IF kept IS NULL THEN RETURN 0; END IF;
  DELETE FROM apiary.manifest_piece WHERE day < kept;
  GET DIAGNOSTICS n = ROW_COUNT;
  UPDATE apiary.retained SET manifests_from = greatest(manifests_from, kept);
  IF n > 0 THEN
    INSERT INTO apiary.audit_log(operator, action, target, new_value) VALUES (p_by, 'retention', 'manifests',
      jsonb_build_object('manifests_from', kept, 'pieces', n));
  END IF;
  RETURN n;
END $$;
COMMENT ON FUNCTION retention_manifests(text) IS
  'Removes the manifests of days that were given up, unless policy.manifest_days keeps them longer; returns how many pieces.';
CREATE FUNCTION retention_quarantine(p_by text) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
DECLARE n bigint;
BEGIN
  DELETE FROM apiary.quarantine WHERE received_at < date_trunc('day', now(), 'UTC')
    - (SELECT retention_days FROM apiary.policy) * interval '24 h';
  GET DIAGNOSTICS n = ROW_COUNT;
  IF n > 0 THEN
    INSERT INTO apiary.audit_log(operator, action, target, new_value) VALUES (p_by, 'retention', 'quarantine',
      jsonb_build_object('records', n));
  END IF;
  RETURN n;
END $$;
COMMENT ON FUNCTION retention_quarantine(text) IS
  'Removes what came to quarantine before policy.retention_days; returns how many records.';
REVOKE ALL ON FUNCTION retention_manifests(text), retention_quarantine(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION manifest_floor(date), quarantine_size(bytea, text) TO apiary_reader, apiary_writer;
GRANT EXECUTE ON FUNCTION retention_manifests(text), retention_quarantine(text) TO apiary_writer;

-- ---------------------------------------------------------------- sessions that no sensor will close
CREATE TABLE session_unfinished(session_id uuid PRIMARY KEY, closed_at timestamptz NOT NULL DEFAULT now(),
  reason text NOT NULL);
COMMENT ON TABLE session_unfinished IS
  'Why sessions were closed as unfinished for another reason than the loss of their sensor''s spool. The row goes when their '
  'own end comes after all.';
COMMENT ON COLUMN session_unfinished.session_id IS '-> session.session_id';
COMMENT ON COLUMN session_unfinished.closed_at IS 'When the collector closed it.';
COMMENT ON COLUMN session_unfinished.reason IS 'Why, in words.';

-- As close_unfinished(), some at a time, the oldest first, and says why.
CREATE FUNCTION close_stale(p_sensor int, p_before timestamptz, p_collector smallint, p_reason text, p_most int)
  RETURNS SETOF uuid LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE ids uuid[]; first_at timestamptz; last_at timestamptz;
BEGIN
  SELECT array_agg(session_id), min(started_at), max(started_at) INTO ids, first_at, last_at FROM (
    SELECT session_id, started_at FROM apiary.session_open WHERE sensor_id = p_sensor AND started_at < p_before
      AND started_at >= (SELECT greatest(date_trunc('day', now(), 'UTC') - retention_days * interval '24 h',
        (SELECT rows_from::timestamp AT TIME ZONE 'UTC' FROM apiary.retained)) FROM apiary.policy)
      ORDER BY started_at, session_id LIMIT p_most) x;
  IF ids IS NULL THEN RETURN; END IF;
  PERFORM apiary.ensure_partitions(date_trunc('day', first_at, 'UTC'), date_trunc('day', last_at, 'UTC') + interval '1 day');
  WITH gone AS (DELETE FROM apiary.session_open WHERE session_id = ANY (ids) RETURNING *),
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
  IF ids IS NULL THEN RETURN; END IF;
  INSERT INTO apiary.session_unfinished(session_id, reason) SELECT unnest(ids), p_reason
    ON CONFLICT (session_id) DO UPDATE SET closed_at = now(), reason = excluded.reason;
  PERFORM apiary.rollup_add(ids);
  RETURN QUERY SELECT unnest(ids);
END $$;
COMMENT ON FUNCTION close_stale(int, timestamptz, smallint, text, int) IS
  'Closes as unfinished at most so many of the sensor''s open sessions that began before the time given, with what is known '
  'of them, counts them, notes the reason and returns them.';

-- Takes the locks of retag_sessions(): who counts and who takes away would stop each other.
CREATE FUNCTION reopen_unfinished(p_ids uuid[]) RETURNS SETOF uuid LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
DECLARE ids uuid[]; lo timestamptz; hi timestamptz;
BEGIN
  SELECT array_agg(session_id), min(apiary.uuid_time(session_id)), max(apiary.uuid_time(session_id)) + interval '1 ms'
    INTO ids, lo, hi FROM apiary.session_unfinished WHERE session_id = ANY (p_ids);
  IF ids IS NULL THEN RETURN; END IF;
  SELECT array_agg(session_id) INTO ids FROM apiary.session
    WHERE session_id = ANY (ids) AND started_at >= lo AND started_at < hi AND outcome = 'unfinished';
  IF ids IS NULL THEN RETURN; END IF;
  LOCK TABLE apiary.rollup_5m_protocol, apiary.rollup_hour_protocol, apiary.rollup_hour_sensor,
    apiary.rollup_hour_country, apiary.rollup_hour_source, apiary.rollup_hour_credential, apiary.source_day,
    apiary.rollup_hour_command, apiary.rollup_hour_port, apiary.rollup_day_port, apiary.source, apiary.credential_seen,
    apiary.command_seen IN SHARE ROW EXCLUSIVE MODE;
  PERFORM apiary.rollup_subtract(ids, lo, hi);
  WITH gone AS (DELETE FROM apiary.session WHERE session_id = ANY (ids) AND started_at >= lo AND started_at < hi RETURNING *)
  INSERT INTO apiary.session_open(session_id, started_at, sensor_id, collector_id, source, source_port, source_scope, target,
      target_port, transport, protocol, service, persona, country, asn, community_id, tags)
    SELECT session_id, started_at, sensor_id, collector_id, source, source_port, source_scope, target, target_port,
      transport, protocol, service, persona, country, asn, community_id, tags FROM gone;
  DELETE FROM apiary.session_unfinished WHERE session_id = ANY (ids);
  RETURN QUERY SELECT unnest(ids);
END $$;
COMMENT ON FUNCTION reopen_unfinished(uuid[]) IS
  'Opens again those of the sessions that close_stale() closed, and counts them no more: their sensor still speaks of them.';
REVOKE ALL ON FUNCTION close_stale(int, timestamptz, smallint, text, int), reopen_unfinished(uuid[]) FROM PUBLIC, apiary_reader;
GRANT EXECUTE ON FUNCTION close_stale(int, timestamptz, smallint, text, int), reopen_unfinished(uuid[]) TO apiary_writer;

-- As in version 13, and forgets reasons with their sessions.
CREATE OR REPLACE FUNCTION retention_sweep() RETURNS TABLE (open_sessions bigint, pieces bigint) LANGUAGE plpgsql
  SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE kept timestamptz;
BEGIN
  SELECT rows_from::timestamp AT TIME ZONE 'UTC' INTO kept FROM apiary.retained;
  -- Ingest may be about to delete the same ones: then they are its.
  DELETE FROM apiary.session_open WHERE session_id IN (SELECT session_id FROM apiary.session_open WHERE started_at < kept
    FOR UPDATE SKIP LOCKED);
  GET DIAGNOSTICS open_sessions = ROW_COUNT;
  DELETE FROM apiary.artifact_piece WHERE started_at < kept;
  GET DIAGNOSTICS pieces = ROW_COUNT;
  DELETE FROM apiary.session_unfinished WHERE apiary.uuid_time(session_id) < kept;
  RETURN NEXT;
END $$;
