"""A machine is set back to a snapshot while the collector is away, and records more than it has forgotten: its numbers stand for
two histories. Nothing of either is lost, and it is told."""

import ftplib
import shutil
import unittest

from world import World, ftp, wait_for


class SnapshotTest(unittest.TestCase):
    def setUp(self):
        self.failed = True
        self.world = World("snapshot", [ftp(waiting="0ms")])
        self.addCleanup(lambda: self.world.close(self.failed))

    def visit(self, count):
        for _ in range(count):
            with ftplib.FTP() as client:
                client.connect("127.0.0.1", self.world.port("ftp"), timeout=10)

    def set_back(self, copy):
        """As the machine's disk would be: the same files, by their numbers, with what was in them."""
        for name in ("state", "journal"):
            now, old = getattr(self.world, name), copy / name
            for file in list(now.rglob("*")):
                if file.is_file() and not (old / file.relative_to(now)).exists():
                    file.unlink()
            for file in old.rglob("*"):
                to = now / file.relative_to(old)
                if file.is_file():
                    with open(to, "r+b" if to.exists() else "wb") as out:
                        out.truncate()
                        out.write(file.read_bytes())

    def test_two_histories_under_the_same_numbers(self):
        self.world.start()
        self.visit(3)
        self.world.await_sessions(3)
        self.assertEqual(self.world.agent.stop(), 0)
        copy = self.world.folder / "copy"
        for name in ("state", "journal"):
            shutil.copytree(getattr(self.world, name), copy / name)
        self.world.start_agent()
        self.visit(2)
        self.world.await_sessions(5)
        first = self.world.database.run("SELECT stream_id FROM ingest_stream")
        self.world.agent.kill()
        self.assertEqual(self.world.collector.stop(), 0)

        self.set_back(copy)
        self.world.start_agent()
        self.visit(8)
        self.world.start_collector()
        self.world.await_sessions(13)
        self.assertEqual(self.world.database.number("SELECT count(*) FROM session"), 13)
        streams = {stream for stream, in self.world.database.rows("SELECT DISTINCT stream_id FROM ingest_stream")}
        self.assertEqual(len(streams), 2)
        self.assertIn(first, streams)
        self.assertIn("set back to an older state", (self.world.folder / "collector.log").read_text())
        self.assertEqual(self.world.database.run("SELECT string_agg(DISTINCT what, ' ') FROM gap WHERE what <> 'restore'"), "spool")
        wait_for("the trouble to be told", lambda: self.world.database.rows(
            "SELECT sensor, subject FROM trouble WHERE kind = 'ledger' AND ended_at IS NULL") == [["test", "spool"]])

        # From then on it is a sensor like any other, also when it is killed.
        self.visit(2)
        self.world.await_sessions(15)
        self.world.agent.kill()
        self.world.start_agent()
        self.visit(1)
        self.world.await_sessions(16)
        self.assertEqual(self.world.database.number("SELECT count(DISTINCT stream_id) FROM ingest_stream"), 2)
        self.failed = False


if __name__ == "__main__":
    unittest.main()
