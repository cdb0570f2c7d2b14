"""What goes wrong before a connection stands: refused attempts, tokens, names; and what is sent after each loss."""

import http.server
import os
import threading
import unittest

from connect_proxy import ConnectProxy
from fairlead.v1 import stream_pb2
from profile_test import ProfileTest
from profile_venue import ProfileVenue
from waiting import SANITIZED

TOPICS = [f"t{n}" for n in range(23)]
NAMES = os.environ.get("FAIRLEAD_NAMES", "")
RECONNECTS = 10


class RefusedAttemptTest(ProfileTest):
    def test_503_in_the_middle_of_the_resubscription_after_a_loss(self):
        """What the venue asks for with Retry-After is kept, and nothing of the intent is lost."""
        venue = self.venue(ProfileVenue, per_message=5, per_second=5)
        self.start(TOPICS, venue, {"batch": 5, "limits": 'messages = "5/1s"'})
        self.wait_flowing(TOPICS, 20)
        venue.drop_after = 2
        venue.drop_all()
        self.wait(lambda: len(venue.records) >= 2 and venue.records[1].closed, "a loss in the middle of the resubscription")
        venue.upgrade = lambda path: (503, [("Retry-After", "1")], b"later\n")
        self.wait(lambda: [status for _, _, status in venue.attempts].count(503) >= 2, "two refusals", 20)
        venue.drop_after = 0
        venue.upgrade = lambda path: None
        self.wait(lambda: self.status().ready, "the return", 20)
        self.wait_flowing(TOPICS, 20)
        refused = [at for at, _, status in venue.attempts if status == 503]
        self.assertGreaterEqual(refused[1] - refused[0], 0.99)
        told = self.wait(lambda: self.events(stream_pb2.CAUSE_UPGRADE_REFUSED), "the refusal on the stream")
        self.assertEqual({event.http_status for event in told if event.http_status}, {503})
        self.assertEqual(venue.open_topics(), TOPICS)
        self.assertEqual(venue.violations, [])
        self.assert_whole(self.seen)


class TokenOffice:
    """Gives a new token for each request; `status` other than 200 gives none."""

    def __init__(self):
        self.given = []
        self.status = 200
        self.asked = 0
        office = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                office.asked += 1
                token = f"t0ken-{office.asked}-of-the-office"
                if office.status == 200:
                    office.given.append(token)
                body = b'{"data":{"token":"%s"}}' % token.encode() if office.status == 200 else b"{}"
                self.send_response(office.status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_arguments):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/token"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()


class TokenTest(ProfileTest):
    def _start(self, office="127.0.0.1", host="localhost", **keys):
        self.office = self.venue(TokenOffice)
        venue = self.venue(ProfileVenue)
        self.used = []

        def upgrade(path):
            token = path.split("token=")[1]
            self.used.append(token)
            return None if token == self.office.given[-1] and token not in self.used[:-1] else (401, [], b"expired\n")

        venue.upgrade = upgrade
        url = self.office.url.replace("127.0.0.1", office)
        tables = f'[prepare]\nurl = "{url}"\nbody = "{{}}"\nextract = {{ token = "/data/token" }}\n'
        self.start(["a", "b"], venue, {"tables": tables}, url=venue.url("/feed?token={token}", host), **keys)
        self.wait_flowing(["a", "b"])
        return venue

    def _wait_return(self, sessions):
        self.wait(lambda: self.status().session == sessions and self.status().ready, "the return")
        self.wait_flowing(["a", "b"])

    def test_each_attempt_has_a_token_of_its_own(self):
        venue = self._start()
        for sessions in range(2, 5):
            venue.drop_all()
            self._wait_return(sessions)
        self.assertEqual(self.used, self.office.given)
        self.assertEqual(len(set(self.used)), 4)

    def test_a_token_that_has_expired_meanwhile(self):
        """Refused with 401: the next attempt asks for a new one."""
        venue = self._start()
        accept, refusals = venue.upgrade, []

        def expired(path):
            refusals.append(path)
            return (401, [], b"expired\n") if len(refusals) == 1 else accept(path)

        venue.upgrade = expired
        venue.drop_all()
        self._wait_return(2)
        told = self.wait(lambda: self.events(stream_pb2.CAUSE_UPGRADE_REFUSED), "the refusal on the stream")
        self.assertEqual({event.http_status for event in told}, {401})
        self.assertEqual(len(self.office.given), 3)
        self.assertEqual(self.used, [self.office.given[0], self.office.given[2]])

    def test_no_token_is_a_failure_with_its_cause(self):
        venue = self._start()
        self.office.status = 500
        venue.drop_all()
        self.wait(lambda: self.status().last_cause == stream_pb2.CAUSE_PREPARE_FAILED, "the cause")
        self.assertIn("500", self.status().last_detail)
        self.wait(lambda: self.events(stream_pb2.CAUSE_PREPARE_FAILED), "the cause on the stream")
        attempts = len(venue.attempts)
        asked = self.office.asked
        self.wait(lambda: self.office.asked > asked + 2, "further requests")
        self.assertEqual(len(venue.attempts), attempts)
        self.office.status = 200
        self._wait_return(2)

    def test_the_token_is_asked_for_through_the_proxy_of_the_connection(self):
        proxy = self.venue(ConnectProxy, {"office.example": "127.0.0.1", "venue.example": "127.0.0.1"})
        self._start("office.example", "venue.example", proxy=f"http://user:word@127.0.0.1:{proxy.port}")
        self.assertEqual([request.split(" ")[0] for request in proxy.requests], ["POST", "CONNECT"])
        for request in proxy.requests:
            self.assertIn("dXNlcjp3b3Jk", request)  # user:word

    def test_the_office_is_away(self):
        venue = self._start()
        self.office.stop()
        venue.drop_all()
        self.wait(lambda: self.status().last_cause == stream_pb2.CAUSE_PREPARE_FAILED, "the cause")
        self.assertTrue(self.status().last_detail)
        self.assertEqual(len(venue.records), 1)

    def tearDown(self):
        if hasattr(self, "office"):
            told = self.sidecar_.log() + repr(self.seen.messages) + str(self.sidecar_.control("list_connections"))
            self.assertFalse([token for token in self.office.given if token in told])


@unittest.skipIf(SANITIZED, "a sanitizer's runtime has to be loaded first")
class NameTest(ProfileTest):
    HOST = "venue.test"

    def _start(self, address, venue):
        self.address = os.path.join(self.directory, "address")
        self._set(address)
        return self.start(["a"], venue, url=venue.url(host=self.HOST),
                          environment={"LD_PRELOAD": NAMES, "FAIRLEAD_TEST_HOST": self.HOST,
                                       "FAIRLEAD_TEST_ADDRESS": self.address})  # fmt: skip

    def _set(self, address):
        with open(self.address + ".new", "w", encoding="utf-8") as file:
            file.write(address)
        os.rename(self.address + ".new", self.address)

    def test_a_name_that_has_no_address_at_first(self):
        venue = self.venue(ProfileVenue)
        self._start("", venue)
        self.wait(lambda: self.status().failed_attempts >= 3, "failed lookups")
        self.assertEqual(self.status().last_cause, stream_pb2.CAUSE_RESOLVE_FAILED)
        self.assertEqual(venue.attempts, [])
        self._set("127.0.0.1")
        self.wait_flowing(["a"])
        self.assertEqual(len(venue.records), 1)

    def test_an_address_that_changes(self):
        venue = self.venue(ProfileVenue)
        moved = self.venue(ProfileVenue, address="127.0.0.2", port=venue.port)
        self._start("127.0.0.1", venue)
        self.wait_flowing(["a"])
        self.assertEqual(self.status().endpoint, f"127.0.0.1:{venue.port}")
        self._set("127.0.0.2")
        venue.kill()
        self.wait(lambda: self.status().ready and self.status().session == 2, "the connection to the new address")
        self.assertEqual(self.status().endpoint, f"127.0.0.2:{venue.port}")
        self.wait_flowing(["a"])
        self.assertEqual(moved.open_topics(), ["a"])


class IntentTest(ProfileTest):
    def test_ten_reconnects_in_a_row_send_the_intent_exactly(self):
        """The same topics in the same batches and the same order, once, under ids that were never used before."""
        venue = self.venue(ProfileVenue, per_message=5)
        self.start(TOPICS, venue, {"batch": 5})
        batches = [TOPICS[n:n + 5] for n in range(0, len(TOPICS), 5)]
        for number in range(RECONNECTS + 1):
            self.wait(lambda: len(venue.open_topics()) == len(TOPICS), "the whole intent")  # noqa: B023
            self.wait_flowing(TOPICS)
            self.assertEqual(venue.records[number].subscribed(), batches, number)
            venue.drop_all() if number % 2 else venue.close_all(1001, "maintenance")
            self.wait(lambda: len(venue.records) > number + 1, "the next connection")  # noqa: B023
        ids = [number for record in venue.records[:RECONNECTS + 1] for _, _, number in record.requests]
        self.assertEqual(len(ids), len(batches) * (RECONNECTS + 1))
        self.assertEqual(ids, sorted(set(ids)))
        self.wait_flowing(TOPICS)
        told = self.subscriptions()
        self.assertEqual({int(one["times_sent"]) for one in told.values()}, {RECONNECTS + 2})
        self.assertEqual(venue.violations, [])
        self.assert_whole(self.seen)


if __name__ == "__main__":
    unittest.main(verbosity=2)
