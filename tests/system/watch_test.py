"""A sensor falls silent and comes back: the console shows it, the command and the webhook of [notify] are told, each once, also
when the collector is killed in between."""

import http.server
import json
import threading
import time
import unittest

from display import Display, Readout
from world import Program, World, ftp, listening, wait_for

SOON = 35  # seconds from the death of the agent until everybody knows


class Receiver(http.server.ThreadingHTTPServer):
    """Takes what is posted, but for the first post, which it refuses as a server that is starting does."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Post)
        self.refused, self.taken = 0, []
        self.thread = threading.Thread(target=self.serve_forever, daemon=True)
        self.thread.start()

    def close(self):
        self.shutdown()
        self.server_close()
        self.thread.join(10)


class Post(http.server.BaseHTTPRequestHandler):
    def do_POST(self):  # pylint: disable=invalid-name
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if not self.server.refused:
            self.server.refused += 1
            self.send_error(503)
            return
        self.server.taken.append(json.loads(body))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):  # pylint: disable=arguments-differ
        pass


class WatchTest(unittest.TestCase):
    def setUp(self):
        self.failed = True
        self.receiver = Receiver()
        self.addCleanup(self.receiver.close)
        self.world = World("watch", [ftp(waiting="0ms")])
        self.addCleanup(lambda: self.world.close(self.failed))
        self.told = self.world.folder / "told"
        hook = self.world.folder / "hook"
        hook.write_text('notice=$(cat)\nprintf "%s\\n" "$notice" >> "$1"\n')
        with self.world.collector_toml.open("a") as config:
            config.write(f'[notify]\ncommand = ["/bin/sh", "{hook}", "{self.told}"]\n'
                         f'webhook = "http://127.0.0.1:{self.receiver.server_port}/notices"\n')
        self.world.start()
        wait_for("the sensor to report", lambda: self.world.database.run("SELECT count(*) FROM sensor_state") == "1")

    def start_console(self):
        display = Display()
        self.addCleanup(display.close)
        self.world.issue("operator", "vera", "--role", "viewer")
        certificates, shown = self.world.folder / "certificates", self.world.folder / "readout.json"
        console = Program("console", self.world.command(
            "console", "--collector", f"127.0.0.1:{self.world.collector_port}", "--ca", certificates / "ca.crt",
            "--certificate", certificates / "vera.crt", "--key", certificates / "vera.key", "--size", "1600x1000",
            "--readout", shown), self.world.folder / "console.log", display.environment)
        self.addCleanup(console.stop)
        readout = Readout(shown)
        first = readout.wait_for("the console to be connected", lambda now: now["connection"]["state"] == "live")
        display.click(first["buttons"]["nav:Fleet"])
        readout.wait_for("the Fleet page with its sensor", lambda now: now["fleet"]["panel"].get("sensor") == "test")
        return readout

    def events(self, notices):
        return [(one["event"], one["kind"]) for one in notices if one.get("kind") == "sensor-silent"]

    def from_hook(self):
        return [json.loads(line) for line in self.told.read_text().splitlines()] if self.told.exists() else []

    def silences(self, readout):
        return [head for head, _ in readout["fleet"]["panel"].get("troubles", []) if head.startswith("Sensor silent")]

    def test_a_sensor_that_dies_and_comes_back(self):
        readout = self.start_console()
        self.world.agent.kill()
        died = time.monotonic()
        began = [("began", "sensor-silent")]
        wait_for("the command to be told", lambda: self.events(self.from_hook()) == began, SOON)
        shown = readout.wait_for("the Fleet page to show it", self.silences, SOON - (time.monotonic() - died))
        self.assertRegex(shown["fleet"]["panel"]["health"], r"\bOffline$")
        wait_for("the webhook to be told although it failed first", lambda: self.events(self.receiver.taken) == began)
        self.assertEqual(self.receiver.refused, 1)
        self.assertEqual(self.world.database.run(
            "SELECT sensor || ' ' || severity FROM trouble WHERE kind = 'sensor-silent' AND ended_at IS NULL"), "test 3")

        self.world.collector.kill()
        self.world.start_collector()
        wait_for("the collector listens again", lambda: listening(self.world.collector_port))
        readout.wait_for("the Fleet page of the next collector to show it",
                         lambda now: now["connection"]["state"] == "live" and self.silences(now), 60)

        self.world.start_agent()
        both = began + [("ended", "sensor-silent")]
        wait_for("the command to be told of the end", lambda: self.events(self.from_hook()) == both)
        wait_for("the webhook to be told of the end", lambda: self.events(self.receiver.taken) == both)
        readout.wait_for("the Fleet page to show no trouble", lambda now: not self.silences(now))
        self.assertEqual(self.world.database.rows("SELECT count(*), count(ended_at), max(times) FROM trouble "
                                                  "WHERE kind = 'sensor-silent'"), [["1", "1", "1"]])
        self.assertEqual(self.from_hook()[0]["sensor"], "test")
        self.failed = False

    def test_a_notice_to_try_it_out(self):
        self.receiver.refused = 1
        said = self.world.call("collector", "notify", "--test", "--config", self.world.collector_toml)
        self.assertEqual(said, "command: taken\nwebhook: taken\n")
        self.assertEqual([one["event"] for one in self.from_hook()], ["test"])
        self.assertEqual([one["event"] for one in self.receiver.taken], ["test"])
        self.failed = False


if __name__ == "__main__":
    unittest.main()
