"""Postfix of Debian 12 as its installer's "Internet Site" leaves it, with Cyrus SASL and a certificate, and the probes for it.

Needs root and the packages postfix, sasl2-bin and libsasl2-modules. Configuration, queue and users are thrown away.
What differs from the installer's configuration: the loopback is no friendly network (mynetworks), the local recipients
are those of Debian's own passwd and aliases and the one account (local_recipient_maps), the one account is in a
sasldb, whatever is accepted is discarded, and nothing is looked up in the DNS.
"""

import random
import re
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from free_ports import free_port

HOST = "mail.example.com"
USER, PASSWORD = "admin", "admin123"
RECIPIENTS = ("root daemon bin sys sync games man lp mail news uucp proxy www-data backup list irc _apt nobody "
              "postfix postmaster").split()

AGENT = f"""\
idle = "300s"
tls_certificate = "certificate.pem"
tls_key = "key.pem"
[service.settings]
hostname = "{HOST}"
accounts = "listed"
users = "{USER}:{PASSWORD}"
failed_login_delay = "0s"
"""
AGENT_TLS = "implicit_tls = true\n" + AGENT

MAIN = """\
compatibility_level = 3.6
smtpd_banner = $myhostname ESMTP $mail_name (Debian/GNU)
biff = no
append_dot_mydomain = no
readme_directory = no
myhostname = {host}
mydomain = example.com
myorigin = {host}
mydestination = $myhostname, {host}, mail, localhost.localdomain, localhost
relayhost =
mynetworks = 192.0.2.1/32
mailbox_size_limit = 0
recipient_delimiter = +
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtpd_relay_restrictions = permit_mynetworks permit_sasl_authenticated defer_unauth_destination
smtpd_tls_cert_file = {folder}/certificate.pem
smtpd_tls_key_file = {folder}/key.pem
smtpd_tls_security_level = may
smtpd_sasl_auth_enable = yes
smtpd_sasl_local_domain = {host}
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file_prefixes = {folder}
maillog_file = {folder}/log
local_recipient_maps = inline:{{ {recipients} }}
local_transport = discard:
default_transport = discard:
smtp_dns_support_level = disabled
smtpd_peername_lookup = no
"""

MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
127.0.0.1:{tls} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


class Server:
    """One Postfix with its own configuration, queue and account."""

    host = "127.0.0.1"

    def __init__(self, extra=""):
        self.folder = Path(tempfile.mkdtemp(prefix="postfix-"))
        self.folder.chmod(0o755)
        for name in ("queue", "data"):
            (self.folder / name).mkdir()
        shutil.chown(self.folder / "data", "postfix")
        self.port, self.tls = free_port(), free_port()
        recipients = ", ".join(f"{name}=x" for name in RECIPIENTS + [USER])
        main = MAIN.format(host=HOST, folder=self.folder, recipients=recipients)
        (self.folder / "main.cf").write_text(main + extra)
        (self.folder / "master.cf").write_text(MASTER.format(port=self.port, tls=self.tls))
        self.make_account()
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30"]
            + ["-subj", f"/CN={HOST}", "-keyout", self.folder / "key.pem", "-out", self.folder / "certificate.pem"],
            check=True, capture_output=True)
        # Debian's Postfix looks for SASL's configuration in /etc/postfix/sasl.
        script = f"mount --bind {self.folder}/sasl /etc/postfix/sasl && exec postfix -c {self.folder} start"
        subprocess.run(["unshare", "--mount", "sh", "-c", script], check=True, capture_output=True)
        self.await_port()

    def make_account(self):
        database = self.folder / "sasldb2"
        subprocess.run(["saslpasswd2", "-p", "-c", "-f", database, "-u", HOST, USER], input=PASSWORD.encode(), check=True)
        database.chmod(0o644)
        (self.folder / "sasl").mkdir()
        (self.folder / "sasl/smtpd.conf").write_text(
            f"pwcheck_method: auxprop\nauxprop_plugin: sasldb\nmech_list: PLAIN LOGIN\nsasldb_path: {database}\n")

    def await_port(self):
        for _ in range(100):
            try:
                with socket.create_connection((self.host, self.port), 5) as connection:
                    if connection.recv(100):
                        return
            except OSError:
                pass
            time.sleep(0.1)
        raise SystemExit("postfix does not listen")

    def stop(self):
        subprocess.run(["postfix", "-c", self.folder, "stop"], check=False, capture_output=True)
        for _ in range(50):
            if not (self.folder / "queue/pid/master.pid").exists() or not self.runs():
                break
            time.sleep(0.1)
        shutil.rmtree(self.folder, ignore_errors=True)

    def runs(self):
        return subprocess.run(["postfix", "-c", self.folder, "status"], check=False, capture_output=True).returncode == 0


def codes(reply):
    """The reply codes, one a line."""
    return re.findall(r"(?m)^\d{3}", reply.decode("latin-1"))


def normalise(reply):
    """The text without queue ids, which follow from the clock and the file system."""
    return re.sub(r"queued as [0-9A-F]{9,}", "queued as ID", reply.decode("latin-1"))


# What a peer may say, as rules: a name in braces stands for one of its alternatives.
GRAMMAR = {
    "local": ["root", "postmaster", "nobody", "admin", "ghost", "Root", "root+tag", "a.b", "a..b", ".a", "a.", '"root"',
              '"a b"', '"a@b"', "root%example.org", "example.org!root", "-x", "\\xc3\\xa9", "a b", "a\\\\b", ""],
    "domain": ["mail.example.com", "MAIL.example.com", "localhost", "example.org", "example.org.", "example..org",
               "-bad.org", "[127.0.0.1]", "[192.0.2.7]", "[999.1.1.1]", "[IPv6:::1]", "[bad]", "1.2.3.4", "a_b.org",
               "\\xc3\\xa9.example", "{label}.org", ""],
    "label": ["x" * 63, "x" * 64],
    "mailbox": ["{local}@{domain}", "{local}@{domain}", "{local}", "@{domain}", "@relay.example:{local}@{domain}",
                "{local}@{domain}@{domain}"],
    "path": ["<{mailbox}>", "<{mailbox}>", "<{mailbox}>", "{mailbox}", "<{mailbox}", "{mailbox}>", "<<{mailbox}>>",
             "Name <{mailbox}>", "<{mailbox}> (comment)", "<>", "< {mailbox} >", "<{mailbox}>,<{mailbox}>"],
    "colon": [":", ":", ":", ": ", " :", ""],
    "from": ["FROM", "from", "From", "FRUM"],
    "to": ["TO", "to", "To", "FOR"],
    "mailoption": ["SIZE=100", "SIZE=10240000", "SIZE=10240001", "SIZE=", "SIZE=x", "SIZE=-1",
                   "SIZE=99999999999999999999", "SIZE", "BODY=8BITMIME", "BODY=7BIT", "body=8bitmime", "BODY=BINARYMIME",
                   "SMTPUTF8", "smtputf8", "RET=FULL", "RET=HDRS", "RET=ALL", "RET=", "ENVID=abc+2B", "ENVID=a+2",
                   "ENVID=", "AUTH=<>", "AUTH=a+40b", "AUTH=", "XYZ", "XYZ=1", "BY=120;R"],
    "mailoptions": ["", "", " {mailoption}", " {mailoption} {mailoption}"],
    "rcptoption": ["NOTIFY=NEVER", "NOTIFY=SUCCESS,FAILURE,DELAY", "NOTIFY=success", "NOTIFY=NEVER,DELAY", "NOTIFY=",
                   "NOTIFY=X", "ORCPT=rfc822;a+40b", "ORCPT=rfc822", "ORCPT=;a", "ORCPT=rfc822;a+4", "ORCPT=utf-8;\\\\x{{e9}}",
                   "ORCPT=", "SIZE=1", "XYZ"],
    "rcptoptions": ["", "", "", " {rcptoption}", " {rcptoption} {rcptoption}"],
    "mail": ["MAIL {from}{colon}{path}{mailoptions}", "MAIL FROM:<a@example.org>{mailoptions}", "mail from:{path}"],
    "rcpt": ["RCPT {to}{colon}{path}{rcptoptions}", "RCPT TO:<root>{rcptoptions}", "RCPT TO:<{mailbox}>", "rcpt to:{path}"],
    "helo": ["HELO {name}", "EHLO {name}", "ehlo {name}", "HELO", "EHLO"],
    "name": ["client.example", "[192.0.2.1]", "a b c", "x", "{local}", "\\x01", "<x>"],
    "simple": ["NOOP", "NOOP {name}", "RSET", "RSET {name}", "VRFY {mailbox}", "VRFY {path}", "VRFY", "VRFY root SMTPUTF8",
               "EXPN root", "HELP", "HELP MAIL", "ETRN {domain}", "ETRN @{domain}", "ETRN #x", "ETRN", "ETRN a b", "TURN",
               "DATA", "DATA now", "STARTTLS now", "XCLIENT NAME=a", "XFORWARD NAME=a", "QUIT now", "{name}", "AUTH",
               "AUTH PLAIN a b", "AUTH NTLM", "AUTH CRAM-MD5", "AUTH PLAIN !", "AUTH LOGIN =", "BDAT 0", "  NOOP",
               "\\x09RSET", "", "   ", "\\xff\\xfe", "\\xc3\\xa9", "MAIL", "MAIL FROM:", "RCPT", "RCPT TO:", "Subject: x",
               "X{local}: y", "SEND FROM:<a>", "MAIL\\x00FROM:<a>", "NOOP \\x00 x", "RCPT TO:<root\\x00>"],
    "command": ["{mail}", "{mail}", "{rcpt}", "{rcpt}", "{simple}", "{simple}", "{simple}", "{helo}"],
}


def expand(text, chance):
    """One sentence of the grammar."""
    for _ in range(40):
        found = re.search(r"\{(\w+)\}(?!\})", text)
        if not found or found[1] not in GRAMMAR:
            break
        text = text[:found.start()] + chance.choice(GRAMMAR[found[1]]) + text[found.end():]
    return text.replace("{{", "{").replace("}}", "}")


def generate():
    """Sessions of seven commands: single ones, transactions, and pipelined batches."""
    chance = random.Random(3711)
    probes = []
    for number in range(40):
        probes.append((f"commands {number}", ["C: " + expand("{command}", chance) for _ in range(7)]))
    for number in range(40):
        steps = ["C: EHLO client.example"]
        for _ in range(2):
            sender = "MAIL FROM:<a@example.org>" if chance.random() < 0.6 else expand("{mail}", chance)
            steps += ["C: " + sender, "C: " + expand("{rcpt}", chance), "C: " + expand("{rcpt}", chance), "C: RSET"]
        probes.append((f"transaction {number}", steps))
    for number in range(10):
        batch = "\\x0d\\x0a".join(expand("{command}", chance) for _ in range(6))
        probes.append((f"pipelined {number}", ["C: EHLO client.example", "C: " + batch]))
    return probes
