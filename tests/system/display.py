"""A screen that nobody sees, and a mouse on it."""

import json
import os
import subprocess

from world import wait_for


class Display:
    """An X server of its own in memory."""

    def __init__(self, size="1600x1000"):
        read, write = os.pipe()
        self._server = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "Xvfb", "-displayfd", str(write), "-screen", "0", size + "x24", "-nolisten", "tcp"],
            pass_fds=[write], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        os.close(write)
        with os.fdopen(read) as number:
            self.environment = {"DISPLAY": ":" + number.readline().strip(), "QT_QPA_PLATFORM": "xcb"}

    def click(self, rectangle):
        """Moves to the middle of a rectangle of a readout and clicks."""
        x, y = rectangle["x"] + rectangle["w"] // 2, rectangle["y"] + rectangle["h"] // 2
        subprocess.run(["xdotool", "mousemove", str(x), str(y), "click", "1"], check=True, timeout=20,
                       env={**os.environ, **self.environment})

    def press(self, *keys):
        """Presses these keys, one after the other, in whatever has the keyboard: an open menu, or the window last clicked."""
        subprocess.run(["xdotool", "key", "--delay", "100", *keys], check=True, timeout=20, env={**os.environ, **self.environment})

    def enter(self, text):
        """Types into the window under the mouse, and presses Enter. There is no window manager that would give it the keys."""
        environment = {**os.environ, **self.environment}
        place = subprocess.run(["xdotool", "getmouselocation", "--shell"], check=True, timeout=20, env=environment,
                               capture_output=True, text=True).stdout
        window = next(line.removeprefix("WINDOW=") for line in place.splitlines() if line.startswith("WINDOW="))
        subprocess.run(["xdotool", "windowfocus", "--sync", window, "type", "--delay", "20", text], check=True, timeout=20, env=environment)
        subprocess.run(["xdotool", "key", "Return"], check=True, timeout=20, env=environment)

    def close(self):
        self._server.terminate()
        self._server.wait(10)


class Readout:
    """What the console says that its widgets show, from the file that it writes again and again."""

    def __init__(self, path):
        self._path = path

    def now(self):
        return json.loads(self._path.read_text()) if self._path.exists() else None

    def wait_for(self, what, condition, seconds=30):
        """The first readout of which `condition` is true."""
        def fulfilled():
            shown = self.now()
            return shown if shown and condition(shown) else None

        try:
            return wait_for(what, fulfilled, seconds, step=0.1)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{json.dumps(self.now(), indent=1)[:6000]}") from None
