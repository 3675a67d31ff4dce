"""BusyBox 1.35 telnetd, login and ash as Debian 12's busybox-static has them, for the comparison with protocol "telnet".

The server lives in a scratch root with mount, PID, host name and network namespaces of its own; what its shell does reaches
nothing outside. The root has the files of the decoy, /proc and /dev included. It is handed connections that were accepted on
a socket made outside (its -i mode), so that it can be reached on 127.0.0.1.
"""

import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from decoy_tree import DecoyTree  # noqa: E402

HOST_NAME = "router"
USER, PASSWORD = "root", "admin123"
MACHINE = "x86_64"
BUILD = "(Debian 1:1.35.0-4+deb12u1+b1)"
BUSYBOX = shutil.which("busybox", path="/bin:/usr/bin") or "/bin/busybox"

AGENT = f"""
[service.settings]
hostname = "{HOST_NAME}"
accounts = "listed"
users = "{USER}:{PASSWORD}"
build = "{BUILD}"
machine = "{MACHINE}"
"""

START = """
set -e
mount --bind {root} {root}
cd {root}
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620 none dev/pts
mount --bind dev/pts/ptmx dev/ptmx
hostname {name}
exec {python} {this} {root}
"""
MOUNTED = ("/dev/pts", "/dev/ptmx")


class Server:
    tls = None

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="telnetd-"))
        self.folder.chmod(0o755)
        self.tree = DecoyTree(BUSYBOX, HOST_NAME, MACHINE, BUILD, password=PASSWORD)
        self.tree.plant(self.folder)
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen(64)
            self.host, self.port = listener.getsockname()
            self.process = subprocess.Popen(
                ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--uts", "--net", "--ipc", "sh", "-c",
                 START.format(root=self.folder, name=HOST_NAME, python=sys.executable, this=Path(__file__).resolve())],
                stdin=listener, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}, start_new_session=True)

    def reset(self):
        self.tree.plant(self.folder, but=MOUNTED)

    def stop(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        shutil.rmtree(self.folder)


def serve(root):
    """Inside the namespaces: one telnetd for each connection to the socket that is standard input."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    listener = socket.socket(fileno=0)
    while True:
        connection, _ = listener.accept()
        subprocess.Popen(["chroot", root, "/bin/busybox", "telnetd", "-i"], stdin=connection, stdout=connection,
                         stderr=subprocess.DEVNULL)
        connection.close()


MONTHS = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
COMMANDS = {240: "SE", 241: "NOP", 250: "SB", 251: "WILL", 252: "WONT", 253: "DO", 254: "DONT"}
WORDS = {
    b" login: ": "login", b"Password: ": "password", b"Login incorrect": "incorrect", b"Login timed out": "timeout",
    b"\x1b[6n": "ask", b"# ": "prompt", b"> ": "more", b"not found": "notfound", b"\x07": "beep",
}


def codes(reply):
    """The Telnet commands, then what kind of texts the reply holds, in order."""
    found = []
    at = 0
    while at < len(reply):
        if reply[at] == 255 and at + 1 < len(reply) and reply[at + 1] != 255:
            size = 3 if reply[at + 1] >= 250 else 2
            found.append(" ".join([COMMANDS.get(reply[at + 1], str(reply[at + 1])), *map(str, reply[at + 2:at + size])]))
            at += size
            continue
        for word, name in WORDS.items():
            if reply.startswith(word, at):
                found.append(name)
                at += len(word) - 1
                break
        at += 1
    return found


def normalise(reply):
    """The moment, as ls and who tell it; where a login came from; what a folder takes on the medium; the kernel."""
    text = reply.decode("latin-1")
    text = re.sub(rf"\b({MONTHS}) [ 123]\d \d\d:\d\d(:\d\d)?\b", "MMM DD HH:MM", text)
    text = re.sub(r"(?m)^(root +pts/0 .*) 127\.\d+\.\d+\.\d+:\d+", r"\1 PEER", text)
    text = re.sub(r"(?m)^(d[-rwxst]{9} +\d+ \S+ +\S+) +\d+ ", r"\1 SIZE ", text)
    text = re.sub(r"(?m)^total +\d+", "total SIZE", text)
    text = re.sub(r"(?m)^modprobe: can't change directory to '[^/']+'", "modprobe: can't change directory to 'KERNEL'", text)
    return re.sub(rf"\bLinux {HOST_NAME} \S+ #.*? {MACHINE}\b", f"Linux {HOST_NAME} KERNEL {MACHINE}", text)


def bytes_as(text):
    """Bytes in the notation of transcripts."""
    return "".join(chr(b) if 32 <= b < 127 and b != 92 else "\\\\" if b == 92 else f"\\x{b:02x}" for b in text)


def raw(payload):
    return "C| " + bytes_as(payload)


OPTIONS = [0, 1, 3, 5, 24, 31, 32, 33, 34, 39, 200]
LINE_KEYS = ["a", "b", "c d", "\x7f", "\x08", "\x15", "\x17", "\x01", "\x1b[A", "\x12", "\x16\x03", "\t", "\xe9", "\x0f", "ef "]
EDITOR_KEYS = ["echo ", "a", "bc", "\x7f", "\x08", "\x15", "\x17", "\x01", "\x05", "\x02", "\x06", "\x0b", "\x1b[D", "\x1b[C",
               "\x1b[H", "\x1b[F", "\x1b[3~", "\x1bb", "\x1bf", "\x1bd", "x y", "\x0c", "\x19"]
LOGIN = ["C: " + USER, "C: " + PASSWORD]


def generate():
    """Sessions made from the grammars: negotiations, names, lines of the terminal, keys of the shell's editor."""
    chance = random.Random(1350)
    probes = []

    def probe(kind, steps):
        probes.append((f"{kind}_{sum(1 for name, _ in probes if name.startswith(kind + '_')) + 1:02}", steps))

    for _ in range(8):
        orders = b"".join(bytes([255, chance.choice([251, 252, 253, 254]), chance.choice(OPTIONS)])
                          for _ in range(chance.randint(1, 8)))
        probe("negotiation", [raw(orders), "C: " + chance.choice(["root", "admin", "guest"])])
    for _ in range(4):
        orders = b"".join(bytes([255, chance.choice([241, 242, 243, 244, 245, 247, 248, 249, 240])]) for _ in range(3))
        probe("order", [raw(b"ab" + orders + b"c\r\n")])
    for _ in range(4):
        width, height = chance.choice([20, 40, 80, 132]), chance.randint(10, 60)
        size = bytes([255, 250, 31, 0, width, 0, height, 255, 240])
        probe("window", [raw(size), *LOGIN, "C: " + "echo " + "x" * chance.randint(10, 60)])
    for _ in range(8):
        name = "".join(chance.choice("abcXYZ019._-@$;|/ ") for _ in range(chance.randint(1, 40)))
        probe("name", ["C: " + name, "C: x"])
    for _ in range(8):
        keys = "".join(chance.choice(LINE_KEYS) for _ in range(chance.randint(3, 12)))
        probe("terminal", [raw(keys.encode("latin-1") + b"\r\n")])
    for _ in range(10):
        keys = "".join(chance.choice(EDITOR_KEYS) for _ in range(chance.randint(4, 14)))
        probe("editor", [*LOGIN, raw(keys.encode("latin-1")), raw(b"\x15\x0b"), "C: echo ok"])
    for _ in range(4):
        lines = ["echo " + chance.choice(["one", "two", "three"]) for _ in range(chance.randint(2, 4))]
        keys = [chance.choice(["\x1b[A", "\x1b[A", "\x1b[B", "\x10", "\x0e"]) for _ in range(chance.randint(2, 5))]
        probe("history", [*LOGIN, *("C: " + line for line in lines), *(raw(key.encode()) for key in keys), "C: "])
    return probes


if __name__ == "__main__":
    serve(sys.argv[1])
