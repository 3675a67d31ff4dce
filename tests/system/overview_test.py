"""Every figure of the overview opens the sessions behind it: clicked in the running window, and counted in SQL."""

import socket
import subprocess
import unittest

from display import Display, Readout
from world import ACCOUNT, Program, ftp
from world_test_case import WorldTestCase


class OverviewTest(WorldTestCase):
    @classmethod
    def services(cls):
        return [ftp(waiting="0ms"), ftp("second", waiting="0ms")]

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.display = Display()
        cls.world.issue("operator", "olga", "--role", "operator")
        cls.attack()
        certificates = cls.world.folder / "certificates"
        words = ["--collector", f"127.0.0.1:{cls.world.collector_port}", "--ca", certificates / "ca.crt",
                 "--certificate", certificates / "olga.crt", "--key", certificates / "olga.key", "--size", "1600x1000"]
        cls.readout = Readout(cls.world.folder / "readout.json")
        cls.console = Program("console", cls.world.command("console", *words, "--readout", cls.world.folder / "readout.json"),
                              cls.world.folder / "console.log", cls.display.environment)

    @classmethod
    def tearDownClass(cls):
        try:
            status = cls.console.stop()
        finally:
            cls.display.close()
            cls.failed = cls.failed or status != 0
            super().tearDownClass()
        if status != 0:
            raise AssertionError(f"the console ended with {status}")

    @classmethod
    def attack(cls):
        """Nine sessions of three sources on two ports; logins tried once, twice and three times."""
        for service, logins in (("ftp", ["root:toor"] * 3 + ["admin:"] * 2 + [":".join(ACCOUNT)]), ("second", ["root:toor"])):
            for number, login in enumerate(logins):
                subprocess.run(["curl", "-sS", "--max-time", "20", "--interface", f"127.0.0.{9 if number else 8}", "--user", login,
                                f"ftp://127.0.0.1:{cls.world.port(service)}/"], capture_output=True, timeout=30, check=False)
        for _ in range(2):
            with socket.create_connection(("127.0.0.1", cls.world.port("second")), 10, ("127.0.0.66", 0)) as hostile:
                hostile.recv(1000)
                hostile.sendall(b"USER <b>bold</b>\x1b[2J\r\nPASS root\r\n")
                hostile.recv(1000)
        cls.world.await_sessions(9)

    def overview(self):
        """The overview, with all of its panels filled."""
        shown = self.readout.now()
        if shown and shown["page"] != "overview":
            self.display.click(shown["buttons"]["nav:Overview"])
        return self.readout.wait_for("the overview with nine sessions", lambda now: now["page"] == "overview"
                                     and now["tiles"][0]["value"] == "9" and all(one["entries"] for one in now["rankings"])
                                     and sum(cell["sessions"] for cell in now["heat_map"]["cells"]) == 9
                                     and sum(entry["sessions"] for entry in now["legend"]) == 9)

    def opened(self, rect, sessions, what):
        """A click there shows the list, which finds so many sessions."""
        self.display.click(rect)
        return self.readout.wait_for(f"{sessions} sessions of {what}", lambda now: now["page"] == "sessions"
                                     and now["found"] and now["found"]["sessions"] == sessions and len(now["rows"]) == sessions)

    def test_entries_of_lists_open_their_sessions(self):
        rankings = self.overview()["rankings"]
        self.assertEqual([one["unit"] for one in rankings], ["sessions", "tries", "times typed"])
        for at, ranking in enumerate(rankings):
            for number, entry in enumerate(ranking["entries"][:4]):
                now = self.overview()["rankings"][at]["entries"][number]
                self.assertEqual(now["key"], entry["key"])
                self.display.click(now["rect"])
                there = self.readout.wait_for(f"the sessions of {entry['key']}", lambda found: found["page"] == "sessions"
                                              and found["found"] and found["found"]["sessions"] == len(found["rows"]) > 0)
                counted = there["found"]["sessions" if at == 0 else "times"]
                self.assertEqual(counted, entry["count"], f"{ranking['title']}: {entry['key']}")

    def test_sources_are_those_of_sql(self):
        shown = self.overview()["rankings"][0]["entries"]
        self.assertEqual({(entry["key"], str(entry["count"])) for entry in shown},
                         {tuple(row) for row in self.world.database.rows("SELECT host(source), count(*) FROM attack GROUP BY 1")})

    def test_an_hour_of_the_week_opens_its_sessions(self):
        cells = [cell for cell in self.overview()["heat_map"]["cells"] if cell["sessions"]]
        for cell in cells:
            self.overview()
            self.opened(cell["rect"], cell["sessions"], cell["name"])

    def test_a_tile_opens_its_sessions(self):
        self.opened(self.overview()["tiles"][0]["rect"], 9, "the tile")

    def test_a_live_entry_opens_its_session(self):
        row = self.overview()["live"]["rows"][2]
        self.display.click(row["rect"])
        self.readout.wait_for("that session", lambda now: now["page"] == "sessions"
                              and now["session"]["session_id"] == row["session_id"])


if __name__ == "__main__":
    unittest.main()
