"""FTP: Debian's vsftpd 3.0.3, with a certificate, and what makes our agent equal to it."""

import os
import random
import re
from pathlib import Path

from debian_server import DebianServer, make_certificate

TREE = Path(__file__).resolve().parents[1] / "ftp_tree.txt"
USER, PASSWORD, UID = "admin", "admin123", 1000

# Debian's own file, then what the emulated host changed in it.
CONFIGURATION = """
listen=NO
listen_ipv6=YES
listen_address6=::ffff:127.0.0.1
anonymous_enable=YES
local_enable=YES
dirmessage_enable=YES
use_localtime=YES
xferlog_enable=YES
connect_from_port_20=YES
secure_chroot_dir=/var/run/vsftpd/empty
pam_service_name=vsftpd
ssl_enable=NO
write_enable=YES
local_umask=022
anon_umask=022
anon_upload_enable=YES
anon_mkdir_write_enable=YES
chroot_local_user=YES
allow_writeable_chroot=YES
idle_session_timeout=120
pasv_min_port=40000
pasv_max_port=49999
background=NO
"""
WITH_TLS = ("ssl_enable=YES", "allow_anon_ssl=YES", "force_local_logins_ssl=NO", "force_local_data_ssl=NO")

AGENT = f"""
idle = "120s"
passive_ports = [21000, 21999]
tls_certificate = "certificate.pem"
tls_key = "key.pem"
[service.settings]
accounts = "listed"
users = "{USER}:{PASSWORD}"
"""


class Server(DebianServer):
    def __init__(self, options=WITH_TLS):
        super().__init__("vsftpd", "vsftpd")
        self.home = self.folder / "home"
        plant(self.home)
        make_certificate(self.folder)
        lines = [f"listen_port={self.port}", f"anon_root={self.home}", f"rsa_cert_file={self.folder}/certificate.pem",
                 f"rsa_private_key_file={self.folder}/key.pem", *options]
        (self.folder / "vsftpd.conf").write_text(CONFIGURATION + "\n".join(lines) + "\n")
        self.add_user(USER, PASSWORD, UID, self.home)
        self.start(f"mkdir -p /var/run/vsftpd/empty && exec vsftpd {self.folder}/vsftpd.conf")

    def reset(self):
        """Undoes what a probe did to the files."""
        for folder, names, files in os.walk(self.home, topdown=False):
            for name in files:
                os.unlink(os.path.join(folder, name))
            for name in names:
                os.rmdir(os.path.join(folder, name))
        plant(self.home)


def plant(home):
    """Makes the decoy tree of seed 0, as written down by the unit test of the tree: mode, size, time, path."""
    home.mkdir(exist_ok=True)
    entries = [line.split(maxsplit=3) for line in TREE.read_text().splitlines()]
    for mode, size, _, path in entries:
        node = home / path.lstrip("/")
        if mode.startswith("d"):
            node.mkdir(exist_ok=True)
        else:
            with open(node, "wb") as file:
                file.truncate(int(size))
    for mode, _, seconds, path in reversed(entries):
        node = home / path.lstrip("/")
        node.chmod(int(mode[1:], 8))
        os.chown(node, UID, UID)
        os.utime(node, (int(seconds), int(seconds)))


def codes(reply):
    return [match.decode() for match in re.findall(rb"(?m)^(\d{3})[ -]", reply)]


def normalise(reply):
    """The port of a data connection, the peer's address, how many are connected, what was made just now."""
    text = reply.decode("latin-1")
    text = re.sub(r"\((?:\d+,){4}\d+,\d+\)", "(PASV)", text)
    text = re.sub(r"\(\|\|\|\d+\|\)", "(|||PORT|)", text)
    text = re.sub(r"Connected to \S+", "Connected to PEER", text)
    text = re.sub(r"client count was \d+", "client count was N", text)
    return re.sub(r"(?m)^(.{10} +\d+) \d+ +\d+ +(\d+) [A-Z][a-z]{2} \d\d +[\d:]{4,5} (.*)$", r"\1 OWNER \2 DATE \3", text)


ARGUMENTS = {
    "USER": ["admin", "ftp", "", "root"], "PASS": ["x", ""], "AUTH": ["TLS", "SSL", "FOO", ""], "PBSZ": ["0", ""],
    "PROT": ["C", "P", ""], "FEAT": ["", "x"], "OPTS": ["UTF8 ON", "utf8 off", "MLST", ""], "HELP": ["", "LIST"],
    "PWD": ["", "/"], "XPWD": [""], "CWD": ["incoming", "/pub", "..", "nothing", "", "readme.txt", "~", "-"],
    "CDUP": ["", "x"], "XCWD": ["pub/../scans"], "PASV": ["", "x"], "EPSV": ["", "1", "2", "9", "ALL", "x"],
    "PORT": ["", "1,2,3", "x,y", "8,8,8,8,1,2"], "EPRT": ["", "|1|8.8.8.8|21|", "|3|::1|9|", "x"],
    "LIST": ["", "-la", "nothing"], "NLST": ["", "pub"], "RETR": ["", "readme.txt", "no"], "STOR": ["", "x.txt", "/"],
    "STOU": ["", "x"], "APPE": ["x.txt", ""], "REST": ["0", "-1", "99999999999", "x", ""],
    "SIZE": ["readme.txt", "pub", "no", ""], "MDTM": ["readme.txt", "no", "20200101000000 readme.txt", ""],
    "MKD": ["new", "new/deep", "pub", ""], "XMKD": ["incoming/n"], "RMD": ["incoming", "pub", "no", ""],
    "DELE": ["readme.txt", "pub", "no", ""], "RNFR": ["readme.txt", "no", ""],
    "RNTO": ["incoming/other", "/no/way", ""], "STAT": ["", "pub", "no", "-a"],
    "TYPE": ["A", "I", "L8", "E", "", "A N"],
    "SITE": ["HELP", "CHMOD 600 readme.txt", "CHMOD", "UMASK", "UMASK 077", "EXEC id", ""], "MODE": ["S", "B", ""],
    "STRU": ["F", "R", ""], "SYST": ["", "x"], "NOOP": ["", "x"], "ABOR": [""], "ALLO": ["10", ""], "REIN": [""],
    "ACCT": ["x"], "SMNT": ["/"], "MLSD": [""], "MLST": ["x"], "XXXX": ["", "y"], "MD5": ["x"], "HOST": ["a"],
    "CLNT": ["x"], "LPRT": ["1"], "": ["", "PWD"],
}


def generate():
    """Sessions of known and unknown verbs with good and bad arguments: not logged in, as user, as guest; in both cases."""
    chance = random.Random(21)
    logins = {"stranger": [], "user": [f"C: USER {USER}", f"C: PASS {PASSWORD}"], "guest": ["C: USER anonymous", "C: PASS a@b"]}
    verbs = list(ARGUMENTS)
    probes = []
    for login, steps in logins.items():
        for number in range(20 if login != "stranger" else 10):
            lines = list(steps)
            for _ in range(6):
                verb = chance.choice(verbs)
                # A handshake is a step of its own.
                if verb == "AUTH" and login == "stranger":
                    verb = "NOOP"
                line = f"{verb} {chance.choice(ARGUMENTS[verb])}".strip() if verb else " " * chance.randrange(3)
                lines.append("C: " + (line.lower() if chance.random() < 0.2 else line))
            probes.append((f"{login}-{number:02}", lines + ["C: QUIT"] * chance.randrange(2)))
    return probes
