#!/usr/bin/env python3
"""Runs the clients that people and tools use, and compares what they print with what they printed of the real server.

    clients.py PROTOCOL --agent [--all] [--show]   against a freshly started agent
    clients.py PROTOCOL --real [--all] [--show]    does a client say the same twice?
    clients.py PROTOCOL --record                   writes recorded/PROTOCOL_clients.txt; takes all clients

Without --all those clients are left out that the tests may not expect on a machine (deploy/packages.txt). What each protocol's
clients do is in clients_of.py. Ends with 1 when words differ, with 77 when there was no client to run.
"""

import argparse
import importlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.dont_write_bytecode = True

from clients_of import PROTOCOLS  # noqa: E402
from lone_agent import LoneAgent  # noqa: E402
from notation import escape, sections, write_probe  # noqa: E402

SKIPPED = 77
LONGEST = 120  # seconds for a client

# What the clients themselves say differently each time: times, durations, dates of certificates.
OWN_WORDS = (
    (r"\d{4}-\d\d-\d\d(T| at |\s)\d\d:\d\d(:\d\d)?( \w+|\+\d+)?", "TIME"),
    (r"\d[\d.]*s? (latency|seconds)", r"N \1"),
    (r"\d+(\.\d+)?( [KMG]?i?B?ytes?)?/s(ec)?", "RATE"),
    (r"in \d+ seconds?", "in N seconds"),
)


class Setting:
    """One protocol, and where its clients meet it."""

    def __init__(self, protocol, real):
        self.protocol, self.real = protocol, real
        self.server = importlib.import_module(f"servers.{protocol}")

    def words(self, client):
        """The lines that a client prints of a server which nobody has met before."""
        server = self.server.Server() if self.real else LoneAgent(self.protocol, self.server)
        folder = tempfile.mkdtemp(prefix="client-")
        try:
            done = subprocess.run(
                ["timeout", "-k", "5", str(LONGEST), "sh", "-c", client.script], cwd=folder, check=False, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                env={"PATH": os.environ["PATH"], "HOME": folder, "LC_ALL": "C", "HOST": server.host, "PORT": str(server.port)})
        finally:
            server.stop()
            shutil.rmtree(folder)
        return self.masked(done.stdout, server.port, folder) + [f"= {done.returncode}"]

    def masked(self, said, port, folder):
        text = self.server.normalise(said.replace(b"\r", b""))
        for word, mask in ((folder, "FOLDER"), (rf"\b{port}\b", "PORT"), *OWN_WORDS):
            text = re.sub(word, mask, text)
        return ["| " + escape(line.encode("latin-1")) for line in text.splitlines()]


def compare(client, recorded, said, everything, real):
    """Whether the words are as they should be: equal, or different where that is known of the agent."""
    same = recorded == said
    known = client.differs if not real else ""
    print(f"{'ok' if same else '--' if known else '!!'} {client.name}{': ' + known if known else ''}")
    if everything:
        print("\n".join("     " + line for line in said))
    if not same and not known:
        print("\n".join("     recorded  " + line for line in recorded if line not in said))
        print("\n".join("     got       " + line for line in said if line not in recorded))
    if same and known:
        print("     is equal now: take `differs` away")
    return same != bool(known)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("protocol")
    how = arguments.add_mutually_exclusive_group(required=True)
    for name in ("agent", "real", "record"):
        how.add_argument(f"--{name}", action="store_true")
    arguments.add_argument("--all", action="store_true", help="clients too that the tests may not expect")
    arguments.add_argument("--show", action="store_true", help="print all that the clients say")
    chosen = arguments.parse_args()
    setting = Setting(chosen.protocol, not chosen.agent)
    file = HERE / "recorded" / f"{chosen.protocol}_clients.txt"
    clients = PROTOCOLS.get(chosen.protocol, [])
    if chosen.record:
        file.write_text("\n".join(write_probe(client.name, setting.words(client)).rstrip("\n") + "\n" for client in clients))
        return 0
    recorded = dict(sections(file.read_text())) if clients else {}
    results = []
    for client in clients:
        if not client.usual and not chosen.all:
            print(f"-- {client.name}: only with --all")
        elif not shutil.which(client.program):
            print(f"-- {client.name}: {client.program} is not installed")
        else:
            results.append(compare(client, recorded[client.name], setting.words(client), chosen.show, chosen.real))
    return 0 if results and all(results) else 1 if results else SKIPPED


if __name__ == "__main__":
    sys.exit(main())
