"""File systems of a fault's own: one that forgets what was not synced, one that is small."""

import contextlib
import os
import pathlib
import shutil
import subprocess
import tempfile

from faults.fault import Unable
from world import wait_for


def mounted(folder):
    return f" {folder} " in pathlib.Path("/proc/mounts").read_text()


def unmount(folder):
    subprocess.run(["umount", "-l", folder], check=False, capture_output=True)


class LosingDisk:
    """`folder`, in which only what was synced outlives cut_power()."""

    def __init__(self, top):
        self.program = os.environ.get("APIARY_LOSING_FS", "")
        if not os.access(self.program, os.X_OK):
            raise Unable("APIARY_LOSING_FS names no program")
        if os.geteuid() != 0 or not os.path.exists("/dev/fuse"):
            raise Unable("it takes root and /dev/fuse")
        self._backing, self.folder = top / "backing", top / "disk"
        self._backing.mkdir()
        self.folder.mkdir()
        self._process = None
        self.mount()

    def mount(self, tear=None):
        """`tear`: the seed by which the next cut_power() writes back half of what was not synced."""
        self._process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", self.program, self._backing, self.folder],
                                         stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
                                         env={**os.environ, **({"TEAR": str(tear)} if tear is not None else {})})
        wait_for("the losing disk is mounted", lambda: mounted(self.folder) or self._process.poll() is not None)
        if self._process.poll() is not None:
            raise Unable("FUSE cannot mount here")
        self._torn = tear is not None

    @property
    def environment(self):
        """What a program needs in its environment that calls syncfs() on this disk."""
        library = pathlib.Path(self.program).with_name("liblosing_syncfs.so")
        if not library.exists():
            raise Unable(f"{library} is missing")
        return {"LD_PRELOAD": str(library), "ASAN_OPTIONS": "verify_asan_link_order=0"}

    def cut_power(self):
        if self._torn:
            self._process.terminate()
        else:
            self._process.kill()
        self._process.wait()

    def replace(self):
        """After cut_power(), and once no program uses it: the disk as it is now, under power again."""
        unmount(self.folder)
        self.mount()

    def fail(self, call, nth, error):
        """The `nth` call of that name ("open", "write", "fsync") from now on fails with errno `error`; those after it do not."""
        os.setxattr(self.folder, "user.fail", f"{call} {nth} {error}".encode())

    def failed(self):
        """Whether it has failed since."""
        return int(os.getxattr(self.folder, "user.failed"))

    def close(self):
        unmount(self.folder)
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()


@contextlib.contextmanager
def losing_disk():
    with own_folder() as top:
        disk = LosingDisk(top)
        try:
            yield disk
        finally:
            disk.close()


@contextlib.contextmanager
def own_folder():
    top = pathlib.Path(tempfile.mkdtemp(prefix="apiary-disk-"))
    top.chmod(0o711)
    try:
        yield top
    finally:
        shutil.rmtree(top)


class SmallDisk:
    """A disk of `megabytes` in memory, which others may fill."""

    def __init__(self, folder, megabytes):
        self.folder = folder
        folder.mkdir()
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0711", "apiary-fault", folder],
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Unable("it takes the right to mount: " + done.stderr.strip())

    def fill(self, leave=0):
        """Somebody else takes all that is left, or all but `leave` megabytes."""
        with open(self.folder / "of-somebody-else", "wb", buffering=0) as file:
            with contextlib.suppress(OSError):
                while self.room() > leave << 20 or leave == 0:
                    file.write(bytes(4096))

    def room(self):
        """Bytes that are left."""
        now = os.statvfs(self.folder)
        return now.f_bavail * now.f_frsize

    def make_room(self):
        (self.folder / "of-somebody-else").unlink()

    def close(self):
        unmount(self.folder)


@contextlib.contextmanager
def small_disk(megabytes):
    with own_folder() as top:
        disk = SmallDisk(top / "disk", megabytes)
        try:
            yield disk
        finally:
            disk.close()
