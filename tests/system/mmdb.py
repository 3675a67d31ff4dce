"""Databases in MaxMind's format, version 2.0 (https://maxmind.github.io/MaxMind-DB/), of networks that a test knows: an IPv6
tree with IPv4 at ::/96, records of 24 bits."""

import ipaddress

MARK = b"\xab\xcd\xefMaxMind.com"


def _text(value):
    raw = value.encode()
    head = bytes([2 << 5 | len(raw)]) if len(raw) < 29 else bytes([2 << 5 | 29, len(raw) - 29])
    return head + raw


def _number(value, kind):
    raw = value.to_bytes((value.bit_length() + 7) // 8, "big")
    return (bytes([kind << 5 | len(raw)]) if kind < 8 else bytes([len(raw), kind - 7])) + raw


def _map(pairs):
    return bytes([7 << 5 | len(pairs)]) + b"".join(_text(key) + value for key, value in pairs.items())


def country(code):
    return _map({"country": _map({"iso_code": _text(code)})})


def system(number, name):
    return _map({"autonomous_system_number": _number(number, 6), "autonomous_system_organization": _text(name)})


def database(kind, records, built):
    """`records`: {network: country() or system()}, none within another; `built`: seconds since 1970."""
    nodes, data = [[None, None]], b""
    for network, record in records.items():
        parsed = ipaddress.ip_network(network)
        length = parsed.prefixlen + (96 if parsed.version == 4 else 0)
        bits = f"{int(parsed.network_address):0128b}"[:length]
        at = 0
        for bit in map(int, bits[:-1]):
            if nodes[at][bit] is None:
                nodes.append([None, None])
                nodes[at][bit] = len(nodes) - 1
            at = nodes[at][bit]
        nodes[at][int(bits[-1])] = ("data", len(data))
        data += record
    empty = len(nodes)

    def slot(value):
        number = empty if value is None else empty + 16 + value[1] if isinstance(value, tuple) else value
        return number.to_bytes(3, "big")

    tree = b"".join(slot(side) for node in nodes for side in node)
    metadata = _map({"node_count": _number(empty, 6), "record_size": _number(24, 5), "ip_version": _number(6, 5),
                     "database_type": _text(kind), "languages": bytes([0, 4]),
                     "binary_format_major_version": _number(2, 5), "binary_format_minor_version": _number(0, 5),
                     "build_epoch": _number(built, 9), "description": _map({})})
    return tree + bytes(16) + data + MARK + metadata
