-- Apiary, schema version 9: sessions whose end can come no more, because the sensor lost its spool and nobody will send what
-- closes them. Run as apiary_owner in one transaction, after 001 to 008.
SET LOCAL client_min_messages = warning;
SET LOCAL search_path = apiary, pg_catalog;

CREATE FUNCTION close_unfinished(p_sensor int, p_before timestamptz, p_collector smallint) RETURNS bigint
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE ids uuid[]; first_at timestamptz; last_at timestamptz;
BEGIN
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
COMMENT ON FUNCTION close_unfinished(int, timestamptz, smallint) IS
  'Closes as unfinished what the sensor had open before the time given, with what is known of it, and counts it. For the '
  'ingest transaction that takes down the loss of the sensor''s spool.';
REVOKE EXECUTE ON FUNCTION close_unfinished(int, timestamptz, smallint) FROM PUBLIC, apiary_reader;
GRANT EXECUTE ON FUNCTION close_unfinished(int, timestamptz, smallint) TO apiary_writer;
