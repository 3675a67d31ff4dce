"""At each bound of the agent what goes is the right thing, is counted, and stands in the database as a record."""

import contextlib
import re
import socket
import time
import unittest

from metrics_page import assert_promtool_is_content, figures, scrape
from world import Service, ftp, listening, wait_for
from world_test_case import WorldTestCase

MOST = 30    # connections
FILES = 100  # text logs


class BoundsTest(WorldTestCase):
    limits = {"connections": MOST, "per_source": 1000, "waiting": "0ms"}
    budgets = {"journal": {"files": FILES}, "spool": {"bytes": "1MiB"}}

    @classmethod
    def services(cls):
        return [ftp(), Service("other", "catchall"), Service("held", "catchall")]

    def connect(self, service):
        sock = socket.create_connection(("127.0.0.1", self.world.port(service)), 20)
        self.addCleanup(sock.close)
        return sock

    def bound(self, name):
        """What `status` says of a bound."""
        status = self.world.call("agent", "status", "--config", self.world.agent_toml)
        return re.search(rf"{name}  (.*)", status).group(1)

    def page(self):
        return scrape(self.world.agent_metrics)

    def full_at(self, name):
        """When a bound is reached, in seconds since 1970, as the page of figures has it; None if it tells of no such moment."""
        return figures(self.page()).get(f'apiary_agent_bound_full_timestamp_seconds{{bound="{name}"}}')

    def refused(self, service):
        for line in self.world.call("agent", "services", "--config", self.world.agent_toml).splitlines():
            if line.split()[0] == service:
                return int(line.split()[7])
        raise AssertionError(service)

    def probes(self, service, reason):
        return self.world.database.number(f"SELECT coalesce(sum(packets), 0) FROM probe WHERE reason = '{reason}' AND "
                                          f"target_port = {self.world.port(service)}")

    def short_session(self):
        """True if it was taken, and ended by the agent after its farewell; False if it was refused."""
        with contextlib.suppress(ConnectionResetError), socket.create_connection(("127.0.0.1", self.world.port("ftp")), 20) as sock:
            if not sock.recv(1000):
                return False
            sock.sendall(b"QUIT\r\n")
            while sock.recv(1000):
                pass
            return True
        return False

    def test_connections(self):
        held = [self.connect("held") for _ in range(MOST)]
        wait_for("all of them", lambda: self.bound("connections").startswith(f"{MOST} of {MOST} (100 %)"))
        for _ in range(20):
            self.assertEqual(self.connect("held").recv(10), b"")
        self.assertEqual(self.bound("connections"), f"{MOST} of {MOST} (100 %), 20 contacts refused")
        self.assertEqual(self.refused("held"), 20)
        for sock in held:
            sock.close()
        wait_for("20 probes", lambda: self.probes("held", "connections in all") == 20, step=0.2)
        wait_for("none open", lambda: self.bound("connections").startswith("0 of"))

    def test_files_of_the_journal(self):
        for _ in range(FILES + 60):
            self.assertTrue(self.short_session())
        wait_for("the budget", lambda: len(self.world.logs()) == FILES)
        said = wait_for("status", lambda: re.match(rf"{FILES} of {FILES} \(100 %\), turning over: logs of less than an hour are kept, "
                                                  r"(\d+) logs removed", self.bound("journal_files")))
        self.assertIsNone(self.full_at("journal_files"))
        removed = int(said.group(1))
        self.assertGreaterEqual(removed, 60)
        # The first is told at once, the others together a minute later.
        wait_for(f"{removed} removed logs in the database", lambda: self.world.database.number(
            "SELECT coalesce(sum(records), 0) FROM gap WHERE what = 'journal'") == removed, 90, 0.5)
        self.assertLessEqual(self.world.database.number("SELECT count(*) FROM gap"), 4)
        self.assertEqual(self.world.database.number("SELECT count(*) FROM quarantine"), 0)

    def test_spool_full_of_small_sessions(self):
        before = self.world.database.number("SELECT count(*) FROM session")
        self.world.collector.kill()
        taken = refused = 0
        while refused < 50:
            self.assertLess(taken, 5000)
            if self.short_session():
                taken += 1
            else:
                refused += 1
        self.assertGreater(taken, 300)
        self.assertRegex(self.bound("spool_bytes"), r"\(9\d %\)")
        self.assertEqual(self.refused("ftp"), refused)
        full = wait_for("the page to say that the spool is full", lambda: self.full_at("spool_bytes"), step=0.2)
        self.assertLess(abs(time.time() - full), 60)
        self.assertIn(", full, ", self.bound("spool_bytes"))
        page = self.page()
        self.world.start_collector()
        wait_for("the collector listens", lambda: listening(self.world.collector_port))
        self.world.await_sessions(before + taken, 60)
        self.assertEqual(self.world.database.number("SELECT count(*) FROM session"), before + taken)
        wait_for(f"{refused} refused contacts", lambda: self.probes("ftp", "room for records") == refused, 30, 0.3)
        wait_for("room again", self.short_session, 30, 0.5)
        self.assertEqual(self.world.database.number("SELECT count(*) FROM gap WHERE what <> 'journal'"), 0)
        assert_promtool_is_content(self, page)


if __name__ == "__main__":
    unittest.main()
