#!/usr/bin/env python3
"""Injects faults into the real programs under real traffic, compares three histories after each, and prints a table.

    run.py [--seed N] [--minutes M] [--short] [--only NAME ...] [--list]

One line a fault: `fault NAME INJECTED AT_RISK LOST DOUBLED`. Without --minutes every fault once; with it again and again, each
time with another seed, until the time is over, and at the end a line `total NAME RUNS INJECTED AT_RISK LOST DOUBLED TOLD` each.
Status 0 if nothing was lost and nothing doubled.
Needs APIARY_AGENT and APIARY_COLLECTOR, the programs; some faults need root."""

import argparse
import dataclasses
import os
import pathlib
import shutil
import sys
import time
import traceback

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from faults import backups, calls, disks, identities, processes, spools  # noqa: E402,F401
from faults.fault import FAULTS, Unable  # noqa: E402


@dataclasses.dataclass
class Total:
    """What all runs of a fault came to. `bad` are those that lost or doubled something, or could not be carried through."""
    runs: int = 0
    injected: int = 0
    at_risk: int = 0
    lost: int = 0
    doubled: int = 0
    told: int = 0
    bad: int = 0
    unable: int = 0

    def add(self, injected, verdict):
        self.injected += injected
        self.at_risk += verdict.at_risk
        self.lost += verdict.lost
        self.doubled += verdict.doubled
        self.told += verdict.told


def inject(fault, seed, total):
    """Prints a line, and adds to the total."""
    total.runs += 1
    started = time.monotonic()
    missing = [program for program in fault.needs if not shutil.which(program)]
    try:
        if missing:
            raise Unable("not installed: " + ", ".join(missing))
        injected, verdict = fault.run(seed)
    except Unable as why:
        print(f"fault {fault.name} not injected: {why}", flush=True)
        total.unable += 1
        return
    except Exception:  # pylint: disable=broad-except
        traceback.print_exc()
        print(f"fault {fault.name} FAILED with seed {seed}", flush=True)
        total.bad += 1
        return
    total.add(injected, verdict)
    well = injected > 0 and verdict.lost == 0 and verdict.doubled == 0
    print(f"fault {fault.name} {injected} {verdict.at_risk} {verdict.lost} {verdict.doubled}", flush=True)
    remarks = verdict.remarks if well else verdict.remarks[:20] + [f"seed {seed}"]
    for remark in remarks:
        print(f"    {remark}")
    print(f"    {verdict.told} told, {time.monotonic() - started:.1f} s", flush=True)
    total.bad += not well


def main():
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--seed", type=int, default=1)
    words.add_argument("--minutes", type=float, default=0)
    words.add_argument("--short", action="store_true", help="only the faults that are tests of every run of deploy/test")
    words.add_argument("--only", nargs="+", choices=FAULTS, metavar="NAME")
    words.add_argument("--list", action="store_true")
    given = words.parse_args()
    chosen = [fault for fault in FAULTS.values() if (given.only is None or fault.name in given.only)
              and (fault.short or not given.short)]
    if given.list:
        for fault in chosen:
            print(fault.name)
        return 0
    for variable in ("APIARY_AGENT", "APIARY_COLLECTOR"):
        if not os.access(os.environ.get(variable, ""), os.X_OK):
            sys.exit(f"{variable} must name the program; deploy/faults sets it")
    end = time.monotonic() + 60 * given.minutes
    totals, seed = {fault.name: Total() for fault in chosen}, given.seed
    while True:
        for fault in chosen:
            inject(fault, seed, totals[fault.name])
            if given.minutes and time.monotonic() > end:
                break
        seed += 1
        if time.monotonic() > end:
            break
    if given.minutes:
        for name, total in totals.items():
            print("total", name, *dataclasses.astuple(total)[:6])
    runs, unable = (sum(getattr(total, what) for total in totals.values()) for what in ("runs", "unable"))
    bad = [name for name, total in totals.items() if total.bad]
    print(f"{runs} runs, {unable} not injected, "
          + ("nothing lost, nothing doubled" if not bad else "NOT WELL: " + ", ".join(bad)))
    if bad:
        return 1
    return 0 if runs > unable else 77  # as ctest knows a test that was skipped


if __name__ == "__main__":
    sys.exit(main())
