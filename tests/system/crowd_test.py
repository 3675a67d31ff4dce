"""2,000 seeded sessions over midnight, the agent killed half-way: every history agrees with every other."""

import asyncio
import datetime
import time
import unittest

from agreement import assert_histories_agree, assert_logs_agree, assert_nothing_was_lost, assert_rollups_agree
from clients import crowd
from world import TERM, Service, ftp, wait_for
from world_test_case import WorldTestCase

FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"
SESSIONS = 2000
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
