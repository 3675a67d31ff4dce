"""What a program that runs takes of the machine."""

import contextlib
import os
import pathlib
import re


class Process:
    """What the kernel says of a running program."""

    def __init__(self, pid, journal):
        self._proc, self._journal = pathlib.Path(f"/proc/{pid}"), str(journal)

    def _status(self, key):
        return int(re.search(rf"{key}:\s+(\d+) kB", (self._proc / "status").read_text()).group(1)) * 1024

    def resident(self):
        return self._status("VmRSS")

    def peak(self):
        return self._status("VmHWM")

    def forget_peak(self):
        (self._proc / "clear_refs").write_text("5")

    def descriptors(self):
        """But for the folders of the journal that are kept open, one for each hour and protocol."""
        count = 0
        for entry in (self._proc / "fd").iterdir():
            with contextlib.suppress(FileNotFoundError):
                target = os.readlink(entry)
                count += not (target.startswith(self._journal) and os.path.isdir(target))
        return count
