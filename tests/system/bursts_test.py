"""What an agent must stand: many held sessions, long ones, slow ones, a flood from one source, a scanner. Beside each burst somebody
has a normal session again and again; after it memory and descriptors are where they were, and every contact is accounted for."""

import contextlib
import os
import pathlib
import resource
import shutil
import socket
import subprocess
import threading
import time
import unittest

from process import Process
from world import ACCOUNT, Service, sanitized, wait_for
from world_test_case import WorldTestCase

MIB = 1 << 20
LONG = 27742    # commands: the longest session of the paper
HELD = 480
QUICK = 100000
USERS = {"accounts": "listed", "users": ":".join(ACCOUNT)}
LOGIN = [b"%s %s" % (verb, word.encode()) for verb, word in zip((b"USER", b"PASS"), ACCOUNT)]
NEIGHBOUR = "127.0.99.99"


class Neighbour:
    """Has a whole normal session, ten times a second, and notes how long each took."""

    def __init__(self, port):
        self._port, self._over, self.seconds, self.failures = port, threading.Event(), [], []
        self._thread = threading.Thread(target=self._run)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()

    def _run(self):
        while not self._over.is_set():
            began = time.monotonic()
            try:
                talk(self._port, LOGIN + [b"QUIT"], NEIGHBOUR)
                self.seconds.append(time.monotonic() - began)
            except OSError as error:
                self.failures.append(error)
            self._over.wait(0.1)

    def p99(self):
        return sorted(self.seconds)[(len(self.seconds) * 99 - 1) // 100]


def connect(port, source=None, timeout=60, buffer=None):
    sock = socket.socket()
    if buffer:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    sock.settimeout(timeout)
    sock.bind((source or "127.0.0.1", 0))
    sock.connect(("127.0.0.1", port))
    return sock


def rest(sock):
    received = b""
    with contextlib.suppress(ConnectionResetError):
        while data := sock.recv(65536):
            received += data
    return received


def read_to(sock, end):
    received = b""
    while end not in received:
        data = sock.recv(65536)
        if not data:
            raise AssertionError(f"the session ended before {end}")
        received = received[-100:] + data


def talk(port, lines, source=None):
    """One line after the other, each when a reply to the one before has come, then to the end of the stream."""
    with connect(port, source) as sock:
        for line in lines:
            if not sock.recv(65536):
                break
            sock.sendall(line + b"\r\n")
        rest(sock)


def hold_and_read(sock):
    """Reads whatever comes, on a thread of its own, so that the writer never waits for itself."""
    thread = threading.Thread(target=rest, args=(sock,))
    thread.start()
    return thread


class BurstsTest(WorldTestCase):
    @classmethod
    def services(cls):
        cls.site = pathlib.Path(os.environ.get("TMPDIR", "/tmp")) / f"apiary-site-{os.getpid()}"
        cls.site.mkdir()
        cls.addClassCleanup(shutil.rmtree, cls.site)
        (cls.site / "index.html").write_text("<p>Intranet</p>\n")
        (cls.site / "backup.iso").write_bytes(os.urandom(MIB) * 16)
        long = {"evidence": 100000, "sent": "64MiB", "received": "16MiB"}
        return [Service("ftp", "ftp", settings=USERS, waiting="0ms", **long),
                Service("telnet", "telnet", settings=USERS, waiting="0ms", idle="3s", **long),
                Service("web", "http", settings={"site": str(cls.site)}, waiting="0ms", idle="3s", total="8s", sent="64MiB"),
                Service("mail", "smtp", waiting="0ms"), Service("box", "pop3", waiting="0ms"),
                Service("chat", "irc", waiting="0ms"), Service("who", "finger", waiting="0ms"),
                Service("other", "catchall", waiting="0ms", idle="3s"),
                Service("slow", "catchall", waiting="0ms", idle="2s", total="6s"), Service("quick", "ftp"),
                Service("snmp", "snmp", waiting="0ms", idle="3s")]

    @classmethod
    def setUpClass(cls):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 8192)), hard))
        super().setUpClass()
        cls.process = Process(cls.world.agent.process.pid, cls.world.journal)
        # Room for what the allocator and the sanitizer keep: the latter holds back 256 MiB of what was freed.
        cls.cap = (896 if sanitized(os.environ["APIARY_AGENT"]) else 128) * MIB
        cls.at_rest = cls.process.resident()
        for service in cls.world.services.values():  # what is made at the first session of a service is there now
            if service.transport == "udp":
                with socket.socket(type=socket.SOCK_DGRAM) as sock:
                    sock.sendto(b"\r\n", ("127.0.0.1", service.port))
                continue
            with connect(service.port) as sock:
                sock.sendall(b"\r\n")
                sock.shutdown(socket.SHUT_WR)
                rest(sock)
        cls.rows = []

    @classmethod
    def tearDownClass(cls):
        print(f"\nat rest {cls.at_rest / MIB:.0f} MiB; cap {cls.cap / MIB:.0f} MiB\n"
              f"{'burst':26} {'seconds':>7} {'contacts':>8} {'sessions':>8} {'refused':>8} {'peak MiB':>8} {'MiB after':>9} "
              f"{'p99 ms':>7} {'fds':>5}")
        for row in cls.rows:
            print(row)
        super().tearDownClass()

    def figures(self, name):
        """Sessions and refusals of a service since the agent started, as the agent says."""
        for line in self.world.call("agent", "services", "--config", self.world.agent_toml).splitlines():
            fields = line.split()
            if fields[0] == name:
                return int(fields[6]), int(fields[7])
        raise AssertionError(f"no service {name}")

    def sessions_open(self):
        lines = self.world.call("agent", "services", "--config", self.world.agent_toml).splitlines()
        return sum(int(line.split()[5]) for line in lines[1:])

    @contextlib.contextmanager
    def burst(self, what, service, contacts=None):
        """Runs a burst at a service and asserts what holds after each."""
        descriptors, before = self.process.descriptors(), self.figures(service)
        self.process.forget_peak()
        began = time.monotonic()
        with Neighbour(self.world.port("ftp")) as neighbour:
            yield
        took, peak = time.monotonic() - began, self.process.peak()
        wait_for("all sessions to end", lambda: self.sessions_open() == 0, 90, 0.2)
        wait_for(f"{descriptors} descriptors; there are {self.process.descriptors()}",
                 lambda: self.process.descriptors() <= descriptors, 20, 0.2)
        sessions, refused = (now - then for now, then in zip(self.figures(service), before))
        if service == "ftp":
            sessions -= len(neighbour.seconds) + len(neighbour.failures)
        resident = self.process.resident()
        type(self).rows.append(f"{what:26} {took:7.1f} {contacts or sessions + refused:8} {sessions:8} {refused:8} {peak / MIB:8.0f} "
                               f"{resident / MIB:9.0f} {neighbour.p99() * 1000:7.0f} {self.process.descriptors():5}")
        self.assertEqual(neighbour.failures, [])
        self.assertLess(neighbour.p99(), 1)
        self.assertLess(peak, self.cap)
        self.assertLess(resident, self.cap)
        if contacts is not None:
            self.assertEqual(sessions + refused, contacts)
        self.assert_refusals_are_probes(service)

    def assert_refusals_are_probes(self, service):
        refused = self.figures(service)[1]
        wait_for(f"{refused} refused contacts as probes", lambda: self.world.database.number(
            f"SELECT coalesce(sum(packets), 0) FROM probe WHERE target_port = {self.world.port(service)}") == refused, 60, 0.3)

    def commands_of(self, service):
        return self.world.database.number("SELECT coalesce(max(commands), 0) FROM session WHERE target_port = "
                                          f"{self.world.port(service)}")

    def test_many_held_sessions(self):
        port = self.world.port("ftp")
        with self.burst(f"{HELD} held sessions", "ftp", HELD):
            held = [connect(port, f"127.0.1.{1 + number // 60}") for number in range(HELD)]
            for sock in held:
                self.assertTrue(sock.recv(1000).startswith(b"220 "))
            for sock in held:
                sock.sendall(b"QUIT\r\n")
            for sock in held:
                rest(sock)
                sock.close()

    def test_a_long_session_of_ftp(self):
        with self.burst(f"{LONG} FTP commands", "ftp", 1), connect(self.world.port("ftp"), "127.0.2.1", 300) as sock:
            reader = hold_and_read(sock)
            sock.sendall(b"\r\n".join(LOGIN) + b"\r\n")
            for _ in range((LONG - 3) // 9):
                sock.sendall(b"PWD\r\nCWD /\r\nNOOP\r\n" * 3)
            sock.sendall(b"NOOP\r\n" * ((LONG - 3) % 9) + b"QUIT\r\n")
            reader.join()
        wait_for("the session", lambda: self.commands_of("ftp") == LONG, 60, 0.3)

    def test_a_long_session_of_telnet(self):
        with self.burst(f"{LONG} TELNET commands", "telnet", 1), connect(self.world.port("telnet"), "127.0.2.2") as sock:
            for prompt, word in zip((b"login: ", b"Password: "), ACCOUNT):
                read_to(sock, prompt)
                sock.sendall(word.encode() + b"\r\n")
            read_to(sock, b"$ ")
            # What a terminal holds of a line that nobody reads yet is 4 KiB: a hundred commands at a time.
            for first in range(0, LONG - 1, 100):
                some = range(first, min(first + 100, LONG - 1))
                sock.sendall(b"".join(b"echo %d\r\n" % number for number in some))
                read_to(sock, b"\n%d\r\n" % some[-1])
            sock.sendall(b"exit\r\n")
            rest(sock)
        wait_for("the session", lambda: self.commands_of("telnet") == LONG, 60, 0.3)

    def test_a_byte_a_second(self):
        def drip(sock):
            with sock, contextlib.suppress(OSError):
                for _ in range(30):
                    sock.sendall(b"x")
                    time.sleep(1)

        with self.burst("100 with a byte a second", "slow", 100):
            began = time.monotonic()
            held = [connect(self.world.port("slow"), "127.0.3.1") for _ in range(100)]
            threads = [threading.Thread(target=drip, args=(sock,)) for sock in held]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertLess(time.monotonic() - began, 15)
        wait_for("100 cut at a limit", lambda: self.world.database.number(
            f"SELECT count(*) FROM session WHERE outcome = 'limit' AND target_port = {self.world.port('slow')}") == 100, 30, 0.3)

    def test_quick_connections_from_one_source(self):
        port = self.world.port("quick")

        def flood(number):
            for _ in range(number):
                with connect(port, "127.0.4.1") as sock:
                    sock.shutdown(socket.SHUT_WR)
                    rest(sock)

        with self.burst(f"{QUICK} quick connections", "quick", QUICK):
            threads = [threading.Thread(target=flood, args=(QUICK // 8,)) for _ in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

    def test_slow_readers_of_a_large_file(self):
        def sip(sock):
            # Past the agent's limits; what the kernel holds by then would come for a long time.
            until = time.monotonic() + 12
            with sock, contextlib.suppress(OSError):
                while time.monotonic() < until and sock.recv(512):
                    time.sleep(0.2)

        with self.burst("50 slow readers", "web", 50):
            held = [connect(self.world.port("web"), "127.0.5.1", buffer=4096) for _ in range(50)]
            for sock in held:
                sock.sendall(b"GET /backup.iso HTTP/1.1\r\nHost: intranet\r\n\r\n")
            threads = [threading.Thread(target=sip, args=(sock,)) for sock in held]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

    def nmap(self, transport, *words):
        """What it says of the services of a transport."""
        ports = ",".join(str(service.port) for service in self.world.services.values() if service.transport == transport)
        done = subprocess.run(["nmap", "-A", *words, "-Pn", "-n", "-T4", "--max-retries", "1", "--script-timeout", "20s",
                               "--host-timeout", "200s", "-p", ports, "127.0.0.1"],
                              capture_output=True, text=True, timeout=260, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    @unittest.skipUnless(shutil.which("nmap"), "no nmap")
    def test_nmap_at_every_service(self):
        with self.burst("nmap -A", "other"):
            self.nmap("tcp")
        for service in self.world.services:
            self.assert_refusals_are_probes(service)

    @unittest.skipUnless(shutil.which("nmap") and os.geteuid() == 0, "no nmap, or not root, whom it asks for to scan UDP")
    def test_nmap_at_every_service_of_datagrams(self):
        with self.burst("nmap -A -sU", "snmp"):
            said = self.nmap("udp", "-sU")
        self.assertRegex(said, rf"{self.world.port('snmp')}/udp +open +snmp +SNMPv1 server")


if __name__ == "__main__":
    unittest.main()
