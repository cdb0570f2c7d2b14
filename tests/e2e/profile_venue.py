"""A venue with a dialect of its own, and the profile that says it: batches, acknowledgements, refusals, heartbeats, a
login, and limits that it enforces by closing. What it does wrong is switched on by a test.

It is built on the legacy interface of websockets, which Debian 12 and 13 both have, because that one hands out control
frames: pings and pongs are counted."""

import asyncio
import collections
import contextlib
import functools
import http
import json
import time
import warnings

import websockets

from py_venue import PyVenue, Record
from waiting import PATIENCE, wait_until

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    from websockets.legacy.server import WebSocketServerProtocol, serve

_PING, _PONG = 0x9, 0xA

_PROFILE = """
{top}
credentials = [{credentials}]

[connection]
url = "ws://localhost:1/"
channel = "/topic"
dedupe = "/n"
sequence = {{ field = "/n" }}
drain = {{ field = "/event", value = "drain" }}

[subscribe]
text = '{{"op":"sub","topics":[{{topics}}],"id":{{id}}}}'
unsubscribe = '{unsubscribe}'
topic = '"{{topic}}"'
topics_per_message = {batch}
acknowledged = true
ack_timeout = "{ack_timeout}"
{tables}
[[messages]]
means = "login_ack"
when = [{{ field = "/event", value = "login" }}, {{ field = "/ok", value = "true" }}]

[[messages]]
means = "login_reject"
when = [{{ field = "/event", value = "login" }}]
reason = "/reason"

[[messages]]
means = "ack"
when = [{{ field = "/event", value = "ack" }}]
id = "/id"

[[messages]]
means = "ack"
when = [{{ field = "/event", value = "listed" }}]
id = "/id"
accepted = "/accepted"

[[messages]]
means = "reject"
when = [{{ field = "/event", value = "refused" }}]
id = "/id"
topic = ["/name"]
reason = "/reason"

[[messages]]
means = "heartbeat_reply"
when = [{{ field = "/event", value = "pong" }}]

[[messages]]
means = "heartbeat"
when = [{{ field = "/event", value = "alive" }}]

[[messages]]
means = "drain"
when = [{{ field = "/event", value = "drain" }}]

[[messages]]
means = "error"
when = [{{ field = "/event", value = "error" }}]
reason = "/reason"
"""

UNSUBSCRIBE = '{"op":"unsub","topics":[{topics}],"id":{id}}'
HEARTBEAT = '[heartbeat]\ntext = \'{"op":"ping","id":{id}}\'\ninterval = "2s"\ntimeout = "1900ms"\n'


def profile(batch=10, limits="", tables="", credentials=(), ack_timeout="10s", top="", unsubscribe=UNSUBSCRIBE):
    """The text of the profile. `limits` are lines of its table, `tables` further ones."""
    if limits:
        tables = f"[limits]\n{limits}\n{tables}"
    named = ", ".join(f'"{name}"' for name in credentials)
    return _PROFILE.format(
        batch=batch, tables=tables, credentials=named, ack_timeout=ack_timeout, top=top,
        unsubscribe=unsubscribe)  # fmt: skip


class _Protocol(WebSocketServerProtocol):
    def __init__(self, on_control, *arguments, **named):
        super().__init__(*arguments, **named)
        self._on_control = on_control

    async def read_frame(self, max_size):
        frame = await super().read_frame(max_size)
        if frame.opcode in (_PING, _PONG):
            await self._on_control(self, frame.opcode)
        return frame


class VenueRecord(Record):
    def __init__(self, socket):
        super().__init__(socket)
        self.topics = []  # subscribed, in order
        self.requests = []  # (op, [topics], id), in order
        self.pings = 0
        self.pongs = 0
        self.arrivals = collections.deque()  # what counted for the limit, lately
        self.numbers = {}  # topic -> what its data carries instead of it
        self.asked = []  # (time, number) of the heartbeats that it has to answer
        self.told = []  # the numbers that it has answered

    def subscribed(self):
        return [topics for op, topics, _ in self.requests if op == "sub"]


class ProfileVenue(PyVenue):
    """Public members are switches: a test sets them from its own thread, and each is one assignment."""

    # A venue sees messages closer together than they were sent, by what the machine made them wait.
    WINDOW = 0.9

    def __init__(self, per_second=0, per_message=0, per_socket=0, counts_pings=False, interval=0.05, port=0, **named):
        self.per_second, self.per_message, self.per_socket = per_second, per_message, per_socket
        self.counts_pings = counts_pings
        self.interval = interval  # between two messages of each topic
        self.violations = []
        self.refused = set()  # topics
        self.refuses = "named"  # or "listed", "whole"
        self.excuse = ""  # of a refusal by name
        self.mute = lambda record, topic: False  # subscribed, but silent
        self.hold = False  # no answers; release() sends them
        self.loses_answers = False  # what is asked for is done, and nothing said
        self.refuses_twice = False  # a topic that is subscribed already
        self.number_of = None  # (record, topic) -> what stands in data instead of the topic, told by the answer
        self.asks = False  # for a sign of life, in each interval
        self.pack = lambda text: text  # what is sent, or bytes
        self.login = lambda record, request: {"event": "login", "ok": True}
        self.upgrade = lambda path: None  # or (status, headers, body)
        self.drop_after = 0  # requests, of each connection; 0 = never
        self.flood = 0  # pings in each interval
        self.attempts = []  # (time, path, status)
        self.n = 0
        self._held = []
        self._port = port
        super().__init__(**named)
        self._ticking = asyncio.run_coroutine_threadsafe(self._market(), self._loop)

    def stop(self):
        self._ticking.cancel()
        super().stop()

    def open_topics(self):
        """Each topic as often as it is subscribed."""
        return [topic for record in self.open_records() for topic in record.topics]

    def release(self, count=1):
        """Sends the oldest answers that are held."""
        wait_until(lambda: len(self._held) >= count, f"{count} answers that are held")
        self._call(self._release(count))

    async def _send_all(self, message, path):
        with contextlib.suppress(websockets.ConnectionClosed):  # meanwhile
            await super()._send_all(message, path)

    async def _release(self, count):
        for _ in range(count):
            record, socket, answer = self._held.pop(0)
            await self._answer(record, socket, *answer)

    async def _listen(self):
        self._server = await serve(
            self._serve, self._address, self.port or self._port, compression=None, ping_interval=None, max_size=None,
            close_timeout=2, process_request=self._upgrade,
            create_protocol=functools.partial(_Protocol, self._control))  # fmt: skip
        self.port = self._server.sockets[0].getsockname()[1]

    async def _upgrade(self, path, _headers):
        answer = self.upgrade(path)
        self.attempts.append((time.monotonic(), path, answer[0] if answer else 101))
        return (http.HTTPStatus(answer[0]), *answer[1:]) if answer else None

    async def _serve(self, socket):
        record = self._open[socket] = VenueRecord(socket)
        self.records.append(record)
        try:
            async for message in socket:
                record.received.append(message)
                await self._message(socket, record, message)
        except websockets.ConnectionClosed:
            pass
        finally:
            del self._open[socket]
            record.close_code = socket.close_code
            record.closed = True

    async def _control(self, socket, opcode):
        record = self._open.get(socket)
        if record is None:  # before its first turn, or after its last
            return
        if opcode == _PING:
            record.pings += 1
        else:
            record.pongs += 1
        if self.counts_pings:
            await self._count(socket, record, "a ping" if opcode == _PING else "a pong")

    async def _violated(self, socket, what):
        self.violations.append(what)
        await socket.close(1008, what)

    async def _count(self, socket, record, what):
        now = time.monotonic()
        record.arrivals.append(now)
        while record.arrivals[0] <= now - self.WINDOW:
            record.arrivals.popleft()
        if self.per_second and len(record.arrivals) > self.per_second:
            await self._violated(socket, f"{what} was one too many within a second")

    async def _say(self, socket, message):
        await socket.send(self.pack(json.dumps(message)))

    async def _message(self, socket, record, text):
        request = json.loads(text)
        op, topics = request["op"], request.get("topics", [])
        if "number" in request:
            topics = [topic for topic, number in record.numbers.items() if number == request["number"]]
        record.requests.append((op, topics, request["id"]))
        await self._count(socket, record, text)
        if self.per_message and len(topics) > self.per_message:
            await self._violated(socket, f"{len(topics)} topics in a message")
        if op == "ping":
            await self._say(socket, {"event": "pong"})
        elif op == "alive":
            record.told.append(request["said"])
        elif op == "login":
            await self._say(socket, self.login(record, request))
        elif self.hold:
            self._held.append((record, socket, (op, topics, request["id"])))
        else:
            await self._answer(record, socket, op, topics, request["id"])
        if self.drop_after and len(record.requests) >= self.drop_after:
            socket.transport.abort()

    async def _answer(self, record, socket, op, topics, number):
        answers = self._unsubscribe(record, topics) if op == "unsub" else self._subscribe(record, topics)
        if self.per_socket and len(record.topics) > self.per_socket:
            await self._violated(socket, f"{len(record.topics)} topics on a socket")
        for answer in [] if self.loses_answers else answers:
            await self._say(socket, {**answer, "id": number})

    @staticmethod
    def _unsubscribe(record, topics):
        record.topics = [topic for topic in record.topics if topic not in topics]
        for topic in topics:
            record.numbers.pop(topic, None)
        return [{"event": "ack"}]

    def _subscribe(self, record, topics):
        bad = [topic for topic in topics if topic in self.refused]
        if bad and self.refuses == "whole":
            return [{"event": "refused", "reason": "one of them is wrong"}]
        reasons = {topic: self.excuse or f"there is no {topic}" for topic in bad}
        if self.refuses_twice:
            reasons.update({topic: "subscribed already" for topic in topics if topic in record.topics})
        good = [topic for topic in topics if topic not in reasons]
        record.topics += [topic for topic in good if topic not in record.topics]
        if self.refuses == "listed":
            return [{"event": "listed", "accepted": good}]
        answers = [{"event": "refused", "name": topic, "reason": reason} for topic, reason in reasons.items()]
        return answers + self._acknowledgements(record, good)

    def _acknowledgements(self, record, topics):
        if not self.number_of:
            return [{"event": "ack"}] if topics else []
        record.numbers.update({topic: self.number_of(record, topic) for topic in topics})
        return [{"event": "numbered", "name": topic, "number": record.numbers[topic]} for topic in topics]

    async def _ask(self, socket, record):
        """For a sign of life; whoever owes one for too long is out."""
        record.asked.append((time.monotonic(), self.n))
        owed = record.asked[len(record.told):]
        await self._say(socket, {"event": "ask", "ask": {"number": self.n}})
        if owed[0][0] < time.monotonic() - 2 * PATIENCE:
            await self._violated(socket, f"no answer to {owed[0][1]}")

    async def _send_data(self, socket, record):
        for topic in list(record.topics):
            if self.mute(record, topic):
                continue
            named = {"number": record.numbers[topic], "of": topic} if topic in record.numbers else {"topic": topic}
            await self._say(socket, {**named, "n": self.n})

    async def _market(self):
        """The same messages on every connection, numbered."""
        while True:
            self.n += 1
            for socket, record in list(self._open.items()):
                if not socket.open:
                    continue
                try:
                    for _ in range(self.flood):
                        await socket.ping()
                    if self.asks:
                        await self._ask(socket, record)
                    await self._send_data(socket, record)
                except websockets.ConnectionClosed:
                    continue
            await asyncio.sleep(self.interval)
