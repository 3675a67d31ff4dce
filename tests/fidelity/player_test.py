#!/usr/bin/env python3
"""The player against servers that misbehave, and the marks against a honeypot that bears them."""

import contextlib
import io
import socket
import socketserver
import sys
import threading
import types
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.dont_write_bytecode = True

import marks  # noqa: E402
import marks_of  # noqa: E402
import notation  # noqa: E402
import play  # noqa: E402
import talk  # noqa: E402


@contextlib.contextmanager
def served(handle):
    """A server whose connections are handled by `handle(rfile, wfile)`."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self):
            with contextlib.suppress(OSError):
                handle(self.rfile, self.wfile)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield types.SimpleNamespace(host="127.0.0.1", port=server.server_address[1], tls=None)
        server.shutdown()


def echo(rfile, wfile):
    wfile.write(b"hello\r\n")
    for line in rfile:
        wfile.write(b"" if line == b"hush\r\n" else line)
        if line == b"bye\r\n":
            return


def sink(rfile, wfile):
    while rfile.read(1):
        wfile.write(b"")


def takes_anybody(rfile, wfile):
    wfile.write(b"220 ftp\r\nKEX")
    for _ in rfile:
        wfile.write(b"230 ok\r\n")


PROBE = notation.make_probe("p", ["C: one", r"C| tw\x6f\x0d\x0a", "C: hush", "@ reconnect", "C: bye", "C: unheard"])


def equal(one, other):
    return one == other


class PlayerTest(unittest.TestCase):
    def record(self, server, probe=PROBE):
        return talk.Talk(server, probe, talk.UntilQuiet(probe)).play()

    def test_a_recording_survives_being_written_and_read(self):
        with served(echo) as server:
            outcome = self.record(server)
        self.assertEqual([b"hello\r\n", b"one\r\n", b"two\r\n", b"", b"hello\r\n", b"bye\r\n", b""], outcome.replies)
        steps, again = notation.read_outcomes(notation.write_outcome(PROBE, outcome))["p"]
        self.assertEqual((PROBE.steps[:5], 5, outcome.replies[:6]), (steps, again.closed_at, again.replies))

    def test_the_same_server_is_found_the_same(self):
        with served(echo) as server:
            outcome = self.record(server)
            again = talk.Talk(server, PROBE, talk.UntilExpected(PROBE, outcome, equal)).play()
        self.assertEqual(outcome, again)

    def test_a_silent_server_is_given_up(self):
        with served(echo) as server:
            outcome = self.record(server)
        with served(sink) as server:
            silent = talk.Talk(server, PROBE, talk.UntilExpected(PROBE, outcome, equal)).play()
        self.assertEqual((b"", None), (b"".join(silent.replies), silent.closed_at))

    def test_a_server_that_never_stops_is_given_up(self):
        def endless(_rfile, wfile):
            while True:
                wfile.write(b"more ")
                talk.time.sleep(0.1)

        with served(endless) as server:
            self.assertIsNone(self.record(server, notation.make_probe("p", [])).closed_at)

    def test_nobody_there_counts_as_closed(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        nobody = types.SimpleNamespace(host="127.0.0.1", port=port, tls=None)
        self.assertEqual(0, self.record(nobody, notation.make_probe("p", [])).closed_at)

    def test_a_different_answer_lowers_the_share(self):
        ours = notation.Outcome([b"hello\r\n", b"one\r\n", b"2\r\n", b"", b"hello\r\n", b"bye\r\n", b""])
        theirs = notation.Outcome([b"hello\r\n", b"one\r\n", b"two\r\n", b"", b"hello\r\n", b"bye\r\n", b""], 5)
        server = types.SimpleNamespace(codes=lambda reply: [reply[:1]], normalise=lambda reply: reply)
        fidelity = types.SimpleNamespace(server=server, same=equal)
        with contextlib.redirect_stdout(io.StringIO()):
            shares = play.compare(fidelity, [PROBE], [theirs], [ours], False)
        self.assertEqual({"code": (80, 4, 5), "text": (80, 4, 5), "state": (0, 0, 1)}, shares)


class MarksTest(unittest.TestCase):
    def test_a_honeypot_bears_them_all(self):
        with served(takes_anybody) as server:
            host = marks.Host.__new__(marks.Host)
            host.marks, host.real, host.server = marks_of.PROTOCOLS["ftp"], False, server
            for check in marks.EVERYWHERE:
                with self.subTest(check.__name__):
                    self.assertTrue(check(host))


if __name__ == "__main__":
    talk.PATIENCE = marks.PATIENCE = 1  # the servers above are in this process
    talk.LONGEST = 2
    unittest.main(verbosity=2)
