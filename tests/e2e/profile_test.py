"""What the tests of venues with a profile share: a sidecar that has the dialect of ProfileVenue in a file of its own, and
what its subscriptions have come to."""

import json
import os

from fairlead.v1 import stream_pb2
from harness import FAIRLEADCTL, SidecarTest, run_program
from profile_venue import ProfileVenue, profile
from waiting import wait_until

DISCONNECTED = stream_pb2.CONNECTION_STATE_DISCONNECTED
STATE = "state/venue/"
QUICK = {"initial_delay": "50ms", "max_delay": "50ms", "max_retries": 0}


def topic_of(name):
    return f"data/venue/{name}/"


class ProfileTest(SidecarTest):
    def start(self, topics, venue=None, dialect=None, settings=None, environment=None, late=False, **keys):
        """A sidecar with the connection `venue`, and a consumer of everything. `dialect` are arguments of profile(), `keys`
        are those of the connection. With `late` the venue opens when the consumer is there."""
        self.market = venue or self.venue(ProfileVenue)
        if late:
            self.market.kill()
        connection = {"profile": "dialect", "url": self.market.url(), "network": QUICK, **keys}
        if topics:
            connection["subscriptions"] = topics
        self.sidecar_ = self.sidecar({"venue": connection}, settings, environment, start=False)
        os.mkdir(os.path.join(self.sidecar_.directory, "venues"))
        with open(os.path.join(self.sidecar_.directory, "venues", "dialect.toml"), "w", encoding="utf-8") as file:
            file.write(profile(**(dialect or {})))
        self.seen = self.consumer(self.sidecar_, "data/", wait=False)
        self.sidecar_.start()
        self.seen.wait_subscribed()
        if late:
            self.market.restart()
        return self.market, self.seen

    def ctl(self, *arguments):
        return run_program(FAIRLEADCTL, "--control", self.sidecar_.control_endpoint, *arguments)

    def subscriptions(self):
        """{topic: what `fairleadctl subscriptions --json` tells of it}"""
        result = self.ctl("--json", "subscriptions")
        self.assertEqual(result.returncode, 0, result.stderr)
        told = json.loads(result.stdout)
        return {one["channel"]: one for one in told["subscriptions"]["subscriptions"]}

    def states(self):
        listed = self.sidecar_.control("list_subscriptions", connection="venue").subscriptions.subscriptions
        return {one.channel: stream_pb2.SubscriptionState.Name(one.state)[len("SUBSCRIPTION_STATE_"):].lower()
                for one in listed}  # fmt: skip

    def wait(self, condition, what, seconds=10):
        def describe():
            return f"{what}; the last messages were {self.seen.messages[-5:]}; the status is {self.status()}"

        return wait_until(condition, describe, seconds, self.seen.pump)

    def wait_flowing(self, topics, seconds=10):
        topics = set(topics)

        def others():
            return {name: state for name, state in self.states().items() if name in topics and state != "flowing"}

        def are_flowing():
            return len(topics & set(self.states())) == len(topics) and not others()

        self.seen.pump()
        wait_until(are_flowing, lambda: f"all to flow; {others()}", seconds, lambda: self.seen.pump(50))

    def status(self):
        return self.sidecar_.control.status("venue")

    def events(self, cause=None):
        """What was told on state/venue/."""
        return [event for event in self.seen.states(STATE) if cause in (None, event.cause)]

    def losses(self):
        return [event for event in self.events() if event.state == DISCONNECTED and event.previous != DISCONNECTED]

    def told(self, topic):
        """[(state, detail)] of a subscription, as told on state/venue/."""
        return [(stream_pb2.SubscriptionState.Name(event.subscription.state)[len("SUBSCRIPTION_STATE_"):].lower(),
                 event.subscription.detail) for event in self.events(stream_pb2.CAUSE_SUBSCRIPTION)
                if event.subscription.channel == topic]  # fmt: skip

    def numbers(self, topic):
        return [json.loads(text)["n"] for text in self.seen.data(topic_of(topic))]

    def assert_contiguous(self, topic):
        numbers = self.numbers(topic)
        self.assertTrue(numbers, topic)
        self.assertEqual(numbers, list(range(numbers[0], numbers[0] + len(numbers))), topic)
