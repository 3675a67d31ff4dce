"""The collector is killed twenty times in mid-attack: nothing is lost, nothing is doubled."""

import asyncio
import random
import unittest

from agreement import assert_histories_agree, assert_logs_agree, assert_nothing_was_lost, assert_rollups_agree
from clients import crowd
from world import Service, ftp, wait_for, listening
from world_test_case import WorldTestCase

KILLS = 20
SESSIONS_EACH = 30


class CollectorKilledTest(WorldTestCase):
    @classmethod
    def services(cls):
        tls = {"tls_certificate": "certificates/test.crt", "tls_key": "certificates/test.key"}
        return [ftp(waiting="0ms", **tls), ftp("brief", waiting="0ms", idle="1s"),
                Service("catchall", "catchall", waiting="0ms", received="128KiB")]

    async def attack(self):
        """The crowd goes on while the collector dies and comes back at moments that only the seed knows."""
        ports = {name: service.port for name, service in self.world.services.items()}
        chance = random.Random(20)
        attack = asyncio.create_task(crowd(ports, KILLS * SESSIONS_EACH, seed=99, at_once=10))
        for _ in range(KILLS):
            await asyncio.sleep(chance.uniform(0.1, 1.0))
            self.world.collector.kill()
            self.world.start_collector()
        return await attack

    def test_nothing_is_lost_and_nothing_doubled(self):
        talks = asyncio.run(self.attack())
        wait_for("the last collector listens", lambda: listening(self.world.collector_port))
        self.assertEqual([talk.number for talk in talks if not talk.connected], [])
        self.world.await_sessions(len(talks), seconds=90)
        self.assertEqual(self.world.database.number("SELECT count(*) FROM session"), len(talks))
        self.assertEqual(assert_logs_agree(self, self.world), len(talks))
        assert_nothing_was_lost(self, self.world)
        assert_histories_agree(self, self.world, talks)
        assert_rollups_agree(self, self.world)


if __name__ == "__main__":
    unittest.main()
