"""What the tests of redundant legs, rotation, endpoints and shards share: a venue whose messages are numbered, and the
question whether a consumer has each number once and in order."""

import json

from fairlead.v1 import stream_pb2
from harness import SidecarTest
from node_venue import NodeVenue
from waiting import SANITIZED, wait_until

DISCONNECTED = stream_pb2.CONNECTION_STATE_DISCONNECTED
CONNECTED = stream_pb2.CONNECTION_STATE_CONNECTED
RATE = 500 if SANITIZED else 5_000  # messages a second
STATE = "state/venue/"

# Of a connection to the market: the channel of a message, and what makes its copies the same.
KEYS = {"channel": "/c", "dedupe": ["/c", "/n"], "sequence": {"field": "/n"}}
QUICK = {"initial_delay": "50ms", "max_delay": "50ms", "max_retries": 0}


def topic_of(channel):
    return f"data/venue/{channel}/"


class MarketTest(SidecarTest):
    def start(self, channels, venue=None, settings=None, rate=RATE, sockets=None, **keys):
        """A sidecar with the connection `venue`, a consumer that is there from the beginning, and a market that has
        begun. `keys` are those of the connection."""
        self.channels = channels
        self.market = venue or self.venue(NodeVenue)
        connection = {**KEYS, "subscriptions": [f"sub {name}" for name in channels], "network": QUICK, **keys}
        if "url" not in connection and "urls" not in connection:
            connection["url"] = self.market.url()
        self.sidecar_ = self.sidecar({"venue": connection}, settings)
        self.seen = self.consumer(self.sidecar_, "data/")
        self.wait_sockets(sockets or connection.get("legs", 1))
        self.sidecar_.wait_connected("venue")
        self.wait_subscribed()
        self.market.market(channels, rate)
        return self.sidecar_, self.seen

    def status(self):
        return self.sidecar_.control.status("venue")

    def sockets(self):
        return [socket for socket in self.status().sockets if socket.status == CONNECTED]

    def wait_sockets(self, count, seconds=10):
        """Until `count` sockets are connected; the consumer reads meanwhile."""
        return self.wait(lambda: len(self.sockets()) == count, f"{count} connected sockets", seconds)

    def wait_subscribed(self):
        """Until every connection at the venue has sent what it wants."""
        self.wait(lambda: all(record.channels for record in self.market.open_records()), "the subscriptions at the venue")

    def wait(self, condition, what, seconds=10):
        def describe():
            return f"{what}; the last messages were {self.seen.messages[-5:]}; the status is {self.status()}"

        return wait_until(condition, describe, seconds, self.seen.pump)

    def numbers(self, channel):
        return [json.loads(text)["n"] for text in self.seen.data(topic_of(channel))]

    def count(self):
        return sum(1 for message in self.seen.messages if message.kind == stream_pb2.KIND_DATA)

    def flow(self, messages, seconds=30):
        """Until so many more messages have arrived."""
        until = self.count() + messages
        self.wait(lambda: self.count() >= until, f"{messages} more messages", seconds)

    def finish(self):
        """Ends the market and waits for its last messages. {channel: last number}"""
        last = self.market.stop_market()
        self.wait(lambda: all(any(json.loads(m.payload)["n"] == number
                                  for m in self.seen.of(topic_of(name), stream_pb2.KIND_DATA)[-50:])
                              for name, number in last.items()), f"the last messages, {last}")  # fmt: skip
        return last

    def assert_nothing_lost(self):
        """Each number once and in order, no gap, no interruption."""
        last = self.finish()
        for channel in self.channels:
            self.assertEqual(_breaks(self.numbers(channel), last[channel]), [], channel)
        self.assertEqual([m for m in self.seen.messages if m.kind == stream_pb2.KIND_GAP], [])
        self.assertEqual([m for m in self.seen.messages
                          if m.kind == stream_pb2.KIND_STATE and m.body.state == DISCONNECTED], [])  # fmt: skip
        self.assert_whole(self.seen)
        return last

    def gaps(self, channel):
        return [message for message in self.seen.of(topic_of(channel), stream_pb2.KIND_GAP)]


def _breaks(numbers, last):
    """(what was expected, what came), for each place where it differs; empty = 1, 2, 3 ... last."""
    breaks = [(before + 1, number) for before, number in zip([0, *numbers], numbers) if number != before + 1]
    if (numbers[-1] if numbers else 0) != last:
        breaks.append((last, "the end"))
    return breaks
