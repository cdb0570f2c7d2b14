"""The recent past fetched again: late joiners, replays as streams and in pages, what is held no more, last values."""

import json
import threading
import unittest

import zmq

from consumer import Message
from control import make_request
from fairlead.v1 import control_pb2, stream_pb2
from harness import FAIRLEADCTL, SidecarTest, run_program
from py_venue import PyVenue
from waiting import PATIENCE, Timeout, wait_until

TOPIC = "data/a/all/"
DATA = stream_pb2.KIND_DATA
END = stream_pb2.KIND_END
REPLAYED = stream_pb2.FLAG_REPLAYED
NUMBERED = (stream_pb2.KIND_DATA, stream_pb2.KIND_STATE, stream_pb2.KIND_GAP)


class Dealer:
    """A DEALER as anyone could write it: sends a request, reads one Reply and then a stream."""

    def __init__(self, context, endpoint):
        self.socket = context.socket(zmq.DEALER)
        self.socket.linger = 0
        self.socket.rcvhwm = 0
        self.socket.connect(endpoint)

    def ask(self, command, **fields):
        request = make_request(command, stream=True, **fields)
        self.socket.send(request.SerializeToString())
        return request.request_id

    def frames(self, seconds=10):
        if not self.socket.poll(seconds * PATIENCE * 1000):
            raise Timeout("nothing more comes on the DEALER")
        return self.socket.recv_multipart()

    def stream(self, command, **fields):
        """(Reply, messages, the last of which is END); without messages where the Reply is a refusal."""
        request_id = self.ask(command, **fields)
        reply = control_pb2.Reply.FromString(self.frames()[0])
        messages = []
        while reply.code == control_pb2.CODE_OK and not (messages and messages[-1].kind == END):
            head, payload = self.frames()
            messages.append(Message(head, payload))
            if messages[-1].header.request_id != request_id:
                raise AssertionError(f"{messages[-1]} answers {messages[-1].header.request_id}, not {request_id}")
        return reply, messages


class ReplayTest(SidecarTest):
    def _start(self, journal=None, **connection):
        self.venue_ = self.venue(PyVenue)
        settings = {"journal": journal} if journal else None
        self.sidecar_ = self.sidecar({"a": {"url": self.venue_.url(), **connection}}, settings)
        self.control = self.sidecar_.control
        self.sidecar_.wait_connected("a")
        self.sent = 0

    def _send(self, count):
        for _ in range(count):
            self.sent += 1
            self.venue_.send_all(f"message {self.sent}")

    def _wait_published(self, count):
        self.sidecar_.wait_status("a", lambda status: status.messages >= count, f"{count} messages")

    def _dealer(self):
        dealer = Dealer(self.context, self.sidecar_.control_endpoint)
        self.addCleanup(dealer.socket.close)
        return dealer

    def _splice(self, replayed, live):
        """Every number once: the replayed ones, then those that came live; both hold the same where they overlap."""
        whole = {message.header.sequence: message for message in replayed if message.kind in NUMBERED}
        for message in live:
            if message.kind not in NUMBERED:
                continue
            again = whole.setdefault(message.header.sequence, message)
            self.assertEqual(again.payload, message.payload)
            self.assertEqual(again.header.receive_time_ns, message.header.receive_time_ns)
        self.assertEqual(sorted(whole), list(range(1, len(whole) + 1)))
        data = [whole[number].payload for number in sorted(whole) if whole[number].kind == DATA]
        self.assertEqual(data, [b"message %d" % (n + 1) for n in range(len(data))])
        return data

    def _pages(self, **fields):
        """The messages of a whole replay, page by page, over REQ."""
        messages = []
        while True:
            reply = self.control("replay", **fields)
            self.assertEqual(reply.code, control_pb2.CODE_OK, reply.message)
            messages += [Message(message.head, message.payload) for message in reply.replay.messages]
            if not reply.replay.next_from:
                return messages, reply.replay
            fields["from"] = reply.replay.next_from

    def test_a_late_joiner_splices_the_past_with_what_is_live(self):
        self._start()
        self._send(300)
        self._wait_published(300)
        stop = threading.Event()

        def go_on():
            while not stop.is_set():
                self._send(1)

        live_traffic = threading.Thread(target=go_on)
        live_traffic.start()
        try:
            consumer = self.consumer(self.sidecar_, TOPIC)
            consumer.wait(lambda: consumer.data(TOPIC), "something live")
            epoch = consumer.messages[0].header.epoch
            reply, streamed = self._dealer().stream("replay", topic=TOPIC, epoch=epoch)
            paged, last_page = self._pages(topic=TOPIC, epoch=epoch, max_messages=100)
        finally:
            stop.set()
            live_traffic.join()
        self._wait_published(self.sent)
        consumer.wait(lambda: consumer.data(TOPIC)[-1:] == [b"message %d" % self.sent], "the last message")

        self.assertEqual(reply.replay.code, stream_pb2.END_CODE_OK)
        end = streamed.pop()
        self.assertEqual((end.topic, end.body.code), (TOPIC, stream_pb2.END_CODE_OK))
        self.assertEqual(end.body.oldest_sequence, 1)
        self.assertTrue(all(message.header.flags & REPLAYED for message in streamed + paged))
        self.assertEqual(last_page.code, stream_pb2.END_CODE_OK)
        live = consumer.of(TOPIC)
        self.assertGreater(min(m.header.sequence for m in live if m.kind == DATA), 300)
        self.assertEqual(len(self._splice(streamed, live)), self.sent)
        self.assertEqual(len(self._splice(paged, live)), self.sent)
        self.assert_whole(consumer)

    def test_a_snapshot_tells_every_topic_in_both_forms(self):
        self._start(channel="/c")
        for number in range(3):
            for channel in ("one", "two"):
                self.venue_.send_all(json.dumps({"c": channel, "n": number}))
        self._wait_published(6)
        paged = []
        after = ""
        while True:
            reply = self.control("snapshot", prefixes=["data/", "state/a/"], after=after, max_topics=1)
            paged += list(reply.snapshot.topics)
            after = reply.snapshot.after
            if not after:
                break
        self.assertEqual([t.topic for t in paged], ["data/a/one/", "data/a/two/", "state/a/"])
        reply, streamed = self._dealer().stream("snapshot", prefixes=["data/", "state/a/"])
        end = streamed.pop()
        self.assertEqual((end.topic, end.body.code), ("system/", stream_pb2.END_CODE_OK))
        self.assertEqual([m.topic for m in streamed],
                         ["data/a/one/", "data/a/one/", "data/a/two/", "data/a/two/", "state/a/", "state/a/"])  # fmt: skip
        for snapshot, value, beat in zip(paged, streamed[::2], streamed[1::2]):
            with self.subTest(snapshot.topic):
                last = Message(snapshot.last.head, snapshot.last.payload)
                self.assertEqual((last.header.sequence, last.payload), (value.header.sequence, value.payload))
                self.assertTrue(value.header.flags & REPLAYED)
                self.assertFalse(beat.header.flags & REPLAYED)
                self.assertEqual(beat.body.next_sequence, snapshot.next_sequence)
                self.assertEqual(value.header.sequence, snapshot.next_sequence - 1)
        self.assertEqual(json.loads(paged[1].last.payload), {"c": "two", "n": 2})
        self.assertEqual(reply.snapshot.epoch, end.header.epoch)

    def test_what_is_held_no_more_is_said(self):
        self._start({"messages_per_topic": 10})
        self._send(50)
        self._wait_published(50)
        reply, messages = self._dealer().stream("replay", topic=TOPIC, **{"from": 20})
        end = messages.pop()
        newest = end.body.next_sequence - 1
        self.assertGreaterEqual(newest, 50)
        self.assertEqual(reply.replay.code, stream_pb2.END_CODE_TRUNCATED)
        self.assertEqual(end.body.code, stream_pb2.END_CODE_TRUNCATED)
        self.assertEqual(end.body.oldest_sequence, newest - 9)
        self.assertEqual([m.header.sequence for m in messages], list(range(newest - 9, newest + 1)))
        paged, last = self._pages(topic=TOPIC, **{"from": 20, "to": 30})
        self.assertEqual((paged, last.code, last.oldest_sequence), ([], stream_pb2.END_CODE_TRUNCATED, newest - 9))
        paged, last = self._pages(topic=TOPIC, **{"from": newest - 9})
        self.assertEqual((len(paged), last.code), (10, stream_pb2.END_CODE_OK))

    def test_the_cap_of_bytes_holds_for_all_topics_together(self):
        self._start({"max_bytes": "64KiB"}, channel="/c")
        for number in range(40):
            self.venue_.send_all(json.dumps({"c": str(number % 2), "filling": "x" * 8000}))
        self._wait_published(40)
        status = self.control("get_status").status
        self.assertLessEqual(status.journal_bytes, 64 * 1024)
        self.assertGreater(status.journal_evicted, 30)
        self.assertLess(status.journal_messages, 10)
        _, messages = self._dealer().stream("replay", topic="data/a/0/", **{"from": 1})
        self.assertEqual(messages.pop().body.code, stream_pb2.END_CODE_TRUNCATED)
        self.assertGreater(len(messages), 0)

    def test_refusals_and_another_epoch(self):
        self._start()
        self._send(3)
        self._wait_published(3)
        dealer = self._dealer()
        reply, messages = dealer.stream("replay", topic=TOPIC, epoch=5)
        self.assertEqual(reply.replay.code, stream_pb2.END_CODE_EPOCH_CHANGED)
        self.assertEqual([m.body.code for m in messages], [stream_pb2.END_CODE_EPOCH_CHANGED])
        self.assertEqual(dealer.stream("replay", topic="data/a/nothing/")[0].code, control_pb2.CODE_NOT_FOUND)
        self.assertEqual(dealer.stream("replay", topic=TOPIC, request_id=0)[0].code, control_pb2.CODE_INVALID)
        refused = self.control("replay", topic=TOPIC, stream=True)  # over REQ
        self.assertEqual(refused.code, control_pb2.CODE_INVALID)
        self.assertIn("DEALER", refused.message)

    def test_a_repeated_request_makes_no_second_stream(self):
        self._start()
        self._send(200)
        self._wait_published(200)
        dealer = self._dealer()
        request_id = dealer.ask("replay", topic=TOPIC)
        dealer.ask("replay", topic=TOPIC, request_id=request_id)
        replies, numbers, ends = 0, [], 0
        while not ends or replies < 2:
            frames = dealer.frames()
            if len(frames) == 1:
                replies += 1
                continue
            message = Message(*frames)
            ends += message.kind == END
            numbers += [message.header.sequence] if message.kind != END else []
        # The repetition came while the stream ran, or after it: then it is a new one.
        if len(numbers) > len(set(numbers)):
            self.assertEqual(self.control("get_status").status.replays, 2)
        else:
            self.assertEqual(numbers, list(range(1, len(numbers) + 1)))
            self.assertEqual(self.control("get_status").status.replays, 1)

    def test_a_client_that_goes_away_is_given_up(self):
        self._start({"messages_per_topic": 100000, "max_bytes": "256MiB"})
        for _ in range(3):
            self.venue_.send_all("x" * 4_000_000)
        self._send(1500)
        self._wait_published(1503)
        dealer = Dealer(self.context, self.sidecar_.control_endpoint)
        dealer.ask("replay", topic=TOPIC)
        dealer.frames()
        dealer.socket.close()

        def ended():
            status = self.control("get_status").status
            return status.replays == 1 and status.replays_active == 0

        wait_until(ended, "no stream is left")

    def test_last_value_gives_a_newcomer_the_last_message_as_it_was(self):
        self._start(last_value=True)
        first = self.consumer(self.sidecar_, TOPIC)
        self._send(5)
        first.wait_data(TOPIC, 5)
        live = first.of(TOPIC, DATA)[-1]
        late = self.consumer(self.sidecar_, TOPIC, wait=False)
        late.wait(lambda: late.of(TOPIC, DATA), "the last value")
        beat, again = late.of(TOPIC)[:2]
        self.assertEqual(again.payload, b"message 5")
        self.assertEqual(again.header.flags, REPLAYED)
        self.assertEqual((again.header.sequence, again.header.receive_time_ns, again.header.session),
                         (live.header.sequence, live.header.receive_time_ns, live.header.session))  # fmt: skip
        # The baseline comes first: no number between the two can be taken for a loss.
        self.assertEqual(beat.kind, stream_pb2.KIND_HEARTBEAT)
        self.assertEqual(beat.body.next_sequence, again.header.sequence + 1)

    def test_gaps_are_listed_after_an_outage(self):
        self._start()
        self._send(1)
        self._wait_published(1)
        self.venue_.close_all(1001, "going away")
        self.sidecar_.wait_status("a", lambda status: status.session == 2 and status.ready, "connected again")
        self._send(1)
        self._wait_published(2)
        gaps = self.control("list_gaps", connection="a").gaps.gaps
        self.assertEqual([(g.topic, g.gap.cause) for g in gaps], [(TOPIC, stream_pb2.GAP_CAUSE_UPSTREAM)])
        _, messages = self._dealer().stream("replay", topic=TOPIC, **{"from": gaps[0].sequence, "to": gaps[0].sequence})
        self.assertEqual(messages[0].body, gaps[0].gap)
        self.assertEqual(len(self.control("list_gaps", since_ns=gaps[0].gap.to_ns).gaps.gaps), 0)
        self.assertEqual(self.control("list_gaps", connection="nobody").code, control_pb2.CODE_NOT_FOUND)
        self.assertEqual(self.control("get_status").status.gaps, 1)

    def test_welcome_tells_the_depth(self):
        for depth in (0, 7):
            with self.subTest(depth):
                self._start({"messages_per_topic": depth})
                consumer = self.consumer(self.sidecar_, TOPIC, welcome=True)
                consumer.wait(lambda: consumer.of("welcome/"), "the welcome")
                self.assertEqual(consumer.of("welcome/")[0].body.replay_depth, depth)

    def _ctl(self, *arguments):
        return run_program(FAIRLEADCTL, *arguments, environment={"FAIRLEAD_CONTROL": self.sidecar_.control_endpoint})

    def test_fairleadctl_shows_the_past(self):
        self._start({"messages_per_topic": 1500})
        self._send(2500)
        self._wait_published(2500)
        shown = self._ctl("replay", "a/all/")
        self.assertEqual((shown.returncode, shown.stderr), (0, ""))
        lines = [line for line in shown.stdout.splitlines() if not line.startswith("#")]
        self.assertEqual(len(lines), 1500)
        self.assertTrue(lines[-1].endswith("message 2500"), lines[-1])
        truncated = self._ctl("replay", TOPIC, "--from", "1", "--to", "1200")
        self.assertEqual(truncated.returncode, 1)
        self.assertIn("truncated", truncated.stderr)
        pages = [json.loads(line) for line in self._ctl("--json", "replay", TOPIC).stdout.splitlines()]
        self.assertEqual(sum(len(page["replay"]["messages"]) for page in pages), 1500)
        self.assertEqual(len(pages), 2)

        snapshot = self._ctl("snapshot", "a/").stdout
        self.assertIn(f"# {TOPIC} next is #", snapshot)
        self.assertIn("message 2500", snapshot)
        self.assertEqual(json.loads(self._ctl("snapshot", "--json").stdout)["code"], "CODE_OK")
        self.assertEqual(self._ctl("gaps").stdout, "no gaps\n")
        self.assertEqual(self._ctl("gaps", "nobody").returncode, 1)
        self.assertEqual(self._ctl("replay", "data/a/nothing/").returncode, 1)
        self.assertEqual(json.loads(self._ctl("gaps", "--json").stdout)["gaps"]["forgotten"], "0")


if __name__ == "__main__":
    unittest.main(verbosity=2)
