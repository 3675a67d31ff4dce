"""A PostgreSQL of one fault's own, durable as in earnest, that may be killed, filled up and set back."""

import os
import pathlib
import pwd
import shutil
import subprocess
import time

BIN = pathlib.Path("/usr/lib/postgresql/15/bin")


class Cluster:
    """`folder` must be reachable for the user postgres; the data may lie on a file system of its own."""

    def __init__(self, folder, data=None):
        self.folder = pathlib.Path(folder)
        self.data = pathlib.Path(data) if data else self.folder / "data"
        self.sockets, self.log = self.folder / "s", self.folder / "postgres.log"
        self._user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        self._process = None
        self.sockets.mkdir(mode=0o700, parents=True)
        self.folder.chmod(0o711)
        self.own(self.folder)
        self.own(self.sockets)
        if data:
            self.own(self.data)
        self._call("initdb", "-D", self.data, "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "-A", "trust", "--no-sync")
        self.superuser = f"host={self.sockets} user=postgres dbname=postgres"

    def own(self, path):
        """Makes it the server's."""
        if os.geteuid() == 0:
            shutil.chown(path, self._user, self._user)

    def _command(self, program, *words):
        rights = [f"--reuid={self._user}", f"--regid={self._user}", "--init-groups"] if os.geteuid() == 0 else []
        return ["setpriv", *rights, "--pdeathsig", "KILL", str(BIN / program), *map(str, words)]

    def _call(self, program, *words):
        done = subprocess.run(self._command(program, *words), capture_output=True, text=True, check=False, cwd="/",
                              stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            raise AssertionError(f"{program}: {done.stdout}{done.stderr}")

    def start(self, *settings, seconds=60):
        """Starts the server and waits until it answers; recovery is in that time."""
        words = [f"-c{name}" for name in ("listen_addresses=", f"unix_socket_directories={self.sockets}", "timezone=UTC",
                                          "log_timezone=UTC", "jit=off", "shared_buffers=64MB", "wal_level=replica",
                                          "max_wal_senders=2", *settings)]
        with open(self.log, "ab") as log:
            self._process = subprocess.Popen(self._command("postgres", "-D", self.data, *words), cwd="/",
                                             stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        deadline = time.monotonic() + seconds
        while subprocess.run([BIN / "pg_isready", "-q", "-h", str(self.sockets), "-U", "postgres"], check=False).returncode:
            if not self.running() or time.monotonic() > deadline:
                raise AssertionError("PostgreSQL did not start:\n" + self.log.read_text(errors="replace")[-3000:])
            time.sleep(0.05)

    def running(self):
        return self._process is not None and self._process.poll() is None

    def kill(self):
        """As if the machine's memory had run out: the postmaster is gone at once, its children follow."""
        self._process.kill()
        self.wait()

    def terminate(self):
        """Lets nobody in any more; those that are connected may stay."""
        self._process.terminate()

    def stop(self):
        if self.running():
            self._process.send_signal(2)
            self.wait()

    def wait(self, seconds=60):
        self._process.wait(seconds)
        # Children of a killed postmaster leave by themselves; until then the data is theirs.
        deadline = time.monotonic() + seconds
        while self._attached():
            if time.monotonic() > deadline:
                raise AssertionError("backends of the killed postmaster do not end")
            time.sleep(0.02)

    def _attached(self):
        for entry in pathlib.Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    if os.readlink(entry / "cwd") == str(self.data):
                        return True
                except OSError:
                    pass
        return False

    def renew(self):
        """Another server in its place, which knows nothing."""
        self.stop()
        shutil.rmtree(self.data)
        self._call("initdb", "-D", self.data, "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "-A", "trust", "--no-sync")
        self.start()

    def backup(self, target):
        self._call("pg_basebackup", "-h", self.sockets, "-U", "postgres", "-D", target, "-X", "stream", "-c", "fast", "--no-sync")

    def restore(self, backup):
        """The data as the backup has it. The server must not be running."""
        shutil.rmtree(self.data)
        shutil.copytree(backup, self.data)
        for path in [self.data, *self.data.rglob("*")]:
            self.own(path)
        self.data.chmod(0o700)
