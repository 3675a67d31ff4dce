"""What marks.py has to know of each protocol."""

import base64
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
    tells: dict = dataclasses.field(default_factory=dict)  # what the tools try: name -> (steps, found in an honest last reply)


REPLY_LINE = rb"(?m)^\d{3}( [^\r\n]*)?\r\n\Z"  # the last of FTP's and SMTP's replies
NOTHING = rb"\A\Z"


def user_and_pass(name, password):
    return [f"C: USER {name}", f"C: PASS {password}"]


def two_lines(name, password):
    return [f"C: {name}", f"C: {password}"]


def auth_plain(name, password):
    return ["C: EHLO client.example", "C: AUTH PLAIN " + base64.b64encode(f"\0{name}\0{password}".encode()).decode()]


FTP = Marks(
    greeting=rb"220 [^\r\n]*\r\n",
    whole=REPLY_LINE,
    account=("admin", "admin123"),
    login=user_and_pass,
    accepted=rb"^230 ",
    refusal=1.8,
    inside=user_and_pass("admin", "admin123"),
    questions=["C: PWD", "C: SYST", "C: FEAT", "C: NOOP", "C: TYPE I", "C: STAT", "C: XXXX", "C: CWD nothing", "C: MODE B",
               "C: LIST", "C: SIZE readme.txt", "C: MDTM readme.txt", "C: REST 5", "C: HELP", "C: RNFR nothing", "C: QUIT"],
    write=["C: MKD canary-4711"],
    look=["C: CWD canary-4711"],
    kept=rb"^250 ",
    own=["C: STAT /", "C: STAT /pub"],
    clock=["C: MKD canary-4711", "C: STAT /", "C: MDTM readme.txt"],
    tells={
        "no answer after QUIT": (["C: QUIT", "C: NOOP"], NOTHING),
        "FEAT has three lines or more": (["C: FEAT"], rb"^211-(.*\r\n){4,}211 "),
        "what FEAT names works": (["C: EPSV"], rb"^229 "),
        "PASV gives the address that was dialled": (["C: PASV"], rb"^227 .*\(127,0,0,1,"),
    },
)

SMTP = Marks(
    greeting=rb"220 [^\r\n]*\r\n",
    whole=REPLY_LINE,
    account=("admin", "admin123"),
    login=auth_plain,
    accepted=rb"^235 ",
    inside=["C: EHLO client.example"],
    questions=["C: HELO client.example", "C: RCPT TO:<root>", "C: DATA", "C: VRFY root", "C: VRFY ghost", "C: ETRN #x",
               "C: XXXX", "C: AUTH NTLM", "C: MAIL", "C: NOOP", "C: MAIL FROM:<a@example.org>", "C: STARTTLS", "@ tls", "C: QUIT"],
    tells={
        "relays for nobody": (["C: MAIL FROM:<a@example.org>", "C: RCPT TO:<b@example.net>"], rb"^[45]54 "),
        "RSET forgets the sender": (["C: MAIL FROM:<a@example.org>", "C: RSET", "C: RCPT TO:<root>"], rb"^503 "),
        "an envelope outlives a mistake": (["C: MAIL FROM:<a@example.org>", "C: XXXX", "C: RCPT TO:<root>"], rb"^250 "),
        "EXPN is not VRFY": (["C: EXPN root"], rb"^50[02] "),
        "STARTTLS means it": (["C: STARTTLS", "@ tls", "C: EHLO client.example"], rb"^250-"),
        "its name is no loopback": (["C: HELO client.example"], rb"^250 (?!localhost)\S+\.\S+"),
    },
)

POP3 = Marks(
    greeting=rb"\+OK[^\r\n]*\r\n",
    whole=rb"\A(-ERR|\+)[^\r\n]*\r\n\Z|\r\n\.\r\n\Z",
    account=("admin", "admin123"),
    login=user_and_pass,
    accepted=rb"^\+OK ",
    refusal=1.5,
    inside=user_and_pass("admin", "admin123"),
    questions=["C: STAT", "C: LIST", "C: UIDL", "C: CAPA", "C: XXXX", "C: LIST 1", "C: UIDL 1", "C: LIST 99999", "C: DELE 1",
               "C: LIST 1", "C: NOOP", "C: QUIT"],
    write=["C: DELE 2", "C: QUIT"],
    look=["C: STAT"],
    kept=rb"^\+OK 9 ",  # of ten
    own=["C: STAT", "C: UIDL 1", "C: TOP 1 0"],
    tells={
        "lower case is as good": (["C: capa"], rb"^\+OK"),
        "RSET brings back what DELE took": (["C: DELE 1", "C: RSET", "C: LIST 1"], rb"^\+OK 1 "),
    },
)

TELNET = Marks(
    greeting=rb"(\xff[\xfb-\xfe].)+(.*\r\n)*[^\r\n]+ login: ",
    whole=rb"(login: |Password: |[#$>] (\x1b\[6n)?)\Z",
    account=("root", "admin123"),
    login=two_lines,
    accepted=rb"[#$] (\x1b\[6n)?\Z",
    refusal=1.8,
    inside=two_lines("root", "admin123"),
    questions=["C: id", "C: uname -a", "C: ls /", "C: cat /proc/cpuinfo", "C: free", "C: ps", "C: nosuch", "C: cat /nosuch",
               "C: pwd", "C: echo hello", "C: /bin/busybox XYZZY", "C: /bin/busybox", "C: mount", "C: exit"],
    write=["C: echo 47''11 > /tmp/canary"],
    look=["C: cat /tmp/canary"],
    kept=rb"\n4711\r\n",
    clock=["C: date"],
    tells={
        "an unknown command is named": (["C: xyzzy"], rb"xyzzy: not found"),
        "an applet that is none": (["C: /bin/busybox XYZZY"], rb"XYZZY: applet not found"),
        "what cannot be removed stays": (["C: rm /nosuch"], rb"No such file"),
        "an unknown file is named": (["C: cat /nosuch"], rb"/nosuch"),
        "echo knows escapes": ([r"C: echo -ne '\\x41\\x42'"], rb"AB"),
        "one after another": (["C: false || echo a''b; echo c''d"], rb"ab\r\ncd\r\n"),
    },
)


def http(request, *headers):
    """A request after which the server hangs up, on a connection of its own."""
    lines = [request + " HTTP/1.1", "Host: a.example", "Connection: close", *headers, "", ""]
    return ["@ reconnect", "C| " + r"\x0d\x0a".join(lines)]


def basic(name, password):
    login = base64.b64encode(f"{name}:{password}".encode()).decode()
    return http("GET /private/", f"Authorization: Basic {login}")


HTTP = Marks(
    greeting=b"",
    whole=rb"$.^",  # when it has hung up
    account=("admin", "admin123"),
    login=basic,
    accepted=rb"^HTTP/1\.1 200 ",
    questions=[*http("GET /"), *http("GET /nothing-4711"), *http("OPTIONS /"), *http("HEAD /"), *http("AAAA /"),
               *http("DELETE /"), *http("GET /docs"), *http("GET /private/"), *http("GET /.htpasswd")],
    clock=http("HEAD /"),
    tells={
        "a Date": (http("GET /"), rb"\r\nDate: "),
        "what is not there is 404": (http("GET /nothing-4711"), rb"^HTTP/1\.1 404 "),
        "garbage is not met with 200": (http("POST /nothing-4711", "Content-Length: 2", "", "%%"), rb"^HTTP/1\.1 4"),
        "a line that is none": ([r"C| GET / HTTP/1337\x0d\x0a\x0d\x0a"], rb"400 Bad Request|^HTTP/1.. [45]"),
        "HEAD has no body": (http("HEAD /"), rb"^HTTP/1\.1 200 (?s:.*)\r\n\r\n\Z"),
        "a page names the host that was asked for": (http("GET /nothing-4711"), rb" Server at a\.example Port "),
        "no host has that name": ([r"C| GET / HTTP/1.1\x0d\x0aHost: a..b\x0d\x0a\x0d\x0a"], rb"^HTTP/1\.1 400 "),
        "parts that are asked for": (http("GET /", "Range: bytes=0-0,2-2"), rb"^HTTP/1\.1 206 (?s:.*)multipart/byteranges"),
        "both in one piece": ([r"C| GET /a HTTP/1.1\x0d\x0aHost: a\x0d\x0a\x0d\x0aGET /b HTTP/1.0\x0d\x0a\x0d\x0a"],
                              rb"(?s)HTTP/1\.1 404 .*HTTP/1\.1 404 "),
    },
)

IN_THE_NETWORK = [r"C| NICK probe\x0d\x0aUSER prober 0 * :Some Body\x0d\x0a", "C: PONG <cookie>"]

IRC = Marks(
    greeting=rb":\S+ NOTICE \* :\*\*\* Looking[^\r\n]*\r\n:\S+ NOTICE \* :\*\*\* Could[^\r\n]*\r\n",
    whole=rb"(?m)^(?!:\S+ (00\d|25\d|26[56]|37[1258]|353|33[23]|35[24]|31[1-79]|379|32[12]|401|406|364) )[^\r\n]+\r\n\Z",
    account=("admin", "admin123"),
    login=lambda name, password: [*IN_THE_NETWORK, f"C: OPER {name} {password}"],
    accepted=rb" 381 ",
    inside=IN_THE_NETWORK,
    questions=["C: VERSION", "C: TIME", "C: LUSERS", "C: XXXX", "C: WHOIS probe", "C: WHOIS ghost", "C: LINKS", "C: ISON probe", "C: QUIT"],
    write=["C: NICK canary4711", "C: QUIT"],
    look=["C: WHOWAS canary4711"],
    kept=rb" 314 \S+ canary4711 prober ",
    own=["C: WHO #lobby"],
    clock=["C: TIME"],
    tells={
        "nobody is there who is not": (["C: WHOIS ghost4711"], rb" 401 "),
        "who comes first is operator": (["C: JOIN #canary4711"], rb" 353 \S+ = #canary4711 :@probe\r"),
        "what PING says comes back": (["C: PING canary4711"], rb" PONG \S+ :canary4711\r"),
        "a nick in use": (["C: NICK margit"], rb" 433 "),
        "its name is no loopback": (["C: VERSION"], rb" 351 \S+ \S+ (?!localhost)\S+\.\S+ "),
    },
)

PROTOCOLS = {"ftp": FTP, "smtp": SMTP, "pop3": POP3, "telnet": TELNET, "http": HTTP, "irc": IRC}
