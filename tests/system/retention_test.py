"""`apiary-collector retention` on a database of several days: --dry-run says what would go and changes nothing, and then just that goes."""

import datetime
import ftplib
import re
import unittest

from world import ACCOUNT, ftp
from world_test_case import WorldTestCase

BACK = 8  # days behind today that have rows
KEPT = 5
COPIED = {"session", "event", "credential", "command"}
# The session of today once more on each of the days before, as if it had been recorded there.
COPY = f"""
SET transaction_read_only = off;
SELECT apiary.ensure_partitions(now() - {BACK} * interval '24 h', now());
DO $$ DECLARE t text; columns text; moved text; BEGIN
  FOREACH t IN ARRAY ARRAY{sorted(COPIED)} LOOP
    SELECT string_agg(quote_ident(column_name), ', '), string_agg(CASE
        WHEN column_name = 'session_id' THEN '(lpad(to_hex((extract(epoch FROM started_at - ago) * 1000)::bigint), 12, ''0'') '
          '|| substr(replace(session_id::text, ''-'', ''''), 13))::uuid'
        WHEN data_type = 'timestamp with time zone' THEN quote_ident(column_name) || ' - ago' ELSE quote_ident(column_name) END, ', ')
      INTO columns, moved FROM information_schema.columns
      WHERE table_schema = 'apiary' AND table_name = t AND is_generated = 'NEVER';
    EXECUTE format('INSERT INTO apiary.%I(%s) SELECT %s FROM apiary.%I, (SELECT day * interval ''24 h'' AS ago FROM '
      'generate_series(1, {BACK}) day) a', t, columns, moved, t);
  END LOOP; END $$
"""


class RetentionTest(WorldTestCase):
    @classmethod
    def services(cls):
        return [ftp(waiting="0ms")]

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with ftplib.FTP() as client:
            client.connect("127.0.0.1", cls.world.port("ftp"), timeout=20)
            client.login(*ACCOUNT)
            client.quit()
        cls.world.await_sessions(1)
        for program in (cls.world.agent, cls.world.collector):
            program.stop()
        cls.world.database.run(COPY)
        cls.world.call("collector", "rollup", "rebuild", "--config", cls.world.collector_toml)
        cls.world.call("collector", "policy", "--retention-days", str(KEPT), "--config", cls.world.collector_toml)
        cls.first_kept = datetime.date.fromisoformat(
            cls.world.database.run(f"SELECT (now() AT TIME ZONE 'UTC')::date - {KEPT}"))

    def retention(self, *words):
        return self.world.call("collector", "retention", *words, "--config", self.world.collector_toml)

    def partitions(self):
        """{partition: how many rows it has, and their digest}"""
        names = [row[0] for row in self.world.database.rows(
            "SELECT relname FROM pg_class WHERE relnamespace = 'apiary_part'::regnamespace AND relkind = 'r' AND relname ~ '_[0-9]{8}$'")]
        return dict(self.world.database.rows(" UNION ALL ".join(
            f"SELECT '{name}', count(*) || ' ' || coalesce(md5(string_agg(t::text, ';' ORDER BY t::text)), '') FROM apiary_part.{name} t"
            for name in names)))

    def others(self):
        """What retention may change besides: what it noted, and what outlives the rows."""
        return self.world.database.run("SELECT (SELECT count(*) FROM audit_log), (SELECT rows_from FROM retained), (SELECT sum(sessions) "
                                       "FROM rollup_hour_protocol), (SELECT count(*) FROM source_day), (SELECT count(*) FROM artifact)")

    @staticmethod
    def listed(text):
        """The partitions that it names, and how many sessions it says these days have in all."""
        sessions = [int(number) for number in re.findall(r"in all: about (\d+) sessions", text)]
        return set(re.findall(r"^  \d{4}-\d\d-\d\d  (\w+_\d{8}) ", text, re.M)), sum(sessions)

    def test_1_what_the_policy_keeps_is_refused(self):
        before = self.partitions()
        done = self.world.run("collector", "retention", "--days", str(KEPT - 1), "--config", self.world.collector_toml)
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"policy is {KEPT}", done.stderr)
        self.assertEqual(self.partitions(), before)

    def test_2_says_what_goes_and_then_just_that_goes(self):
        before, noted = self.partitions(), self.others()
        old = {name for name in before if name[-8:] < self.first_kept.strftime("%Y%m%d")}
        self.assertEqual(len({name[-8:] for name in old}), BACK - KEPT)
        self.assertEqual({name[:-9] for name in old if not before[name].startswith("0 ")}, COPIED)

        said = self.retention("--dry-run")
        self.assertEqual(self.listed(said), (old, BACK - KEPT))
        self.assertRegex(said, rf"^would go: {BACK - KEPT} days, about {BACK - KEPT} sessions, ")
        self.assertRegex(said, rf"(?m)^stays: \d+ days from {self.first_kept}, about {KEPT + 1} sessions; ")
        self.assertEqual(self.partitions(), before)
        self.assertEqual(self.others(), noted)

        done = self.retention()
        self.assertEqual(self.listed(done), self.listed(said))
        self.assertRegex(done, rf"(?m)^{len(old)} partitions with .* dropped")
        self.assertEqual(self.partitions(), {name: rows for name, rows in before.items() if name not in old})
        self.assertEqual(self.world.database.number("SELECT count(*) FROM session"), KEPT + 1)
        self.assertRegex(self.retention("--dry-run"), r"^would go: 0 days, about 0 sessions, 0 B\n")


if __name__ == "__main__":
    unittest.main()
