"""2,000 seeded sessions over midnight, the agent killed half-way: every history agrees with every other."""

import asyncio
import datetime
import os
import subprocess
import time
import unittest

from agreement import assert_histories_agree, assert_logs_agree, assert_nothing_was_lost, assert_rollups_agree
from clients import crowd
from world import TERM, Service, ftp, wait_for
from world_test_case import WorldTestCase

FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"
SESSIONS = 2000
MICROS = "(1000000 * extract(epoch FROM started_at))::bigint"
OUTCOMES = {"finished", "peer_closed", "reset", "timed_out", "limit", "tls_failed", "agent_stopped", "interrupted"}


def seconds_to_midnight():
    now = datetime.datetime.now(datetime.timezone.utc)
    midnight = (now + datetime.timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return (midnight - now).total_seconds()


class CrowdTest(WorldTestCase):
    @classmethod
    def services(cls):
        tls = {"tls_certificate": "certificates/test.crt", "tls_key": "certificates/test.key"}
        return [ftp(waiting="0ms", **tls), ftp("brief", waiting="0ms", idle="1s"),
                Service("catchall", "catchall", waiting="0ms", received="128KiB")]

    @classmethod
    def agent_environment(cls):
        # An offset and not a date: the agent that is started again goes on where the killed one was.
        offset = int(seconds_to_midnight()) - 30
        cls.midnight = time.monotonic() + seconds_to_midnight() - offset
        return {"LD_PRELOAD": FAKETIME, "FAKETIME": f"{offset:+}s", "FAKETIME_DONT_FAKE_MONOTONIC": "1",
                "ASAN_OPTIONS": "verify_asan_link_order=0:" + "detect_leaks=0"}

    killed = False

    @classmethod
    def to_midnight(cls):
        """Seconds until the agent's day ends; negative afterwards."""
        return cls.midnight - time.monotonic()

    def kill_half_way(self, done, under_way):
        if not self.killed and done >= SESSIONS // 2 and abs(self.to_midnight()) > 3:
            self.killed = True
            self.world.agent.kill()
            for talk in under_way:
                talk.killed = True
            self.world.start_agent()

    async def hold_over_midnight(self, port):
        """One who is silent and connected when the day ends; comes again when the agent is killed before."""
        while self.to_midnight() > 0:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                try:
                    await asyncio.wait_for(reader.read(), self.to_midnight() + 1.5)
                except TimeoutError:
                    pass
                finally:
                    writer.close()
            except OSError:
                await asyncio.sleep(0.1)

    async def play(self):
        ports = {name: service.port for name, service in self.world.services.items()}
        talks, _ = await asyncio.gather(crowd(ports, SESSIONS, seed=20170418, on_done=self.kill_half_way),
                                        self.hold_over_midnight(ports["ftp"]))
        return talks

    def test_every_history_agrees(self):
        talks = asyncio.run(self.play())
        self.assertEqual(len(talks), SESSIONS)
        self.assertTrue(self.killed)
        with_end = sum(talk.saw_end for talk in talks)
        self.assertGreater(with_end, SESSIONS * 3 // 4)
        self.end_some_by_stopping_the_agent()
        self.world.await_sessions(with_end, seconds=60)
        self.assertGreater(assert_logs_agree(self, self.world), with_end)
        assert_nothing_was_lost(self, self.world)
        assert_histories_agree(self, self.world, talks)
        assert_rollups_agree(self, self.world)
        self.assert_reports_agree()
        self.assert_variety(talks)

    def end_some_by_stopping_the_agent(self):
        async def hold():
            held = [await asyncio.open_connection("127.0.0.1", self.world.port("ftp")) for _ in range(5)]
            for reader, _ in held:
                await reader.readline()
            self.world.agent.send(TERM)
            for reader, writer in held:
                await asyncio.wait_for(reader.read(), 20)
                writer.close()

        asyncio.run(hold())
        wait_for("the agent to stop", lambda: not self.world.agent.running())
        self.assertEqual(self.world.agent.process.returncode, 0)
        self.world.start_agent()

    def assert_reports_agree(self):
        """What the collector says to people of three ranges over midnight is what SQL counts: of uneven ends among the sessions, which
        are counted by rows; of ends away from them, so that there are whole buckets; and of one of each."""
        self.world.issue("operator", "ann")
        first, early, midnight, late, last = map(int, self.world.database.rows(
            "SELECT min(us), percentile_disc(0.1) WITHIN GROUP (ORDER BY us), max(us) / 86400000000 * 86400000000, "
            f"  percentile_disc(0.93) WITHIN GROUP (ORDER BY us), max(us) FROM (SELECT {MICROS} AS us FROM session) s")[0])
        self.assertTrue(first < early < midnight < late < last, "the ranges cross midnight")
        for since, until in ((early + 1, late), (midnight - 433_000_001, midnight + 667_500_003), (early + 1, midnight + 667_500_003)):
            with self.subTest(since=since, until=until):
                self.assert_report_agrees(since, until)

    def assert_report_agrees(self, since, until):
        folder, database = self.world.folder / "certificates", self.world.database
        said = subprocess.run([os.environ["APIARY_REPORT_ASKER"], f"127.0.0.1:{self.world.collector_port}", folder / "ca.crt",
                               folder / "ann.crt", folder / "ann.key", str(since), str(until)],
                              capture_output=True, text=True, timeout=120, check=True).stdout.splitlines()
        inside = f"traffic = 'attack' AND {MICROS} >= {since} AND {MICROS} < {until}"
        # Newest first, and a session must be in no page twice.
        self.assertEqual([line for line in said if line.startswith("session ")], [" ".join(["session", *row]) for row in database.rows(
            f"SELECT session_id, {MICROS}, protocol, outcome, bytes_in, bytes_out, credentials FROM session WHERE {inside} "
            "ORDER BY started_at DESC, session_id DESC")])
        self.assertGreater(len(said), SESSIONS // 2)
        self.assertCountEqual([line for line in said if line.startswith("bucket ")], [" ".join(["bucket", *row]) for row in database.rows(
            f"SELECT {MICROS} / 300000000 * 300000000, protocol, count(*) "
            f"FROM session WHERE {inside} GROUP BY 1, 2")])
        counted = database.rows(f"SELECT count(*), count(DISTINCT source) FROM session WHERE {inside}")[0]
        self.assertEqual([line for line in said if line.startswith("counted ")], [" ".join(["counted", *counted])])
        sums = database.rows(
            f"SELECT count(*), count(DISTINCT source), sum(credentials), (SELECT count(*) FROM (SELECT min({MICROS}) AS seen "
            f"  FROM session WHERE traffic = 'attack' GROUP BY source) s WHERE seen >= {since} AND seen < {until}), sum(bytes_in), "
            f"sum(bytes_out), (SELECT count(*) FROM probe WHERE {inside}), "
            f"(SELECT count(*) FROM session_open) FROM session WHERE {inside}")[0]
        self.assertEqual([line for line in said if line.startswith("totals ")], [" ".join(["totals", *sums])])

    def assert_variety(self, talks):
        database = self.world.database
        self.assertEqual({row[0] for row in database.rows("SELECT DISTINCT outcome FROM session")}, OUTCOMES)
        self.assertEqual(database.number("SELECT count(DISTINCT get_byte(bytes, n)) FROM event, generate_series(0, 255) n "
                                         "WHERE kind = 0 AND n < length(bytes)"), 256, "byte values received")
        self.assertEqual(database.run("SELECT min(length(bytes)), max(length(bytes)) FROM event WHERE kind = 0"), "1|16384")
        self.assertEqual(database.number("SELECT count(DISTINCT started_at::date) FROM session"), 2, "days")
        self.assertEqual(database.number("SELECT count(*) FROM session WHERE started_at::date <> ended_at::date") > 0, True,
                         "a session over midnight")
        uploads = [talk for talk in talks if talk.uploaded and talk.saw_end and not talk.killed]
        self.assertGreater(len(uploads), 20)
        known = {row[0] for row in database.rows("SELECT encode(content, 'hex') FROM artifact")}
        self.assertEqual([talk.number for talk in uploads if talk.uploaded.hex() not in known], [], "uploads without artifact")


if __name__ == "__main__":
    unittest.main()
