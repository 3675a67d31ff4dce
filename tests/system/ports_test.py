"""How deploy/quickstart comes by its ports when other programs, or another quickstart, have taken some."""

import contextlib
import socket
import subprocess
import unittest

from world import ROOT


def neighbours(count):
    """Sockets that listen on as many ports in a row, with none taken for a while behind them; and the first of the ports."""
    for first in range(20000, 30000, count):
        with contextlib.ExitStack() as stack:
            try:
                for port in range(first, first + 3 * count):
                    taken = stack.enter_context(socket.create_server(("127.0.0.1", port)))
                    if port >= first + count:
                        taken.close()
            except OSError:
                continue
            return stack.pop_all(), first
    raise AssertionError("no row of free ports")


class PortsTest(unittest.TestCase):
    def picked(self, *wanted):
        script = f". {ROOT}/deploy/lib/common.sh; for wanted; do pick_port something $wanted >/dev/null && echo $port; done"
        done = subprocess.run(["bash", "-euc", script, "bash", *map(str, wanted)], capture_output=True, text=True, timeout=30, check=True)
        return [int(line) for line in done.stdout.split()]

    def test_a_taken_port_moves_to_the_next_and_no_two_services_to_the_same(self):
        taken, first = neighbours(3)
        with taken:
            self.assertEqual(self.picked(first, first + 2, first + 4), [first + 3, first + 4, first + 5])

    def test_asking_for_a_port_is_no_visit_to_who_listens_there(self):
        taken, first = neighbours(1)
        with taken:
            with socket.socket() as listener:
                listener.bind(("127.0.0.1", first + 2))
                listener.listen()
                listener.settimeout(0.2)
                self.assertNotEqual(self.picked(first + 2), [first + 2])
                self.assertRaises(TimeoutError, listener.accept)

    def test_a_free_port_stays(self):
        taken, first = neighbours(1)
        taken.close()
        self.assertEqual(self.picked(first), [first])


if __name__ == "__main__":
    unittest.main()
