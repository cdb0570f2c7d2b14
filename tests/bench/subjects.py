"""What is measured: fairlead, the relay that one would write instead, and what ZeroMQ and a socket cost alone. Each is
a chain of programs from a source of messages to its consumers."""

import contextlib
import dataclasses
import json
import os
import sys
import tempfile

import operators
from processes import Failure, Program

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from certificates import Authority  # noqa: E402

HIGH_WATER_MARK = 65536
CONSUMER_SECONDS = 90
PATIENCE = 10  # seconds for a start
WRAPPED_PATIENCE = 60  # of a program that runs inside another one


@dataclasses.dataclass(frozen=True)
class Shape:
    """How many of what stand between the venue and the consumers."""

    connections: int = 1
    channels: int = 1  # of each connection
    consumers: int = 1
    tls: bool = False
    journal: bool = True

    @property
    def streams(self):
        return self.connections * self.channels


class Chain:
    """Started programs: orders go to `source`, the processor time of `relay` is measured, `consumers` count."""

    def __init__(self, source, relay, consumers, patience=PATIENCE):
        self.source = source
        self._patience = patience
        self.relay = relay
        self.consumers = consumers

    def wait_first(self):
        return [consumer.fact("first_ns", self._patience, self.relay)["first_ns"] for consumer in self.consumers]

    def wait_sent(self, seconds):
        """How many messages were sent, when the load is out."""
        return self.source.fact("sent", seconds, unless=self.relay)["sent"]

    def wait_complete(self, seconds):
        """What each consumer has seen. It is complete when it has seen every stream end, and ends itself."""
        return [consumer.fact("complete", seconds, unless=self._relay_beside(consumer)) for consumer in self.consumers]

    def _relay_beside(self, consumer):
        return None if consumer is self.relay else self.relay


class Workshop:
    """Where the programs are, and certificates for the whole run."""

    def __init__(self, programs, directory):
        self._programs = programs
        self.directory = directory
        self._certificates = None
        self.ca_file = os.path.join(directory, "authority", "ca.pem")

    def program(self, name):
        return os.path.join(self._programs, name)

    def certificates(self):
        if not self._certificates:
            self._certificates = Authority(os.path.join(self.directory, "authority")).server("localhost")
        return self._certificates


class Subject:
    """`name` heads its column."""

    has_relay = True

    def __init__(self, workshop, name, wrapper=()):
        self.workshop = workshop
        self.name = name
        self.wrapper = wrapper
        self._patience = WRAPPED_PATIENCE if wrapper else PATIENCE

    @contextlib.contextmanager
    def chain(self, shape, on_start=None):
        """`on_start` is called just before the relay is started; its consumers wait for it then."""
        with contextlib.ExitStack() as stack, tempfile.TemporaryDirectory(dir=self.workshop.directory) as directory:
            yield self._start(stack, directory, shape, on_start or (lambda source: None))

    def _start(self, stack, directory, shape, on_start):
        source = self._venue(stack, shape)
        port = source.fact("port")["port"]
        endpoint = f"ipc://{directory}/s"
        consumers = self._consumers(stack, shape, endpoint)
        url = f"{'wss://localhost' if shape.tls else 'ws://127.0.0.1'}:{port}/"
        on_start(source)
        relay = stack.enter_context(self.start_relay(directory, endpoint, url, shape))
        try:
            source.fact("connected", self._patience, unless=relay)
        except Failure as failure:
            raise Failure(f"{failure}; {self.name}: {self.last_words()}") from None
        return Chain(source, relay, consumers, self._patience)

    def _venue(self, stack, shape):
        arguments = ["--connections", shape.connections, "--channels", shape.channels]
        if shape.tls:
            certificate, key = self.workshop.certificates()
            arguments += ["--cert", certificate, "--key", key]
        return stack.enter_context(Program(self.workshop.program("venue_blast"), *arguments))

    def _consumers(self, stack, shape, endpoint):
        return [
            stack.enter_context(Program(self.workshop.program("latency_sub"), "--endpoint", endpoint,
                                        "--streams", shape.streams, "--seconds", CONSUMER_SECONDS))
            for _ in range(shape.consumers)]  # fmt: skip

    def start_relay(self, directory, endpoint, url, shape):
        raise NotImplementedError

    def last_words(self):
        return "has not connected"

    def own_values(self):
        """What a relay that still runs has measured itself."""
        return {}


class Fairlead(Subject):
    def __init__(self, workshop, name, path, keys=(), wrapper=()):
        super().__init__(workshop, name, wrapper)
        self._path = path
        self._keys = keys

    def start_relay(self, directory, endpoint, url, shape):
        config = os.path.join(directory, "fairlead.toml")
        with open(config, "w", encoding="utf-8") as file:
            file.write(self._config(directory, endpoint, url, shape))
        with open(self._log(), "ab") as log:
            return Program(*self.wrapper, self._path, "run", "--config", config, log=log)

    def last_words(self):
        with open(self._log(), encoding="utf-8", errors="replace") as file:
            return (file.read().splitlines() or ["wrote no log"])[-1]

    def _log(self):
        return os.path.join(self.workshop.directory, f"{self.name}.log")

    def _config(self, directory, endpoint, url, shape):
        lines = [
            "[stream]", f'endpoint = "{endpoint}"', f"high_water_mark = {HIGH_WATER_MARK}",
            "[control]", f'endpoint = "ipc://{directory}/c"',
            "[http]", 'listen = ""',
            "[log]", 'level = "warning"']  # fmt: skip
        if not shape.journal:
            lines += ["[journal]", "messages_per_topic = 0"]
        for index in range(shape.connections):
            lines += [f"[connections.c{index}]", f"url = {json.dumps(url)}", 'channel = "/s"', *self._keys]
            if shape.tls:
                lines.append(f"tls.ca_file = {json.dumps(self.workshop.ca_file)}")
        return "\n".join(lines) + "\n"


class Observed(Fairlead):
    """With its HTTP server on; `watched` = and with those who ask it. Tells also what it has measured itself."""

    def __init__(self, workshop, name, path, watched, keys=()):
        super().__init__(workshop, name, path, keys)
        self._watched = watched
        self._port = 0
        self.answers = 0

    def _config(self, directory, endpoint, url, shape):
        self._port = operators.free_port()
        return super()._config(directory, endpoint, url, shape).replace('listen = ""', f'listen = "127.0.0.1:{self._port}"')

    @contextlib.contextmanager
    def chain(self, shape, on_start=None):
        with super().chain(shape, on_start) as chain:
            if not self._watched:
                yield chain
                return
            with operators.Operators(self._port) as asking:
                yield chain
            if asking.failures or not asking.answers:
                raise Failure(f"{self.name}: {asking.failures} of {asking.answers + asking.failures} answers were none")
            self.answers += asking.answers

    def own_values(self):
        """Of the whole run of the relay, from the read to the hand-over to ZeroMQ."""
        return {"forward_p99_us": 1e6 * operators.forward_latency(self._port, 0.99)}


class Plain(Subject):
    def start_relay(self, directory, endpoint, url, shape):
        arguments = ["--bind", endpoint, "--url", url, "--connections", shape.connections, "--hwm", HIGH_WATER_MARK]
        if shape.tls:
            arguments += ["--ca", self.workshop.ca_file]
        return Program(*self.wrapper, self.workshop.program("plain_relay"), *arguments)


class SocketFloor(Subject):
    """A socket, and frames cut where they lie."""

    has_relay = False

    def _start(self, stack, directory, shape, on_start):
        if shape.connections > 1 or shape.tls:
            raise Failure("a socket alone has one connection and no TLS")
        source = self._venue(stack, shape)
        port = source.fact("port")["port"]
        floor = stack.enter_context(
            Program(self.workshop.program("ws_floor"), "--port", port, "--streams", shape.streams))  # fmt: skip
        source.fact("connected")
        return Chain(source, floor, [floor])


class ZeromqFloor(Subject):
    """PUB and SUB."""

    has_relay = False

    def _start(self, stack, directory, shape, on_start):
        endpoint = f"ipc://{directory}/s"
        source = stack.enter_context(
            Program(self.workshop.program("zmq_floor"), "--bind", endpoint, "--streams", shape.streams,
                    "--hwm", HIGH_WATER_MARK))  # fmt: skip
        return Chain(source, source, self._consumers(stack, shape, endpoint))
