"""The page, as an operator has it: Debian's Chromium looks at a real sidecar with a real venue. Screenshots are kept in
<build directory>/page-screenshots for people to look at."""

import os
import re
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from browser import DESKTOP, PHONE, Browser
from fake_api import connection
from fairlead.v1 import stream_pb2
from harness import SidecarTest
from py_venue import PyVenue
from rest import Rest

SCREENSHOTS = os.path.join(os.environ["FAIRLEAD_BUILD"], "page-screenshots")
CONNECTED = stream_pb2.CONNECTION_STATE_CONNECTED
HOSTILE = "<img src=x onerror=document.title='owned'><script>document.title='owned'</script>"
ROW = 'tr[data-id="venue"]'
REFUSED = re.compile(r"Failed to load resource: (net::ERR_|the server responded with a status of 401)")


class PageTest(SidecarTest):
    @classmethod
    def setUpClass(cls):
        cls.browser = Browser()
        cls.addClassCleanup(cls.browser.stop)

    def setUp(self):
        super().setUp()
        self.venue_ = self.venue(PyVenue)

    def start(self, settings=None, **keys):
        table = {"url": self.venue_.url("/v"), "subscriptions": ["one"], **keys}
        self.sidecar_ = self.sidecar({"venue": table}, {"http": {"listen": "127.0.0.1:0"}, **(settings or {})})
        self.sidecar_.wait_connected("venue")
        self.url = f"http://127.0.0.1:{Rest(self.sidecar_).port}/"

    def open(self, size=DESKTOP, scheme="light"):
        self.browser.open(self.url, size, scheme)
        self.browser.wait_text(ROW, "connected")

    def button(self, name):
        return f'{ROW} button[aria-label="{name} venue"]'

    def cell(self, title):
        return f'{ROW} td[data-label="{title}"]'

    def line(self):
        return self.browser.evaluate(f"document.querySelector('{ROW} .spark path').getAttribute('d')")

    def sessions(self):
        return self.sidecar_.control.status("venue").session

    def assert_quiet(self, allowed=None):
        """Nothing in the console, no script that has failed, nothing that the content policy had to stop."""
        told = [line for line in self.browser.complaints() if not (allowed and allowed.search(line))]
        self.assertEqual(told, [])

    def test_it_shows_what_the_sidecar_says(self):
        self.start()
        self.venue_.send_all("hello")
        self.open()
        self.assertEqual(self.browser.text(self.cell("State")), "connected")
        self.assertRegex(self.browser.text(self.cell("Uptime")), r"\d+(\.\d)? (ms|s)")
        self.assertIn(str(self.venue_.port), self.browser.text(self.cell("Endpoint")))
        status = self.sidecar_.control("get_status").status
        for text in (status.version, status.instance, str(status.epoch)):
            self.assertIn(text, self.browser.text("#identity"))
        self.browser.wait_text("#figures", "1 of 1")
        self.browser.click(f"{ROW} .unfold")
        self.browser.wait_text(".detail .facts", self.venue_.url("/v"))
        self.browser.wait_text(".detail .sockets", "shard 0, leg 0")
        self.assertEqual(self.browser.evaluate("document.title"), "1 of 1 connected – fairlead")
        self.assert_quiet()

    def test_rate_line_and_round_trip_are_those_of_the_connection(self):
        self.start(network={"ping_interval": "300ms", "pong_timeout": "300ms"})
        self.open()
        self.assertEqual(self.line(), "M0 0")  # a rate needs two looks

        def flows():
            self.venue_.send_all("hello")
            return re.fullmatch(r"[1-9][\d,]*(\.\d)?/s", self.browser.text(self.cell("Messages"))) and "L" in self.line()

        self.browser.wait(flows, "a rate, and a line of at least two points")
        heights = [float(point.split()[1]) for point in re.split("[ML]", self.line())[1:]]
        self.assertLess(min(heights), 22)  # it does not lie on the ground
        self.assertLessEqual(max(heights), 22.5)
        self.browser.wait(lambda: re.fullmatch(r"\d+(\.\d+)? (µs|ms)", self.browser.text(self.cell("Round trip"))), "a round trip")
        self.browser.click(f"{ROW} .unfold")
        self.browser.wait_text(".detail .facts", "/s")
        self.assert_quiet()

    def test_legs_are_seen_one_by_one(self):
        self.start(legs=2)
        self.sidecar_.wait_status("venue", lambda status: sum(one.status == CONNECTED for one in status.sockets) == 2, "two legs")
        self.open()
        self.browser.wait_text(self.cell("Endpoint"), "2 of 2 sockets")
        for number in range(20):
            self.venue_.send_all(f"hello {number}")
        self.browser.click(f"{ROW} .unfold")
        for leg in (0, 1):
            self.browser.wait_text(".detail .sockets", f"shard 0, leg {leg}")

        def first_and_late():
            shares = [text.split(" / ") for text in self.browser.texts('.detail .sockets td[data-label="First / late"]')]
            return [tuple(int(number) for number in share) for share in shares]

        # Of each message one copy is the first, and the other one is late.
        self.browser.wait(lambda: sum(wins for wins, _ in first_and_late()) == 20, "the first copies", 20)
        self.assertEqual(sum(losses for _, losses in first_and_late()), 20)
        self.browser.wait_text(".detail .facts", "Copies dropped 20")
        self.assert_quiet()

    def test_consumers_come_and_go(self):
        self.start()
        consumer = self.consumer(self.sidecar_, "data/")
        self.venue_.send_all("hello")
        consumer.wait_data("data/venue/all/", 1)
        self.open()
        self.browser.click("#consumers > summary")
        self.browser.wait_text("#consumers-table tbody", "open")
        self.browser.wait_text("#consumers-table tbody", "stream.sock")
        consumer.close()
        self.browser.wait_text("#consumers-table tbody", "closed", 20)
        self.assertEqual(self.browser.count("#consumers-table tbody tr"), 1)
        self.assert_quiet()

    def test_its_policy_is_strict_and_it_asks_nobody_else(self):
        self.start()
        answer = self.browser.open(self.url)
        self.browser.wait_text(ROW, "connected")
        policy = answer["headers"]["content-security-policy"]
        self.assertIn("default-src 'none'", policy)
        self.assertNotIn("unsafe", policy)
        asked = self.browser.requests()
        self.assertIn(f"GET {self.url}api/v1/status", asked)
        self.assertEqual([one for one in asked if not one.startswith((f"GET {self.url}", "GET data:"))], [])
        self.assert_quiet()

    def test_every_key_of_the_fake_api_is_one_of_the_real(self):
        """The other file of tests is worth something only while its API is like this one."""
        self.start()
        self.open()
        real = self.browser.evaluate("fetch('/api/v1/network/connections').then((answer) => answer.json())")["connections"]["venue"]
        fake = connection("venue")
        self.assertEqual(sorted(set(fake) - set(real)), [])
        self.assertEqual(sorted(set(fake["sockets"][0]) - set(real["sockets"][0])), [])

    def test_a_forced_reconnect_is_seen(self):
        self.start()
        self.open()
        self.browser.click(f"{ROW} .unfold")
        before = self.sessions()
        self.browser.click(self.button("Reconnect"))
        self.browser.wait_text("#messages", "venue: reconnect")
        self.browser.wait(lambda: self.sessions() > before, "a new session")
        # The new socket was there before the old one went: nothing was lost, so there is no cause of a loss.
        self.browser.wait_text(".detail .facts", "1 completed, 0 failed")
        self.assertEqual(self.browser.text(self.cell("Last cause")), "–")
        self.assertEqual(self.browser.text(self.cell("State")), "connected")
        before = self.sessions()
        self.browser.click('button[aria-label="Hard reconnect venue"]')
        self.browser.wait_text("#confirm", "before opening it again")
        self.browser.click("#confirm-yes")
        self.browser.wait(lambda: self.sessions() > before, "a new session")
        self.browser.wait_text(self.cell("Last cause"), "command")
        self.browser.wait(lambda: self.browser.text(self.cell("State")) == "connected", "connected again")
        self.assert_quiet()

    def test_a_rotation_is_seen(self):
        self.start()
        self.open()
        self.browser.click(f"{ROW} .unfold")
        self.browser.click(self.button("Rotate"))
        self.browser.wait_text(".detail .facts", "1 completed, 0 failed")
        self.assert_quiet()

    def test_a_dead_venue_is_a_state_a_cause_and_an_alert(self):
        self.start()
        self.open()
        self.venue_.kill()
        self.browser.wait_text(self.cell("State"), "reconnecting")
        self.browser.wait_text("#alerts-table", "connection lost")
        self.assertIn("venue", self.browser.text("#announcements"))
        self.browser.wait_text("#figures", "0 of 1")
        self.shoot("dead-venue")
        self.venue_.restart()
        self.browser.wait_text(self.cell("State"), "connected")
        self.browser.wait(lambda: "reconnecting" not in self.browser.text(self.cell("State")), "connected again")
        self.browser.click("#gaps > summary")
        self.browser.click("#channels > summary")
        self.browser.wait_text("#channels-table", "log")
        self.assert_quiet()

    def test_pause_asks_first_and_resume_brings_it_back(self):
        self.start()
        self.open()
        self.browser.click(self.button("Pause"))
        self.browser.wait_text("#confirm", "Pause venue?")
        self.browser.press("Escape")
        self.browser.wait(lambda: not self.browser.evaluate("document.getElementById('confirm').open"), "the question to go")
        self.assertFalse(self.sidecar_.control.status("venue").paused)
        self.browser.click(self.button("Pause"))
        self.browser.click("#confirm-yes")
        self.browser.wait_text(self.cell("State"), "paused")
        self.assertTrue(self.sidecar_.control.status("venue").paused)
        self.browser.click(self.button("Resume"))
        self.browser.wait(lambda: self.browser.text(self.cell("State")) == "connected", "connected again")
        self.assert_quiet()

    def test_a_token_is_asked_for_and_kept_in_the_tab(self):
        token_file = os.path.join(self.directory, "token")
        with open(token_file, "w", encoding="utf-8") as file:
            file.write("the-right-one\n")
        os.chmod(token_file, 0o600)
        self.start({"http": {"listen": "127.0.0.1:0", "token_file": token_file}})
        self.open()
        before = self.sessions()
        self.browser.click(self.button("Reconnect"))
        self.browser.wait_text("#token", "A token is needed")
        self.browser.fill("#token-field", "a-wrong-one")
        self.browser.press("Enter")
        self.browser.wait_text("#token", "refused")
        self.assertEqual(self.sessions(), before)
        self.browser.fill("#token-field", "the-right-one")
        self.browser.press("Enter")
        self.browser.wait_text("#messages", "venue: reconnect")
        self.browser.wait(lambda: self.sessions() > before, "a new session")
        kept = self.browser.evaluate("[Object.values(sessionStorage), Object.values(localStorage), document.cookie]")
        self.assertEqual(kept, [["the-right-one"], [], ""])
        self.browser.click("#forget-token")
        self.assertEqual(self.browser.evaluate("Object.values(sessionStorage)"), [])
        self.assert_quiet(REFUSED)

    def test_texts_of_a_venue_stay_texts(self):
        self.start()
        self.open()
        self.venue_.close_all(4000, HOSTILE)
        self.browser.wait_text(self.cell("Last cause"), "<img src=x")
        self.browser.wait_text("#alerts-table", "<img src=x")
        self.browser.click(f"{ROW} .unfold")
        self.browser.wait_text(".detail .facts", "<img src=x")
        self.assertEqual(self.browser.count("img"), 0)
        self.assertEqual(self.browser.count("main script"), 0)
        self.assertIn("fairlead", self.browser.evaluate("document.title"))
        self.assert_quiet()

    def test_a_sidecar_that_has_gone_is_said_to_be_gone(self):
        self.start()
        self.open()
        self.sidecar_.stop()
        self.browser.wait_text("#notices", "sidecar not reachable since")
        self.browser.wait_text("#pulse", "old figures")
        self.shoot("not-reachable")
        self.assert_quiet(REFUSED)

    def test_it_looks_right_at_every_size_and_in_both_schemes(self):
        self.start({"alerts": {"history": 100}}, legs=2)
        self.venue_.drop_all()
        self.sidecar_.wait_status("venue", lambda status: sum(one.status == CONNECTED for one in status.sockets) == 2, "two legs")
        for name, size in (("desktop", DESKTOP), ("phone", PHONE)):
            for scheme in ("light", "dark"):
                with self.subTest(f"{name} {scheme}"):
                    self.open(size, scheme)
                    self.browser.click(f"{ROW} .unfold")
                    for section in ("subscriptions", "gaps", "consumers", "channels"):
                        self.browser.click(f"#{section} > summary")
                    self.browser.wait_text("#subscriptions-table", "one")
                    self.browser.wait_text("#channels-table", "log")
                    self.shoot(f"{name}-{scheme}")
                    wide = self.browser.evaluate("document.documentElement.scrollWidth")
                    self.assertLessEqual(wide, size[0], "nothing sticks out at the side")
                    verdict = self.browser.accessibility()
                    self.assertGreater(verdict["rules"], 20)
                    self.assertEqual(verdict["violations"], [])
                    self.assert_quiet()

    def shoot(self, name):
        os.makedirs(SCREENSHOTS, exist_ok=True)
        path = os.path.join(SCREENSHOTS, f"{name}.png")
        self.browser.screenshot(path)
        self.assertGreater(os.path.getsize(path), 10_000)


unittest.main()
