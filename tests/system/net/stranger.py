"""What somebody does from where this is run; the words of the command line say what. Prints a line of JSON for each try.

  greet PORT ADDRESS ...      the first line of what the server says, or how the connection failed
  get PORT ADDRESS ...        the status line of HTTP's answer to GET /
  ping ADDRESS ...            "echo" or "silent"
  list USER PASSWORD ADDRESS  the names in the folder of an FTP server, over a passive connection
"""

import ftplib
import json
import socket
import struct
import sys

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


def main():
    verb, *words = sys.argv[1:]
    if verb == "list":
        print(json.dumps(outcome(lambda: listing(*words))))
        return
    if verb == "ping":
        for address in words:
            print(json.dumps([address, outcome(lambda to=address: ping(to))]), flush=True)
        return
    port, *addresses = words
    for address in addresses:
        print(json.dumps([address, outcome(lambda to=address: (greet if verb == "greet" else get)(to, int(port)))]), flush=True)


main()
