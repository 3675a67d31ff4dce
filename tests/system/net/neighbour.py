"""What a station says and hears of neighbours from where this is run. Prints a line of JSON.

  probe INTERFACE ADDRESS       asks who has it, having no address itself (RFC 5227, RFC 4862); the stations that answer
  ask INTERFACE FROM ADDRESS    asks who has it, as FROM; the stations that answer, each as often as it does
  tagged INTERFACE VLAN ADDRESS the same as probe, in a frame of high priority with a tag (IEEE 802.1Q); nothing is awaited
  speak INTERFACE STATION ADDRESS   speaks as ADDRESS from the hardware address STATION, to all; nothing is awaited
  flood INTERFACE ADDRESS       an owner whom nobody hears: says "asked" when ADDRESS is asked for, waits for a line, sends far more than
                                anybody keeps, and then "sent"; the fourth question he answers, and says "answered"
  lease INTERFACE ADDRESS       asks a DHCP server for it (RFC 2131); nothing is awaited
"""

import ipaddress
import json
import socket
import struct
import sys
import time

PATIENCE = 1  # seconds, which an answer takes at the most
ARP, IP, IP6, TAGGED = 0x0806, 0x0800, 0x86dd, 0x8100
EVERYBODY = b"\xff" * 6


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return struct.pack("!H", ~total & 0xffff)


def request(own, source, target):
    """An ARP request; `source` and `target` are packed."""
    return EVERYBODY + own + struct.pack("!HHHBBH", ARP, 1, IP, 6, 4, 1) + own + source + bytes(6) + target


def solicitation(own, source, target):
    """To the solicited-node group, with the station's own address unless it has no other."""
    group = bytes.fromhex("ff0200000000000000000001ff") + target[13:]
    message = bytes([135, 0, 0, 0, 0, 0, 0, 0]) + target + (b"\x01\x01" + own if any(source) else b"")
    sum_ = checksum(source + group + struct.pack("!II", len(message), 58) + message)
    message = message[:2] + sum_ + message[4:]
    return b"\x33\x33" + group[12:] + own + struct.pack("!HIHBB", IP6, 6 << 28, len(message), 58, 255) + source + group + message


def answers(packets, target):
    """The stations that say within a second that they have `target`."""
    found = []
    until = time.monotonic() + PATIENCE
    while (left := until - time.monotonic()) > 0:
        packets.settimeout(left)
        try:
            frame = packets.recv(2048)
        except (TimeoutError, socket.timeout):
            break
        kind = struct.unpack("!H", frame[12:14])[0]
        if kind == ARP and frame[20:22] == b"\x00\x02" and frame[28:32] == target:
            found.append(frame[22:28].hex(":"))
        elif kind == IP6 and frame[20] == 58 and frame[54] == 136 and frame[62:78] == target:
            found.append(frame[80:86].hex(":"))
    return found


def flood(packets, own, target):
    """Its own answer to the first question is among what it sends."""
    asked = 0
    while asked < 4:
        frame = packets.recv(2048)
        if frame[12:14] != b"\x08\x06" or frame[20:22] != b"\x00\x01" or frame[38:42] != target or any(frame[28:32]):
            continue
        asked += 1
        if asked == 1:
            print(json.dumps("asked"), flush=True)
            sys.stdin.readline()
            other = request(own, bytes(4), bytes(4))
            for _ in range(40_000):  # of 768 bytes each where they wait
                packets.send(other)
            packets.send(request(own, target, target))
            print(json.dumps("sent"), flush=True)
    packets.send(request(own, target, target))
    return "answered"


def lease(own, wanted):
    options = bytes.fromhex("63825363350103") + b"\x32\x04" + wanted + b"\xff"
    bootp = struct.pack("!BBBBIHH", 1, 1, 6, 0, 0x12345678, 0, 0) + bytes(16) + own + bytes(10 + 64 + 128) + options
    udp = struct.pack("!HHHH", 68, 67, 8 + len(bootp), 0) + bootp
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0) + bytes(4) + b"\xff" * 4
    head = head[:10] + checksum(head) + head[12:]
    return EVERYBODY + own + struct.pack("!H", IP) + head + udp


def main():
    verb, interface, *words = sys.argv[1:]
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)) as packets:
        packets.bind((interface, 3))
        own = packets.getsockname()[4]
        target = ipaddress.ip_address(words[-1])
        if verb == "lease":
            packets.send(lease(own, target.packed))
            print("null")
            return
        if verb == "speak":
            packets.send(request(bytes.fromhex(words[0].replace(":", "")), target.packed, target.packed))
            print("null")
            return
        if verb == "flood":
            print(json.dumps(flood(packets, own, target.packed)), flush=True)
            return
        if verb == "tagged":
            frame = request(own, bytes(4), target.packed)
            packets.send(frame[:12] + struct.pack("!HH", TAGGED, 5 << 13 | int(words[0])) + frame[12:])
            print("null")
            return
        source = ipaddress.ip_address(words[0]).packed if verb == "ask" else bytes(len(target.packed))
        packets.send((request if target.version == 4 else solicitation)(own, source, target.packed))
        print(json.dumps(answers(packets, target.packed)))


main()
