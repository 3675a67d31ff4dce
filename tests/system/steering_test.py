"""The agent steered on its own machine: the command line, HUP, TERM."""

import socket
import subprocess
import threading
import unittest

from agreement import assert_logs_agree
from world import HUP, TERM, World, ftp, listening, wait_for
from world_test_case import WorldTestCase


class SteeringTest(WorldTestCase):
    @classmethod
    def services(cls):
        return [ftp(waiting="0ms"), ftp("other", waiting="0ms", enabled=False)]

    def setUp(self):
        if not self.world.agent.running():
            self.world.start_agent()

    def connect(self, service):
        connection = self.enterContext(socket.create_connection(("127.0.0.1", self.world.port(service)), 10))
        self.assertTrue(connection.recv(1000).startswith(b"220 "))
        return connection

    def agent(self, *words):
        return self.world.call("agent", words[0], *words[1:], "--config", self.world.agent_toml)

    def test_status_and_services_say_what_runs(self):
        self.assertIn("test", self.agent("status"))
        lines = {line.split()[0]: line for line in self.agent("services").splitlines() if line.split()}
        self.assertIn(str(self.world.port("ftp")), lines["ftp"])
        self.assertRegex(lines["ftp"], r"\bon\b")
        self.assertRegex(lines["other"], r"\boff\b")

    def test_stop_refuses_newcomers_and_spares_who_is_there(self):
        talking = self.connect("ftp")
        self.agent("stop", "ftp")
        wait_for("the port to be closed", lambda: not listening(self.world.port("ftp")))
        talking.sendall(b"QUIT\r\n")
        self.assertTrue(talking.recv(1000).startswith(b"221 "))
        self.agent("start", "ftp")
        wait_for("the port to be open", lambda: listening(self.world.port("ftp")))
        self.connect("ftp")

    def test_start_of_an_unknown_service_says_so(self):
        done = subprocess.run(self.world.command("agent", "start", "gopher", "--config", self.world.agent_toml),
                              capture_output=True, text=True, timeout=30, check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("gopher", done.stdout + done.stderr)

    def test_sessions_lists_who_is_connected(self):
        connection = self.connect("ftp")
        self.assertIn(":".join(map(str, connection.getsockname())), self.agent("sessions"))

    def test_tail_shows_a_packet_as_it_passes(self):
        tail = subprocess.Popen(self.world.command("agent", "tail", "--config", self.world.agent_toml),
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        seen, found = [], threading.Event()

        def read():
            for line in tail.stdout:
                seen.append(line)
                if "NOOP tail-me" in line:
                    found.set()

        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        try:
            connection = self.connect("ftp")
            for _ in range(50):
                connection.sendall(b"NOOP tail-me\r\n")
                if found.wait(0.2):
                    break
            self.assertTrue(found.is_set(), seen)
        finally:
            tail.terminate()
            tail.wait(10)
            reader.join(10)
            tail.stdout.close()

    def test_hup_starts_and_stops_as_the_file_says(self):
        talking = self.connect("ftp")
        self.world.services["ftp"].options["enabled"] = False
        self.world.services["other"].options["enabled"] = True
        self.world.write_agent_toml()
        self.world.agent.send(HUP)
        wait_for("other to listen", lambda: listening(self.world.port("other")))
        wait_for("ftp to be closed", lambda: not listening(self.world.port("ftp")))
        talking.sendall(b"QUIT\r\n")
        self.assertTrue(talking.recv(1000).startswith(b"221 "), "a running session is left alone")
        self.world.services["ftp"].options["enabled"] = True
        self.world.services["other"].options["enabled"] = False
        self.world.write_agent_toml()
        self.world.agent.send(HUP)
        wait_for("ftp to listen again", lambda: listening(self.world.port("ftp")))

    def test_hup_with_a_bad_file_changes_nothing(self):
        good = self.world.agent_toml.read_text()
        self.world.agent_toml.write_text(good + "\n[nonsense]\nx = 1\n")
        self.world.agent.send(HUP)
        wait_for("a word about it in the log", lambda: "nonsense" in self.world.agent.log.read_text())
        self.world.agent_toml.write_text(good)
        self.connect("ftp")

    def test_check_config_names_line_and_remedy(self):
        good = self.world.agent_toml.read_text()
        bad = self.world.folder / "bad.toml"
        for wrong, expected in (("[agent]", None), ("colour = 1\n" + good, "bad.toml:1"), (good + 'idel = "5s"\n', "idel")):
            with self.subTest(wrong=expected):
                bad.write_text(wrong)
                done = subprocess.run(self.world.command("agent", "run", "--config", bad, "--check-config"),
                                      capture_output=True, text=True, timeout=30, check=False)
                self.assertNotEqual(done.returncode, 0)
                self.assertIn(expected or "bad.toml", done.stdout + done.stderr)
        self.world.call("agent", "run", "--config", self.world.agent_toml, "--check-config")

    def test_term_ends_sessions_and_flushes(self):
        connection = self.connect("ftp")
        address = ":".join(map(str, connection.getsockname()))
        self.world.agent.send(TERM)
        while connection.recv(1000):
            pass
        wait_for("the agent to end", lambda: not self.world.agent.running())
        self.assertEqual(self.world.agent.process.returncode, 0)
        port = address.rsplit(":", 1)[1]
        log = next(iter(self.world.journal.rglob(f"*_127.0.0.1_{port}_*.txt")))
        self.assertIn("*****Protocol FTP stopped by the agent, talking to /127.0.0.1", log.read_text())

    def test_zz_log_row_and_transcript_agree(self):
        self.world.await_sessions(len(self.world.logs()))
        assert_logs_agree(self, self.world)


class LoneWorld(World):
    """An agent that is told of no collector, and none runs."""

    def uplink(self):
        return ""

    def start(self):
        self.start_agent()


class SteeringWithoutACollectorTest(SteeringTest):
    """The same."""

    @classmethod
    def make_world(cls):
        return LoneWorld(cls.__name__.lower(), cls.services())

    def test_there_is_no_collector(self):
        self.assertNotIn("[collector]", self.world.agent_toml.read_text())
        self.assertFalse(listening(self.world.collector_port))
        self.assertIsNone(self.world.collector)

    def test_zz_log_row_and_transcript_agree(self):
        """There are no rows; each log has an end once its session has."""
        self.world.agent.stop()
        logs = self.world.logs()
        self.assertGreater(len(logs), 5)
        for log in logs:
            self.assertIn("Stopped at", log.read_text())
        self.assertEqual(self.world.database.number("SELECT count(*) FROM session"), 0)


if __name__ == "__main__":
    unittest.main()
