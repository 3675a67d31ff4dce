"""What a fault is, and the list of all."""

import asyncio
import dataclasses
import typing

from faults.fault_world import FaultWorld
from faults.histories import compare

FAULTS = {}


@dataclasses.dataclass
class Fault:
    name: str
    run: typing.Callable
    short: bool
    needs: tuple


class Unable(Exception):
    """This machine cannot inject that fault; the text says what is missing."""


def fault(*, short=False, needs=()):
    """Registers a function `(seed) -> (injected, verdict)`. `short`: part of the short run,
    which is in every run of the tests. `needs`: programs on the path."""
    def register(function):
        name = function.__name__
        FAULTS[name] = Fault(name, function, short, needs)
        return function
    return register


def under_attack(inject, seed, sessions=60, may_tell=(), at_once=20, **world):
    """Runs the programs, lets clients play while `inject(world)`, a coroutine that returns how often it injected, is at work,
    then compares the histories."""
    return played(lambda live: together(live, inject, sessions, at_once), seed, may_tell, **world)


def played(play, seed, may_tell=(), settle=60, kind=FaultWorld, examine=None, **options):
    """As under_attack(), for faults with a course of their own: `play(world)` returns (injected, talks), or (injected, talks, of):
    then sessions of those clients may be missing and of no others. `examine(world, talks, verdict)` then looks at what only this
    fault has."""
    world = kind(seed, **options)
    failed = True
    try:
        world.start()
        injected, talks, *of = play(world)
        world.disk()
        world.settle(settle)
        verdict = compare(world, talks, may_tell, *of)
        if examine:
            examine(world, talks, verdict)
        verdict.remarks += world.remarks
        verdict.remarks.append("most MiB of agent and collector: " + ", ".join(map(str, world.memory())))
        verdict.remarks.append("most KiB of spool, its write-ahead log and text logs: " + ", ".join(map(str, world.disk())))
        failed = bool(verdict.lost or verdict.doubled)
        return injected, verdict
    finally:
        world.close(failed)


async def nothing(_):
    """For together(): clients alone."""
    return 0


def together(world, inject, sessions, at_once=20):
    """Clients and `inject` at once. `sessions`: how many, or a list of their kinds."""
    async def both():
        attack = asyncio.create_task(world.attack(sessions, at_once))
        try:
            injected = await inject(world)
        finally:
            talks = await attack
        return injected, talks

    return asyncio.run(both())
