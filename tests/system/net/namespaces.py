"""Network namespaces of one test, joined by veth pairs, and gone with it."""

import json
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ATTACKER = "10.80.0.2"
SENSOR, SENSOR6 = "10.81.0.2", "fd00:81::2"
TOOLS = ("ip", "nft", "setpriv")


def why_not():
    """Why there can be no namespaces here, or nothing."""
    if os.geteuid() != 0:
        return "needs root: network namespaces, routes, nftables"
    missing = [tool for tool in TOOLS if not shutil.which(tool)]
    if missing:
        return "not installed: " + ", ".join(missing)
    name = f"apiary-{os.getpid()}-try"
    done = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return "no network namespaces here: " + done.stderr.strip()
    # In a chroot one can be made, but not entered.
    done = subprocess.run(["ip", "netns", "exec", name, "true"], capture_output=True, text=True, check=False)
    subprocess.run(["ip", "netns", "del", name], check=False)
    return "network namespaces cannot be entered here: " + done.stderr.strip() if done.returncode != 0 else None


class Spaces:
    """Namespaces of these names, each with its loopback up."""

    def __init__(self, names):
        self._prefix = f"apiary-{os.getpid()}-"
        self._names = []
        try:
            for name in names:
                self._call("ip", "netns", "add", self.full(name))
                self._names.append(name)
                self.ip(name, "link set lo up")
            self.join()
        except BaseException:
            self.close()
            raise

    def join(self):
        """Makes links between them."""
        raise NotImplementedError

    def full(self, name):
        return self._prefix + name

    def command(self, name, *words):
        return ["ip", "netns", "exec", self.full(name), *map(str, words)]

    def run(self, name, *words, status=0, **options):
        """What a program prints there; it must end with that status, if one is given."""
        done = subprocess.run(self.command(name, *words), capture_output=True, text=True, timeout=120, check=False, **options)
        if status is not None and done.returncode != status:
            raise AssertionError(f"{' '.join(map(str, words))}: status {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout + (done.stderr if status else "")

    def start(self, name, *words):
        """A program there, with pipes to its stdin and from its stdout."""
        return subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *self.command(name, *words)], stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, text=True)

    def ip(self, name, words):
        return self._call("ip", "-n", self.full(name), *words.split())

    def neighbour(self, name, *words):
        """What neighbour.py prints there."""
        return json.loads(self.run(name, sys.executable, HERE / "neighbour.py", *words))

    def network(self, name="sen"):
        """All rules and routes there, as text, without what counts or ages, and what links make of themselves when they are up."""
        text = "\n".join((self.run(name, "nft", "-s", "list", "ruleset"), self.ip(name, "-4 route show table all"),
                          self.ip(name, "-6 route show table all"), self.ip(name, "rule show"), self.ip(name, "-6 rule show")))
        return "\n".join(line for line in text.splitlines() if "fe80::" not in line)

    def close(self):
        for name in self._names:
            subprocess.run(["ip", "netns", "del", self.full(name)], check=False)
        self._names = []

    def link(self, one, one_device, one_addresses, other, other_device, other_addresses):
        self._call("ip", "link", "add", one_device, "netns", self.full(one), "type", "veth", "peer", "name", other_device,
                   "netns", self.full(other))
        for name, device, addresses in ((one, one_device, one_addresses), (other, other_device, other_addresses)):
            for address in addresses:
                self.ip(name, f"addr add {address} dev {device}" + (" nodad" if ":" in address else ""))
            self.ip(name, f"link set dev {device} up")

    @staticmethod
    def _call(*words):
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise AssertionError(f"{' '.join(words)}: {done.stderr}")
        return done.stdout


class Namespaces(Spaces):
    """`att`, `rtr` and `sen`; `networks` are routed to `sen`."""

    def __init__(self, networks):
        self._networks = networks
        super().__init__(("att", "rtr", "sen"))

    def join(self):
        self.link("att", "eth0", (ATTACKER + "/24", "fd00:80::2/64"), "rtr", "north", ("10.80.0.1/24", "fd00:80::1/64"))
        self.link("rtr", "south", ("10.81.0.1/30", "fd00:81::1/64"), "sen", "wan", (SENSOR + "/30", SENSOR6 + "/64"))
        self.ip("att", "route add default via 10.80.0.1")
        self.ip("att", "-6 route add default via fd00:80::1")
        self.ip("sen", "route add default via 10.81.0.1")
        self.ip("sen", "-6 route add default via fd00:81::1")
        for network in self._networks:
            self.ip("rtr", f"route add {network} via {SENSOR6 if ':' in network else SENSOR}")
        self.run("rtr", "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward; echo 1 > /proc/sys/net/ipv6/conf/all/forwarding")
