"""A sweep and a scan of ports, captured on the wire: the running window names both tools with the counts of SQL, and a click on one
opens its probes, row by row as they are in the database."""

import shutil
import sys
import unittest

from namespaces import ATTACKER, why_not

if REASON := why_not():
    print("SKIPPED: " + REASON)
    sys.exit(77)

from probes_world import ProbesWorld  # pylint: disable=wrong-import-position
from subnet_world import Program  # pylint: disable=wrong-import-position
from display import Display, Readout  # pylint: disable=wrong-import-position
from world_test_case import WorldTestCase  # pylint: disable=wrong-import-position

TOOLS = ("masscan", "nmap", "Xvfb", "xdotool")
if MISSING := [tool for tool in TOOLS if not shutil.which(tool)]:
    print("SKIPPED: not installed: " + ", ".join(MISSING))
    sys.exit(77)

COUNTED = "SELECT tool, count(*) FROM probe WHERE tool IS NOT NULL AND traffic = 'attack' GROUP BY 1"
# As the sheet writes them.
ROWS = """SELECT to_char(started_at AT TIME ZONE 'UTC', 'DD Mon HH24:MI:SS'), host(source),
    CASE kind WHEN 'closed' THEN 'closed port' ELSE upper(kind) END, host(target), target_port, packets, reason
  FROM probe WHERE tool = '{}' ORDER BY started_at DESC, probe_id DESC LIMIT 20"""
COLUMNS = ("Time (UTC)", "Source", "Kind", "Target", "Port", "Packets", "First packet")


class ScanToolsTest(WorldTestCase):
    @classmethod
    def make_world(cls):
        return ProbesWorld("tools")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.display = Display()
        try:
            cls.scan()
            cls.open_console()
        except BaseException:
            cls.display.close()
            cls.world.close(failed=True)
            raise

    @classmethod
    def before_start(cls):
        cls.world.issue("operator", "vera", "--role", "viewer")

    @classmethod
    def open_console(cls):
        certificates = cls.world.folder / "certificates"
        words = ["--collector", f"127.0.0.1:{cls.world.collector_port}", "--ca", certificates / "ca.crt", "--certificate",
                 certificates / "vera.crt", "--key", certificates / "vera.key", "--size", "1600x1000"]
        cls.readout = Readout(cls.world.folder / "readout.json")
        cls.console = Program("console", cls.world.spaces.command(
            "sen", *cls.world.command("console", *words, "--readout", cls.world.folder / "readout.json")),
            cls.world.folder / "console.log", cls.display.environment)

    @classmethod
    def scan(cls):
        """Four blocks of 256 addresses by one tool, three ports of three hosts by the other."""
        spaces = cls.world.spaces
        router = spaces.ip("rtr", "link show north").split("link/ether ")[1].split()[0]
        spaces.run("att", "masscan", "10.9.0.0/22", "-p23", "--rate", "30000", "--wait", "0", "-e", "eth0", "--router-mac", router,
                   "--adapter-ip", ATTACKER)
        spaces.run("att", "nmap", "-n", "-Pn", "-sS", "-p", "21,80,2222", "10.9.11.1", "10.9.11.2", "10.9.200.3")
        cls.world.await_packets("tool = 'masscan'", 1024)
        cls.world.await_packets("tool = 'nmap'", 9)

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

    def tools(self):
        """The third list of the overview, with the counts that it shows."""
        shown = self.readout.wait_for("the overview", lambda now: now["page"] == "overview" and now["connection"]["state"] == "live"
                                      and now["probes"] is None)
        if shown["rankings"][2]["title"] != "Scan tools":
            self.display.click(shown["buttons"]["ranking:selector"])
            self.display.press("Up", "Return")  # the last of its menu
        return self.readout.wait_for("both tools", lambda now: now["rankings"][2]["title"] == "Scan tools"
                                     and len(now["rankings"][2]["entries"]) == 2)["rankings"][2]

    def test_names_the_tools_with_the_counts_of_sql(self):
        shown = self.tools()
        self.assertEqual(shown["unit"], "probes")
        self.assertEqual({(entry["key"], str(entry["count"])) for entry in shown["entries"]},
                         {tuple(row) for row in self.world.database.rows(COUNTED)})

    def test_an_entry_opens_its_probes(self):
        for tool in ("masscan", "nmap"):
            entry = next(entry for entry in self.tools()["entries"] if entry["key"] == tool)
            self.display.click(entry["rect"])
            sheet = self.readout.wait_for(f"the probes of {tool}", lambda now, tool=tool: now["probes"]
                                          and now["probes"]["tool"] == tool and now["probes"]["rows"])["probes"]
            self.assertEqual(sheet["count"], entry["count"])
            self.assertEqual([[row[column] for column in COLUMNS] for row in sheet["rows"]],
                             self.world.database.rows(ROWS.format(tool)))
            self.display.click(self.readout.now()["buttons"]["sheet:Close"])


if __name__ == "__main__":
    unittest.main()
