#!/usr/bin/env python3
"""Plays the FTP transcripts against a real vsftpd and prints where its answers differ from those written down.

    python3 tests/fidelity/ftp.py [--record] [transcript ...]

Needs root and Debian's vsftpd 3.0.3, which it starts itself on 127.0.0.1, in a mount namespace of its own: users, home
and configuration are thrown away with it. A transcript says in its heading how the server is configured
(`# vsftpd: option=value ...`), why it cannot be played (`# not played: ...`), or that its files differ (`# contents:`).
--record prints what the server says in the notation of transcripts instead of comparing.

Compared are the server's lines on both connections, in order. Not compared: the port in 227 and 229, owner and date of
what was uploaded, the contents of files.
"""

import argparse
import re
import socket
import ssl
import struct
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.dont_write_bytecode = True

from notation import escape, unescape  # noqa: E402
from servers.ftp import Server, normalise  # noqa: E402

TRANSCRIPTS = HERE.parent / "transcripts" / "ftp"


def steps(script):
    """(kind, bytes or word) of the inputs and of the server's lines."""
    for line in script.splitlines():
        if re.match(r"[CcSs][:|]", line):
            yield line[0], unescape(line[3:]) + (b"\r\n" if line[1] == ":" else b"")
        elif line.startswith("@ "):
            yield "@", line[2:]
        elif line == "* close":
            yield "*", line[2:]


class Talk:
    """One connection to the server."""

    def __init__(self, port, record):
        self.control = socket.create_connection(("127.0.0.1", port))
        self.data = None
        self.record = record
        self.said = b""
        self.listed = b""
        self.context = None
        self.passive = None
        self.over = False
        self.ahead = 0  # lines read before the transcript came to them

    def read(self, lines, patience):
        """Reads until `lines` lines, the end, or silence for `patience` seconds."""
        got = b""
        while got.count(b"\n") < lines and not self.over:
            self.control.settimeout(patience)
            try:
                piece = self.control.recv(65536)
            except (ConnectionResetError, ssl.SSLError):
                piece = b""  # it closed with bytes of ours unread, or its last words were in plaintext
            except socket.timeout:
                break
            self.over = not piece
            got += piece
        self.said += got
        for found in re.finditer(rb"227 [^(]*\((?:\d+,){4}(\d+),(\d+)\)|229 [^(]*\(\|\|\|(\d+)\|\)", got):
            self.passive = int(found[1]) * 256 + int(found[2]) if found[1] else int(found[3])
        if self.record:
            self.note("S", got)

    def note(self, side, data):
        for line in data.split(b"\r\n")[:-1] if data.endswith(b"\r\n") else [data] if data else []:
            print(f"{side}: {escape(line)}")

    def expect(self, data):
        """The transcript says that the server says `data` now."""
        self.ahead -= data.count(b"\n")
        if self.ahead < 0:
            before = self.said.count(b"\n")
            self.read(-self.ahead, 8)
            self.ahead += self.said.count(b"\n") - before

    def drain(self, patience):
        self.read(1 << 20, patience)

    def perform(self, kind, value):
        if kind in "Cc":
            channel = self.control if kind == "C" else self.data
            try:
                if channel is not None:
                    channel.sendall(value)
            except OSError:
                pass  # the server closed it; what it said before is compared all the same
        elif value == "open":
            try:
                self.data = socket.create_connection(("127.0.0.1", self.passive))
            except OSError as error:
                print(f"!! no data connection to port {self.passive}: {error}")
        elif value in ("again", "anew"):
            self.data = self.context.wrap_socket(self.data, session=self.control.session if value == "again" else None)
        elif value in ("closed", "broken") and self.data:
            self.hang_up(value == "closed")
        elif value == "eof":
            self.control.shutdown(socket.SHUT_WR)
        elif value.startswith("tlsfail "):
            self.control.sendall(unescape(value[len("tlsfail "):]))
        elif value == "tls":
            self.context = ssl.create_default_context()
            self.context.check_hostname = False
            self.context.verify_mode = ssl.CERT_NONE
            self.control = self.context.wrap_socket(self.control)

    def hang_up(self, properly):
        """Ends the data connection: with the end of its TLS, if it has one, or without; a plain one is reset."""
        if isinstance(self.data, ssl.SSLSocket):
            if properly:
                self.data.settimeout(3)
                try:
                    self.data.unwrap()
                except OSError:
                    pass  # the server hangs up itself
        elif not properly:
            self.data.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.data.close()
        self.data = None

    def fetch(self):
        if self.data is not None:
            self.data.settimeout(3)
            got = b""
            try:
                while piece := self.data.recv(65536):
                    got += piece
            except (socket.timeout, OSError):
                pass
            if not isinstance(self.data, ssl.SSLSocket):  # the server waits for the end of that one
                self.data.close()
                self.data = None
            self.listed += got
            if self.record:
                self.note("s", got)


def normal(data):
    return normalise(escape(data).replace("\\x0d\\x0a", "\n").encode("latin-1"))


def play(path, record):
    script = path.read_text()
    if found := re.search(r"^# not played: (.*)", script, re.M):
        print(f"-- {path.name}: not played: {found[1]}")
        return True
    found = re.search(r"^# vsftpd: (.*)", script, re.M)
    server = Server(found[1].split() if found else [])
    talk = Talk(server.port, record)
    wanted = {"S": b"", "s": b""}
    contents = False
    try:
        for kind, value in steps(script):
            if kind == "S" and not record:
                wanted["S"] += value
                talk.expect(value)
            elif kind == "s":
                wanted["s"] += value
                talk.fetch()
            elif kind == "*":
                talk.drain(5)
                if not talk.over:
                    print(f"!! {path.name}: the server did not close")
            elif kind not in "Ss":
                if record:
                    talk.drain(0.12 if not value or not str(value).startswith("b'PASS") else 6)
                    print(f"{kind}: {value}")
                talk.perform(kind, value)
                if record and kind == "C" and value[:4].upper() in (b"LIST", b"NLST", b"RETR"):
                    talk.fetch()
        talk.drain(6 if record else 0.3)
    finally:
        talk.control.close()
        server.stop()
    if record:
        return True
    same = True
    for name, ours, theirs in (("control", wanted["S"], talk.said), ("data", wanted["s"], talk.listed)):
        ours, theirs = normal(ours).splitlines(), normal(theirs).splitlines()
        if name == "data" and re.search(r"^# contents:", script, re.M):
            continue
        if ours != theirs:
            same = False
            print(f"!! {path.name}, {name}: the server says something else")
            print("\n".join("     written  " + line for line in ours if line not in theirs))
            print("\n".join("     real     " + line for line in theirs if line not in ours))
    if same:
        print(f"ok {path.name}")
    return same


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--record", action="store_true", help="print what the server says")
    arguments.add_argument("transcripts", nargs="*", type=Path)
    chosen = arguments.parse_args()
    results = [play(path, chosen.record) for path in chosen.transcripts or sorted(TRANSCRIPTS.glob("*.txt"))]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
