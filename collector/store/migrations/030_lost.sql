-- Apiary, schema version 30: of a sensor that lost its spool a gap tells which numbers are missing. Run as apiary_owner in one
-- transaction, after all before it.
SET LOCAL client_min_messages = warning;
SET LOCAL search_path = apiary, pg_catalog;

ALTER TABLE gap ADD COLUMN lost_stream_id uuid, ADD COLUMN lost_lane smallint, ADD COLUMN lost_first_seq bigint,
  ADD COLUMN lost_last_seq bigint, ADD COLUMN lost_exact boolean,
  ADD CHECK (num_nulls(lost_stream_id, lost_lane, lost_first_seq, lost_last_seq, lost_exact) IN (0, 5));
COMMENT ON COLUMN gap.lost_stream_id IS
  'Of a spool that was lost or set back: the id that it had. lost_first_seq to lost_last_seq of lost_lane had been given '
  'numbers under it, and neither came nor will; "records" counts them. Null: the sensor did not know. -> ingest_stream.stream_id';
COMMENT ON COLUMN gap.lost_lane IS 'Its lane. A spool that had several has a gap for each.';
COMMENT ON COLUMN gap.lost_first_seq IS
  'The first number that is missing: behind what ingest_stream had then, and behind what an old copy still has.';
COMMENT ON COLUMN gap.lost_last_seq IS 'The last one. The one before lost_first_seq: none is missing.';
COMMENT ON COLUMN gap.lost_exact IS
  'Whether no number behind lost_last_seq had been given out. Else those are missing at least: the agent was killed, or lost '
  'its power, and does not know, or the whole machine was set back.';
COMMENT ON COLUMN gap.records IS
  'How many records; of text logs, how many logs. 0 of a spool without lost_stream_id: unknown.';

-- The sensor tells what it had numbered; what of it has come is known here only. An earlier batch of that spool may be on
-- its way to its commit: it is waited for.
CREATE FUNCTION gap_lost() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE have bigint;
BEGIN
  SELECT last_seq INTO have FROM apiary.ingest_stream
    WHERE stream_id = NEW.lost_stream_id AND lane = NEW.lost_lane AND sensor_id = NEW.sensor_id FOR SHARE;
  NEW.lost_first_seq := greatest(NEW.lost_first_seq, have + 1);
  NEW.lost_last_seq := greatest(NEW.lost_last_seq, NEW.lost_first_seq - 1);
  NEW.records := NEW.lost_last_seq - NEW.lost_first_seq + 1;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION gap_lost() IS 'Internal: leaves out of the numbers that a sensor has lost those that came.';
REVOKE ALL ON FUNCTION gap_lost() FROM PUBLIC, apiary_reader;
CREATE TRIGGER gap_lost BEFORE INSERT ON gap FOR EACH ROW WHEN (NEW.lost_stream_id IS NOT NULL) EXECUTE FUNCTION gap_lost();
