"""The notation of transcripts as probes and recorded replies use it. README.md describes it."""

import dataclasses
import re


def unescape(text):
    raw = re.sub(r"\\(\\|x[0-9a-fA-F]{2})", lambda m: "\\" if m[1] == "\\" else chr(int(m[1][1:], 16)), text)
    return raw.encode("latin-1")


def escape(data):
    return "".join(chr(b) if 0x20 <= b < 0x7F and b != 0x5C else "\\\\" if b == 0x5C else f"\\x{b:02x}" for b in data)


def line_bytes(line):
    """What a line such as `C: text` or `S| text` stands for."""
    return unescape(line[3:]) + (b"\r\n" if line[1] == ":" else b"")


def reply_lines(data):
    """The lines that stand for what a server said in one go."""
    *whole, rest = data.split(b"\r\n")
    return [f"S: {escape(line)}" for line in whole] + ([f"S| {escape(rest)}"] if rest else [])


@dataclasses.dataclass
class Probe:
    """Steps to play. Each is read after, and the greeting before the first: a reading per step and one."""

    name: str
    steps: list  # lines: "C: ...", "C| ...", "@ ..."
    waits: list  # seconds that the server may take, per reading


@dataclasses.dataclass
class Outcome:
    """What a server did when a probe was played against it."""

    replies: list  # bytes, per reading
    closed_at: int | None = None  # the reading that found the connection closed; None: it stayed open


def make_probe(name, lines):
    probe = Probe(name, [], [0.0])
    for line in lines:
        if found := re.fullmatch(r"@ wait ([\d.]+)", line):
            probe.waits[-1] = float(found[1])
        elif re.match(r"C[:|]( |$)", line) or re.fullmatch(r"@ (eof|tls( 1\.[0-3])?|plain|reconnect)", line):
            probe.steps.append(line)
            probe.waits.append(0.0)
        else:
            raise SystemExit(f"probe {name}: cannot read the step: {line}")
    return probe


def sections(text):
    """(name, lines) of each part that begins with `## name`; comments and blank lines are left out."""
    name, lines = None, []
    for line in text.splitlines():
        if line.startswith("## "):
            if name is not None:
                yield name, lines
            name, lines = line[3:].strip(), []
        elif line and not line.startswith("#"):
            lines.append(line)
    if name is not None:
        yield name, lines


def read_probes(text):
    probes = [make_probe(name, lines) for name, lines in sections(text)]
    names = [probe.name for probe in probes]
    if doubles := {name for name in names if names.count(name) > 1}:
        raise SystemExit(f"two probes are named {', '.join(sorted(doubles))}")
    return probes


def write_probe(name, lines):
    return "\n".join([f"## {name}", *lines]) + "\n\n"


def write_outcome(probe, outcome):
    lines = reply_lines(outcome.replies[0])
    for step, reply in list(zip(probe.steps, outcome.replies[1:]))[:outcome.closed_at]:
        lines += [step, *reply_lines(reply)]
    return write_probe(probe.name, [*lines, "= open" if outcome.closed_at is None else "= closed"])


def read_outcomes(text):
    """name -> (steps, Outcome) of what was recorded."""
    outcomes = {}
    for name, lines in sections(text):
        steps, outcome = [], Outcome([b""])
        for line in lines:
            if line[0] == "S":
                outcome.replies[-1] += line_bytes(line)
            elif line[0] == "=":
                outcome.closed_at = len(steps) if line == "= closed" else None
            else:
                steps.append(line)
                outcome.replies.append(b"")
        outcomes[name] = steps, outcome
    return outcomes
