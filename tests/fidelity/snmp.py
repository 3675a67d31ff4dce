#!/usr/bin/env python3
"""Asks a real snmpd what the SNMP transcripts ask, and prints where its answers differ from those written down.

    python3 tests/fidelity/snmp.py [transcript ...]     against a real snmpd; takes root and Debian's snmpd
    python3 tests/fidelity/snmp.py --write              writes its answers in their place

The real one has the configuration that Debian's package brings, on a port of its own, and the names that the transcripts give.
Where the heading says `# masked`, it is not compared how long it has been up, who it is and how often it was asked, and questions
for our engine are put to its own. A transcript says there why it cannot be played (`# not played: ...`).
"""

import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TRANSCRIPTS = Path(__file__).resolve().parent.parent / "transcripts" / "snmp"
CONFIGURATION = Path("/etc/snmp/snmpd.conf")
NAME = "node-42"
DESCRIPTION = f"Linux {NAME} 6.1.0-28-armmp #1 SMP Debian 6.1.119-1 (2024-11-22) armv7l"
PATIENCE = 0.4


def unescape(text):
    return re.sub(r"\\(\\|x[0-9a-f]{2})", lambda m: "\\" if m[1] == "\\" else chr(int(m[1][1:], 16)), text).encode("latin-1")


def escape(data):
    text = "".join(chr(c) if 0x20 <= c <= 0x7e and c != 0x5c else f"\\x{c:02x}" for c in data)
    return re.sub(r"^ | $", lambda _: "\\x20", text)


class RealServer:
    def __init__(self):
        program = shutil.which("snmpd") or "/usr/sbin/snmpd"
        if not CONFIGURATION.exists() or not Path(program).exists():
            print("SKIPPED: snmpd is not installed")
            sys.exit(77)
        self.folder = tempfile.TemporaryDirectory(prefix="apiary-snmpd-")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        text = re.sub(r"(?m)^(agentaddress|includeDir|master|rouser).*\n", "", CONFIGURATION.read_text())
        text += f"agentaddress udp:127.0.0.1:{self.port}\nsysname {NAME}\nsysdescr {DESCRIPTION}\n"
        own = Path(self.folder.name, "snmpd.conf")
        own.write_text(text)
        self.process = subprocess.Popen([program, "-f", "-Lf", self.folder.name + "/log", "-C", "-c", own, "-p", self.folder.name + "/pid"],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                        env={"SNMP_PERSISTENT_DIR": self.folder.name, "PATH": "/usr/sbin:/usr/bin"})
        ready = bytes.fromhex("302602010104067075626c6963a019020101020100020100300e300c06082b060102010105000500")
        end = time.monotonic() + 20
        while self.ask(ready) is None:
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError("snmpd does not answer")

    def ask(self, question):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
            peer.settimeout(PATIENCE)
            peer.connect(("127.0.0.1", self.port))
            try:
                peer.send(question)
                return peer.recv(65536)
            except (TimeoutError, ConnectionRefusedError):
                return None

    def own(self, question):
        """A question for another engine of net-snmp, to this one."""
        discovery = bytes.fromhex("303a020103300f02024a69020300ffe30401040201030410300e0400020100020100040004000400301204000400a00c020237f0"
                                  "0201000201003000")
        engine = re.compile(rb"\x80\x00\x1f\x88\x80.{4}[^a-z].{7}", re.S)
        mine = engine.search(self.ask(discovery)).group()
        return engine.sub(lambda _: mine, question)

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=20)
        self.folder.cleanup()


def elements(data):
    """What stands one behind the other, each as its tag and content."""
    found = []
    while data:
        head, size = 2, data[1]
        if size >= 0x80:
            head, size = 2 + size - 0x80, int.from_bytes(data[2:2 + size - 0x80], "big")
        found.append((data[0], data[head:head + size]))
        data = data[head + size:]
    return found


def shape(data):
    """An answer taken apart, without whose it is, for how long he has been there, and how often he was asked."""
    parts = []
    for tag, content in elements(data):
        if content.startswith(b"\x80\x00\x1f\x88\x80"):
            parts.append((tag, "engine"))
        elif tag == 0x30 or tag >= 0xa0 or (tag == 0x04 and content.startswith(b"\x30")):
            parts.append((tag, shape(content)))
        elif tag in (0x41, 0x42, 0x43):
            parts.append((tag, "number"))
        else:
            parts.append((tag, content))
    if len(parts) == 6 and parts[0] == (0x04, "engine"):
        parts[2] = (0x02, "age")
    return parts


def exchanges(script):
    found = []
    for line in script.splitlines():
        if line.startswith("C| "):
            found.append([unescape(line[3:]), None])
        elif line.startswith("S| "):
            found[-1][1] = unescape(line[3:])
    return found


def rewritten(server, script):
    lines = []
    for line in script.splitlines():
        if not line.startswith("S"):
            lines.append(line)
        if line.startswith("C| "):
            answer = server.ask(unescape(line[3:]))
            lines += [] if answer is None else ["S| " + escape(answer)]
    return "\n".join(lines) + "\n"


def main():
    write = "--write" in sys.argv
    wanted = [word for word in sys.argv[1:] if word != "--write"] or sorted(path.stem for path in TRANSCRIPTS.glob("*.txt"))
    server = RealServer()
    different = asked = 0
    try:
        for name in wanted:
            path = TRANSCRIPTS / (name + ".txt")
            script = path.read_text()
            if "# not played" in script:
                print(f"{name}: not played")
                continue
            if write and "# masked" not in script:
                path.write_text(rewritten(server, script))
                continue
            same = shape if "# masked" in script else bytes
            for question, ours in exchanges(script):
                real = server.ask(question if same is bytes else server.own(question))
                asked += 1
                if (real is None) != (ours is None) or (real is not None and same(real) != same(ours)):
                    different += 1
                    print(f"{name}: asked {question.hex()}\n   real {real.hex() if real else None}\n   ours {ours.hex() if ours else None}")
    finally:
        server.stop()
    print(f"{asked} questions, {different} answered otherwise")
    sys.exit(1 if different else 0)


if __name__ == "__main__":
    main()
