-- Apiary, schema version 21: one way to close what no sensor will close; minutes of coverage are added at two thirds of the
-- price, and go after some time. Run as apiary_owner in one transaction, after all before it.
SET LOCAL client_min_messages = warning;
SET LOCAL search_path = apiary, pg_catalog;

-- ---------------------------------------------------------------- sessions that no sensor will close
CREATE FUNCTION unfinished_write(p_ids uuid[], p_collector smallint) RETURNS uuid[] LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp AS $$
DECLARE ids uuid[];
BEGIN
  -- A session of which no more than the beginning has come may be the only one of its day.
  PERFORM apiary.ensure_partitions(date_trunc('day', min(started_at), 'UTC'),
      date_trunc('day', max(started_at), 'UTC') + interval '1 day')
    FROM apiary.session_open WHERE session_id = ANY (p_ids) HAVING count(*) > 0;
  WITH gone AS (DELETE FROM apiary.session_open WHERE session_id = ANY (p_ids) RETURNING *),
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
  PERFORM apiary.rollup_add(ids);
  RETURN ids;
END $$;
COMMENT ON FUNCTION unfinished_write(uuid[], smallint) IS
  'Internal: closes open sessions as unfinished, with what is known of them, and counts them. Returns those that had no row '
  'yet; null: none.';
CREATE FUNCTION accepted_from() RETURNS timestamptz LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS
$$ SELECT greatest(date_trunc('day', now(), 'UTC') - retention_days * interval '24 h',
     (SELECT rows_from::timestamp AT TIME ZONE 'UTC' FROM apiary.retained)) FROM apiary.policy $$;
COMMENT ON FUNCTION accepted_from() IS 'Internal: sessions that began before it are accepted no more.';
REVOKE ALL ON FUNCTION unfinished_write(uuid[], smallint), accepted_from() FROM PUBLIC, apiary_reader;

-- What began on a day that is accepted no more is forgotten: there is no place for it, and the loss of the spool would be
-- put aside for its sake.
CREATE OR REPLACE FUNCTION close_unfinished(p_sensor int, p_before timestamptz, p_collector smallint) RETURNS bigint
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  DELETE FROM apiary.session_open WHERE sensor_id = p_sensor AND started_at < apiary.accepted_from();
  RETURN coalesce(cardinality(apiary.unfinished_write(array_agg(session_id), p_collector)), 0)
    FROM apiary.session_open WHERE sensor_id = p_sensor AND started_at < p_before;
END $$;

CREATE OR REPLACE FUNCTION close_stale(p_sensor int, p_before timestamptz, p_collector smallint, p_reason text, p_most int)
  RETURNS SETOF uuid LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE ids uuid[];
BEGIN
  SELECT array_agg(session_id) INTO ids FROM (SELECT session_id FROM apiary.session_open
    WHERE sensor_id = p_sensor AND started_at < p_before AND started_at >= apiary.accepted_from()
    ORDER BY started_at, session_id LIMIT p_most) x;
  ids := apiary.unfinished_write(ids, p_collector);
  IF ids IS NULL THEN RETURN; END IF;
  INSERT INTO apiary.session_unfinished(session_id, reason) SELECT unnest(ids), p_reason
    ON CONFLICT (session_id) DO UPDATE SET closed_at = now(), reason = excluded.reason;
  RETURN QUERY SELECT unnest(ids);
END $$;

-- ---------------------------------------------------------------- coverage
-- Nearly all rows are there already, since an hour has sixty minutes: they are found once, and not tried to be added
-- before. Rows are locked as they are found, so one adds at a time.
ALTER TABLE coverage_hour SET (fillfactor = 50);  -- all rows of the hour are written anew each minute
CREATE OR REPLACE FUNCTION coverage_add(p_hours timestamptz[], p_sensors int[], p_targets inet[], p_ports int[],
  p_transports text[], p_protocols text[], p_minutes bit(60)[], p_tests int[], p_failed int[]) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE found_rows bigint;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('apiary.coverage_add'));
  UPDATE apiary.coverage_hour c SET protocol = n.o, minutes = c.minutes | n.m, up_seconds = 60 * bit_count(c.minutes | n.m),
      self_tests = c.self_tests + n.g, self_tests_failed = c.self_tests_failed + n.b
    FROM (SELECT h, s, t, p, r, max(o) AS o, bit_or(m) AS m, sum(g) AS g, sum(b) AS b
      FROM unnest(p_hours, p_sensors, p_targets, p_ports, p_transports, p_protocols, p_minutes, p_tests, p_failed)
        u(h, s, t, p, r, o, m, g, b) GROUP BY 1, 2, 3, 4, 5) n
    WHERE c.hour_at = n.h AND c.sensor_id = n.s AND c.target = n.t AND c.target_port = n.p AND c.transport = n.r;
  GET DIAGNOSTICS found_rows = ROW_COUNT;
  IF found_rows < cardinality(p_hours) THEN
    INSERT INTO apiary.coverage_hour(hour_at, sensor_id, target, target_port, transport, protocol, addresses, minutes,
      up_seconds, self_tests, self_tests_failed)
    SELECT h, s, t, p, r, max(o), 1, bit_or(m), 60 * bit_count(bit_or(m)), sum(g), sum(b)
      FROM unnest(p_hours, p_sensors, p_targets, p_ports, p_transports, p_protocols, p_minutes, p_tests, p_failed)
        u(h, s, t, p, r, o, m, g, b) GROUP BY 1, 2, 3, 4, 5
    ON CONFLICT (hour_at, sensor_id, target, target_port, transport) DO NOTHING;
  END IF;
  INSERT INTO apiary.coverage_hour_protocol AS c (hour_at, protocol, minutes)
  SELECT h, o, bit_or(m) FROM unnest(p_hours, p_protocols, p_minutes) n(h, o, m) GROUP BY 1, 2 ORDER BY 1, 2
  ON CONFLICT (hour_at, protocol) DO UPDATE SET minutes = c.minutes | excluded.minutes
    WHERE c.minutes | excluded.minutes <> c.minutes;
END $$;

ALTER TABLE policy ADD COLUMN coverage_days int DEFAULT 400 CHECK (coverage_days BETWEEN 1 AND 36600);
COMMENT ON COLUMN policy.coverage_days IS
  'coverage_hour is kept for so many days, and as long as there are rows; coverage_hour_protocol as the rollups. Null: as '
  'the rollups.';
ALTER TABLE retained ADD COLUMN coverage_from date;
COMMENT ON COLUMN retained.coverage_from IS
  'coverage_hour of earlier days is gone: which sensor listened then is not known. Null: none was removed.';

CREATE FUNCTION retention_coverage(p_by text) RETURNS bigint LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE limit_day date; n bigint;
BEGIN
  SELECT (now() AT TIME ZONE 'UTC')::date - greatest(coverage_days, retention_days) INTO limit_day
    FROM apiary.policy WHERE coverage_days IS NOT NULL;
  IF limit_day IS NULL OR limit_day <= (SELECT coverage_from FROM apiary.retained) THEN RETURN 0; END IF;
  DELETE FROM apiary.coverage_hour WHERE hour_at < limit_day::timestamp AT TIME ZONE 'UTC';
  GET DIAGNOSTICS n = ROW_COUNT;
  IF n > 0 THEN
    UPDATE apiary.retained SET coverage_from = limit_day;
    INSERT INTO apiary.audit_log(operator, action, target, new_value) VALUES (p_by, 'retention', 'coverage',
      jsonb_build_object('coverage_from', limit_day, 'rows', n));
  END IF;
  RETURN n;
END $$;
COMMENT ON FUNCTION retention_coverage(text) IS
  'Internal: removes coverage_hour older than policy.coverage_days; returns how many rows went.';
REVOKE ALL ON FUNCTION retention_coverage(text) FROM PUBLIC, apiary_reader;

-- As in version 17; coverage has days of its own.
CREATE OR REPLACE FUNCTION retention_rollups(p_by text) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
DECLARE limit_day date; n bigint; total bigint := 0; covered bigint := apiary.retention_coverage(p_by); t text; at text;
BEGIN
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
