"""A consumer as anyone could write it: pyzmq and the published contract, no library of fairlead's."""

import time

import zmq

from fairlead.v1 import stream_pb2
from waiting import wait_until

_PAYLOADS = {
    stream_pb2.KIND_STATE: stream_pb2.ConnectionEvent,
    stream_pb2.KIND_GAP: stream_pb2.Gap,
    stream_pb2.KIND_HEARTBEAT: stream_pb2.Heartbeat,
    stream_pb2.KIND_ALERT: stream_pb2.Alert,
    stream_pb2.KIND_WELCOME: stream_pb2.Welcome,
    stream_pb2.KIND_END: stream_pb2.End,
}
_NUMBERED = {stream_pb2.KIND_DATA, stream_pb2.KIND_STATE, stream_pb2.KIND_GAP}


class Message:
    __slots__ = ("topic", "payload", "time", "_head", "_header")

    def __init__(self, head, payload):
        topic, self._head = head.split(b"\0", 1)
        self.topic = topic.decode()
        self.payload = payload
        self.time = time.monotonic()
        self._header = None

    @property
    def header(self):
        if self._header is None:
            self._header = stream_pb2.Header.FromString(self._head)
        return self._header

    @property
    def kind(self):
        return self.header.kind

    @property
    def body(self):
        """The protobuf message of any kind but DATA."""
        return _PAYLOADS[self.kind].FromString(self.payload)

    def __repr__(self):
        text = self.payload[:60] if self.kind == stream_pb2.KIND_DATA else " ".join(str(self.body).split())
        return f"{self.topic} {stream_pb2.Kind.Name(self.kind)} #{self.header.sequence}: {text}"


class Consumer:
    """Records what arrives on `prefixes`, in order, whenever it is pumped; libzmq's thread keeps what comes meanwhile."""

    def __init__(self, context, endpoint, prefixes, welcome=False):
        self.messages = []
        self._socket = context.socket(zmq.SUB)
        self._socket.rcvhwm = 0
        self._socket.sndhwm = 0
        self._socket.linger = 0
        # The last filter is state/: its first heartbeat proves that the publisher knows all of them.
        for prefix in [*prefixes, "state/"]:
            self._socket.subscribe(prefix)
        if welcome:
            self._socket.subscribe("welcome/")
        self._socket.connect(endpoint)

    def wait_subscribed(self, seconds=10):
        self.wait(lambda: any(m.topic.startswith("state/") for m in self.messages), "a heartbeat on state/", seconds)

    def pump(self, milliseconds=10):
        """Takes what is there; waits up to `milliseconds` when there is nothing."""
        if not self._socket.poll(milliseconds):
            return
        try:
            while True:
                frames = self._socket.recv_multipart(zmq.DONTWAIT)
                if len(frames) == 1:  # the welcome
                    head, payload = frames[0].split(b"\0", 1)
                    frames = [head + b"\0" + _WELCOME_HEADER, payload]
                self.messages.append(Message(*frames))
        except zmq.Again:
            pass

    def wait(self, condition, what, seconds=10):
        def describe():
            return f"{what}; the last messages were {self.messages[-5:]}"

        return wait_until(condition, describe, seconds, self.pump)

    def of(self, topic, *kinds):
        return [m for m in self.messages if m.topic == topic and (not kinds or m.kind in kinds)]

    def data(self, topic):
        return [m.payload for m in self.of(topic, stream_pb2.KIND_DATA)]

    def states(self, topic):
        return [m.body for m in self.of(topic, stream_pb2.KIND_STATE)]

    def wait_data(self, topic, count, seconds=10):
        self.wait(lambda: len(self.data(topic)) >= count, f"{count} messages on {topic}", seconds)
        return self.data(topic)

    def wait_state(self, topic, state, count=1, seconds=10):
        def reached():
            found = [event for event in self.states(topic) if event.state == state]
            return found[count - 1] if len(found) >= count else None

        name = stream_pb2.ConnectionState.Name(state)
        return self.wait(reached, f"{name} for the {count}. time on {topic}", seconds)

    def sequence_errors(self):
        """Every breach of the rules of sequence and epoch, in words; empty if the stream was whole."""
        errors = []
        last = {}  # topic -> (epoch, sequence)
        for message in self.messages:
            header, topic = message.header, message.topic
            epoch, before = last.get(topic, (header.epoch, None))
            if header.epoch < epoch:
                errors.append(f"{message}: epoch went back from {epoch} to {header.epoch}")
            if header.epoch > epoch:  # the sidecar restarted, and this consumer may have come back late
                before = None
            if message.kind in _NUMBERED:
                if before is not None and header.sequence != before + 1:
                    errors.append(f"{message}: expected #{before + 1}")
                last[topic] = (header.epoch, header.sequence)
            elif message.kind in (stream_pb2.KIND_HEARTBEAT, stream_pb2.KIND_END):
                if header.sequence != 0:
                    errors.append(f"{message}: takes no number")
                if before is not None and message.body.next_sequence != before + 1:
                    errors.append(f"{message}: next_sequence should be {before + 1}")
                last[topic] = (header.epoch, message.body.next_sequence - 1)
        return errors

    def close(self):
        self._socket.close()


_WELCOME_HEADER = stream_pb2.Header(kind=stream_pb2.KIND_WELCOME).SerializeToString()
