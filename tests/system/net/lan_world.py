"""Collector, agent and apiary-coverage on a sensor that claims addresses on two links, beside a machine that lives on one."""

import re

from namespaces import Spaces
from subnet_world import SERVICES, SubnetWorld

ATTACKER, SENSOR, LIVE = "10.10.0.3", "10.10.0.2", "10.10.0.50"  # the last within the range of the hosts
LIVE6 = "fd00:10::50"
SECOND = "10.20.0.20"
VENDOR = "44:19:b6"  # of the hosts from 10.10.0.224 to .239
HOSTS = SERVICES + f"""
[[persona]]
name = "server"
services = ["ftp", "web"]
[[persona]]
name = "camera"
services = ["ftp", "web"]
mac = "{VENDOR}"
[[hosts]]
persona = "server"
lan = "eth0"
ranges = ["10.10.0.0/24", "fd00:10::/64"]
except = ["10.10.0.0-10.10.0.9", "10.10.0.224-10.10.0.239", "10.10.0.255", "fd00:10::-fd00:10::f"]
[[hosts]]
persona = "camera"
lan = "eth0"
ranges = ["10.10.0.224/28"]
"""
LAST = """[[hosts]]
persona = "server"
lan = "second"
ranges = ["10.20.0.16/28"]
"""


class Lan(Spaces):
    """`att`, `own` and `sen` at the bridge of `one`; `att` and, by a macvlan, `sen` at that of `two`."""

    def __init__(self):
        super().__init__(("one", "two", "att", "own", "sen"))

    def join(self):
        for name in ("one", "two"):
            self.ip(name, "link add bridge type bridge")
            self.ip(name, "link set bridge up")
        self.plug("att", "eth0", "one", (ATTACKER + "/24", "fd00:10::3/64"))
        self.plug("own", "eth0", "one", (LIVE + "/24", LIVE6 + "/64"))
        self.plug("sen", "eth0", "one", (SENSOR + "/24", "fd00:10::2/64"))
        self.plug("att", "eth1", "two", ("10.20.0.3/24",))
        self.plug("sen", "trunk", "two", ())
        self.make_second()

    def plug(self, name, device, bridge, addresses):
        self.link(name, device, addresses, bridge, f"{name}-{device}", ())
        self.ip(bridge, f"link set {name}-{device} master bridge")

    def make_second(self):
        self.ip("sen", "link add second link trunk type macvlan mode bridge")
        self.ip("sen", "addr add 10.20.0.2/24 dev second")
        self.ip("sen", "link set second up")

    def station(self, name, device="eth0"):
        return re.search(r"link/ether (\S+)", self.ip(name, f"link show {device}")).group(1)

    def forget(self, name="att"):
        """Has a machine ask its neighbours anew."""
        for device in ("eth0", "eth1") if name == "att" else ("eth0",):
            self.ip(name, f"neigh flush dev {device}")

    def has(self, address):
        """Whether the sensor has a route to an address as its own."""
        family = "-6" if ":" in address else "-4"
        return f"local {address} " in self.ip("sen", f"{family} route show table local proto 98")

    def claims(self):
        return sum(len(self.ip("sen", f"{family} route show table local proto 98").splitlines()) for family in ("-4", "-6"))


class LanWorld(SubnetWorld):
    hosts = HOSTS + LAST

    @staticmethod
    def make_spaces():
        return Lan()

    def start_coverage(self):
        said = self.said_so_far(self.coverage_log)
        super().start_coverage()
        for interface in ("eth0", "second"):
            self.await_said(self.coverage, f"interface {interface}: claimed", said)
