-- Apiary, schema version 27: a fold keeps ids that count up in two bytes a session. Run as apiary_owner in one
-- transaction, after all before it. Folds that are there stay as they are.
SET LOCAL client_min_messages = warning;
SET LOCAL search_path = apiary, pg_catalog;

-- One agent's ids are alike but for the time and their last four bytes, which count up. Then ids has the six bytes before
-- those once, and the four are one more number of each member, behind all others.
CREATE FUNCTION fold_pack_ids() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE p record; n int := NEW.members;
BEGIN
  IF EXISTS (SELECT FROM generate_series(1, n - 1) i WHERE substr(NEW.ids, i * 10 + 1, 6) <> substr(NEW.ids, 1, 6)) THEN
    RETURN NEW;
  END IF;
  p := apiary.fold_pack(ARRAY(SELECT ('x' || encode(substr(NEW.ids, i * 10 + 7, 4), 'hex'))::bit(32)::bigint
    FROM generate_series(0, n - 1) i ORDER BY i));
  NEW.bases := NEW.bases || p.base; NEW.widths := NEW.widths || p.width;
  NEW.low_at := NEW.low_at || length(NEW.low) / n; NEW.high_at := NEW.high_at || length(NEW.high) / n;
  NEW.low := NEW.low || p.low; NEW.high := NEW.high || p.high;
  NEW.ids := substr(NEW.ids, 1, 6);
  RETURN NEW;
END $$;
COMMENT ON FUNCTION fold_pack_ids() IS 'Internal: ids of a fold that count up, as session_fold keeps them.';
REVOKE ALL ON FUNCTION fold_pack_ids() FROM PUBLIC, apiary_reader;
CREATE TRIGGER fold_pack_ids BEFORE INSERT ON session_fold FOR EACH ROW EXECUTE FUNCTION fold_pack_ids();
COMMENT ON COLUMN session_fold.ids IS
  'Of each id what is not its time: ten bytes of each member; or, if they count up, six bytes that all share, and the others '
  'are the last of the numbers.';

CREATE OR REPLACE FUNCTION fold_members(p_fold apiary.session_fold)
  RETURNS TABLE (member int, low bytea, high bytea, session_id uuid, started_at timestamptz, ended_at timestamptz,
    received_at timestamptz, source_port int, target inet, clock_offset_ms int) LANGUAGE sql STABLE PARALLEL SAFE ROWS 500 AS $$
  SELECT i, d.low, d.high, encode(substr(int8send(d.began + apiary.fold_number(d.low, d.high, d.n, i, d.b[1], d.w[1], d.l[1],
      d.h[1])), 3) || CASE WHEN length(d.ids) > 6 THEN substr(d.ids, i * 10 + 1, 10)
        ELSE d.ids || substr(int8send(apiary.fold_number(d.low, d.high, d.n, i, d.b[d.k], d.w[d.k], d.l[d.k], d.h[d.k])), 5)
      END, 'hex')::uuid,
    (p_fold).started_at + apiary.fold_number(d.low, d.high, d.n, i, d.b[1], d.w[1], d.l[1], d.h[1]) * interval '1 ms',
    (p_fold).started_at + apiary.fold_number(d.low, d.high, d.n, i, d.b[1], d.w[1], d.l[1], d.h[1]) * interval '1 ms'
      + x.lasted * interval '1 us',
    'epoch'::timestamptz + x.received * interval '1 us', x.port::int, (p_fold).target + x.distance, x.clock::int
  FROM (SELECT (p_fold).ids || ''::bytea AS ids, (p_fold).low || ''::bytea AS low, (p_fold).high || ''::bytea AS high,
      (p_fold).members AS n, (p_fold).bases AS b, (p_fold).widths AS w, (p_fold).low_at AS l, (p_fold).high_at AS h,
      cardinality((p_fold).bases) AS k,
      ('x' || left(replace((p_fold).fold_id::text, '-', ''), 12))::bit(48)::bigint AS began OFFSET 0) d,
    generate_series(0, d.n - 1) i,
    LATERAL (SELECT apiary.fold_number(d.low, d.high, d.n, i, d.b[2], d.w[2], d.l[2], d.h[2]) AS lasted,
      apiary.fold_number(d.low, d.high, d.n, i, d.b[3], d.w[3], d.l[3], d.h[3]) AS received,
      apiary.fold_number(d.low, d.high, d.n, i, d.b[4], d.w[4], d.l[4], d.h[4]) AS port,
      apiary.fold_number(d.low, d.high, d.n, i, d.b[5], d.w[5], d.l[5], d.h[5]) AS distance,
      apiary.fold_number(d.low, d.high, d.n, i, d.b[6], d.w[6], d.l[6], d.h[6]) AS clock OFFSET 0) x $$;
