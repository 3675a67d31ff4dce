"""Debian 12's dovecot-pop3d 2.3.19.1, and what a comparison with it has to know of POP3.

The server runs as root on 127.0.0.1 with a configuration, base_dir, users and mailboxes of its own, all of them in one
temporary folder that goes away with it. The mailboxes are the decoys of a sensor whose seed is 0.
"""

import os
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from free_ports import free_port

HERE = Path(__file__).resolve().parent.parent
UID = 1000
USERS = {"admin": "admin123", "backup": "123456"}

# What the emulated host says besides Debian's own files. The penalty that grows with each failed login of an address
# is switched off the documented way: a comparison fails hundreds of them.
CONFIGURATION = """
protocols = pop3
listen = {host}
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
login_greeting = Dovecot (Debian) ready.
mail_location = mbox:{folder}/home/%u/mail:INBOX={folder}/inbox/%u
first_valid_uid = 0
auth_mechanisms = plain login
disable_plaintext_auth = no
ssl = yes
ssl_cert = <{folder}/certificate.pem
ssl_key = <{folder}/key.pem
passdb {{
  driver = passwd-file
  args = {folder}/users
}}
userdb {{
  driver = static
  args = uid={uid} gid={uid} home={folder}/home/%u
}}
service pop3-login {{
  inet_listener pop3 {{
    port = {port}
  }}
  inet_listener pop3s {{
    port = {tls}
    ssl = yes
  }}
}}
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = {penalty}
  }}
}}
{options}
"""

# What completes an agent's [[service]] table and makes it equal to that server, if its seed is 0.
AGENT = """
idle = "10m"
tls_certificate = "certificate.pem"
tls_key = "key.pem"
[service.settings]
accounts = "listed"
users = "admin:admin123,backup:123456"
host = "mail.halden.lan"
messages = "10"
penalty = "no"
"""
AGENT_TLS = AGENT.replace("idle", "implicit_tls = true\nidle", 1)


class Server:
    """One Dovecot. `options` are appended to its configuration."""

    def __init__(self, host="127.0.0.1", options="", penalty=False):
        self.host = host
        self.port, self.tls = free_port(), free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="dovecot-"))
        self.folder.chmod(0o755)
        self.plant()
        (self.folder / "users").write_text("".join(f"{user}:{{PLAIN}}{word}\n" for user, word in USERS.items()))
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30"]
            + ["-subj", "/CN=mail.halden.lan", "-keyout", self.folder / "key.pem", "-out",
               self.folder / "certificate.pem"], check=True, capture_output=True)
        configuration = self.folder / "dovecot.conf"
        configuration.write_text(CONFIGURATION.format(
            host=host, folder=self.folder, port=self.port, tls=self.tls, uid=UID, options=options,
            penalty="0600" if penalty else "0"))
        self.process = subprocess.Popen(["dovecot", "-F", "-c", configuration], start_new_session=True)
        self.await_port()

    def plant(self):
        for user in USERS:
            home, inbox = self.folder / "home" / user, self.folder / "inbox" / user
            (home / "mail").mkdir(parents=True)
            inbox.parent.mkdir(exist_ok=True)
            shutil.copy(HERE / f"pop3_{user}.mbox", inbox)
            for path in (home, home / "mail", inbox, inbox.parent):
                os.chown(path, UID, UID)

    def reset(self):
        """Undoes what a probe did to the mailboxes, once the process that served it has let go of them."""
        time.sleep(0.1)
        shutil.rmtree(self.folder / "home")
        shutil.rmtree(self.folder / "inbox")
        self.plant()

    def await_port(self):
        for _ in range(200):
            try:
                with socket.create_connection((self.host, self.port), 1) as probe:
                    if probe.recv(100):
                        return
            except OSError:
                pass
            time.sleep(0.05)
        raise SystemExit("dovecot does not answer: " + (self.folder / "log").read_text())

    def stop(self):
        os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait()
        for _ in range(5):
            shutil.rmtree(self.folder, ignore_errors=True)  # its children may still be at work in it
            if not self.folder.exists():
                return
            time.sleep(0.2)


def codes(reply):
    """+OK, -ERR and its response code; + for a challenge; "data" once for the lines of a listing or message."""
    found = []
    for line in reply.split(b"\r\n"):
        match = re.match(rb"(\+OK|-ERR)(?: (\[[A-Z/]+\]))?|\+ ", line)
        if match:
            found.append(b" ".join(filter(None, match.groups())).decode() if match[1] else "+")
        elif line and (not found or found[-1] != "data"):
            found.append("data")
    return found


def normalise(reply):
    """Nothing of what this server says may differ."""
    return reply.decode("latin-1")


USER_LINES = ["C: USER admin", "C: PASS admin123"]


def generate():
    """Sessions made from the grammar of RFC 1939, 2449 and 5034, with slips of a hand that types or a tool that errs."""
    chance = random.Random(1939)
    probes = []
    for number in range(24):
        probes.append((f"grammar {number:02} before the login", before_login(chance)))
    for number in range(36):
        probes.append((f"grammar {number:02} in the mailbox", USER_LINES + in_mailbox(chance)))
    return probes


def slip(chance, verb):
    """The verb as somebody may write it."""
    return chance.choice([verb, verb, verb, verb.lower(), verb.capitalize(), verb + " ", verb + "  ", " " + verb,
                          verb + chance.choice("xX1;")])


def before_login(chance):
    steps = []
    for _ in range(chance.randint(3, 7)):
        verb = chance.choice(["CAPA", "USER", "USER", "PASS", "AUTH", "AUTH", "APOP", "STAT", "LIST", "NOOP", "HELP",
                              "TOP", "UIDL", "RSET", "XCLIENT", "XOIP", "EHLO", "GET", ""])
        argument = {
            "USER": ["admin", "nobody", "", "a b", "admin\\x00x", "very" * 30],
            "PASS": ["", "x y", "12"],
            "AUTH": ["", "NTLM", "CRAM-MD5", "plain *", "PLAIN =", "XYZ abc", "LOGIN =", "DIGEST-MD5"],
            "APOP": ["admin c4c9334bac560ecc979e58001b3e22fb", "admin", ""],
            "XCLIENT": ["ADDR=10.0.0.1", ""], "XOIP": ["10.0.0.1"],
            "CAPA": ["", "", "x"], "GET": ["/ HTTP/1.0"], "EHLO": ["x"],
            "TOP": ["1 0"], "LIST": ["", "1"],
        }.get(verb, [""])
        word = chance.choice(argument)
        if verb == "PASS" and any("USER" in step.upper() for step in steps):
            verb = "CAPA"  # a login that fails takes two seconds; the written probes have those
        if verb == "AUTH" and "=" in word:
            word = "CRAM-MD5 ="
        steps.append("C: " + slip(chance, verb) + (" " + word if word else ""))
        if verb == "AUTH" and word.upper().startswith("PLAIN"):
            steps.append("C: *")
    return with_framing(chance, steps)


def in_mailbox(chance):
    steps = []
    for _ in range(chance.randint(4, 9)):
        verb = chance.choice(["STAT", "LIST", "LIST", "RETR", "RETR", "DELE", "DELE", "TOP", "TOP", "UIDL", "UIDL", "NOOP",
                              "RSET", "CAPA", "LAST", "USER", "AUTH", "STLS", "XTND", ""])
        number = chance.choice(["1", "2", "5", "10", "11", "0", "-1", "007", "4294967295", "4294967296", "99999999999",
                                "abc", "1x", "1 2", " 3", "3 ", "", "+1", "1\\x00"])
        argument = number if verb in ("LIST", "RETR", "DELE", "UIDL") else chance.choice(["", "", "", "x"])
        if verb == "TOP":
            argument = number + chance.choice([" 0", " 1", " 3", " 10000", " -1", " x", "", "  2", " 1 1",
                                               " 18446744073709551616"])
        steps.append("C: " + slip(chance, verb) + (" " + argument if argument else ""))
    steps.append(chance.choice(["C: RSET", "C: rset", "@ eof"]))
    if not steps[-1].startswith("@") and chance.random() < 0.5:
        steps.append("C: QUIT")
    return with_framing(chance, steps)


def with_framing(chance, steps):
    """Bare LF, or one piece of pipelined commands, now and then."""
    kind = chance.randint(0, 4)
    if kind == 0:
        return ["C| " + step[3:] + "\\x0a" if step.startswith("C:") else step for step in steps]
    if kind == 1 and not any(step.startswith("@") for step in steps):
        return ["C| " + "".join(step[3:] + "\\x0d\\x0a" for step in steps)]
    return steps
