"""The database's machine is lost, and set up again from a backup."""

import os
import pathlib
import shutil
import subprocess

from faults import gate
from faults.fault import Unable, fault, nothing, played, together
from faults.histories import exact_restore_gaps, ledger
from world import ROOT, wait_for


def backup(world, verb, folder):
    done = subprocess.run([ROOT / "deploy" / "backup", verb, folder, world.collector_toml, world.cluster.superuser],
                          capture_output=True, text=True, check=False, env={**os.environ, "PGOPTIONS": ""})
    if done.returncode != 0:
        raise AssertionError(f"deploy/backup {verb}: {done.stdout}{done.stderr}")
    return done.stdout


@fault(short=True)
def everything_restored(seed):
    """Database, certificate authority and configuration are gone, and come back as they were before the second attack, with the
    commands of docs/backup.md. What the agent no longer has is told by a gap; what it still held comes; it needs no new
    certificate, and neither do operators."""
    if os.geteuid() != 0:
        raise Unable("it takes root to reach the sockets of the server")

    marks = {}

    def play(world):
        _, early = together(world, nothing, 30)
        world.settle()
        saved = pathlib.Path(world.folder) / "backup"
        backup(world, "save", saved)
        marks["backup"] = ledger(world)
        _, late = together(world, nothing, 30)
        world.settle()
        marks["loss"] = ledger(world)
        world.gate.set(gate.CUT)
        _, held = together(world, nothing, 20)

        authority = (world.folder / "pki" / "ca.crt").read_bytes()
        world.collector.stop()
        world.cluster.renew()
        shutil.rmtree(world.folder / "pki")
        world.collector_toml.unlink()
        backup(world, "restore", saved)
        if (world.folder / "pki" / "ca.crt").read_bytes() != authority:
            raise AssertionError("the certificate authority is another one")
        said = world.run("collector", "doctor", "--config", world.collector_toml).stdout
        # A machine that was slow when the backup was made had that trouble, and the backup has it.
        failed = [line for line in said.splitlines() if line.startswith("FAIL") and "transactions took" not in line]
        if failed or "ok " not in said:
            raise AssertionError(said)
        # As after every new version: nothing is left to do.
        said = world.call("collector", "init", "--config", world.collector_toml, "--superuser", world.database.dsn("postgres"))
        if "0 steps taken" not in said or "made" in said:
            raise AssertionError(said)

        world.start_collector()
        world.gate.set(gate.WHOLE)
        wait_for("the agent is connected again", lambda: "connected since" in world.status(), 90, step=0.2)
        _, after = together(world, nothing, 20)
        world.settle()
        gaps = world.database.rows("SELECT what, count(*), min(reason) FROM gap GROUP BY what")
        if [what for what, *_ in gaps] != ["restore"]:
            raise AssertionError(f"the missing span is told as {gaps}")
        return 1, early + late + held + after, late

    return played(play, seed, may_tell=("restore",), examine=lambda world, _, verdict: exact_restore_gaps(world, verdict, **marks))
