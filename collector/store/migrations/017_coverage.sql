-- Apiary, schema version 17: which minutes of an hour somebody listened in, and the visits of sensors to their own services
-- that say so where the sensor itself could not. Run as apiary_owner in one transaction.
SET LOCAL client_min_messages = warning;
SET LOCAL search_path = apiary, pg_catalog;

-- ---------------------------------------------------------------- minutes
-- Minutes and not seconds that are added up: whoever says the same again, says nothing new.
ALTER TABLE coverage_hour ADD COLUMN minutes bit(60) NOT NULL DEFAULT 0::bigint::bit(60);
CREATE INDEX ON coverage_hour (sensor_id, hour_at);
COMMENT ON TABLE coverage_hour IS
  'Exposure as data: in which hour which address and port really answered, by the sensor''s report and its self-tests. '
  'Divide counts by it. No row or up_seconds = 0 means no data, never zero attacks. Times are of the sensor''s clock, '
  'as those of its sessions.';
COMMENT ON COLUMN coverage_hour.minutes IS 'One bit for each minute of the hour, the first one first: 1 where the service accepted.';
COMMENT ON COLUMN coverage_hour.up_seconds IS 'Seconds in which the service accepted: 60 for each of the minutes.';
COMMENT ON COLUMN coverage_hour.self_tests IS 'Visits of the sensor to its service that were answered and came all the way into this database.';
COMMENT ON COLUMN coverage_hour.self_tests_failed IS 'Visits that failed, as the sensor told while it was connected.';

CREATE TABLE coverage_hour_protocol(hour_at timestamptz CHECK (date_trunc('hour', hour_at, 'UTC') = hour_at),
  protocol text, minutes bit(60) NOT NULL, PRIMARY KEY (hour_at, protocol)) WITH (fillfactor = 70);
COMMENT ON TABLE coverage_hour_protocol IS 'coverage_hour of all sensors together: in which minutes any service of a protocol accepted.';
COMMENT ON COLUMN coverage_hour_protocol.hour_at IS 'Start of the hour, UTC.';
COMMENT ON COLUMN coverage_hour_protocol.protocol IS 'The emulated one.';
COMMENT ON COLUMN coverage_hour_protocol.minutes IS 'One bit for each minute of the hour, the first one first: 1 where any service accepted.';

CREATE FUNCTION coverage_minutes(p_hour timestamptz, p_from timestamptz, p_to timestamptz) RETURNS bit(60)
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT CASE WHEN last < first THEN 0::bigint ELSE ((1::bigint << (last - first + 1)) - 1) << (59 - last) END::bit(60)
   FROM (SELECT greatest(0, floor(extract(epoch FROM p_from - p_hour) / 60))::int AS first,
     least(59, floor(extract(epoch FROM p_to - p_hour) / 60))::int AS last) m $$;
COMMENT ON FUNCTION coverage_minutes(timestamptz, timestamptz, timestamptz) IS
 'The minutes of an hour that a time from .. to touches.';

-- One statement for each table, its rows in the order of the key: so two that add at once never wait for each other in
-- a ring. Hence a transaction calls this once.
CREATE FUNCTION coverage_add(p_hours timestamptz[], p_sensors int[], p_targets inet[], p_ports int[], p_transports text[],
  p_protocols text[], p_minutes bit(60)[], p_tests int[], p_failed int[]) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  INSERT INTO apiary.coverage_hour AS c (hour_at, sensor_id, target, target_port, transport, protocol, addresses, minutes,
    up_seconds, self_tests, self_tests_failed)
  SELECT h, s, t, p, r, max(o), 1, bit_or(m), 60 * bit_count(bit_or(m)), sum(g), sum(b)
    FROM unnest(p_hours, p_sensors, p_targets, p_ports, p_transports, p_protocols, p_minutes, p_tests, p_failed)
      n(h, s, t, p, r, o, m, g, b) GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
  ON CONFLICT (hour_at, sensor_id, target, target_port, transport) DO UPDATE SET protocol = excluded.protocol,
    minutes = c.minutes | excluded.minutes, up_seconds = 60 * bit_count(c.minutes | excluded.minutes),
    self_tests = c.self_tests + excluded.self_tests,
    self_tests_failed = c.self_tests_failed + excluded.self_tests_failed;
  INSERT INTO apiary.coverage_hour_protocol AS c (hour_at, protocol, minutes)
  SELECT h, o, bit_or(m) FROM unnest(p_hours, p_protocols, p_minutes) n(h, o, m) GROUP BY 1, 2 ORDER BY 1, 2
  ON CONFLICT (hour_at, protocol) DO UPDATE SET minutes = c.minutes | excluded.minutes
    WHERE c.minutes | excluded.minutes <> c.minutes;
END $$;
COMMENT ON FUNCTION coverage_add(timestamptz[], int[], inet[], int[], text[], text[], bit(60)[], int[], int[]) IS
 'Adds minutes and self-tests to hours of coverage, a row for each place in the arrays. Once in a transaction.';
GRANT EXECUTE ON FUNCTION coverage_add(timestamptz[], int[], inet[], int[], text[], text[], bit(60)[], int[], int[])
  TO apiary_writer;
REVOKE INSERT, UPDATE ON coverage_hour FROM apiary_writer;

-- ---------------------------------------------------------------- visits
CREATE TABLE service_visit(sensor_id int REFERENCES sensor, service text, at timestamptz, target inet NOT NULL,
  target_port int NOT NULL, transport text NOT NULL CHECK (transport IN ('tcp','udp')), protocol text NOT NULL,
  run text NOT NULL, answered boolean NOT NULL, PRIMARY KEY (sensor_id, service, at));
GRANT INSERT ON service_visit TO apiary_writer;
COMMENT ON TABLE service_visit IS
  'The last days of each service''s visits by its own sensor. Between two that were answered, one after the other in the '
  'same run of the agent and at most 65 minutes apart, the service listened, whether or not the sensor was connected.';
COMMENT ON COLUMN service_visit.sensor_id IS 'The sensor.';
COMMENT ON COLUMN service_visit.service IS 'Name in the agent''s configuration.';
COMMENT ON COLUMN service_visit.at IS 'Start of the visit, by the sensor''s clock; of one that failed, its end.';
COMMENT ON COLUMN service_visit.target IS 'Address that was visited.';
COMMENT ON COLUMN service_visit.target_port IS 'Port that was visited.';
COMMENT ON COLUMN service_visit.transport IS 'tcp or udp.';
COMMENT ON COLUMN service_visit.protocol IS 'The emulated one.';
COMMENT ON COLUMN service_visit.run IS 'Which run of the agent, from the path of its text logs; empty if the visit got no log.';
COMMENT ON COLUMN service_visit.answered IS 'Whether it got an answer.';

-- A sensor visits the first address of a service, on the loopback if that is every address. What it found holds for all
-- of them, if that is how the sensor describes the service.
CREATE FUNCTION service_places(p_sensor int, p_service text, p_target inet, p_port int)
  RETURNS TABLE(target inet, target_port int) LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS
$$ WITH told AS (SELECT (substring(l FROM '^\[?([0-9a-f.:]+?)\]?:\d+$'))::inet AS a, (substring(l FROM ':(\d+)$'))::int AS p
     FROM apiary.sensor_state t, jsonb_array_elements(t.services) s, string_to_table(s->>'listens', ' ') l
     WHERE t.sensor_id = p_sensor AND s->>'name' = p_service AND l ~ '^\[?[0-9a-f.:]+\]?:\d+$'),
   fits AS (SELECT FROM told WHERE p = p_port AND (a = p_target OR a IN ('0.0.0.0', '::')))
   SELECT DISTINCT a, p FROM told WHERE EXISTS (SELECT FROM fits)
   UNION ALL SELECT p_target, p_port WHERE NOT EXISTS (SELECT FROM fits) $$;
COMMENT ON FUNCTION service_places(int, text, inet, int) IS
 'Where a service listens that was visited there, as its sensor told last; the place of the visit if that is none of them.';

-- Later visits may have come earlier, on another lane: so both neighbours are looked at.
CREATE FUNCTION visits_add(p_sessions uuid[]) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
DECLARE sensors int[]; services text[]; times timestamptz[];
BEGIN
  WITH fresh AS (
    INSERT INTO apiary.service_visit(sensor_id, service, at, target, target_port, transport, protocol, run, answered)
    SELECT s.sensor_id, coalesce(s.service, ''), s.started_at, s.target, s.target_port, s.transport, s.protocol,
        split_part(coalesce(s.journal_path, ''), '/', 1),
        -- A stream that was answered ends by itself or by its visitor; who visits waits no longer than that.
        s.transport = 'udp' OR (s.outcome IN ('finished', 'peer_closed') AND s.ended_at < s.started_at + interval '45 s')
      FROM unnest(p_sessions) p(id) JOIN apiary.session s ON s.session_id = p.id AND s.started_at = apiary.uuid_time(p.id)
      WHERE 'visit' = ANY (s.tags) ORDER BY 1, 2, 3
    ON CONFLICT DO NOTHING RETURNING sensor_id, service, at)
  SELECT array_agg(f.sensor_id), array_agg(f.service), array_agg(f.at) INTO sensors, services, times FROM fresh f;
  IF sensors IS NULL THEN RETURN; END IF;
  PERFORM apiary.coverage_add(array_agg(h), array_agg(v.sensor_id), array_agg(l.target), array_agg(l.target_port),
      array_agg(v.transport), array_agg(v.protocol), array_agg(apiary.coverage_minutes(h, v.since, v.until)),
      array_agg((date_trunc('hour', v.at, 'UTC') = h)::int), array_agg(0))
    FROM (SELECT w.*, coalesce(b.at, w.at) AS since, coalesce(a.at, w.at) AS until
      FROM unnest(sensors, services, times) f(sensor_id, service, at) JOIN apiary.service_visit w USING (sensor_id, service, at)
      LEFT JOIN LATERAL (SELECT * FROM apiary.service_visit x WHERE x.sensor_id = w.sensor_id AND x.service = w.service
        AND x.at < w.at ORDER BY x.at DESC LIMIT 1) b ON b.answered AND b.run = w.run AND b.target_port = w.target_port
        AND b.transport = w.transport AND w.at <= b.at + interval '65 min'
      LEFT JOIN LATERAL (SELECT * FROM apiary.service_visit x WHERE x.sensor_id = w.sensor_id AND x.service = w.service
        AND x.at > w.at ORDER BY x.at LIMIT 1) a ON a.answered AND a.run = w.run AND a.target_port = w.target_port
        AND a.transport = w.transport AND a.at <= w.at + interval '65 min'
      WHERE w.answered) v,
    LATERAL apiary.service_places(v.sensor_id, v.service, v.target, v.target_port) l,
    LATERAL generate_series(date_trunc('hour', v.since, 'UTC'), v.until, interval '1 h') h
    HAVING count(*) > 0;
  DELETE FROM apiary.service_visit o USING (SELECT f.sensor_id, f.service, max(f.at) AS at
      FROM unnest(sensors, services, times) f(sensor_id, service, at) GROUP BY 1, 2) n
    WHERE o.sensor_id = n.sensor_id AND o.service = n.service AND o.at < n.at - interval '2 d';
END $$;
COMMENT ON FUNCTION visits_add(uuid[]) IS
 'What sessions that are visits of a sensor to its own service say of the time in which it listened; others count for nothing, '
 'and each visit once.';
GRANT EXECUTE ON FUNCTION visits_add(uuid[]) TO apiary_writer;
REVOKE ALL ON FUNCTION coverage_minutes(timestamptz, timestamptz, timestamptz), service_places(int, text, inet, int),
  visits_add(uuid[]), coverage_add(timestamptz[], int[], inet[], int[], text[], text[], bit(60)[], int[], int[]) FROM PUBLIC;

-- ---------------------------------------------------------------- retention
-- As in version 13, and hours of coverage go with the counts of their days.
CREATE OR REPLACE FUNCTION retention_rollups(p_by text) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
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
  FOREACH t IN ARRAY ARRAY['coverage_hour', 'coverage_hour_protocol'] LOOP
    EXECUTE format('DELETE FROM apiary.%I WHERE hour_at < $1', t) USING kept;
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
