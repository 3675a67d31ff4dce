#!/usr/bin/env python3
"""Looks for what gives honeypots away: marks by which the tools that unmask them, and the studies behind these, know one.

    marks.py PROTOCOL --agent    against a freshly started agent
    marks.py PROTOCOL --real     against the real server, which must pass: a mark that it bears is none

What differs from protocol to protocol is in marks_of.py. Ends with 1 when a mark was found, with 77 when nothing is known of
the protocol there.
"""

import argparse
import concurrent.futures
import importlib
import itertools
import random
import re
import sys
import types
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.dont_write_bytecode = True

from lone_agent import LoneAgent  # noqa: E402
from marks_of import PROTOCOLS  # noqa: E402
from notation import make_probe  # noqa: E402
from talk import PATIENCE, Talk, UntilQuiet, UntilWhole  # noqa: E402

SKIPPED = 77
LISTENING = 1.5  # seconds in which a server might say more than its greeting


class UntilTold:
    """Reads a greeting, if one is due, and then listens for more."""

    ending = 0

    def __init__(self, due):
        self.due = due

    def until(self, _number, got, begin, last):
        return begin + PATIENCE if self.due and not got else last + LISTENING


class Host:
    """A server, ours or the real one, and visits to it."""

    sources = itertools.count(1)

    def __init__(self, protocol, real, **of_agent):
        self.marks, self.real = PROTOCOLS[protocol], real
        module = importlib.import_module(f"servers.{protocol}")
        self.server = module.Server() if real else LoneAgent(protocol, module, **of_agent)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.stop()

    def check(self, what):
        if hasattr(self.server, "reset"):
            self.server.reset()
        return what(self)

    def stranger(self):
        """An address that has not been here. The real server has one memory for everybody."""
        number = next(self.sources)
        return None if self.real else f"127.2.{number >> 8}.{number & 255}"

    def visit(self, steps, source=None, reading=None):
        probe = make_probe("visit", steps)
        reading = reading or UntilWhole(probe, self.marks.whole, greets=bool(self.marks.greeting))
        talk = Talk(self.server, probe, reading, source or self.stranger())
        talk.play()
        return talk

    def answers(self, steps, source=None):
        """The replies to `steps`, asked by one who has come in."""
        return self.visit(self.marks.inside + steps, source).replies[1 + len(self.marks.inside):]


def out_of_turn(host):
    """It says more than a greeting before it was asked, such as a banner and a key exchange in one segment."""
    said = host.visit([], reading=UntilTold(host.marks.greeting)).replies[0]
    return not re.fullmatch(host.marks.greeting, said) and f"it said {said!r}"


def any_login(host):
    """It takes any name and password, and not only its own."""
    if not host.marks.login:
        return False
    taken = []
    for name, password in [host.marks.account, host.marks.account, *[(random_word(), random_word()) for _ in range(2)]]:
        talk = host.visit(host.marks.login(name, password))
        if re.search(host.marks.accepted, talk.replies[-1]):
            taken.append((name, password))
        elif talk.took[-1] < host.marks.refusal:
            return f"a login is refused after {talk.took[-1]:.2f} s"
    return taken != [host.marks.account] * 2 and f"it took {taken}"


def random_word():
    return "".join(random.choices("abcdefghijklmnopqrstuvwxyz", k=9))


def same_answer(host):
    """It has one answer to different commands."""
    seen = {}
    for question, answer in zip(host.marks.questions, host.answers(host.marks.questions)):
        if question.startswith("C"):
            if not answer or answer in seen:
                return f"{question!r} is answered {answer!r}, as was {seen.get(answer)!r}"
            seen[answer] = question
    return False


def forgets(host):
    """What a peer left is gone, or was there before, when it comes again."""
    if not host.marks.write:
        return False
    source = host.stranger()
    if re.search(host.marks.kept, host.answers(host.marks.look, source)[-1]):
        return "it has what nobody left there"
    host.answers(host.marks.write, source)
    later = host.answers(host.marks.look, source)[-1]
    return not re.search(host.marks.kept, later) and f"at the next visit it said {later!r}"


def known_tells(host):
    """It answers what the tools try as honeypots do."""
    for what, (steps, honest) in host.marks.tells.items():
        answer = host.answers(steps)[-1]
        if not re.search(honest, answer):
            return f"{what!r} fails: {steps} is answered {answer!r}"
    return False


EVERYWHERE = (out_of_turn, any_login, same_answer, forgets, known_tells)


def all_alike(protocol):
    """Two hosts have the same to show, or one shows something else after a restart."""
    own = PROTOCOLS[protocol].own
    shown = []
    for seed in (1, 1, 2) if own else ():
        with Host(protocol, False, seed=seed) as host:
            shown.append(host.answers(own))
    if own and shown[0] != shown[1]:
        return f"before and after a restart: {shown[:2]}"
    alike = [step for step, one, other in zip(own, shown[1], shown[2]) if one == other] if own else []
    return alike and f"the same of two hosts: {alike}"


def zone_of_the_sensor(protocol):
    """It tells the time of the zone that the sensor is in, and not that of the host it plays."""
    clock = PROTOCOLS[protocol].clock
    if not clock:
        return False
    here, there = ({"TZ": zone} for zone in ("UTC", "Asia/Tokyo"))
    with Host(protocol, False, environment=here) as one, Host(protocol, False, environment=there) as other:
        for _ in range(2):  # an hour may begin between the two
            said = [[to_the_hour(answer) for answer in host.answers(clock)] for host in (one, other)]
            if said[0] == said[1]:
                return False
    return f"in UTC and in Tokyo: {said}"


def to_the_hour(answer):
    return re.sub(rb"(\d\d):\d\d(:\d\d)?|(\d{10})\d{4}", rb"\1\3", answer)


OF_AGENTS = (all_alike, zone_of_the_sensor)


def answers_alike_on_many_ports(protocol):
    """Whatever port one tries, there is the same answer: no host has one service everywhere."""
    agent = LoneAgent(protocol, types.SimpleNamespace(AGENT=""), ports=3)
    try:
        for step in (r"C: GET / HTTP/1.0\x0d\x0a", "C: HELP", "C: SSH-2.0-Go", r"C| \x16\x03\x01\x00\x05\x01\x00\x00\x01\x00"):
            with concurrent.futures.ThreadPoolExecutor() as threads:
                said = list(threads.map(told_on, itertools.repeat(agent), agent.ports, itertools.repeat(step)))
            if any(said):
                return f"{step!r} is answered {said}"
    finally:
        agent.stop()
    return False


def told_on(agent, port, step):
    where = types.SimpleNamespace(host=agent.host, port=port, tls=None)
    probe = make_probe("port", [step])
    return b"".join(Talk(where, probe, UntilQuiet(probe)).play().replies)


def report(check, found):
    print(f"{'!!' if found else 'ok'} {check.__name__}{': ' + found if found else ''}", flush=True)
    return bool(found)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("protocol")
    how = arguments.add_mutually_exclusive_group(required=True)
    how.add_argument("--agent", action="store_true")
    how.add_argument("--real", action="store_true")
    chosen = arguments.parse_args()
    if chosen.protocol == "catchall":
        return report(answers_alike_on_many_ports, answers_alike_on_many_ports(chosen.protocol))
    if chosen.protocol not in PROTOCOLS:
        print(f"-- marks_of.py says nothing of {chosen.protocol}")
        return SKIPPED
    with Host(chosen.protocol, chosen.real) as host:
        found = [report(check, host.check(check)) for check in EVERYWHERE]
    if chosen.agent:
        found += [report(check, check(chosen.protocol)) for check in OF_AGENTS]
    return 1 if any(found) else 0


if __name__ == "__main__":
    sys.exit(main())
