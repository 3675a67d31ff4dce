"""Programs that die or are stopped, and the link between them."""

import signal

from faults import gate
from faults.fault import fault, under_attack
from faults.fault_world import aside


def repeated(times, act, least=0.2, most=1.0):
    """`times` calls of `act(world)`, each at a moment of the seed's choice, which may block."""
    async def inject(world):
        done = 0
        for _ in range(times):
            await world.moment(least, most)
            done += await aside(act, world) is not False
        return done

    return inject


@fault(short=True)
def agent_killed(seed):
    def act(world):
        world.kill_agent()
        world.start_agent()

    return under_attack(repeated(3, act), seed, sessions=90)


@fault()
def agent_terminated(seed):
    def act(world):
        world.stop_agent()
        world.start_agent()

    return under_attack(repeated(2, act), seed)


@fault(short=True)
def collector_killed(seed):
    return under_attack(repeated(5, lambda world: world.restart_collector(lambda program: program.kill())), seed, sessions=90)


@fault()
def collector_terminated(seed):
    return under_attack(repeated(2, lambda world: world.restart_collector(lambda program: program.stop())), seed)


@fault()
def backend_killed(seed):
    return under_attack(repeated(3, lambda world: world.end_backend(signal.SIGKILL), 0.4, 1.2), seed)


@fault()
def backend_terminated(seed):
    return under_attack(repeated(5, lambda world: world.end_backend(signal.SIGTERM), 0.2, 0.8), seed)


@fault()
def backend_stalled(seed):
    """The database hangs under the collector for some seconds; nothing breaks, and nothing is asked twice."""
    async def inject(world):
        for _ in range(2):
            await world.moment(0.3, 0.8)
            stalled = await aside(world.stall_backends)
            await world.moment(2, 4)
            await aside(world.continue_backends, stalled)
        return 2

    return under_attack(inject, seed)


@fault(short=True)
def postmaster_killed(seed):
    return under_attack(repeated(2, lambda world: world.restart_cluster()), seed)


@fault()
def postmaster_terminated(seed):
    """As a service manager stops it: TERM, upon which it lets nobody in any more and waits for those that are, and then INT, which
    throws them out."""
    async def inject(world):
        for _ in range(2):
            await world.moment()
            await aside(world.cluster.terminate)
            await world.moment()
            await aside(world.cluster.stop)
            await world.moment(0, 0.5)
            await aside(world.cluster.start)
        return 2

    return under_attack(inject, seed)


@fault(short=True)
def everything_killed(seed):
    """Agent, collector and database at one blow, as when the power of one machine fails (the disk kept its word)."""
    def act(world):
        world.collector.kill()
        world.cluster.kill()
        world.kill_agent()
        world.cluster.start()
        world.start_collector()
        world.start_agent()

    return under_attack(repeated(2, act), seed)


def link(state, times, seed, hold=(0.3, 1.0)):
    async def inject(world):
        for _ in range(times):
            await world.moment(0.1, 0.6)
            await aside(world.gate.set, state)
            await world.moment(*hold)
            await aside(world.gate.set, gate.WHOLE)
        return times

    return under_attack(inject, seed)


@fault(short=True)
def link_cut(seed):
    return link(gate.CUT, 5, seed)


@fault()
def link_stalled(seed):
    return link(gate.STALLED, 2, seed)


@fault()
def link_half_open(seed):
    """Stalled for longer than either end waits for a sign of life (20 s and 10 s): both give the stream up, and what was on its way
    arrives all the same when it is whole."""
    return link(gate.STALLED, 1, seed, hold=(33, 36))


@fault()
def link_sliced(seed):
    return link(gate.SLICED, 1, seed, hold=(2, 3))


@fault()
def collector_away_and_agent_killed(seed):
    """What waits in the spool outlives the agent, and comes up when the collector is there again."""
    def act(world):
        world.collector.kill()
        world.kill_agent()
        world.start_agent()

    async def inject(world):
        await world.moment()
        await aside(act, world)
        await world.moment(1, 2)
        await aside(world.start_collector)
        return 2

    return under_attack(inject, seed)
