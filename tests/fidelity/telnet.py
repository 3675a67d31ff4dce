#!/usr/bin/env python3
"""Plays the TELNET transcripts against a real BusyBox telnetd and prints where its answers differ from those written down.

    python3 tests/fidelity/telnet.py [transcript ...]

Needs root and Debian's busybox-static; see servers/telnet.py. Compared are the server's bytes between two things that the
client says, however they were sent, and whether it hangs up. An alarm of a transcript is time that the real server may
take. A transcript says in its heading why it cannot be played (`# not played: ...`).
"""

import re
import select
import socket
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from servers import telnet  # noqa: E402

TRANSCRIPTS = HERE.parent / "transcripts" / "telnet"
PATIENCE = 2.0
QUIET = 0.25


def unescape(text):
    return re.sub(r"\\(\\|x[0-9a-f]{2})", lambda m: "\\" if m[1] == "\\" else chr(int(m[1][1:], 16)), text).encode("latin-1")


class Exchange:
    """What the client says in one go, what the server answers, and how long it may take."""

    def __init__(self, said, ends=False):
        self.said, self.ends = said, ends
        self.answer, self.closes, self.seconds = b"", False, 0.0


def exchanges(script):
    found = [Exchange(b"")]
    alarm = 0.0
    fresh = False  # nothing came of the last thing said yet
    for line in script.splitlines():
        content = unescape(line[3:]) + (b"\r\n" if line[1:2] == ":" else b"") if line[:1] in "CS" else b""
        if line.startswith("C"):
            if fresh:
                found[-1].said += content
            else:
                found.append(Exchange(content))
            fresh = True
        elif line.startswith("S"):
            found[-1].answer += content
            fresh = False
        elif line.startswith("* alarm"):
            alarm = int(line.split()[2]) / 1000
        elif line == "@ alarm":
            found[-1].seconds += alarm
            fresh = False
        elif line == "@ eof":
            found.append(Exchange(b"", ends=True))
        elif line == "* close":
            found[-1].closes = True
    return found


def listen(connection, expected):
    """The server's bytes, and whether it hung up."""
    got, end = b"", time.monotonic() + PATIENCE + expected.seconds
    while True:
        whole = len(got) >= len(expected.answer) and not expected.closes
        wait = QUIET if whole else end - time.monotonic()
        if not select.select([connection], [], [], max(wait, 0))[0]:
            return got, False
        try:
            piece = connection.recv(65536)
        except ConnectionError:
            piece = b""
        if not piece:
            return got, True
        got += piece


def differences(port, script):
    with socket.create_connection(("127.0.0.1", port)) as connection:
        for expected in exchanges(script):
            try:
                connection.sendall(expected.said)
            except ConnectionError:
                pass  # listening shows it
            if expected.ends:
                connection.shutdown(socket.SHUT_WR)
            got, closed = listen(connection, expected)
            if telnet.normalise(got) != telnet.normalise(expected.answer) or closed != expected.closes:
                yield f"   said  {expected.said}\n   real  {got}{' closed' if closed else ''}\n   ours  {expected.answer}" + (
                    " closed" if expected.closes else "")
            if closed:
                return


def main():
    chosen = [Path(name) for name in sys.argv[1:]] or sorted(TRANSCRIPTS.glob("*.txt"))
    server = telnet.Server()
    same = different = 0
    try:
        for path in chosen:
            script = path.read_text()
            reason = re.search(r"^# not played: (.*)", script, re.M)
            if reason:
                print(f"-- {path.stem}: {reason[1]}")
                continue
            server.reset()
            found = list(differences(server.port, script))
            same, different = same + (not found), different + bool(found)
            if found:
                print(f"!! {path.stem}", *found, sep="\n")
    finally:
        server.stop()
    print(f"{same} as real, {different} not")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
