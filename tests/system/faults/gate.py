"""The link between agent and collector, in the test's hands: whole, cut, stalled, sliced into small pieces, or such that what the
collector says is held up."""

import asyncio
import random
import threading

WHOLE, CUT, STALLED, SLICED, UNHEARD = "whole", "cut", "stalled", "sliced", "unheard"


class Gate:
    """Accepts on `port` and passes on to 127.0.0.1:`target`. Has a thread of its own; set() may be called from any."""

    def __init__(self, port, target, seed):
        self._port, self._target = port, target
        self._chance = random.Random(seed)
        self._state, self._writers = WHOLE, set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._call(self._begin())

    def _call(self, work):
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _begin(self):
        self._moved = asyncio.Event()
        self._server = await asyncio.start_server(self._pass_on, "127.0.0.1", self._port)

    def set(self, state):
        """From now on the link is `state`. What was held up goes on when it is whole again, and is lost when it is cut."""
        self._call(self._set(state))

    async def _set(self, state):
        self._state = state
        self._moved.set()
        self._moved = asyncio.Event()
        if state == CUT:
            for writer in list(self._writers):
                writer.transport.abort()

    async def _pass_on(self, reader, writer):
        if self._state == CUT:
            writer.transport.abort()
            return
        self._writers.add(writer)
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            self._writers.discard(writer)
            return
        self._writers.add(back)
        await asyncio.gather(self._pump(reader, back, (STALLED,)), self._pump(there, writer, (STALLED, UNHEARD)))
        self._writers -= {writer, back}

    async def _pump(self, reader, writer, held_up):
        try:
            while data := await reader.read(65536):
                while self._state in held_up:
                    await self._moved.wait()
                if self._state == SLICED:
                    await self._in_slices(writer, data)
                else:
                    writer.write(data)
                    await writer.drain()
            writer.close()
        except OSError:
            writer.transport.abort()

    async def _in_slices(self, writer, data):
        while data:
            size = self._chance.randrange(1, 700)
            writer.write(data[:size])
            await writer.drain()
            await asyncio.sleep(0.0005)
            data = data[size:]

    def close(self):
        self._call(self._set(CUT))
        self._call(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _end(self):
        self._server.close()
        await self._server.wait_closed()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
