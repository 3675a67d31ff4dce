"""What deploy/lib/packages.sh fetches without installing it, with an apt that plays its part."""

import pathlib
import shutil
import subprocess
import tempfile
import unittest

from world import ROOT

APT = """#!/bin/bash
echo "$*" >> "$STATE/calls"
case $1 in
  update) touch "$STATE/lists" ;;
  download) [[ -e $STATE/lists && ! -e $STATE/gone ]] && : > prometheus_2.42_amd64.deb ;;
esac
"""
UNPACK = """#!/bin/bash
mkdir -p "$STATE/content/usr/bin"
echo promtool > "$STATE/content/usr/bin/promtool"
tar -C "$STATE/content" -c ./usr/bin/promtool
"""
SCRIPT = """
set -euo pipefail
. "$ROOT/deploy/lib/common.sh"
. "$ROOT/deploy/lib/packages.sh"
as_root() { "$@"; }
root=$STATE/root
fetch_promtool
"""


class PromtoolTest(unittest.TestCase):
    def setUp(self):
        self.state = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        (self.state / "bin").mkdir()
        for name, text in (("apt-get", APT), ("dpkg-deb", UNPACK)):
            (self.state / "bin" / name).write_text(text)
            (self.state / "bin" / name).chmod(0o755)
        (self.state / "root/deploy").mkdir(parents=True)
        shutil.copy(ROOT / "deploy/packages.txt", self.state / "root/deploy")
        self.tool = self.state / "root/.build/tools/promtool"

    def fetch(self):
        return subprocess.run(["bash", "-c", SCRIPT], capture_output=True, text=True, timeout=60, check=False, env={
            "PATH": f"{self.state}/bin:/usr/bin:/bin", "ROOT": str(ROOT), "STATE": str(self.state)})

    def calls(self):
        return (self.state / "calls").read_text().splitlines()

    def test_it_is_fetched(self):
        (self.state / "lists").touch()
        done = self.fetch()
        self.assertEqual((done.returncode, self.tool.read_text()), (0, "promtool\n"), done.stderr)
        self.assertEqual(self.calls(), ["download -q prometheus"])

    def test_without_lists_they_are_read_once(self):
        done = self.fetch()
        self.assertEqual((done.returncode, self.tool.exists()), (0, True), done.stderr)
        self.assertEqual(self.calls(), ["download -q prometheus", "update -q", "download -q prometheus"])

    def test_one_that_is_nowhere_is_named(self):
        (self.state / "gone").touch()
        done = self.fetch()
        self.assertEqual(done.returncode, 1)
        self.assertIn("apt-get download prometheus failed", done.stderr)
        self.assertEqual(self.calls().count("update -q"), 1)

    def test_every_package_that_is_fetched_is_listed(self):
        lines = [line.split(maxsplit=2) for line in (ROOT / "deploy/packages.txt").read_text().splitlines() if line[:1].isalpha()]
        self.assertEqual([(name, bool(why)) for name, group, why in lines if group == "fetch"], [("prometheus", True)])


if __name__ == "__main__":
    unittest.main()
