"""How hosts answer on the wire, seen from where this is run; the words of the command line say what. Prints a line of JSON for each try.

  syn_acks PORT ADDRESS ...   what answered each connection: ttl, id, df, flow label, window, options, and its timestamp less the milliseconds here
  resets PORT ADDRESS ...     what refused each: ttl, id, df, flow label, window
  icmp ADDRESS ...            an echo request with code 9 and a datagram to a closed port: the code, and the error's DSCP
  refusers PORT ADDRESS ...   a datagram to a port: who says by ICMP that it is closed
  talk PORT ADDRESS           an FTP session of many commands over one connection: how many were answered
"""

import json
import socket
import struct
import sys
import time

PATIENCE = 5
DEVICE = "eth0"
KINDS = {0: "end", 1: "nop", 2: "mss", 3: "scale", 4: "sack", 8: "stamps"}


def options(data):
    """[["mss", 1460], ["nop"], …]"""
    found = []
    while data:
        kind = data[0]
        length = 1 if kind < 2 else data[1]
        value = data[2:length]
        found.append([KINDS.get(kind, kind)] + [list(struct.unpack("!II", value)) if kind == 8 else int.from_bytes(value, "big")][:len(value)])
        data = data[length:] if kind else b""
    return found


def parsed(frame):
    """Of a TCP segment: source, port, flags and what is worth looking at."""
    packet = frame[14:]
    if frame[12:14] == b"\x08\x00" and packet[9] == socket.IPPROTO_TCP:
        source, rest = socket.inet_ntop(socket.AF_INET, packet[12:16]), packet[(packet[0] & 15) * 4:]
        said = {"ttl": packet[8], "id": int.from_bytes(packet[4:6], "big"), "df": bool(packet[6] & 0x40)}
    elif frame[12:14] == b"\x86\xdd" and packet[6] == socket.IPPROTO_TCP:
        source, rest = socket.inet_ntop(socket.AF_INET6, packet[8:24]), packet[40:]
        said = {"ttl": packet[7], "label": int.from_bytes(packet[0:4], "big") & 0xfffff}
    else:
        return None
    said["window"] = int.from_bytes(rest[14:16], "big")
    said["options"] = options(rest[20:(rest[12] >> 4) * 4])
    return source, int.from_bytes(rest[0:2], "big"), rest[13], said


def answers(port, addresses, flag):
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)) as raw:
        raw.bind((DEVICE, 0))
        raw.settimeout(PATIENCE)
        for address in addresses:
            peer = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
            peer.settimeout(PATIENCE)
            peer.connect_ex((address, port))
            while True:
                frame, where = raw.recvfrom(2048)
                found = parsed(frame) if where[2] != socket.PACKET_OUTGOING else None
                if found and found[:2] == (address, port) and found[2] & flag:
                    break
            peer.close()
            said = found[3]
            for option in said["options"]:
                if option[0] == "stamps":
                    said["clock"] = (option[1][0] - int(time.monotonic() * 1000)) % 2**32
                    option[1] = []
            yield address, said


def icmp(address):
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as raw:
        raw.settimeout(PATIENCE)
        head = struct.pack("!BBHHH", 8, 9, 0, 77, 1)
        checksum = ~sum(struct.unpack("!4H", head)) & 0xffff
        raw.sendto(head[:2] + struct.pack("!H", checksum) + head[4:], (address, 0))
        said = {}
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
            peer.sendto(b"x", (address, 9))
            while len(said) < 2:
                packet, source = raw.recvfrom(1024)
                if source[0] == address and packet[20] == 0:
                    said["code"] = packet[21]
                elif source[0] == address and packet[20] == 3:
                    said["dscp"] = packet[1] >> 2
        return said


def refuser(port, address):
    v6 = ":" in address
    with socket.socket(socket.AF_INET6 if v6 else socket.AF_INET, socket.SOCK_RAW, 58 if v6 else 1) as raw:
        raw.settimeout(PATIENCE)
        with socket.socket(raw.family, socket.SOCK_DGRAM) as peer:
            peer.sendto(b"x", (address, port))
            while True:
                packet, source = raw.recvfrom(1024)
                message = packet if v6 else packet[20:]
                about = message[32:48] if v6 else message[24:28]
                if message[0] == (1 if v6 else 3) and about == socket.inet_pton(raw.family, address):
                    return source[0]


def talk(port, address):
    with socket.create_connection((address, port), PATIENCE) as peer:
        lines = peer.makefile("rb")
        lines.readline()
        answered = 0
        for _ in range(50):
            peer.sendall(b"FEAT\r\n")
            answered += 1 if lines.readline() else 0
        return answered


def main():
    verb, *words = sys.argv[1:]
    if verb in ("syn_acks", "resets"):
        for answer in answers(int(words[0]), words[1:], 2 if verb == "syn_acks" else 4):
            print(json.dumps(answer), flush=True)
    elif verb == "refusers":
        for address in words[1:]:
            print(json.dumps([address, refuser(int(words[0]), address)]), flush=True)
    elif verb == "icmp":
        for address in words:
            print(json.dumps([address, icmp(address)]), flush=True)
    else:
        print(json.dumps(talk(int(words[0]), words[1])))


main()
