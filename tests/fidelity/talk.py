"""Plays one probe on a connection. Whatever the server does, it ends: every reading has its limits."""

import re
import socket
import ssl
import time

from notation import Outcome, line_bytes

QUIET = 0.3  # seconds of silence after which a reply is over, where nobody knows what it should be
AFTER = 0.1  # the same, where all of what was expected has come
PATIENCE = 15  # how long what is expected may take on a busy machine, besides what the probe allows
LONGEST = 90  # for a whole reply, whatever trickles in
ENDING = 1  # how long a real server may take to hang up
VERSIONS = {f"1.{minor}": ssl.TLSVersion(0x0301 + minor) for minor in range(4)}


class UntilQuiet:
    """How long to read a reply of which nothing is known: while recording."""

    ending = ENDING

    def __init__(self, probe):
        self.waits = probe.waits

    def until(self, number, got, begin, last):
        """The moment to give up, if nothing more comes. `begin` is when the step was sent, `last` when bytes last came."""
        return max(begin + self.waits[number], last + QUIET)


class UntilExpected:
    """How long to read a reply that should be as `expected`, an Outcome; `same(a, b)` says whether two replies are equal."""

    def __init__(self, probe, expected, same):
        self.waits, self.expected, self.same = probe.waits, expected, same
        self.ending = AFTER if expected.closed_at is None else PATIENCE

    def until(self, number, got, begin, last):
        wanted = self.expected.replies[number]
        long = last + PATIENCE + self.waits[number]
        if self.same(wanted, got):
            return long if number == self.expected.closed_at else last + AFTER
        return last + QUIET * 2 if len(got) >= len(wanted) else long


class UntilWhole:
    """How long to read a reply that is whole, but for a moment, when `pattern` is found in it, or when the server hangs up."""

    ending = 0

    def __init__(self, probe, pattern, greets=True):
        self.pattern = pattern
        silent = {"@ tls"} if greets else {"@ tls", "@ reconnect"}
        self.silent = [number for number, step in enumerate(["@ reconnect", *probe.steps]) if step in silent]

    def until(self, number, got, begin, last):
        if number in self.silent:
            return last
        return last + (AFTER if re.search(self.pattern, got) else PATIENCE)


class Talk:
    """`reading` is one of the above; `source` the address to come from, or None."""

    def __init__(self, server, probe, reading, source=None):
        self.server, self.probe, self.reading, self.source = server, probe, reading, source
        self.channel = None
        self.replies = []
        self.took = []  # seconds from the step to the last byte of its reply
        self.closed_at = None

    def play(self):
        try:
            self.connect(self.probe.steps[:1])
            self.read()
            for number, step in enumerate(self.probe.steps, 1):
                self.perform(step, self.probe.steps[number:number + 1])
                self.read()
            self.await_end()
        finally:
            self.close()
        return Outcome(self.replies, self.closed_at)

    @property
    def over(self):
        return self.closed_at is not None

    def end(self):
        """The server closed, which this reading or the one to come found out."""
        self.closed_at = len(self.replies)

    def connect(self, first):
        """A handshake as the first step means the port for TLS, where there is one; "@ plain" means it without a handshake."""
        self.close()
        self.closed_at = None
        self.implicit = first and first[0].startswith("@ tls") and self.server.tls
        where = self.server.host, self.server.tls if self.implicit or first == ["@ plain"] else self.server.port
        try:
            self.channel = socket.create_connection(where, PATIENCE, source_address=self.source and (self.source, 0))
        except OSError:
            self.end()
        if self.implicit and not self.over:
            self.handshake(first[0])

    def close(self):
        if self.channel:
            self.channel.close()

    def handshake(self, step):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        if version := step.removeprefix("@ tls").strip():
            context.set_ciphers("ALL:@SECLEVEL=0")
            context.minimum_version = context.maximum_version = VERSIONS[version]
        self.channel.settimeout(PATIENCE)
        try:
            self.channel = context.wrap_socket(self.channel)
        except OSError:
            self.end()

    def perform(self, step, following):
        if step == "@ reconnect":
            self.connect(following)
        elif self.over:
            return
        elif step == "@ plain":
            pass
        elif step.startswith("@ tls"):
            if not self.implicit:
                self.handshake(step)
            self.implicit = False
        else:
            try:
                if step == "@ eof":
                    socket.socket.shutdown(self.channel, socket.SHUT_WR)  # an SSLSocket's own forgets its keys
                else:
                    self.channel.settimeout(PATIENCE)
                    self.channel.sendall(self.complete(line_bytes(step)))
            except OSError:
                pass  # closed by the server: reading will show it

    def complete(self, line):
        """A step may name what only the server can say, such as a cookie that it asks back for."""
        complete = getattr(self.server, "complete", None)
        return complete(line, b"".join(self.replies)) if complete else line

    def receive(self, seconds):
        """Bytes, or None for silence. An end is noted."""
        self.channel.settimeout(max(seconds, 0.001))
        try:
            piece = self.channel.recv(65536)
        except (TimeoutError, ssl.SSLWantReadError):
            return None
        except OSError:
            piece = b""
        if not piece:
            self.end()
        return piece

    def read(self):
        number = len(self.replies)
        got, begin = b"", time.monotonic()
        last = begin
        while not self.over:
            until = min(self.reading.until(number, got, begin, last), begin + LONGEST)
            allowed = until - time.monotonic()
            piece = self.receive(allowed) if allowed > 0 else None
            if piece is None:
                break
            got += piece
            last = time.monotonic()
        self.replies.append(got)
        self.took.append(last - begin)

    def await_end(self):
        until = time.monotonic() + self.reading.ending
        last = self.replies.pop()
        while not self.over and (left := until - time.monotonic()) > 0:
            last += self.receive(left) or b""
        self.replies.append(last)
