"""The log as it is written, and the paper's two defences: waiting time and idle time-out."""

import contextlib
import random
import socket
import subprocess
import time
import unittest

from agreement import assert_logs_agree
from world import ROOT, Service, ftp, wait_for
from world_test_case import WorldTestCase


class DefencesTest(WorldTestCase):
    @classmethod
    def services(cls):
        return [ftp(waiting="0ms"), ftp("brief", idle="1s"), ftp("slow", waiting="1m", burst=1),
                Service("catchall", "catchall", waiting="0ms")]

    def connect(self, service, source="127.0.0.1"):
        return self.enterContext(socket.create_connection(("127.0.0.1", self.world.port(service)), 10, (source, 0)))

    def log_of(self, connection):
        """The text log of an open or ended session; its name has source and port."""
        address, port = connection.getsockname()
        return wait_for("the session's log", lambda: next(iter(self.world.journal.rglob(f"*_{address}_{port}_*.txt")), None))

    def test_a_line_is_in_the_log_within_100_ms_of_its_packet(self):
        connection = self.connect("ftp")
        connection.recv(1000)
        log = self.log_of(connection)
        delays = []
        for number in range(20):
            word = f"PROBE-{number:03}"
            sent = time.monotonic()
            connection.sendall(word.encode() + b"\r\n")
            wait_for(word, lambda w=word: w in log.read_text(), seconds=5, step=0.002)
            delays.append(time.monotonic() - sent)
            connection.recv(1000)
        self.assertNotIn("Stopped at", log.read_text())
        delays.sort()
        self.assertLess(delays[-2], 0.1, f"19 of 20 within 100 ms: {delays}")  # one may meet a machine that does something else
        self.assertLess(delays[-1], 1, delays)

    def test_a_second_connection_inside_the_waiting_time_is_refused_and_stands_as_a_probe(self):
        first = self.connect("slow", "127.0.0.7")
        self.assertTrue(first.recv(1000).startswith(b"220 "))
        # The refusal may come before connect() has returned, and is its error then.
        with contextlib.suppress(ConnectionResetError, ConnectionAbortedError):
            self.assertEqual(self.connect("slow", "127.0.0.7").recv(1000), b"")
        other = self.connect("slow", "127.0.0.8")
        self.assertTrue(other.recv(1000).startswith(b"220 "), "another source is not made to wait")
        row = wait_for("the probe", lambda: self.world.database.rows(
            "SELECT kind, host(source), target_port, reason FROM probe"), step=0.2)[0]
        self.assertEqual(row[:3], ["refused", "127.0.0.7", str(self.world.port("slow"))])
        self.assertIn("waiting time", row[3])

    def test_a_silent_client_ends_at_the_idle_limit(self):
        connection = self.connect("brief")
        began = time.monotonic()
        while connection.recv(1000):
            pass
        self.assertGreater(time.monotonic() - began, 0.9)
        lines = self.log_of(connection).read_text().splitlines()
        self.assertEqual(lines[-3], "*****Protocol FTP TIMED OUT talking to /127.0.0.1 using local port "
                                    f"{self.world.port('brief')}, connection closed.****")

    def test_awk_restores_the_bytes_from_the_log_alone(self):
        script = ROOT / "deploy/docs/journal_bytes.awk"
        self.assertLessEqual(len(script.read_text().splitlines()), 20)
        connection = self.connect("catchall")
        data = bytes(range(256)) + b"*****\n, comma \\x41 \\\\" + random.Random(7).randbytes(40000)
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass
        log = self.log_of(connection)
        wait_for("the footer", lambda: "Stopped at" in log.read_text())
        address, port = connection.getsockname()
        restored = subprocess.run(["awk", "-v", f"from={address}:{port}", "-f", script, log], capture_output=True, check=True,
                                  env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"}, timeout=60).stdout
        self.assertEqual(restored, data)

    def test_zz_log_row_and_transcript_agree(self):
        self.world.await_sessions(len(self.world.logs()))
        assert_logs_agree(self, self.world)


if __name__ == "__main__":
    unittest.main()
