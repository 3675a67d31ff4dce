-- Apiary, schema version 12: what is wrong with sensors and services, kept as incidents, and the notices of it that are on
-- their way. Run as apiary_owner in one transaction, after 001 to 011.
SET LOCAL client_min_messages = warning;
SET LOCAL search_path = apiary, pg_catalog;

-- The newest sessions of a service, and when it was last visited: a few pages each, however many sessions its sensor has.
CREATE INDEX ON session (sensor_id, service, started_at) WHERE traffic <> 'self-test';

ALTER TABLE incident ADD COLUMN collector_id smallint, ADD COLUMN sensor_id int REFERENCES sensor,
  ADD COLUMN service text, ADD COLUMN subject text, ADD COLUMN since_at timestamptz,
  ADD COLUMN advice text;
CREATE INDEX ON incident (sensor_id, opened_at);

CREATE TABLE incident_telling(incident_id bigint PRIMARY KEY REFERENCES incident, collector_id smallint NOT NULL,
  times bigint NOT NULL CHECK (times >= 1), lasting boolean NOT NULL, ended_at timestamptz, counted bigint NOT NULL,
  changed boolean NOT NULL, told text CHECK (told IN ('began','lasts','ended')), told_at timestamptz,
  CHECK ((told IS NULL) = (told_at IS NULL)));
CREATE TABLE notice_hour(collector_id smallint PRIMARY KEY, hour_at timestamptz NOT NULL, sent int NOT NULL,
  held int NOT NULL);
CREATE TABLE notice(notice_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, collector_id smallint NOT NULL,
  incident_id bigint REFERENCES incident, channel text NOT NULL CHECK (channel IN ('command','webhook')),
  made_at timestamptz NOT NULL DEFAULT now(), body text NOT NULL CHECK (length(body) <= 65536),
  tries int NOT NULL DEFAULT 0, next_try_at timestamptz NOT NULL DEFAULT now(), problem text,
  delivered_at timestamptz, dropped_at timestamptz);
CREATE INDEX ON notice (collector_id, channel, notice_id) WHERE delivered_at IS NULL AND dropped_at IS NULL;
CREATE INDEX ON notice (made_at);
GRANT INSERT, UPDATE, DELETE ON incident_telling, notice_hour, notice TO apiary_writer;

DROP VIEW incident_current;
CREATE VIEW incident_current AS
  SELECT i.incident_id, i.opened_at, i.rule, i.severity, i.source, i.title, i.collector_id, i.sensor_id,
    n.name AS sensor, i.service, i.subject, i.since_at, i.advice, c.state, c.assignee, c.note, c.at AS changed_at,
    CASE WHEN c.state = 'closed' THEN c.at END AS ended_at,
    (SELECT count(*) FROM apiary.incident_change x WHERE x.incident_id = i.incident_id AND x.state = 'new') AS times
  FROM apiary.incident i LEFT JOIN apiary.sensor n USING (sensor_id) LEFT JOIN LATERAL
    (SELECT state, assignee, note, at FROM apiary.incident_change x WHERE x.incident_id = i.incident_id
      ORDER BY at DESC LIMIT 1) c ON true;
CREATE VIEW trouble AS
  SELECT incident_id, sensor, service, rule AS kind, subject, severity, since_at, opened_at, ended_at, times, title, advice
  FROM apiary.incident_current WHERE sensor_id IS NOT NULL;

COMMENT ON TABLE incident IS 'Alerts grouped for people. Those with a sensor are troubles that the collector found.';
COMMENT ON COLUMN incident.rule IS
  'Rule that opened it; of a trouble its kind: sensor-silent, service-silent, one-source, clock, limit, self-test, egress.';
COMMENT ON COLUMN incident.collector_id IS 'Collector that found it.';
COMMENT ON COLUMN incident.sensor_id IS '-> sensor.sensor_id';
COMMENT ON COLUMN incident.service IS 'Service concerned; empty: the whole sensor.';
COMMENT ON COLUMN incident.subject IS 'Which of several of its kind, e.g. spool_bytes full; empty for most.';
COMMENT ON COLUMN incident.since_at IS 'Since when it was wrong, as far as is known.';
COMMENT ON COLUMN incident.advice IS 'What to do.';
COMMENT ON TABLE incident_telling IS
  'The incidents that last, or ended a short time ago, and what has been told of them. Kept by the collector.';
COMMENT ON COLUMN incident_telling.incident_id IS 'Number. -> incident.incident_id';
COMMENT ON COLUMN incident_telling.collector_id IS 'Collector that found it.';
COMMENT ON COLUMN incident_telling.times IS 'How often the trouble began.';
COMMENT ON COLUMN incident_telling.lasting IS 'Whether it lasts.';
COMMENT ON COLUMN incident_telling.ended_at IS 'When it was last found to be over.';
COMMENT ON COLUMN incident_telling.counted IS 'What it cost, where that is counted, when it was last noted.';
COMMENT ON COLUMN incident_telling.changed IS 'Something is yet to be told of it.';
COMMENT ON COLUMN incident_telling.told IS 'What was told last.';
COMMENT ON COLUMN incident_telling.told_at IS 'When.';
COMMENT ON TABLE notice_hour IS 'Notices of the present hour, which are limited. Kept by the collector.';
COMMENT ON COLUMN notice_hour.collector_id IS 'The collector.';
COMMENT ON COLUMN notice_hour.hour_at IS 'When the hour began.';
COMMENT ON COLUMN notice_hour.sent IS 'Notices made since then.';
COMMENT ON COLUMN notice_hour.held IS 'Notices that would have been one too many.';
COMMENT ON TABLE notice IS 'Notices for [notify] of the collector: on their way, and those of the last 7 days.';
COMMENT ON COLUMN notice.notice_id IS 'Number.';
COMMENT ON COLUMN notice.collector_id IS 'Collector that sends it.';
COMMENT ON COLUMN notice.incident_id IS 'What it is about; null: nothing of one sensor. -> incident.incident_id';
COMMENT ON COLUMN notice.channel IS 'command or webhook.';
COMMENT ON COLUMN notice.made_at IS 'When it was made.';
COMMENT ON COLUMN notice.body IS 'The JSON object that is sent.';
COMMENT ON COLUMN notice.tries IS 'How often it was tried.';
COMMENT ON COLUMN notice.next_try_at IS 'Not tried again before.';
COMMENT ON COLUMN notice.problem IS 'Why the last try failed.';
COMMENT ON COLUMN notice.delivered_at IS 'When it was taken.';
COMMENT ON COLUMN notice.dropped_at IS 'When it was given up: a day had passed, or too many waited.';
COMMENT ON VIEW incident_current IS 'Incidents with their present state.';
COMMENT ON COLUMN incident_current.incident_id IS 'Number. -> incident.incident_id';
COMMENT ON COLUMN incident_current.opened_at IS 'When.';
COMMENT ON COLUMN incident_current.rule IS 'Rule that opened it.';
COMMENT ON COLUMN incident_current.severity IS '1 low to 4 critical.';
COMMENT ON COLUMN incident_current.source IS 'Address of the source concerned.';
COMMENT ON COLUMN incident_current.title IS 'In words.';
COMMENT ON COLUMN incident_current.collector_id IS 'Collector that found it.';
COMMENT ON COLUMN incident_current.sensor_id IS '-> sensor.sensor_id';
COMMENT ON COLUMN incident_current.sensor IS 'Name of the sensor.';
COMMENT ON COLUMN incident_current.service IS 'Service concerned; empty: the whole sensor.';
COMMENT ON COLUMN incident_current.subject IS 'Which of several of its kind; empty for most.';
COMMENT ON COLUMN incident_current.since_at IS 'Since when it was wrong, as far as is known.';
COMMENT ON COLUMN incident_current.advice IS 'What to do.';
COMMENT ON COLUMN incident_current.state IS 'new, acknowledged or closed.';
COMMENT ON COLUMN incident_current.assignee IS 'Who works on it.';
COMMENT ON COLUMN incident_current.note IS 'Free text.';
COMMENT ON COLUMN incident_current.changed_at IS 'Time of the last change.';
COMMENT ON COLUMN incident_current.ended_at IS 'When it was closed; null: it lasts.';
COMMENT ON COLUMN incident_current.times IS 'How often it began.';
COMMENT ON VIEW trouble IS 'What was wrong with sensors and services, from when to when. It lasts where ended_at is null.';
COMMENT ON COLUMN trouble.incident_id IS 'Number. -> incident.incident_id';
COMMENT ON COLUMN trouble.sensor IS 'Name of the sensor.';
COMMENT ON COLUMN trouble.service IS 'Service concerned; empty: the whole sensor.';
COMMENT ON COLUMN trouble.kind IS 'sensor-silent, service-silent, one-source, clock, limit, self-test or egress.';
COMMENT ON COLUMN trouble.subject IS 'Which of several of its kind; empty for most.';
COMMENT ON COLUMN trouble.severity IS '1 a remark to 4 critical.';
COMMENT ON COLUMN trouble.since_at IS 'Since when it was wrong, as far as is known.';
COMMENT ON COLUMN trouble.opened_at IS 'When it was found.';
COMMENT ON COLUMN trouble.ended_at IS 'When it was found to be over; null: it lasts.';
COMMENT ON COLUMN trouble.times IS 'How often it began.';
COMMENT ON COLUMN trouble.title IS 'What was wrong.';
COMMENT ON COLUMN trouble.advice IS 'What to do.';
