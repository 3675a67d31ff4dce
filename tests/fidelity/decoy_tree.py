"""The files of the decoy behind TELNET, laid out for the real BusyBox: what differs then is what the programs do.

The names, modes, dates and contents come from agent_shell_print_tree, which ShellHost's own tree is printed by. Programs are copies
of the real BusyBox, since they have to run. /proc has plain files: what changes by the moment there is as of one.
"""

import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PRINTER = os.environ.get("APIARY_PRINT_TREE") or str(ROOT / ".build/dev/tests/agent/shell/agent_shell_print_tree")
ELF = b"\x7fELF"


class DecoyTree:
    """`password`, in clear, is root's: that of the decoy's shadow file belongs to no word."""

    def __init__(self, busybox, name, machine, build, seed=0, password=None):
        self.busybox = busybox
        words = [PRINTER, name, machine, str(seed), build]
        text = subprocess.run(words, check=True, capture_output=True, text=True, timeout=60).stdout
        self.nodes = []
        for line in text.splitlines():
            kind, mode, owner, modified, major, minor, path, content = line.split("\t")
            node = kind, int(mode, 8), int(owner), int(modified), os.makedev(int(major), int(minor)), path, bytes.fromhex(content)
            self.nodes.append(node if path != "/etc/shadow" or not password else (*node[:6], self.shadow(node[6], password)))

    @staticmethod
    def shadow(content, password):
        crypted = subprocess.run(["openssl", "passwd", "-1", password], check=True, capture_output=True, text=True).stdout
        return b"".join(b"root:%s:%s" % (crypted.strip().encode(), line.split(b":", 2)[2]) if line.startswith(b"root:") else line
                        for line in content.splitlines(True))

    def plant(self, root, but=()):
        """Makes `root` hold the tree and nothing else; what `but` names is left alone, with all that is in it."""
        root = Path(root)
        self.clear(root, "", but)
        for node in self.nodes:
            if not any(node[5] == name or node[5].startswith(name + "/") for name in but):
                self.make(root, *node)
        for _, _, _, modified, _, path, _ in reversed(self.nodes):  # what is in a folder dates it
            if (root / path[1:]).exists() or (root / path[1:]).is_symlink():
                os.utime(root / path[1:], (modified, modified), follow_symlinks=False)

    def clear(self, root, folder, but):
        for entry in os.scandir(root / folder):
            path = f"{folder}/{entry.name}" if folder else entry.name
            if "/" + path in but:
                continue
            if not entry.is_dir(follow_symlinks=False):
                os.unlink(entry.path)
            elif any(name.startswith(f"/{path}/") for name in but):
                self.clear(root, path, but)
            else:
                shutil.rmtree(entry.path)

    def make(self, root, kind, mode, owner, _modified, device, path, content):
        place = root / path[1:]
        if kind == "d":
            place.mkdir(exist_ok=True)
        elif kind == "l":
            place.symlink_to(content.decode())
        elif kind in "cb":
            os.mknod(place, (0o020000 if kind == "c" else 0o060000), device)
        elif content.startswith(ELF):
            shutil.copyfile(self.busybox, place)
        else:
            place.write_bytes(content)
        os.chown(place, owner, owner, follow_symlinks=False)
        if kind != "l":
            place.chmod(mode)
