"""What marks.py has to know of each protocol."""

import dataclasses
from collections.abc import Callable


@dataclasses.dataclass
class Marks:
    """Steps are those of probes, patterns those of re, on bytes. What is left empty is not asked."""

    greeting: bytes  # all that the server says before the peer has said a byte
    whole: bytes  # found in a reply that is complete; a server that hangs up has said everything
    account: tuple = ()  # name and password that are good
    login: Callable | None = None  # (name, password) -> steps
    accepted: bytes = b""  # found in the last reply to a good login
    refusal: float = 0  # seconds that the last reply to a bad login takes at least
    inside: list = dataclasses.field(default_factory=list)  # steps before those below
    questions: list = dataclasses.field(default_factory=list)  # no two have the same answer
    write: list = dataclasses.field(default_factory=list)  # leaves something behind
    look: list = dataclasses.field(default_factory=list)  # whose last reply shows it, in a later connection
    kept: bytes = b""  # found in that reply
    own: list = dataclasses.field(default_factory=list)  # what is answered differs from host to host
    clock: list = dataclasses.field(default_factory=list)  # what is answered tells the time


def ftp_login(name, password):
    return [f"C: USER {name}", f"C: PASS {password}"]


PROTOCOLS = {
    "ftp": Marks(
        greeting=rb"220 [^\r\n]*\r\n",
        whole=rb"(?m)^\d{3} [^\r\n]*\r\n\Z",
        account=("admin", "admin123"),
        login=ftp_login,
        accepted=rb"^230 ",
        refusal=1.8,
        inside=ftp_login("admin", "admin123"),
        questions=["C: PWD", "C: SYST", "C: FEAT", "C: NOOP", "C: TYPE I", "C: STAT", "C: XXXX", "C: CWD nothing", "C: MODE B",
                   "C: LIST", "C: SIZE readme.txt", "C: MDTM readme.txt", "C: REST 5", "C: HELP", "C: RNFR nothing", "C: QUIT"],
        write=["C: MKD canary-4711"],
        look=["C: CWD canary-4711"],
        kept=rb"^250 ",
        own=["C: STAT /", "C: STAT /pub"],
        clock=["C: MKD canary-4711", "C: STAT /", "C: MDTM readme.txt"],
    ),
}
