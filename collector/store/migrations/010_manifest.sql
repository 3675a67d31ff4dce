-- Apiary, schema version 10: manifests, by which rows and text logs can be verified. Run as apiary_owner in one transaction,
-- after 001 and 002.
SET LOCAL client_min_messages = warning;
SET LOCAL search_path = apiary, pg_catalog;

CREATE TABLE manifest_piece(piece_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, sensor_id int NOT NULL, day date NOT NULL,
  first bigint NOT NULL CHECK (first >= 0),
  entries bytea NOT NULL CHECK (length(entries) > 0 AND length(entries) % 48 = 0),
  chain bytea NOT NULL CHECK (length(chain) = 32), signature bytea NOT NULL, certificate bytea NOT NULL,
  made_at timestamptz NOT NULL, received_at timestamptz NOT NULL DEFAULT now(), flaw text);
ALTER TABLE manifest_piece ALTER COLUMN entries SET STORAGE EXTERNAL;  -- digests cannot be compressed
CREATE INDEX ON manifest_piece (sensor_id, day, first);
GRANT INSERT ON manifest_piece TO apiary_writer;

CREATE FUNCTION manifest_chain(p_before bytea, p_day date, p_first bigint, p_entries bytea) RETURNS bytea
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN sha256(coalesce(p_before, decode(repeat('00', 32), 'hex')) || int8send((p_day - '1970-01-01'::date)::bigint)
  || int8send(p_first) || p_entries);
COMMENT ON FUNCTION manifest_chain(bytea, date, bigint, bytea) IS
  'The chain of a piece from the chain of the piece before it; null before the first of a day.';

-- Pieces of one day may come out of order, since a sensor sends what is new before what waits. So a piece is compared with
-- both its neighbours, as far as they are there; a hole shows in manifest_day.
CREATE FUNCTION manifest_add(p_sensor int, p_day date, p_first bigint, p_entries bytea, p_chain bytea, p_signature bytea,
  p_certificate bytea, p_made timestamptz, p_flaw text) RETURNS text
  LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE next_first bigint := p_first + length(p_entries) / 48; follows boolean; flaws text := nullif(p_flaw, '');
BEGIN
  IF EXISTS (SELECT FROM apiary.manifest_piece m WHERE m.sensor_id = p_sensor AND m.day = p_day AND m.first = p_first
    AND m.chain = p_chain AND m.entries = p_entries AND (m.flaw IS NULL OR flaws IS NOT NULL)) THEN RETURN 'known'; END IF;
  IF p_first = 0 THEN
    follows := apiary.manifest_chain(NULL, p_day, 0, p_entries) = p_chain;
  ELSE
    SELECT bool_or(apiary.manifest_chain(m.chain, p_day, p_first, p_entries) = p_chain) INTO follows
      FROM apiary.manifest_piece m WHERE m.sensor_id = p_sensor AND m.day = p_day AND m.first < p_first
        AND m.first + length(m.entries) / 48 = p_first;
  END IF;
  IF NOT follows THEN flaws := concat_ws('; ', flaws, 'its chain does not continue the piece before'); END IF;
  IF EXISTS (SELECT FROM apiary.manifest_piece m WHERE m.sensor_id = p_sensor AND m.day = p_day AND m.flaw IS NULL
    AND m.first < next_first AND m.first + length(m.entries) / 48 > p_first) THEN
    flaws := concat_ws('; ', flaws, 'it numbers entries that came before, and otherwise');
  END IF;
  IF EXISTS (SELECT FROM apiary.manifest_piece m WHERE m.sensor_id = p_sensor AND m.day = p_day AND m.flaw IS NULL
    AND m.first = next_first AND m.chain <> apiary.manifest_chain(p_chain, p_day, m.first, m.entries)) THEN
    flaws := concat_ws('; ', flaws, 'the piece behind it, which came before, does not continue its chain');
  END IF;
  INSERT INTO apiary.manifest_piece(sensor_id, day, first, entries, chain, signature, certificate, made_at, flaw)
    VALUES (p_sensor, p_day, p_first, p_entries, p_chain, p_signature, p_certificate, p_made, flaws);
  RETURN coalesce(flaws, '');
END $$;
COMMENT ON FUNCTION manifest_add(int, date, bigint, bytea, bytea, bytea, bytea, timestamptz, text) IS
  'Stores a piece of a manifest with what is wrong with it, which is also returned: empty if nothing, known if it is there '
  'already. p_flaw: what the collector found wrong with signature and certificate.';
GRANT EXECUTE ON FUNCTION manifest_chain(bytea, date, bigint, bytea) TO apiary_reader, apiary_writer;
GRANT EXECUTE ON FUNCTION manifest_add(int, date, bigint, bytea, bytea, bytea, bytea, timestamptz, text) TO apiary_writer;

CREATE VIEW manifest_day AS
  SELECT m.sensor_id, n.name AS sensor, m.day, count(*) AS pieces, count(m.flaw) AS flawed,
    coalesce(sum(length(m.entries) / 48) FILTER (WHERE m.flaw IS NULL), 0)::bigint AS entries,
    max(m.first + length(m.entries) / 48) - coalesce(sum(length(m.entries) / 48) FILTER (WHERE m.flaw IS NULL), 0)::bigint
      AS missing,
    (array_agg(m.chain ORDER BY m.first DESC, m.piece_id))[1] AS head, max(m.made_at) AS made_at,
    max(m.received_at) AS received_at
  FROM apiary.manifest_piece m LEFT JOIN apiary.sensor n USING (sensor_id) GROUP BY m.sensor_id, n.name, m.day;
CREATE VIEW manifest_entry AS
  SELECT m.sensor_id, m.day, m.first + i AS number, encode(substr(m.entries, i * 48 + 1, 16), 'hex')::uuid AS session_id,
    substr(m.entries, i * 48 + 17, 32) AS journal_sha256, m.piece_id
  FROM apiary.manifest_piece m CROSS JOIN LATERAL generate_series(0, length(m.entries) / 48 - 1) i;

COMMENT ON TABLE manifest_piece IS
  'Pieces of the manifests: which sessions of a day a sensor has closed, and the digest of each text log, chained and signed '
  'by the sensor minutes after they ended. apiary-collector verify compares rows with them.';
COMMENT ON COLUMN manifest_piece.piece_id IS 'In the order in which they came.';
COMMENT ON COLUMN manifest_piece.sensor_id IS '-> sensor.sensor_id';
COMMENT ON COLUMN manifest_piece.day IS 'UTC day on which its sessions began.';
COMMENT ON COLUMN manifest_piece.first IS 'Number of its first entry within the day, from 0.';
COMMENT ON COLUMN manifest_piece.entries IS
  '48 bytes each: session id, SHA-256 of the text log. See manifest_entry.';
COMMENT ON COLUMN manifest_piece.chain IS 'SHA-256 over the chain of the piece before, day, first and entries: manifest_chain().';
COMMENT ON COLUMN manifest_piece.signature IS 'By the sensor''s key, over chain.';
COMMENT ON COLUMN manifest_piece.certificate IS 'Of that key, DER.';
COMMENT ON COLUMN manifest_piece.made_at IS 'When the sensor made it, by its clock.';
COMMENT ON COLUMN manifest_piece.received_at IS 'When it was stored: what it says cannot be forged from then on.';
COMMENT ON COLUMN manifest_piece.flaw IS 'What is wrong with it, as far as could be told when it came; null: nothing.';
COMMENT ON VIEW manifest_day IS 'The manifest of each sensor and day as a whole.';
COMMENT ON COLUMN manifest_day.sensor_id IS '-> sensor.sensor_id';
COMMENT ON COLUMN manifest_day.sensor IS 'Its name.';
COMMENT ON COLUMN manifest_day.day IS 'UTC day on which the sessions began.';
COMMENT ON COLUMN manifest_day.pieces IS 'Pieces.';
COMMENT ON COLUMN manifest_day.flawed IS 'Of these, with a flaw.';
COMMENT ON COLUMN manifest_day.entries IS 'Sessions in pieces without a flaw.';
COMMENT ON COLUMN manifest_day.missing IS
  'Sessions that are numbered but in no piece without a flaw. More than 0 for long: pieces are missing.';
COMMENT ON COLUMN manifest_day.head IS 'Chain of the last piece.';
COMMENT ON COLUMN manifest_day.made_at IS 'When the sensor made its last piece.';
COMMENT ON COLUMN manifest_day.received_at IS 'When a piece came last.';
COMMENT ON VIEW manifest_entry IS 'The entries of all pieces, flawed ones included. Ask for a sensor and a day.';
COMMENT ON COLUMN manifest_entry.sensor_id IS '-> sensor.sensor_id';
COMMENT ON COLUMN manifest_entry.day IS 'UTC day on which the session began.';
COMMENT ON COLUMN manifest_entry.number IS 'Within the day, from 0.';
COMMENT ON COLUMN manifest_entry.session_id IS '-> session.session_id';
COMMENT ON COLUMN manifest_entry.journal_sha256 IS 'What session.journal_sha256 must be.';
COMMENT ON COLUMN manifest_entry.piece_id IS '-> manifest_piece.piece_id';
