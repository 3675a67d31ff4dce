"""TCP ports for the programs of a test, which nobody else takes before these programs listen there."""

import pathlib
import random
import socket

FIRST, LAST = 10000, 65535
_held = []  # one socket per port, to the end of this process


def _candidates():
    """Those that the kernel gives to no connection and to no listener that asks for any port."""
    low, high = map(int, pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
    return [port for port in range(FIRST, LAST + 1) if not low <= port <= high]


def _reserve(port):
    """Whether the port was free for this process to have. Tests that run beside find the name taken, and choose another."""
    name = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        name.bind(f"\0apiary-test-port-{port}")
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::", port))
    except OSError:
        name.close()
        return False
    _held.append(name)
    return True


def free_port():
    candidates = _candidates()
    random.SystemRandom().shuffle(candidates)  # tests seed the other one
    for port in candidates:
        if _reserve(port):
            return port
    raise AssertionError(f"no TCP port from {FIRST} to {LAST} is free outside of net.ipv4.ip_local_port_range")
