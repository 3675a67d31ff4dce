"""InspIRCd of Debian 12 (package inspircd, 3.15.0) with Debian's example configuration, and the probes for it.

The package's configuration but for: names, message of the day and ports of its own; an operator whose password is known; the
modules that a public network loads (PING cookie on registration, client capabilities); a resolver that knows the inhabitants
and nobody else. The inhabitants are real clients, equal to the decoys of an agent whose seed is 0.
"""

import os
import random
import re
import socket
import struct
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from debian_server import DebianServer

HOST, NETWORK = "irc.halden.lan", "HaldenNet"
RESOLVER = "127.0.66.53"
OPER, PASSWORD = "admin", "admin123"

AGENT = f"""
idle = "10m"
[service.settings]
host = "{HOST}"
network = "{NETWORK}"
description = "Halden IRC server"
uptime = "2m"
accounts = "listed"
users = "{OPER}:{PASSWORD}"
"""

CONFIGURATION = """
<server name="{host}" description="Halden IRC server" network="{network}">
<admin name="Root Penguin" nick="Nick" email="root@{host}">
<bind address="127.0.0.1" port="{port}" type="clients">
<power diepass="{secret}" restartpass="{secret}">
<connect allow="*" timeout="60" threshold="10" pingfreq="120" hardsendq="262144" softsendq="8192" recvq="8192"
  localmax="10" globalmax="10">
<class name="Shutdown" commands="DIE RESTART REHASH LOADMODULE UNLOADMODULE RELOADMODULE">
<class name="ServerLink" commands="CONNECT SQUIT RCONNECT RSQUIT MKPASSWD">
<class name="BanControl" commands="KILL GLINE KLINE ZLINE QLINE ELINE">
<class name="OperChat" commands="WALLOPS GLOBOPS SETIDLE SPYLIST SPYNAMES">
<class name="HostCloak" commands="SETHOST SETIDENT CHGNAME CHGHOST CHGIDENT">
<type name="NetAdmin" classes="OperChat BanControl HostCloak Shutdown ServerLink">
<oper name="{oper}" password="{password}" host="*@*" type="NetAdmin">
<files motd="{folder}/motd">
<channels users="20" opers="60">
<dns server="{resolver}" timeout="5">
<pid file="{folder}/pid">
<log method="file" type="* -USERINPUT -USEROUTPUT" level="default" target="{folder}/log">
<options prefixquit="Quit: " syntaxhints="no" announcets="yes" hostintopic="yes" pingwarning="15" splitwhois="no"
  exemptchanops="">
<security hideserver="" userstats="Pu" customversion="" flatlinks="no" hidesplits="no" hideulines="no" hidebans="no"
  maxtargets="20">
<performance quietbursts="yes" softlimit="1024" somaxconn="128" netbuffersize="10240">
<whowas groupsize="10" maxgroups="100000" maxkeep="3d">
<badnick nick="ChanServ" reason="Reserved For Services">
<badnick nick="NickServ" reason="Reserved For Services">
<badnick nick="OperServ" reason="Reserved For Services">
<badnick nick="MemoServ" reason="Reserved For Services">
<module name="conn_waitpong">
<module name="cap">
<module name="ircv3">
<module name="namesx">
<module name="uhnames">
"""

MOTD = """\
Welcome to HaldenNet.

Be kind, and keep bots out of #lobby.
Questions: #support
"""

# nick, ident, host, real name, channels, more commands; the first one in a channel becomes its operator.
PEOPLE = [
    ("margit", "margit", "ws73.halden.lan", "Margit Lund", ["#lobby", "#ops"],
     [f"OPER {OPER} {PASSWORD}", "TOPIC #lobby :Welcome to HaldenNet | rules: be kind, no bots", "MODE #ops +s"]),
    ("tomas", "tomas", "ws29.halden.lan", "Tomas", ["#lobby", "#support"],
     ["TOPIC #support :Ask, then wait. Somebody will answer"]),
    ("jule", "jule", "ws70.halden.lan", "Jule", ["#lobby", "#support"], ["MODE jule +i"]),
    ("rikard", "rik", "ws11.halden.lan", "Rikard Holm", ["#lobby", "#support", "#ops"], ["AWAY :back on monday"]),
    ("pelle", "pelle", "ws30.halden.lan", "Pelle", ["#lobby"], ["MODE pelle +i"]),
]


class Resolver:
    """Answers PTR and A for the inhabitants, who come from 127.66.0.1 and so on; nobody else has a name."""

    def __init__(self):
        self.names = {f"127.66.0.{number}": person[2] for number, person in enumerate(PEOPLE, 1)}
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((RESOLVER, 53))
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            question, peer = self.socket.recvfrom(512)
            if not question:
                break
            self.socket.sendto(self.answer(question), peer)
        self.socket.close()

    def answer(self, question):
        labels, at = [], 12
        while question[at]:
            labels.append(question[at + 1:at + 1 + question[at]].decode("latin-1"))
            at += 1 + question[at]
        asked, name = question[12:at + 5], ".".join(labels)
        kind = struct.unpack("!H", question[at + 1:at + 3])[0]
        data = b""
        if kind == 12:
            host = self.names.get(".".join(reversed(labels[:4])))
            data = b"".join(bytes([len(part)]) + part.encode() for part in (host or "").split(".") if part)
            data = data and data + b"\0"
        elif kind == 1:
            data = b"".join(socket.inet_aton(address) for address, host in self.names.items() if host == name)
        header = question[:2] + struct.pack("!HHHHH", 0x8180 if data else 0x8183, 1, 1 if data else 0, 0, 0)
        record = b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 3600, len(data)) + data if data else b""
        return header + asked + record

    def stop(self):
        self.socket.sendto(b"", (RESOLVER, 53))
        self.thread.join()


class Inhabitant:
    """A client that stays, and answers PING."""

    def __init__(self, server, source, nick, ident, real, channels, commands):
        self.connection = socket.create_connection((server.host, server.port), 20, source_address=(source, 0))
        self.said = b""
        self.send(f"NICK {nick}", f"USER {ident} 0 * :{real}")
        self.await_(b" 376 ")
        for channel in channels:
            self.send(f"JOIN {channel}")
            self.await_(b" 366 ")
        self.send(*commands, "PING done")
        self.await_(b"PONG ")
        self.connection.settimeout(None)
        threading.Thread(target=self.stay, daemon=True).start()

    def send(self, *lines):
        self.connection.sendall("".join(line + "\r\n" for line in lines).encode())

    def read(self):
        piece = self.connection.recv(4096)
        self.said += piece
        while b"\n" in self.said:
            line, self.said = self.said.split(b"\n", 1)
            if line.startswith(b"PING "):
                self.connection.sendall(line.replace(b"PING", b"PONG") + b"\n")
            yield line
        if not piece:
            raise EOFError("an inhabitant was thrown out")

    def await_(self, words):
        while not any(words in line for line in list(self.read())):
            pass

    def stay(self):
        try:
            while True:
                list(self.read())
        except (OSError, EOFError):
            pass


class Server(DebianServer):
    def __init__(self):
        super().__init__("inspircd", "inspircd")
        self.resolver = Resolver()
        (self.folder / "motd").write_text(MOTD)
        (self.folder / "inspircd.conf").write_text(CONFIGURATION.format(
            host=HOST, network=NETWORK, port=self.port, folder=self.folder, resolver=RESOLVER, oper=OPER, password=PASSWORD,
            secret=random.getrandbits(64)))
        self.start(f"exec env TZ=UTC inspircd --nofork --runasroot --config={self.folder}/inspircd.conf >/dev/null")
        self.inhabitants = [
            Inhabitant(self, f"127.66.0.{number}", nick, ident, real, channels, commands)
            for number, (nick, ident, _, real, channels, commands) in enumerate(PEOPLE, 1)]

    def stop(self):
        super().stop()
        self.resolver.stop()

    @staticmethod
    def complete(line, said):
        return complete(line, said)


def complete(line, said):
    """The cookie that the server asks back for, where a step names it."""
    found = re.findall(rb"(?m)^PING :(\S{10})\r$", said)
    return line.replace(b"<cookie>", found[-1]) if found else line


def codes(reply):
    """The numeric or the command of each line."""
    return re.findall(r"(?m)^(?::\S+ )?([A-Z]+|\d{3})(?= )", reply.decode("latin-1"))


MASKS = [
    (r"(?m)^PING :\S{10}\r$", "PING :COOKIE\r"),
    (r"\b127(\.\d+){3}\b", "PEER"),  # on the agent each probe has an address of its own
    (r"\b\d{3}[A-Z][A-Z0-9]{5}\b", "UNIQUE"),
    (r"\b\d+ 1[789]\d{8} :seconds idle", "IDLE SINCE :seconds idle"),
    (r"\b1[789]\d{8}\b", "TIME"),
    (r"(?<= 391 )(\S+ \S+) :.*", r"\1 :DATE"),
    (r"created \d\d:\d\d:\d\d \w{3} \d\d \d{4}", "created DATE"),
    (r"(?<=:)\w{3} \w{3} \d\d \d{4} \d\d:\d\d:\d\d", "DATE"),
    (r"Server up \d+ days, [\d:]+", "Server up TIME"),
    (r"Idle: \w+", "Idle: TIME"),
    (r"Max: \d+", "Max: N"),
]


def normalise(reply):
    """Dates, idle times, counters of connections and the order of a channel's members are masked: that order is the real
    server's memory addresses."""
    text = reply.decode("latin-1")
    for pattern, by in MASKS:
        text = re.sub(pattern, by, text)
    text = re.sub(r"(?m)^:\S+ 354 .*", lambda m: re.sub(r"(?<= )\d{2,}(?= )", "NUMBER", m[0]), text)  # WHOX has idle times
    lines = [re.sub(r"( 353 .*? :)(.*)", lambda m: m[1] + " ".join(sorted(m[2].split())), line) for line in text.split("\r\n")]
    begin = 0
    for number, line in enumerate(lines):
        if not re.search(r"^:\S+ 35[24] \S+ #", line):
            lines[begin:number] = sorted(lines[begin:number])
            begin = number + 1
    return "\r\n".join(lines)


REGISTER = [r"C| NICK {nick}\x0d\x0aUSER {ident} 0 * :Some Body\x0d\x0a", "C: PONG <cookie>", "@ wait 1.6"]


def register(nick="probe", ident="prober"):
    return [line.format(nick=nick, ident=ident) for line in REGISTER]


# What a peer may say, as rules: a name in braces stands for one of its alternatives.
GRAMMAR = {
    "nick": ["probe", "margit", "TOMAS", "jule", "rikard", "pelle", "ghost", "0", "9lives", "a b", "", "x{{y}}|z", "*", "?elle",
             "ChanServ", "-", "pelle,ghost", "margit@irc.halden.lan", "\\xc3\\xa9"],
    "channel": ["#own", "#own", "#own", "#lobby", "#LOBBY", "#support", "#ops", "#none", "lobby", "&local", "+mode", "#", "##",
                "#own,#lobby", "#a#b", "#x\\x07y", "0", "", "!12345", "#{{}}|"],
    "text": ["hello", ":hello there", ":", "::)", ":\\x01VERSION\\x01", ":\\x01ACTION waves\\x01", ":\\x01DCC SEND a.exe 1 2 3\\x01",
             ":\\xe4\\xf6\\xfc", "", ":!scan 192.0.2.0/24", ": "],
    "mask": ["*!*@*", "bad!*@*", "nick", "host.example", "user@host", "a!b", "*", ":x", "", "m:nick"],
    "flag": ["+i", "-i", "+o probe", "+w", "-w", "+s", "+s +c", "-o", "+x", "+iw", "i", "+", "-", "+o-o", "+B", "*"],
    "chanflag": ["+b", "b", "+b {mask}", "-b {mask}", "+o {nick}", "-o probe", "+v {nick}", "+k key", "-k key", "-k bad", "+k", "+l 5",
                 "+l", "-l", "+l x", "+l 0", "+i", "-i", "+m", "+n", "-n", "+s", "-s", "+p", "+t", "-t", "+ntsi", "+imb x!*@*",
                 "+z", "+e", "+I x", "e", "+ovb probe margit q", "-nt+nt", "+k a,b", "+h probe", "+q probe", ""],
    "server": ["irc.halden.lan", "IRC.HALDEN.LAN", "other.example", "*", "margit", ""],
    "letter": ["u", "P", "p", "o", "m", "l", "z", "i", "k", "?", "uP", ""],
    "whoflags": ["", "o", "h", "n", "%tcuhnfar", "%tn,42", "r", "u", "s", "a", "A", "m", "i", "l", "f", "%", "%c", "no%n"],
    "whomask": ["#lobby", "#own", "#ops", "#none", "*", "0", "margit", "p*", "*.halden.lan", "ws*", "Some*", "nobody", "", "irc.*"],
    "chat": ["PRIVMSG {nick} {text}", "PRIVMSG {channel} {text}", "NOTICE {nick} {text}", "NOTICE {channel} {text}", "PRIVMSG",
             "PRIVMSG {nick}", "PRIVMSG $* :all", "PRIVMSG @#own :ops", "PRIVMSG @ :ops", "SQUERY {nick} {text}", "AWAY {text}",
             "AWAY", "ISON {nick} margit", "ISON :margit ghost pelle", "USERHOST {nick} rikard", "USERHOST", "ISON"],
    "room": ["JOIN {channel}", "JOIN #own", "JOIN {channel} key", "PART {channel} {text}", "PART {channel}", "NAMES {channel}",
             "NAMES", "TOPIC {channel}", "TOPIC {channel} {text}", "LIST", "LIST {channel}", "LIST >2", "LIST <3", "LIST !#l*",
             "LIST *o*", "LIST T>1", "KICK {channel} {nick} {text}", "KICK #own probe", "KICK #own", "INVITE {nick} {channel}",
             "INVITE", "INVITE pelle", "JOIN", "JOIN #a,#b,#c", "KNOCK #ops"],
    "mode": ["MODE {channel}", "MODE {channel} {chanflag}", "MODE #own {chanflag}", "MODE #own {chanflag}", "MODE probe {flag}",
             "MODE probe {flag}", "MODE {nick}", "MODE", "MODE {nick} {flag}"],
    "who": ["WHO {whomask} {whoflags}", "WHO {whomask}", "WHOIS {nick}", "WHOIS {server} {nick}", "WHOWAS {nick}", "WHO", "WHOIS",
            "WHOWAS", "WHOIS margit margit", "WHOIS probe"],
    "server_": ["VERSION", "VERSION {server}", "TIME {server}", "ADMIN {server}", "MOTD {server}", "LUSERS", "LINKS", "MAP",
                "STATS {letter}", "PING {text}", "PING a b", "PONG {text}", "PING", "USERS", "SUMMON {nick}", "SERVLIST", "TRACE",
                "HELP", "SILENCE", "WATCH", "MONITOR L", "CAP LS", "CAP LS 302", "CAP LIST", "CAP REQ :multi-prefix",
                "CAP REQ :nothing", "CAP FOO", "CAP", "CAP END", "PASS x", "USER a b c :d", "NICK {nick}", "NICK", "PROTOCTL NAMESX",
                "IDENTIFY pass", "NS IDENTIFY pass", "NICKSERV HELP", "WALLOPS :x", "KILL margit :x", "GLINE *@x", "DIE", "DIE x",
                "REHASH", "OPER", "OPER x", "SQUIT x", "CONNECT x", "XYZZY", "xyzzy a b", "GET / HTTP/1.0", ":me PING x", ":me",
                "  PING x", "", "@tag PING x", "@a=b;c VERSION", "NICK probe", "CAPAB START", "SERVER a b c d"],
    "early": ["{server_}", "{server_}", "{chat}", "{room}", "{who}", "{mode}", "USER a", "USER prober 0 * :x", "USER b\\xe4d 0 * :x",
              "USER a b c", "NICK {nick}", "PASS secret", "PONG x", "CAP LS 302", "CAP REQ :multi-prefix userhost-in-names",
              "CAP REQ :-multi-prefix", "CAP REQ :away-notify", "CAP LIST", "CAP END", "PASS", "NICK", "NICK probe2", "USER"],
}


def expand(text, chance):
    """One sentence of the grammar."""
    for _ in range(40):
        found = re.search(r"(?<!\{)\{(\w+)\}(?!\})", text)
        if not found or found[1] not in GRAMMAR:
            break
        text = text[:found.start()] + chance.choice(GRAMMAR[found[1]]) + text[found.end():]
    return text.replace("{{", "{").replace("}}", "}").rstrip(" ")


def sentences(rules, count, chance):
    """Not so many that the server slows the peer down."""
    return ["C: " + expand("{" + chance.choice(rules) + "}", chance) for _ in range(count)]


def generate():
    """Sessions before the registration, and after it about one subject each."""
    return batch(random.Random(2812), "")


def batch(chance, name):
    probes = []
    for number in range(12):
        probes.append((f"{name}early {number}", sentences(["early"], 6, chance)))
    for subject in ("chat", "room", "mode", "who", "server_"):
        for number in range(8):
            steps = register() + (["C: JOIN #own"] if subject != "server_" and number % 2 else [])
            probes.append((f"{name}{subject.strip('_')} {number}", steps + sentences([subject], 5, chance)))
    for number in range(6):
        steps = register() + sentences(["chat", "room", "mode", "who", "server_"], 6, chance)
        probes.append((f"{name}mixed {number}", steps))
    return probes
