"""What somebody does with datagrams from where this is run; the words of the command line say what. Prints a line of JSON for each try.

  ask ADDRESS ...              asks an SNMP agent for its name: who answered from which port and what, "refused", or "silent"
  from PORT ADDRESS ...        the same from that source port
  crowd FROM ADDRESS ...       the same, each from another address behind FROM, five to a /24, all at once
  greedy NETWORK ADDRESS ...   one question to each, from as many addresses of NETWORK (172.30.1.0); the sizes of the answers
  relay ONE OTHER              stands between two decoys: gives each what the other answers, and says how often
  frame DEVICE MAC FROM TO     one question as a raw frame to that MAC, as if from port 40000 of FROM
  listen                       says "ready", and what comes to port 40000 within two seconds
  forge SOURCE TARGET          a question of IPv6 under another's address, from its port 161
  misuse TARGET                takes an answering socket of apiary-coverage, as the agent does, and tries to send to who never asked
  ping TARGET                  tries to send an echo request, by a socket that takes no rights
  scan ADDRESS FIRST LAST      sends something to each of these ports, and says to how many
"""

import array
import ipaddress
import json
import resource
import select
import socket
import struct
import sys
import time

PATIENCE = 2
NAME = bytes.fromhex("302602010104067075626c6963a019020101020100020100300e300c06082b060102010105000500")  # GET sysName.0


def family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def named(reply):
    """The name in an answer: what is behind that of the object."""
    return reply[0][40:].decode("latin-1") + f" from {reply[1][0]} {reply[1][1]}"


def ask(address, port=0):
    with socket.socket(family(address), socket.SOCK_DGRAM) as peer:
        peer.bind(("", port))
        peer.settimeout(PATIENCE)
        peer.sendto(NAME, (address, 161))
        try:
            return named(peer.recvfrom(2048))
        except TimeoutError:
            pass
        peer.connect((address, 161))  # only a connected one is told of ICMP
        peer.send(NAME)
        try:
            return named(peer.recvfrom(2048))
        except ConnectionRefusedError:
            return "refused"
        except TimeoutError:
            return "silent"


def crowd(first, addresses):
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    base = int(ipaddress.ip_address(first))
    peers = {}
    for number, address in enumerate(addresses):
        peer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        peer.bind((str(ipaddress.ip_address(base + number // 5 * 256 + 10 + number % 5)), 0))
        peers[peer] = address
    answers = {}
    waiting = {}
    for _ in range(2):  # what the network lost is asked again; an answer that is late is not, as it would be paid for twice
        for peer, address in list(peers.items()):
            peer.sendto(NAME, (address, 161))
            waiting[peer] = peers.pop(peer)
            while len(waiting) >= 64 and collect(waiting, answers, 10):
                pass
        while waiting and collect(waiting, answers, 10):
            pass
        peers, waiting = waiting, {}
    answers.update({address: "silent" for address in peers.values()})
    return answers


def greedy(network, *addresses):
    sizes = []
    peers = []
    for number, address in enumerate(addresses):
        peers.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        peers[-1].bind((str(ipaddress.ip_address(network) + 1 + number), 0))
        peers[-1].sendto(NAME, (address, 161))
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        readable, _, _ = select.select(peers, [], [], 0.1)
        sizes.extend(len(peer.recv(2048)) for peer in readable)
    return sizes


def collect(peers, answers, seconds):
    """Takes the answers that come within that time, and says how many they were."""
    readable = select.poll()
    for peer in peers:
        readable.register(peer, select.POLLIN)
    ready = readable.poll(seconds * 1000)
    by_number = {peer.fileno(): peer for peer in peers}
    for number, _ in ready:
        peer = by_number[number]
        answers[peers.pop(peer)] = named(peer.recvfrom(2048))
        peer.close()
    return len(ready)


def relay(one, other):
    """Each decoy takes the socket that asks it for the other decoy."""
    sides = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in (one, other)]
    targets = [(one, 161), (other, 161)]
    sides[0].sendto(NAME, targets[0])
    passed = 0
    while passed < 1000:
        readable, _, _ = select.select(sides, [], [], PATIENCE)
        if not readable:
            break
        for side in readable:
            reply = side.recv(2048)
            passed += 1
            at = 1 - sides.index(side)
            sides[at].sendto(reply, targets[at])
    return passed


def udp(source, source_port, target, payload):
    """Header and payload, RFC 768; over IPv4 without a checksum."""
    length = 8 + len(payload)
    head = struct.pack("!HHHH", source_port, 161, length, 0)
    if ":" in target:
        pseudo = socket.inet_pton(socket.AF_INET6, source) + socket.inet_pton(socket.AF_INET6, target) + struct.pack("!II", length, 17)
        head = head[:6] + struct.pack("!H", checksum(pseudo + head + payload) or 0xffff)
    return head + payload


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def frame(device, mac, source, target):
    body = udp(source, 40000, target, NAME)
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(body), 1, 0, 64, 17, 0, socket.inet_aton(source), socket.inet_aton(target))
    head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800)) as raw:
        raw.bind((device, 0))
        raw.send(bytes.fromhex(mac.replace(":", "")) + b"\x02\0\0\0\0\1" + b"\x08\0" + head + body)
    return "sent"


def listen():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.bind(("", 40000))
        peer.settimeout(PATIENCE)
        print(json.dumps("ready"), flush=True)
        try:
            return named(peer.recvfrom(2048))
        except TimeoutError:
            return "silent"


def forge(source, target):
    body = udp(source, 161, target, NAME)
    head = struct.pack("!IHBB", 6 << 28, len(body), 17, 64) + socket.inet_pton(socket.AF_INET6, source) + socket.inet_pton(socket.AF_INET6, target)
    with socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW) as raw:
        raw.sendto(head + body, (target, 0))
    return "sent"


def ping(target):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP) as peer:
        try:
            peer.sendto(bytes.fromhex("0800f7fe00000001") + b"out", (target, 0))
        except OSError as refused:
            return refused.strerror
    return "sent"


def scan(address, first, last):
    with socket.socket(family(address), socket.SOCK_DGRAM) as peer:
        ports = range(int(first), int(last) + 1)
        for port in ports:
            peer.sendto(b"anybody?", (address, port))
    return len(ports)


def misuse(target):
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as coverage:
        coverage.connect("\0apiary-coverage")
        coverage.send(b"answering snmp 161 4 1")
        text, parts, _, _ = coverage.recvmsg(1024, socket.CMSG_SPACE(4))
    fds = array.array("i")
    for _, _, data in parts:
        fds.frombytes(data)
    if text != b"ok":
        return text.decode()
    tried = []
    with socket.socket(fileno=fds[0]) as answering:
        for source in ("10.9.1.1", "198.51.100.1"):
            info = struct.pack("=I4s4s", 0, socket.inet_aton(source), bytes(4))
            try:
                answering.sendmsg([b"x"], [(socket.IPPROTO_IP, 8, info)], 0, (target, 40000))  # IP_PKTINFO
                tried.append("sent")
            except OSError as error:
                tried.append(error.strerror)
    return tried


def main():
    verb, *words = sys.argv[1:]
    if verb in ("ask", "from"):
        port = int(words.pop(0)) if verb == "from" else 0
        for address in words:
            print(json.dumps([address, ask(address, port)]), flush=True)
    elif verb == "crowd":
        for answer in crowd(words[0], words[1:]).items():
            print(json.dumps(answer))
    else:
        print(json.dumps({"greedy": greedy, "relay": relay, "frame": frame, "listen": listen, "forge": forge, "misuse": misuse, "ping": ping, "scan": scan}[verb](*words)),
              flush=True)


main()
