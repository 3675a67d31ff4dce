"""Hours in which nobody listened are told from hours without an attack: by what the sensor says while it is connected, and by
its visits to itself where it was away. The clocks of all programs are moved; hours pass at once."""

import os
import pathlib
import re
import subprocess
import time
import unittest

from display import Display, Readout
from world import Program, World, ftp, listening, wait_for

FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"
HOUR = 3600
STEP = 300


class CoverageTest(unittest.TestCase):
    maxDiff = 4000

    def setUp(self):
        self.clock = pathlib.Path(f"/tmp/apiary-coverage-clock-{os.getpid()}")
        self.addCleanup(self.clock.unlink)
        self.pass_time(0)
        self.environment = {"LD_PRELOAD": FAKETIME, "FAKETIME_TIMESTAMP_FILE": str(self.clock), "FAKETIME_NO_CACHE": "1",
                            "FAKETIME_DONT_FAKE_MONOTONIC": "1", "ASAN_OPTIONS": "verify_asan_link_order=0:detect_leaks=0"}
        self.world = World("coverage", [ftp(waiting="0ms")], agent_environment=self.environment)
        self.addCleanup(lambda: self.world.close(not self.went_well))
        self.went_well = False
        self.covered = []  # from and to
        self.unsure = []   # from and to: it listened still, and may not have told
        self.visits = None

    def pass_time(self, hours):
        """All clocks go to so many hours after the real time."""
        self.offset = hours * HOUR
        new = self.clock.with_suffix(".new")
        new.write_text(f"+{self.offset}\n")
        new.rename(self.clock)

    def now(self):
        return time.time() + self.offset

    def test_charts_tell_silence_from_nothing(self):
        self.listens_without_a_collector(0, 1)
        self.listens_without_a_collector(3, 4)
        self.start_collector()
        self.connected()
        self.visit_done()
        self.open_console()
        self.assert_silent_but(self.covered)

        # Connected, it says so itself.
        self.pass_time(5)
        self.assertEqual(self.visit().wait(60), 0)
        self.covered[-1][1] = self.now()
        self.assertEqual(self.world.agent.stop(), 0)
        self.stopped()
        self.pass_time(7)
        self.world.start_agent()
        self.connected()
        self.assertEqual(self.visit().wait(60), 0)
        self.covered.append([self.now(), None])
        self.pass_time(8)
        self.assertEqual(self.visit().wait(60), 0)
        self.covered[-1][1] = self.now()
        self.assert_silent_but(self.covered)

        # Who never comes again has nothing to show.
        self.world.agent.kill()
        self.stopped()
        self.pass_time(9)
        self.assert_silent_but(self.covered)
        self.assertEqual(self.world.database.number("SELECT count(*) FROM apiary.session WHERE traffic = 'attack'"), 0)
        self.assertEqual(self.world.database.number("SELECT count(*) FROM apiary.coverage_hour WHERE up_seconds > 3600"), 0)
        self.console_ends()
        self.went_well = True

    def listens_without_a_collector(self, first, last):
        """An agent that listens from one hour to the next, which is told by its visits only."""
        self.pass_time(first)
        self.world.start_agent()
        begun = self.now()
        self.visit_is_recorded()
        self.visit_done()
        self.pass_time(last)
        self.visit_is_recorded()
        self.covered.append([begun, self.now()])
        if last == 1:
            self.assertEqual(self.world.agent.stop(), 0)
            self.stopped()
            self.visit_done()

    def stopped(self):
        self.unsure.append((self.covered[-1][1], self.now()))

    def start_collector(self):
        self.world.collector = Program("collector", self.world.command("collector", "run", "--config", self.world.collector_toml),
                                       self.world.folder / "collector.log", self.environment)
        wait_for("the collector listens", lambda: listening(self.world.collector_port))

    def connected(self):
        wait_for("the uplink", lambda: "connected since" in self.world.call("agent", "status", "--config", self.world.agent_toml), 60)

    def visit(self):
        return subprocess.Popen(self.world.command("agent", "test", "--config", self.world.agent_toml),
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def visit_is_recorded(self):
        before = self.recorded()
        self.visits = self.visit()
        wait_for("the visit's log", lambda: self.recorded() > before)

    def recorded(self):
        return sum(bool(re.search(r"hung up by|finished talking to", log.read_text(errors="replace"))) for log in self.world.logs())

    def visit_done(self):
        """However it ended: without a collector nothing is acknowledged."""
        self.visits.wait(60)

    def open_console(self):
        self.display = Display()
        self.addCleanup(self.display.close)
        self.world.issue("operator", "olga", "--role", "operator")
        certificates = self.world.folder / "certificates"
        readout = self.world.folder / "readout.json"
        self.readout = Readout(readout)
        self.console = Program("console", self.world.command(
            "console", "--collector", f"127.0.0.1:{self.world.collector_port}", "--ca", certificates / "ca.crt", "--certificate",
            certificates / "olga.crt", "--key", certificates / "olga.key", "--size", "1600x1000", "--range", "24h", "--readout",
            readout), self.world.folder / "console.log", self.environment | self.display.environment)
        self.addCleanup(lambda: self.console.running() and self.console.kill())

    def console_ends(self):
        self.assertEqual(self.console.stop(), 0)

    def assert_silent_but(self, covered):
        """Waits until the chart is hatched in every bucket of the last 24 hours that has nothing of these times, and in no other;
        the newest may not be judged yet, nor what began between the last word of an agent and its end."""
        def wrong(chart):
            step, silent = chart["step_us"] // 1_000_000, {at // 1_000_000 for at in chart["silent_us"]}
            end = self.now()
            shown = [at for at in range(int(end - 24 * HOUR) // step * step + step, int(end) - 4 * 60 - step, step)]
            shown = [at for at in shown if not any(said < at <= gone for said, gone in self.unsure)]
            listened = {at for at in shown if any(begin < at + step and at <= to for begin, to in covered)}
            return step, sorted((int(at - end) // 60) for at in set(shown) & silent & listened | (set(shown) - silent - listened))

        def right(now):
            chart = now["page"] == "overview" and now["chart"]
            if not chart or abs(chart["range_us"][1] / 1e6 - self.now()) > 600:
                return False
            self.step, self.wrong = wrong(chart)
            return self.step == STEP and not self.wrong

        self.step = self.wrong = None
        try:
            self.readout.wait_for("the hatching of the chart", right, 90)
        except AssertionError as error:
            rows = self.world.database.run("SELECT hour_at, target_port, minutes, self_tests FROM apiary.coverage_hour ORDER BY 1")
            raise AssertionError(f"wrong buckets, in minutes before now: {self.wrong}, step {self.step}\n{rows}\n"
                                 f"{str(error)[:2000]}") from None


if __name__ == "__main__":
    unittest.main()
