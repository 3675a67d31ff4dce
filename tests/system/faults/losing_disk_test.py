"""The disk of the power cuts does lose what was not synced, and nothing else: a fault test on a disk that keeps all shows nothing."""

import errno
import os
import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from faults.fault import Unable  # noqa: E402
from faults.mounts import losing_disk  # noqa: E402


class LosingDiskTest(unittest.TestCase):
    def setUp(self):
        try:
            self.disk = self.enterContext(losing_disk())
        except Unable as why:
            self.skipTest(str(why))
        self.file = self.disk.folder / "file"

    def write(self, data, sync, at=0):
        descriptor = os.open(self.file, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            os.pwrite(descriptor, data, at)
            if sync:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def after_the_cut(self):
        self.disk.cut_power()
        self.disk.replace()
        return self.file.read_bytes()

    def test_what_was_synced_is_there(self):
        self.write(b"kept" * 5000, sync=True)
        self.assertEqual(self.after_the_cut(), b"kept" * 5000)

    def test_what_was_not_is_gone(self):
        self.write(b"kept", sync=True)
        self.write(b"lost" * 5000, sync=False, at=4)
        self.assertEqual(self.file.read_bytes(), b"kept" + b"lost" * 5000)
        self.assertEqual(self.after_the_cut(), b"kept")

    def test_what_the_whole_disk_was_synced_with_is_there(self):
        self.write(b"kept" * 5000, sync=False)
        script = f"import ctypes, os; exit(ctypes.CDLL(None).syncfs(os.open({str(self.disk.folder)!r}, os.O_RDONLY)))"
        subprocess.run([sys.executable, "-c", script], check=True, env={**os.environ, **self.disk.environment})
        self.assertEqual(self.after_the_cut(), b"kept" * 5000)

    def test_a_torn_disk_keeps_some_of_it(self):
        self.disk.close()
        self.disk.mount(tear=7)
        self.write(bytes(64 * 4096), sync=True)
        self.write(b"x" * 64 * 4096, sync=False)
        blocks = self.after_the_cut()
        written = sum(blocks[at] == ord("x") for at in range(0, len(blocks), 4096))
        self.assertGreater(written, 8)
        self.assertLess(written, 56)

    def test_the_call_that_is_to_fail_does_and_no_other(self):
        for call in ("write", "fsync", "open"):
            self.disk.fail(call, 2, errno.ENOSPC)
            outcomes = []
            for _ in range(4):
                try:
                    self.write(b"kept", sync=True)
                    outcomes.append(0)
                except OSError as refused:
                    outcomes.append(refused.errno)
            self.assertEqual((call, outcomes), (call, [0, errno.ENOSPC, 0, 0]))
            self.assertEqual(self.disk.failed(), 1)
        self.disk.fail("write", 1, errno.EIO)
        self.assertEqual(self.disk.failed(), 0)


if __name__ == "__main__":
    unittest.main()
