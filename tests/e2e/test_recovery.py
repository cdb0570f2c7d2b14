"""A consumer on the C++ client is stopped under load until messages are lost to it, and goes on: what the journal still
holds it gets, once and in order, and of the rest it knows exactly what is missing."""

import os
import signal
import subprocess
import unittest

from harness import SidecarTest
from node_venue import NodeVenue
from waiting import PATIENCE, SANITIZED, wait_until

CONSUMER = os.environ["RECORDING_CONSUMER"]
TOPIC = "data/venue/all/"
RATE = 1_000 if SANITIZED else 2_000
SIZE = 500
# For how long it is stopped, as far as the load can tell: so many seconds of messages.
PAUSE = int(os.environ.get("FAIRLEAD_TEST_PAUSE", "6" if SANITIZED else "3"))
LOST_AT_LEAST = 500
BEFORE = RATE // 2


class Message:
    def __init__(self, epoch, sequence, flag, text):
        self.epoch = int(epoch)
        self.sequence = int(sequence)
        self.again = flag == "again"
        self.id = int(text[:10])


class Gap:
    def __init__(self, cause, outcome, first, last, count):
        self.cause = cause
        self.lost = outcome == "lost"
        self.first = int(first)
        self.last = int(last)
        self.count = int(count)

    def numbers(self):
        return range(self.first, self.last + 1) if self.count else range(0)


class RecordingConsumer:
    """The program, and what it has written so far about one topic."""

    def __init__(self, endpoint, directory):
        self.told = []  # Message and Gap, in order
        self.epochs = []  # of the sidecars that it has reached
        self.counters = None
        self._rest = b""
        self._output = os.path.join(directory, "consumer.out")
        self._errors = os.path.join(directory, "consumer.err")
        with open(self._output, "wb") as output, open(self._errors, "wb") as errors:
            self._process = subprocess.Popen(
                [CONSUMER, endpoint, "data/"], stdin=subprocess.DEVNULL, stdout=output, stderr=errors)  # fmt: skip
        self._reader = open(self._output, "rb")  # noqa: SIM115

    def messages(self):
        return [told for told in self.told if isinstance(told, Message)]

    def gaps(self):
        return [told for told in self.told if isinstance(told, Gap)]

    def pause(self):
        self._process.send_signal(signal.SIGSTOP)
        # It has really stopped when the kernel says so.
        wait_until(lambda: self._state() == "T", "the consumer to stop")

    def proceed(self):
        self._process.send_signal(signal.SIGCONT)

    def wait(self, condition, what, seconds=30):
        def look():
            self.read()
            return condition()

        wait_until(look, lambda: f"{what}; the last that it told is {[vars(t) for t in self.told[-3:]]}", seconds)

    def wait_id(self, number, seconds=30):
        self.wait(lambda: any(m.id == number for m in self.messages()[-5_000:]), f"message {number}", seconds)

    def read(self):
        *lines, self._rest = (self._rest + self._reader.read()).split(b"\n")
        for line in lines:
            kind, *words = line.decode().split(" ")
            if kind == "M" and words[0] == TOPIC:
                self.told.append(Message(*words[1:]))
            elif kind == "G" and words[0] == TOPIC:
                self.told.append(Gap(*words[1:]))
            elif kind == "W":
                self.epochs.append(int(words[0]))
            elif kind == "C":
                names = ("recovered", "lost", "replays", "failed", "buffered", "peak")
                self.counters = dict(zip(names, map(int, words), strict=True))

    def finish(self):
        """Its exit code and its errors."""
        self._process.terminate()
        code = self._process.wait(10 * PATIENCE)
        self.read()
        with open(self._errors, encoding="utf-8") as errors:
            return code, errors.read()

    def close(self):
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGCONT)
            self._process.kill()
            self._process.wait()
        self._reader.close()

    def _state(self):
        with open(f"/proc/{self._process.pid}/stat", encoding="utf-8") as stat:
            return stat.read().rpartition(") ")[2][0]


class RecoveryTest(SidecarTest):
    def _start(self, journal):
        venue = self.venue(NodeVenue)
        sidecar = self.sidecar(
            {"venue": {"url": venue.url()}},
            {"stream": {"high_water_mark": 500}, "journal": {"messages_per_topic": journal}})  # fmt: skip
        sidecar.wait_connected("venue")
        consumer = RecordingConsumer(sidecar.stream, sidecar.directory)
        self.addCleanup(consumer.close)
        consumer.wait(lambda: consumer.epochs, "the welcome")
        return venue, sidecar, consumer

    def _finish(self, consumer):
        code, errors = consumer.finish()
        self.assertEqual((code, errors), (0, ""))
        self.assertEqual(consumer.counters["buffered"], 0)

    def _lose(self, venue, sidecar, consumer):
        """Stops the consumer for PAUSE seconds of load, and returns the id of the last message that was sent."""
        count = BEFORE + RATE * (PAUSE + 1)
        venue.send_all("%010d first" % 0)
        consumer.wait_id(0)
        load = venue.pace(count, SIZE, RATE)
        consumer.wait_id(BEFORE)
        consumer.pause()
        relayed = sidecar.control.status("venue").messages
        sidecar.wait_status(
            "venue", lambda status: status.messages >= relayed + PAUSE * RATE, "the load", 3 * PAUSE + 10)  # fmt: skip
        self.assertGreater(sidecar.control("get_status").status.slow_consumer_episodes, 0)
        consumer.proceed()
        wait_until(lambda: venue.finished(load), "the end of the load", 30)
        consumer.wait_id(count)
        return count

    def _check_order(self, consumer):
        """Every number once and in order; each Lost gap in its place; each Recovered gap after its messages."""
        expected = consumer.messages()[0].sequence
        delivered_again = set()
        for told in consumer.told:
            if isinstance(told, Message):
                self.assertEqual(told.sequence, expected, "the next message")
                expected += 1
                if told.again:
                    delivered_again.add(told.sequence)
            elif told.lost:
                self.assertEqual(told.cause, "consumer")
                self.assertEqual(told.first, expected, "a gap in its place")
                expected = told.last + 1
            else:
                self.assertEqual(told.last, expected - 1, "a gap that was filled")
                self.assertLessEqual(set(told.numbers()), delivered_again)

    def test_what_the_journal_holds_is_not_lost(self):
        venue, sidecar, consumer = self._start(journal=100_000)
        last = self._lose(venue, sidecar, consumer)
        self._finish(consumer)
        self.assertEqual([message.id for message in consumer.messages()], list(range(last + 1)))
        self._check_order(consumer)
        gaps = consumer.gaps()
        self.assertEqual([gap for gap in gaps if gap.lost], [])
        recovered = sum(gap.count for gap in gaps)
        self.assertGreater(recovered, LOST_AT_LEAST, "the consumer was not stopped for long enough to lose messages")
        self.assertEqual(sum(message.again for message in consumer.messages()), recovered)
        self.assertEqual((consumer.counters["recovered"], consumer.counters["lost"]), (recovered, 0))
        self.assertEqual(consumer.counters["failed"], 0)

    def test_what_the_journal_holds_no_more_is_told_exactly(self):
        venue, sidecar, consumer = self._start(journal=400)
        last = self._lose(venue, sidecar, consumer)
        self._finish(consumer)
        self._check_order(consumer)
        messages = consumer.messages()
        lost = [gap for gap in consumer.gaps() if gap.lost]
        # The venue numbers its messages itself; the first one tells how its numbers relate to the sequence.
        offset = messages[0].sequence - messages[0].id
        missing = sorted(set(range(last + 1)) - {message.id for message in messages})
        self.assertEqual([number - offset for gap in lost for number in gap.numbers()], missing)
        self.assertEqual({message.sequence - message.id for message in messages}, {offset})
        self.assertGreater(len(missing), LOST_AT_LEAST, "the consumer was not stopped for long enough to lose messages")
        self.assertGreater(consumer.counters["recovered"], 0)
        self.assertEqual(consumer.counters["lost"], len(missing))

    def test_a_sidecar_that_dies_meanwhile_is_told(self):
        venue, sidecar, consumer = self._start(journal=100_000)
        venue.send_all("%010d first" % 0)
        consumer.wait_id(0)
        venue.pace(RATE, SIZE, RATE)
        consumer.wait_id(BEFORE)
        consumer.pause()
        sidecar.kill()
        sidecar.start()
        sidecar.wait_connected("venue")
        begin = 10 * RATE
        again = venue.pace(RATE, SIZE, RATE, first=begin)
        wait_until(lambda: venue.finished(again), "the second load", 30)
        sidecar.wait_status("venue", lambda status: status.messages >= RATE, "the second load")
        consumer.proceed()
        consumer.wait_id(begin + RATE - 1)
        self._finish(consumer)
        self.assertEqual(len(consumer.epochs), 2)
        old, new = consumer.epochs
        self.assertGreater(new, old)
        before = [message.id for message in consumer.messages() if message.epoch == old]
        after = [message.id for message in consumer.messages() if message.epoch == new]
        self.assertEqual(before, list(range(len(before))))
        self.assertEqual(after, list(range(begin, begin + RATE)), "the beginning of the new epoch was fetched")
        boundary = next(i for i, told in enumerate(consumer.told) if isinstance(told, Message) and told.epoch == new)
        epochs = [i for i, told in enumerate(consumer.told) if isinstance(told, Gap) and told.cause == "epoch"]
        self.assertEqual(len(epochs), 1)
        self.assertLess(epochs[0], boundary)
        self.assertTrue(all(gap.lost == (gap.cause == "epoch") for gap in consumer.gaps()))


if __name__ == "__main__":
    unittest.main(verbosity=2)
