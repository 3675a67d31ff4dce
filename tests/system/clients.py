"""A bounded, seeded crowd of clients that write their own history: what each sent, what it received, how it ended."""

import asyncio
import dataclasses
import itertools
import random
import socket
import struct

from world import ACCOUNT

PATIENCE = 30  # seconds for any single wait
ALL_BYTES = bytes(range(256))


@dataclasses.dataclass
class Talk:
    """One client's history. Its address is its own, so a session in the database is found by it."""
    number: int
    kind: str
    service: str
    address: str
    port: int
    sent: bytearray = dataclasses.field(default_factory=bytearray)
    received: bytearray = dataclasses.field(default_factory=bytearray)
    offered: bytes = b""   # what it began to upload
    uploaded: bytes = b""  # the same, once the server has said that it has it
    connected: bool = False
    saw_end: bool = False  # end of stream: from here on the session must be durable
    broken: bool = False   # the connection was lost in a way that the client did not choose
    killed: bool = False   # the agent was killed meanwhile: the kernel ends such connections as if all were well
    stopped: bool = False  # the agent was told to end meanwhile: it ends the connection itself, and need not read all before

    @property
    def judged(self):
        """Whether its session must be there."""
        return self.connected and self.saw_end and not self.killed


def source_of(number):
    return f"127.{1 + number // 62500}.{number // 250 % 250}.{1 + number % 250}"


class Client:
    """A connection that keeps its history."""

    def __init__(self, talk, reader, writer):
        self.talk, self._reader, self._writer = talk, reader, writer
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    async def send(self, data, piece=None):
        for at in range(0, len(data), piece or len(data)):
            part = data[at:at + (piece or len(data))]
            self._writer.write(part)
            await self._writer.drain()
            self.talk.sent += part
            if piece:
                await asyncio.sleep(0)

    async def line(self):
        """The next whole reply line; nothing at the end of the stream."""
        text = await asyncio.wait_for(self._reader.readline(), PATIENCE)
        self.talk.received += text
        return text

    async def ask(self, command):
        await self.send(command + b"\r\n")
        return await self.line()

    async def rest(self):
        """Reads to the end of the stream."""
        while data := await asyncio.wait_for(self._reader.read(65536), PATIENCE):
            self.talk.received += data
        self.talk.saw_end = True

    def half_close(self):
        self._writer.write_eof()

    def reset(self):
        sock = self._writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

    def close(self):
        self._writer.close()


async def log_in(client):
    await client.line()
    await client.ask(b"USER " + ACCOUNT[0].encode())
    return await client.ask(b"PASS " + ACCOUNT[1].encode())


async def quit_and_read(client):
    await client.send(b"QUIT\r\n")
    await client.rest()


async def ftp_guess(client, chance):
    await client.line()
    await client.ask(b"USER " + bytes(chance.choices(range(33, 127), k=8)))
    await client.ask(b"PASS " + bytes(chance.choices([b for b in range(256) if b not in b"\r\n\xff"], k=12)))
    await quit_and_read(client)


async def ftp_upload(client, chance):
    await log_in(client)
    await client.ask(b"TYPE I")
    reply = await client.ask(b"PASV")
    numbers = [int(word) for word in reply[reply.index(b"(") + 1:reply.index(b")")].split(b",")]
    reader, writer = await asyncio.open_connection("127.0.0.1", numbers[4] * 256 + numbers[5],
                                                   local_addr=(client.talk.address, 0))
    await client.ask(b"STOR upload-%d.bin" % client.talk.number)
    client.talk.offered = content = chance.randbytes(chance.choice([1, 100, 5000, 40000]))
    writer.write(content)
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    del reader
    if (await client.line()).startswith(b"226"):
        client.talk.uploaded = content
    await quit_and_read(client)


async def ftp_noise(client, chance):
    """Every byte value, one byte a packet, then a half close."""
    await client.line()
    await client.send(bytes(chance.sample(ALL_BYTES, 256)), piece=chance.choice([1, 7, 256]))
    client.half_close()
    await client.rest()


async def ftp_not_tls(client, _):
    await client.line()
    if (await client.ask(b"AUTH TLS")).startswith(b"234"):
        await client.send(b"USER in-the-clear\r\n" * 3)
    await client.rest()


async def any_reset(client, chance):
    await client.send(chance.randbytes(chance.randrange(1, 400)))
    await asyncio.sleep(0.05)
    client.reset()


async def any_silence(client, _):
    await client.rest()


async def raw_bytes(client, chance):
    piece = chance.choice([1, 3, 1460, 16384])
    count = chance.randrange(256, 400) if piece == 1 else chance.choice([256, 5000, 16384, 40000])
    data = ALL_BYTES + chance.randbytes(count)
    await client.send(data, piece=piece)
    client.half_close()
    await client.rest()


async def raw_flood(client, _):
    """More than a session may send."""
    try:
        for _ in range(20):
            await client.send(ALL_BYTES * 64)
        await client.rest()
    except ConnectionError:
        client.talk.broken = True


# kind: what it does, at which service, how many of a hundred
KINDS = {
    "guess": (ftp_guess, "ftp", 22), "upload": (ftp_upload, "ftp", 8), "noise": (ftp_noise, "ftp", 14),
    "not tls": (ftp_not_tls, "ftp", 5), "reset": (any_reset, "ftp", 8), "silence": (any_silence, "brief", 6),
    "raw": (raw_bytes, "catchall", 30), "raw reset": (any_reset, "catchall", 6), "flood": (raw_flood, "catchall", 1),
}


async def talk_once(talk, chance):
    """Connects, trying again while nothing listens, and plays the talk's kind."""
    deadline = asyncio.get_running_loop().time() + PATIENCE
    while True:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", talk.port, local_addr=(talk.address, 0))
            break
        except OSError:
            if asyncio.get_running_loop().time() > deadline:
                talk.broken = True
                return
            await asyncio.sleep(0.2)
    talk.connected = True
    client = Client(talk, reader, writer)
    try:
        await KINDS[talk.kind][0](client, chance)
    except (ConnectionError, TimeoutError, asyncio.TimeoutError, asyncio.IncompleteReadError, ValueError, OSError):
        talk.broken = True
    finally:
        client.close()


async def crowd(ports, count, seed, at_once=40, first=0, on_done=None, under_way=None, kinds=None):
    """Plays `count` talks, `at_once` at a time, and returns their histories. on_done(number done, talks under way) may act in
    between; `under_way`, if given, holds the talks that are being played, by number; `kinds` says which talks these are, of every
    kind at least one if it does not. `ports`: of each service one, or a list of them that its clients take in turn."""
    chooser = random.Random(seed)
    if kinds is None:
        kinds = chooser.choices(list(KINDS), weights=[kind[2] for kind in KINDS.values()], k=count)
        kinds[:len(KINDS)] = list(KINDS)
    slots, talks, done = asyncio.Semaphore(at_once), [], 0
    under_way = {} if under_way is None else under_way
    turns = {name: itertools.cycle(port if isinstance(port, list) else [port]) for name, port in ports.items()}

    async def one(number, kind, port):
        nonlocal done
        async with slots:
            talk = Talk(number, kind, KINDS[kind][1], source_of(first + number), port)
            talks.append(talk)
            under_way[number] = talk
            await talk_once(talk, random.Random(seed * 1000003 + number))
            del under_way[number]
            done += 1
            if on_done:
                on_done(done, under_way.values())

    await asyncio.gather(*(one(number, kind, next(turns[KINDS[kind][1]])) for number, kind in enumerate(kinds)))
    return talks
