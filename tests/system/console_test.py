"""The running window, read out of its widgets, says what SQL says; a click on a switch reaches the port."""

import os
import pathlib
import socket
import subprocess
import tempfile
import unittest

from agreement import assert_logs_agree
from display import Display, Readout
from world import ACCOUNT, Program, ftp, listening, wait_for
from world_test_case import WorldTestCase


class ConsoleTest(WorldTestCase):
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
        cls.words = ["--collector", f"127.0.0.1:{cls.world.collector_port}", "--ca", certificates / "ca.crt",
                     "--certificate", certificates / "olga.crt", "--key", certificates / "olga.key", "--size", "1600x1000"]
        cls.readout = Readout(cls.world.folder / "readout.json")
        cls.console = Program("console", cls.world.command("console", *cls.words, "--readout", cls.world.folder / "readout.json"),
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
        """Four sessions of three sources, one of them with bytes that a window must not take for markup."""
        port = cls.world.port("ftp")
        for number in range(2):
            subprocess.run(["curl", "-sS", "--max-time", "20", "--user", f"root:secret{number}", f"ftp://127.0.0.1:{port}/"],
                           capture_output=True, timeout=30, check=False)
        subprocess.run(["curl", "-sS", "--max-time", "20", "--interface", "127.0.0.9", "--user", ":".join(ACCOUNT),
                        f"ftp://127.0.0.1:{port}/"], capture_output=True, timeout=30, check=True)
        with socket.create_connection(("127.0.0.1", port), 10, ("127.0.0.66", 0)) as hostile:
            hostile.recv(1000)
            hostile.sendall(b"USER <b>bold</b>\x1b[2J\r\n")
            hostile.recv(1000)
        cls.world.await_sessions(4)

    def settled(self):
        return self.readout.wait_for("the window to show four sessions", lambda shown: shown["connection"]["state"] == "live"
                                     and len(shown["rows"]) == 4 and shown["session"].get("transcript_sha256"))

    def test_tiles_and_legend_equal_sql(self):
        self.turn_to("Overview")
        shown, database = self.settled(), self.world.database
        tiles = {tile["name"]: tile["value"] for tile in shown["tiles"]}
        self.assertEqual(tiles["Sessions"], database.run("SELECT count(*) FROM attack"))
        self.assertEqual(tiles["Unique sources"], database.run("SELECT count(DISTINCT source) FROM attack"))
        self.assertEqual(tiles["Credentials tried"], database.run("SELECT count(*) FROM credential"))
        self.assertEqual(tiles["Open now"], database.run("SELECT count(*) FROM session_open"))
        self.assertEqual([[entry["name"].lower(), str(entry["sessions"])] for entry in shown["legend"]],
                         database.rows("SELECT protocol, count(*) FROM attack GROUP BY 1 ORDER BY 2 DESC"))

    def test_first_row_and_transcript_equal_sql(self):
        shown, database = self.settled(), self.world.database
        session, started, protocol, source, port = database.rows(
            "SELECT session_id, to_char(started_at, 'FMDD Mon HH24:MI:SS'), upper(protocol), host(source), target_port "
            "FROM session ORDER BY started_at DESC, session_id DESC LIMIT 1")[0]
        first = shown["rows"][0]
        self.assertEqual(first["session_id"], session)
        self.assertEqual(first["shown"][:3], [started, protocol, source])
        self.assertIn(port, first["shown"])
        self.assertEqual(shown["session"]["session_id"], session, "the newest is selected")
        transcript = [row[0] for row in database.rows(
            f"SELECT replace(line, '|', '!') FROM transcript('{session}') WITH ORDINALITY t(line, n) ORDER BY n")]
        self.assertEqual([line.replace("|", "!") for line in shown["session"]["log"]], transcript)
        self.assertIn("USER <b>bold</b>\\x1b[2J\\x0d\\x0a", transcript[4])
        self.assertEqual(shown["session"]["transcript_sha256"], shown["session"]["journal_sha256"])

    def test_a_click_on_another_row_shows_its_transcript(self):
        self.turn_to("Sessions")
        shown = self.settled()
        wanted = shown["rows"][2]
        self.display.click(wanted["rect"])
        there = self.readout.wait_for("the clicked session", lambda now: now["session"]["session_id"] == wanted["session_id"]
                                      and now["session"].get("transcript_sha256"))
        self.assertEqual(there["session"]["transcript_sha256"], self.world.database.run(
            f"SELECT encode(journal_sha256, 'hex') FROM session WHERE session_id = '{wanted['session_id']}'"))
        self.display.click(shown["rows"][0]["rect"])
        self.readout.wait_for("the first session again",
                              lambda now: now["session"]["session_id"] == shown["rows"][0]["session_id"])

    def test_goes_to_a_time_in_the_list(self):
        self.turn_to("Sessions")
        self.display.click(self.settled()["buttons"]["list:goto"])
        self.display.enter("now")
        there = self.readout.wait_for("the list from now on", lambda now: now["list"]["newer"].startswith("from "))
        self.assertIn("4 of 4 sessions loaded", there["list"]["count_line"])
        self.display.click(there["buttons"]["list:newer"])
        self.readout.wait_for("the newest again", lambda now: not now["list"]["newer"] and len(now["rows"]) == 4)

    def test_z_who_is_connected_is_in_the_list(self):
        with socket.create_connection(("127.0.0.1", self.world.port("second")), 10) as connection:
            source = ":".join(map(str, connection.getsockname()))
            self.readout.wait_for("the open connection", lambda now: any(source in row for row in now["open"]))
        self.readout.wait_for("nobody to be connected", lambda now: now["open"] == [])

    def test_a_click_on_the_switch_reaches_the_port(self):
        self.settled()
        self.turn_to("Fleet")
        port = self.world.port("second")
        for on in (False, True):
            self.display.click(self.switch()["rect"])
            wait_for(f"the port to {'serve' if on else 'refuse'}", lambda wanted=on: listening(port) == wanted)
            self.readout.wait_for("the switch to agree", lambda now, wanted=on: self.switch(now)["on"] == wanted
                                  and self.switch(now)["phase"] == "agrees")
        self.assertEqual(self.world.database.rows("SELECT operator, refused FROM audit_log WHERE action ILIKE '%switch%' ORDER BY at"),
                         [["olga", "f"], ["olga", "f"]])

    def turn_to(self, page):
        self.settled()
        self.display.click(self.readout.now()["buttons"]["nav:" + page])
        self.readout.wait_for(f"the page {page}", lambda now: now["page"] == page.lower())

    def switch(self, shown=None):
        return next(one for one in (shown or self.readout.now())["switches"] if one["service"] == "second")

    def test_a_screenshot_is_a_picture(self):
        with tempfile.TemporaryDirectory() as folder:
            picture = pathlib.Path(folder) / "console.png"
            subprocess.run(self.world.command("console", *self.words, "--screenshot", picture), timeout=60, check=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                           env={**os.environ, "QT_QPA_PLATFORM": "offscreen"})
            data = picture.read_bytes()
            self.assertEqual(data[:8], b"\x89PNG\r\n\x1a\n")
            self.assertEqual((int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")), (1600, 1000))

    def test_zz_log_row_and_transcript_agree(self):
        assert_logs_agree(self, self.world)


if __name__ == "__main__":
    unittest.main()
