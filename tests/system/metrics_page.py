"""A program's page of figures, and what Prometheus' own checker says of it."""

import os
import re
import shutil
import subprocess
import urllib.request

from world import ROOT


def promtool():
    """Prometheus' own checker; deploy/test fetches it."""
    return os.environ.get("APIARY_PROMTOOL") or shutil.which(
        "promtool", path=f"{ROOT / '.build/tools'}:{os.environ.get('PATH', '')}")


def scrape(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=20) as answer:
        return answer.read().decode("ascii")


def figures(text):
    """{'name{label="value"}': value}"""
    return {name: float(value) for name, value in re.findall(r"^([a-z_]+(?:\{.*\})?) (\S+)$", text, re.MULTILINE)}


def assert_promtool_is_content(test, text):
    tool = promtool()
    if not tool:
        test.assertNotIn("CI", os.environ, "promtool is not there: deploy/test fetches it")
        test.skipTest("promtool is not there: deploy/test fetches it, or name it in APIARY_PROMTOOL")
    done = subprocess.run([tool, "check", "metrics"], input=text, capture_output=True, text=True, timeout=60, check=False)
    test.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))
