#!/usr/bin/env python3
"""Compares what our agent answers with what the real server answered to the same probes. README.md says how.

    play.py PROTOCOL --agent [--show]   plays the probes against a freshly started agent, compares with recorded/
    play.py PROTOCOL --real [--show]    the same with the real server: what it does not repeat, nobody need repeat
    play.py PROTOCOL --record           writes recorded/PROTOCOL.txt; takes root and the Debian package
    play.py PROTOCOL --generate         writes the generated part of probes/PROTOCOL.txt anew

Ends with 1 when a share is below its target.
"""

import argparse
import collections
import concurrent.futures
import importlib
import itertools
import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.dont_write_bytecode = True

from lone_agent import LoneAgent  # noqa: E402
from notation import make_probe, read_outcomes, read_probes, reply_lines, write_outcome, write_probe  # noqa: E402
from talk import Talk, UntilExpected, UntilQuiet  # noqa: E402

TARGETS = {"code": 98, "text": 95, "state": 98}  # percent
AT_A_TIME = 8
GENERATED = "# The rest was generated: play.py PROTOCOL --generate"


class Fidelity:
    """The files of one protocol."""

    def __init__(self, protocol):
        self.protocol = protocol
        self.server = importlib.import_module(f"servers.{protocol}")
        self.probes_file = HERE / "probes" / f"{protocol}.txt"
        self.recorded_file = HERE / "recorded" / f"{protocol}.txt"

    def probes(self):
        probes = {probe.name: probe for probe in read_probes(self.probes_file.read_text())}
        for name, lines in self.server.generate():
            if probes.get(name) != make_probe(name, lines):
                raise SystemExit(f"probe {name} is not as generated: run play.py {self.protocol} --generate")
        return list(probes.values())

    def recorded(self, probes):
        """The outcome of each probe, with a reply to each reading."""
        if not self.recorded_file.exists():
            raise SystemExit(f"nothing is recorded: run play.py {self.protocol} --record")
        outcomes = read_outcomes(self.recorded_file.read_text())
        for probe in probes:
            steps, outcome = outcomes.get(probe.name, (None, None))
            if steps != probe.steps[:len(steps or ())]:
                raise SystemExit(f"probe {probe.name} is not as recorded: run play.py {self.protocol} --record")
            outcome.replies += [b""] * (1 + len(probe.steps) - len(outcome.replies))
        return [outcomes[probe.name][1] for probe in probes]

    def write_generated(self):
        text = self.probes_file.read_text() if self.probes_file.exists() else ""
        made = "".join(write_probe(name, lines) for name, lines in self.server.generate())
        by_hand = text.split(GENERATED)[0].rstrip("\n")
        self.probes_file.write_text(f"{by_hand}\n\n{GENERATED}\n\n{made}".rstrip("\n") + "\n")

    def same(self, one, other):
        return self.server.normalise(one) == self.server.normalise(other)


def play_on_real(fidelity, readings):
    """One after the other, each on files that no other has touched if the server has reset()."""
    server = fidelity.server.Server()
    try:
        for probe, reading in readings:
            if hasattr(server, "reset"):
                server.reset()
            yield Talk(server, probe, reading).play()
    finally:
        server.stop()


def play_on_agent(fidelity, readings):
    """Several at a time, each from an address of its own: an agent remembers what a source did."""
    agent = LoneAgent(fidelity.protocol, fidelity.server)

    def play(number, reading):
        return Talk(agent, *reading, f"127.1.{number >> 8}.{number & 255}").play()

    try:
        with concurrent.futures.ThreadPoolExecutor(AT_A_TIME) as threads:
            return list(threads.map(play, itertools.count(1), readings))
    finally:
        agent.stop()


def show(name, number, step, wanted, got):
    print(f"!! {name}, step {number}: {step}")
    for who, reply in ("recorded", wanted), ("got", got):
        print("".join(f"     {who:9} {line}\n" for line in reply_lines(reply) or ["nothing"]), end="")


def compare(fidelity, probes, expected, outcomes, everything):
    """The share of each kind, in percent. A step without an answer on either side does not count."""
    equal, counted = collections.Counter(), collections.Counter()

    def count(kind, same):
        counted[kind] += 1
        equal[kind] += same
        return same

    for probe, wanted, got in zip(probes, expected, outcomes):
        for number, (step, ours, theirs) in enumerate(zip(["greeting", *probe.steps], got.replies, wanted.replies)):
            if ours or theirs:
                same = count("code", fidelity.server.codes(ours) == fidelity.server.codes(theirs))
                same &= count("text", fidelity.same(ours, theirs))
                if everything or not same:
                    show(probe.name, number, step, theirs, ours)
        if not count("state", (wanted.closed_at is None) == (got.closed_at is None)):
            print(f"!! {probe.name}: recorded as {'open' if wanted.closed_at is None else 'closed'} at the end, which it is not")
    return {kind: (100 * equal[kind] / counted[kind], equal[kind], counted[kind]) for kind in TARGETS}


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("protocol")
    how = arguments.add_mutually_exclusive_group(required=True)
    for name in ("agent", "real", "record", "generate"):
        how.add_argument(f"--{name}", action="store_true")
    arguments.add_argument("--show", action="store_true", help="print all replies, not only those that differ")
    arguments.add_argument("--probe", help="play this one alone")
    chosen = arguments.parse_args()
    fidelity = Fidelity(chosen.protocol)
    if chosen.generate:
        fidelity.write_generated()
        return 0
    if not chosen.agent and os.geteuid() != 0:
        raise SystemExit("the real server takes root and its Debian package")
    probes = fidelity.probes()
    if chosen.record:
        outcomes = play_on_real(fidelity, [(probe, UntilQuiet(probe)) for probe in probes])
        fidelity.recorded_file.write_text("".join(map(write_outcome, probes, outcomes)).rstrip("\n") + "\n")
        return 0
    probes = [probe for probe in probes if chosen.probe in (None, probe.name)]
    expected = fidelity.recorded(probes)
    readings = [(probe, UntilExpected(probe, outcome, fidelity.same)) for probe, outcome in zip(probes, expected)]
    outcomes = list((play_on_agent if chosen.agent else play_on_real)(fidelity, readings))
    shares = compare(fidelity, probes, expected, outcomes, chosen.show)
    for kind, (share, equal, counted) in shares.items():
        print(f"{chosen.protocol} {kind:5} {share:6.2f} %  {equal} of {counted}, target {TARGETS[kind]} %")
    return 0 if all(shares[kind][0] >= target for kind, target in TARGETS.items()) else 1


if __name__ == "__main__":
    sys.exit(main())
