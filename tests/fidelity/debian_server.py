"""What the real servers share: a temporary folder, a port, files of /etc replaced in a mount namespace of its own."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "system"))
from free_ports import free_port  # noqa: E402


def make_certificate(folder):
    """certificate.pem and key.pem."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30"]
        + ["-subj", "/CN=localhost", "-keyout", folder / "key.pem", "-out", folder / "certificate.pem"],
        check=True, capture_output=True, timeout=60)


class DebianServer:
    """A server of a Debian package on 127.0.0.1. A subclass writes its files, then calls start(); the user calls stop()."""

    host, tls = "127.0.0.1", None

    def __init__(self, program, package):
        if os.geteuid() != 0 or not shutil.which(program):
            raise SystemExit(f"the real server takes root and Debian's package {package}")
        self.folder = Path(tempfile.mkdtemp(prefix=f"{package}-"))
        self.folder.chmod(0o755)
        self.port = free_port()
        self.replaced = {}

    def replace(self, path, text, mode=0o644):
        """The server sees `text` in place of the file `path`, which must be there."""
        copy = self.folder / path.strip("/").replace("/", "-")
        copy.write_text(text)
        copy.chmod(mode)
        self.replaced[path] = copy

    def add_user(self, name, password, uid, home, shell="/bin/sh"):
        crypted = subprocess.run(["openssl", "passwd", "-6", password], check=True, capture_output=True, text=True).stdout
        for path, line, mode in (("/etc/passwd", f"{name}:x:{uid}:{uid}::{home}:{shell}\n", 0o644),
                                 ("/etc/shadow", f"{name}:{crypted.strip()}:19000:0:99999:7:::\n", 0o640)):
            lines = self.replaced.get(path, Path(path)).read_text().splitlines(True)
            self.replace(path, "".join(one for one in lines if not one.startswith(name + ":")) + line, mode)

    def start(self, command):
        """Runs a shell command that must stay in the foreground, and waits until the port answers."""
        script = "".join(f"mount --bind {copy} {path} && " for path, copy in self.replaced.items()) + command
        self.process = subprocess.Popen(["unshare", "--mount", "sh", "-c", script], start_new_session=True)
        for _ in range(200):
            try:
                socket.create_connection((self.host, self.port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        self.stop()
        raise SystemExit(f"does not listen: {command}")

    def stop(self):
        os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        shutil.rmtree(self.folder)
