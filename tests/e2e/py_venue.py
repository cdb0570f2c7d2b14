"""A venue in Python, on the websockets library, in a thread and an event loop of its own.

It keeps a record of every connection; a test looks at the records and acts by send_all, kill, restart and close_all.
Works with websockets 10 (Debian 12) and later (Debian 13)."""

import asyncio
import contextlib
import threading
import time

import websockets

from certificates import server_context


class Record:
    """What the venue saw of one connection. Written by the venue's thread, read by the test."""

    def __init__(self, socket):
        request = getattr(socket, "request", None)
        self.path = request.path if request else socket.path
        self.headers = request.headers if request else socket.request_headers
        self.received = []  # str and bytes, in order
        self.opened_at = time.monotonic()
        self.closed = False
        self.close_code = None


class PyVenue:
    """`on_open(socket, record)` and `on_message(socket, record, message)` are coroutines that run in the venue's loop."""

    def __init__(self, tls=None, on_open=None, on_message=None, address="127.0.0.1"):
        self.records = []
        self.port = 0
        self._tls = server_context(tls) if isinstance(tls, tuple) else tls  # or a context of the caller's
        self._address = address
        self._on_open = on_open
        self._on_message = on_message
        self._open = {}  # socket -> Record, touched by the loop only
        self._server = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.restart()

    def url(self, path="/", host="localhost"):
        return f"{'wss' if self._tls else 'ws'}://{host}:{self.port}{path}"

    def open_records(self):
        return [record for record in list(self.records) if not record.closed]

    def send_all(self, message, path=None):
        """To every open connection (of that path): str is text, bytes is binary, a list is sent in fragments."""
        self._call(self._send_all(message, path))

    def close_all(self, code=1000, reason=""):
        """Closes every connection by the handshake; the venue goes on listening."""
        self._call(self._close_all(code, reason))

    def drop_all(self):
        """Ends every connection without a close frame; the venue goes on listening."""
        self._call(self._drop_all())

    @contextlib.contextmanager
    def frozen(self):
        """Meanwhile the venue answers nothing, not even a ping, and its connections stay open."""
        thaw = threading.Event()
        self._loop.call_soon_threadsafe(thaw.wait)
        try:
            yield
        finally:
            thaw.set()

    def kill(self):
        """Ends every connection without a close frame and stops listening."""
        self._call(self._kill())

    def restart(self):
        """Listens on the same port as before."""
        self._call(self._listen())

    def stop(self):
        if not self._loop.is_running():
            return
        self._call(self._kill())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def _call(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(30)

    async def _listen(self):
        self._server = await websockets.serve(
            self._serve, self._address, self.port, ssl=self._tls, compression=None, ping_interval=None, max_size=None,
            close_timeout=2)  # fmt: skip
        self.port = self._server.sockets[0].getsockname()[1]

    async def _serve(self, socket):
        record = Record(socket)
        self._open[socket] = record
        self.records.append(record)
        try:
            if self._on_open:
                await self._on_open(socket, record)
            async for message in socket:
                record.received.append(message)
                if self._on_message:
                    await self._on_message(socket, record, message)
        except websockets.ConnectionClosed:
            pass
        finally:
            del self._open[socket]
            record.close_code = socket.close_code
            record.closed = True

    async def _send_all(self, message, path):
        for socket, record in list(self._open.items()):
            if path in (None, record.path):
                # One that is just closing is not there any more.
                with contextlib.suppress(websockets.ConnectionClosed):
                    await socket.send(message)

    async def _close_all(self, code, reason):
        for socket in list(self._open):
            await socket.close(code, reason)

    async def _drop_all(self):
        for socket in list(self._open):
            socket.transport.abort()

    async def _kill(self):
        await self._drop_all()
        if self._server:
            self._server.close()
            await self._server.wait_closed()
            self._server = None
