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
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
TRANSCRIPTS = HERE.parent / "transcripts" / "ftp"
TREE = HERE / "ftp_tree.txt"
USER, PASSWORD, UID = "admin", "admin123", 1000

# Debian's own file, then what the emulated host changed in it.
CONFIGURATION = """
listen=NO
listen_ipv6=YES
listen_address6=::ffff:127.0.0.1
anonymous_enable=YES
local_enable=YES
dirmessage_enable=YES
use_localtime=YES
xferlog_enable=YES
connect_from_port_20=YES
secure_chroot_dir=/var/run/vsftpd/empty
pam_service_name=vsftpd
ssl_enable=NO
write_enable=YES
local_umask=022
anon_umask=022
anon_upload_enable=YES
anon_mkdir_write_enable=YES
chroot_local_user=YES
allow_writeable_chroot=YES
idle_session_timeout=120
pasv_min_port=40000
pasv_max_port=49999
background=NO
"""


class Server:
    """One vsftpd with its own users, home and configuration."""

    def __init__(self, options):
        self.folder = Path(tempfile.mkdtemp(prefix="vsftpd-"))
        self.folder.chmod(0o755)
        home = self.folder / "home"
        home.mkdir()
        os.chown(home, UID, UID)
        plant(home)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        configuration = CONFIGURATION + f"listen_port={self.port}\nanon_root={home}\n"
        configuration += "".join(option + "\n" for option in options)
        key, certificate = self.folder / "key.pem", self.folder / "certificate.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30"]
            + ["-subj", "/CN=localhost", "-keyout", key, "-out", certificate],
            check=True, capture_output=True)
        configuration += f"rsa_cert_file={certificate}\nrsa_private_key_file={key}\n"
        (self.folder / "vsftpd.conf").write_text(configuration)
        crypted = subprocess.run(["openssl", "passwd", "-6", PASSWORD], check=True, capture_output=True, text=True).stdout
        self.overlay("passwd", f"{USER}:x:{UID}:{UID}::{home}:/bin/sh\n")
        self.overlay("shadow", f"{USER}:{crypted.strip()}:19000:0:99999:7:::\n")
        mounts = "".join(f"mount --bind {self.folder}/{name} /etc/{name} && " for name in ("passwd", "shadow"))
        script = f"mkdir -p /var/run/vsftpd/empty && {mounts} exec vsftpd {self.folder}/vsftpd.conf"
        self.process = subprocess.Popen(["unshare", "--mount", "sh", "-c", script], start_new_session=True)
        self.await_port()

    def overlay(self, name, lines):
        others = [line for line in Path("/etc", name).read_text().splitlines(True) if not line.startswith(USER + ":")]
        path = self.folder / name
        path.write_text("".join(others) + lines)
        path.chmod(0o640 if name == "shadow" else 0o644)

    def await_port(self):
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise SystemExit("vsftpd does not listen")

    def stop(self):
        os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait()
        shutil.rmtree(self.folder)


def plant(home):
    """Makes the decoy tree of seed 0, as written down by the unit test of the tree: mode, size, time, path."""
    entries = [line.split(maxsplit=3) for line in TREE.read_text().splitlines()] if TREE.exists() else []
    for mode, size, _, path in entries:
        node = home / path.lstrip("/")
        if mode.startswith("d"):
            node.mkdir(exist_ok=True)
        else:
            with open(node, "wb") as file:
                file.truncate(int(size))
    for mode, _, seconds, path in reversed(entries):
        node = home / path.lstrip("/")
        node.chmod(int(mode[1:], 8))
        os.chown(node, UID, UID)
        os.utime(node, (int(seconds), int(seconds)))


def unescape(text):
    raw = re.sub(r"\\(\\|x[0-9a-f]{2})", lambda m: "\\" if m[1] == "\\" else chr(int(m[1][1:], 16)), text)
    return raw.encode("latin-1")


def escape(data):
    return "".join(chr(b) if 0x20 <= b < 0x7F and b != 0x5C else "\\\\" if b == 0x5C else f"\\x{b:02x}" for b in data)


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
            except ConnectionResetError:
                piece = b""  # it closed with bytes of ours unread
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
        elif value == "closed" and self.data:
            self.data.close()
            self.data = None
        elif value == "eof":
            self.control.shutdown(socket.SHUT_WR)
        elif value.startswith("tlsfail "):
            self.control.sendall(unescape(value[len("tlsfail "):]))
        elif value == "tls":
            context = ssl.create_default_context()
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            self.control = context.wrap_socket(self.control)

    def fetch(self):
        if self.data is not None:
            self.data.settimeout(3)
            got = b""
            try:
                while piece := self.data.recv(65536):
                    got += piece
            except (socket.timeout, OSError):
                pass
            self.data.close()
            self.data = None
            self.listed += got
            if self.record:
                self.note("s", got)


def normal(data):
    text = escape(data).replace("\\x0d\\x0a", "\n")
    text = re.sub(r"\((?:\d+,){4}\d+,\d+\)", "(PASV)", text)
    text = re.sub(r"\(\|\|\|\d+\|\)", "(|||PORT|)", text)
    text = re.sub(r"client count was \d+", "client count was N", text)
    return re.sub(r"(?m)^(.{10} +\d+) \d+ +\d+ +(\d+) [A-Z][a-z]{2} \d\d +[\d:]{4,5} (.*)$", r"\1 OWNER \2 DATE \3", text)


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
