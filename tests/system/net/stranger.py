"""What somebody does from where this is run; the words of the command line say what. Prints a line of JSON for each try.

  greet PORT ADDRESS ...      the first line of what the server says, or how the connection failed
  get PORT ADDRESS ...        the status line of HTTP's answer to GET /
  ping ADDRESS ...            "echo" or "silent"
  list USER PASSWORD ADDRESS  the names in the folder of an FTP server, over a passive connection
  visit USER PASSWORD SOURCE SEED NETWORK   whole sessions of FTP at random addresses of a network, one after the other, until
                              stdin ends: the address, seconds, how it went
  rush PORT COUNT SOURCE SEED NETWORK   as many connections to random addresses as fast as they go, 64 at a time, each over when it
                              is greeted; at the end how many were made, greeted, and failed
"""

import errno
import ftplib
import ipaddress
import json
import random
import select
import socket
import struct
import sys
import time

PATIENCE = 5


def connected(address, port, patience=PATIENCE):
    return socket.create_connection((address, port), patience)


def outcome(call):
    try:
        return call()
    except ConnectionRefusedError:
        return "refused"
    except (TimeoutError, socket.timeout):
        return "silent"
    except OSError as error:
        return "error: " + str(error)


def greet(address, port):
    with connected(address, port, 2) as peer:
        peer.settimeout(PATIENCE)
        line = peer.makefile("rb").readline()
        return line.decode("latin-1").rstrip("\r\n")


def get(address, port):
    with connected(address, port) as peer:
        host = f"[{address}]" if ":" in address else address
        peer.sendall(f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        return peer.makefile("rb").readline().decode("latin-1").rstrip("\r\n")


def ping(address):
    """One ICMP echo request, RFC 792."""
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as raw:
        raw.settimeout(2)
        head = struct.pack("!BBHHH", 8, 0, 0, 77, 1)
        checksum = ~sum(struct.unpack("!4H", head)) & 0xffff
        raw.sendto(head[:2] + struct.pack("!H", checksum) + head[4:], (address, 0))
        while True:
            packet, source = raw.recvfrom(1024)
            if source[0] == address and packet[20] == 0:
                return "echo"


def listing(user, password, address):
    with ftplib.FTP(timeout=PATIENCE) as ftp:
        ftp.connect(address, 21)
        ftp.login(user, password)
        return sorted(ftp.nlst())


def somewhere(network, choice):
    return str(network[choice.randrange(network.num_addresses)])


def whole_session(address, user, password, source):
    with ftplib.FTP(timeout=PATIENCE) as ftp:
        ftp.connect(address, 21, source_address=(source, 0))
        ftp.login(user, password)
        return ftp.quit()


def visit(user, password, source, seed, network):
    network, choice = ipaddress.ip_network(network), random.Random(seed)
    while not select.select([sys.stdin], [], [], 0.02)[0]:
        address, began = somewhere(network, choice), time.monotonic()
        how = outcome(lambda to=address: whole_session(to, user, password, source))
        print(json.dumps([address, time.monotonic() - began, how]), flush=True)


def rush(port, count, source, seed, network):
    network, choice = ipaddress.ip_network(network), random.Random(seed)
    told = {"made": 0, "greeted": 0, "failed": 0}
    left, poll, peers = count, select.epoll(), {}
    while left or peers:
        while left and len(peers) < 64:
            left -= 1
            peer = socket.socket()
            peer.setblocking(False)
            peer.bind((source, 0))
            peer.connect_ex((somewhere(network, choice), port))
            poll.register(peer.fileno(), select.EPOLLIN)
            peers[peer.fileno()] = peer
        for number, _ in poll.poll():
            peer = peers.pop(number)
            refused = peer.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            told["failed" if refused not in (0, errno.ECONNRESET) else "made"] += 1
            try:
                told["greeted"] += bool(peer.recv(4096))
            except OSError:
                pass  # refused by a reset
            peer.close()
    print(json.dumps(told))


def main():
    verb, *words = sys.argv[1:]
    if verb == "list":
        print(json.dumps(outcome(lambda: listing(*words))))
        return
    if verb == "visit":
        visit(*words)
        return
    if verb == "rush":
        port, count, *rest = words
        rush(int(port), int(count), *rest)
        return
    if verb == "ping":
        for address in words:
            print(json.dumps([address, outcome(lambda to=address: ping(to))]), flush=True)
        return
    port, *addresses = words
    for address in addresses:
        print(json.dumps([address, outcome(lambda to=address: (greet if verb == "greet" else get)(to, int(port)))]), flush=True)


main()
