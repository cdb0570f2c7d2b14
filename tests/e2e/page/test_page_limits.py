"""The page against an API that is written by the test: many connections, thousands of subscriptions, hostile texts, an
API that is away and comes back, the keyboard."""

import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from browser import PHONE, Browser
from fake_api import FakeApi, alert, connection, consumer, gap, subscription

HOSTILE = "<img src=x onerror=alert(1)><script>alert(2)</script>\u202e{{7*7}}\"' javascript:alert(3)"
WIDE = "w" * 4000  # without a place to break


class PageLimitsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.browser = Browser()
        cls.addClassCleanup(cls.browser.stop)

    def serve(self, *connections):
        self.api = FakeApi(connections)
        self.addCleanup(self.api.stop)
        return self.api

    def open(self, **named):
        self.browser.open(self.api.url, **named)
        self.browser.wait_text("#pulse", "as of")

    def rows(self, table):
        return self.browser.count(f"#{table}-table tbody tr:visible")

    def assert_quiet(self):
        self.assertEqual(self.browser.complaints(), [])

    def test_a_hundred_connections_and_thousands_of_subscriptions_stay_few_nodes(self):
        api = self.serve(*[connection(f"c{number:03}") for number in range(99)], connection("zz", "failed"))
        api.lists["subscriptions"] = [subscription(f"c{i % 99:03}", f"topic.{i}", "rejected" if i == 4321 else "flowing")
                                      for i in range(5000)]  # fmt: skip
        api.lists["gaps"] = [gap(f"data/c001/{number}/", "lost", number) for number in range(1000)]
        api.lists["consumers"] = [consumer(f"process {number} (python3)") for number in range(500)]
        api.alerts = [alert(number, f"text {number}") for number in range(1, 101)]
        self.open()
        for section in ("subscriptions", "gaps", "consumers"):
            self.browser.click(f"#{section} > summary")
        self.browser.wait_text("#subscriptions-table .pager", "of 5,000")
        self.assertEqual(self.rows("connections"), 50)
        self.assertEqual(self.rows("subscriptions"), 50)
        self.assertLess(self.browser.evaluate("document.querySelectorAll('*').length"), 8000)
        self.browser.choose("#subscriptions-table select", "rejected")
        self.browser.wait_text("#subscriptions-table tbody", "topic.4321")
        self.assertEqual(self.rows("subscriptions"), 1)
        self.browser.choose("#subscriptions-table select", "")
        self.browser.fill("#subscriptions-table input", "no such topic")
        self.browser.wait_text("#subscriptions-table", "None of 5,000 matches")
        self.browser.choose("#connections-table select", "trouble")
        self.browser.wait_text("#connections-table tbody", "zz")
        self.assertEqual(self.rows("connections"), 1)
        self.browser.choose("#connections-table select", "")
        self.browser.click("#connections-table .pager >> text=Next")
        self.browser.wait_text("#connections-table .pager", "51–100 of 100")
        self.browser.wait_text("#connections-table tbody", "zz")
        self.assert_quiet()

    def test_hostile_texts_are_inert_wherever_they_stand(self):
        one = connection(HOSTILE, "reconnecting", last_detail=HOSTILE, url=HOSTILE, endpoint=HOSTILE, profile=HOSTILE, tls=HOSTILE)
        two = connection("__proto__", last_detail=WIDE, url=WIDE, endpoint=WIDE)
        api = self.serve(one, two)
        api.status.update(version=HOSTILE, instance=WIDE, draining=True,
                          last_reload={"time": "2026-07-01T12:00:00Z", "ok": False, "detail": HOSTILE})  # fmt: skip
        api.alerts = [alert(1, HOSTILE, name=HOSTILE), alert(2, WIDE, "critical")]
        api.lists["subscriptions"] = [subscription(HOSTILE, HOSTILE, "rejected", HOSTILE), subscription("b", WIDE, HOSTILE)]
        api.lists["gaps"] = [gap(HOSTILE, HOSTILE), gap(WIDE, WIDE)]
        api.lists["consumers"] = [consumer(HOSTILE, HOSTILE), consumer(WIDE)]
        api.lists["channels"][0].update(channel=HOSTILE, last_error=HOSTILE)
        self.open(size=PHONE)
        for section in ("subscriptions", "gaps", "consumers", "channels"):
            self.browser.click(f"#{section} > summary")
            self.browser.wait_text(f"#{section}-table tbody", "<img")
        for unfold in range(self.browser.count(".unfold")):
            self.browser.click(f".unfold >> nth={unfold}")
        self.browser.click("[role=switch]")
        self.browser.wait_text("#messages", "<b>done</b>")
        self.assertEqual(self.browser.count("img, b, main script"), 0)
        self.assertLessEqual(self.browser.evaluate("document.documentElement.scrollWidth"), PHONE[0])
        path, body = api.posts[0]
        self.assertNotIn("<", path)
        self.assertEqual(body, '{"enabled":false}')
        self.assert_quiet()

    def test_an_api_that_fails_is_told_and_asked_again_ever_more_rarely(self):
        api = self.serve(connection("a"))
        self.open()
        api.failure = 504
        self.browser.wait_text("#notices", "not reachable since")
        self.browser.wait_text("#notices", "the relay does not answer")
        since = self.browser.texts("#notices [role=alert]")[0]
        self.browser.wait_text("#notices .next", "next try in 4.0 s", seconds=20)
        self.assertEqual(self.browser.texts("#notices [role=alert]")[0], since)
        self.assertIn("connected", self.browser.text('tr[data-id="a"]'))
        api.failure = None
        self.browser.click("text=Try again")
        self.browser.wait(lambda: "not reachable" not in self.browser.text("#notices"), "the notice to go")
        self.browser.wait_text("#pulse", "as of")

    def test_nothing_is_asked_while_nobody_looks(self):
        self.serve(connection("a"))
        self.open(clock=True)
        self.browser.look(away=True)
        self.browser.requests()
        self.browser.advance(seconds=60)
        self.assertEqual(self.browser.requests(), [])
        self.browser.look(away=False)
        self.browser.wait(lambda: any("/status" in one for one in self.browser.requests()), "the next question")

    def test_a_restart_an_end_and_a_failed_reload_are_told(self):
        api = self.serve(connection("a"))
        self.open()
        self.assertEqual(self.browser.text("#notices"), "")
        self.assertIn("1782907200000000001", self.browser.text("#identity"))  # more digits than a double has
        api.status["epoch"] += 1
        self.browser.wait_text("#notices", "was restarted")
        api.status["last_reload"] = {"time": "2026-07-01T12:00:00Z", "ok": False, "detail": "line 3: no such key"}
        self.browser.wait_text("#notices", "line 3: no such key")
        api.status["draining"] = True
        self.browser.wait_text("#notices", "draining")
        self.assert_quiet()

    def test_new_alerts_are_said_and_old_ones_are_not(self):
        api = self.serve(connection("a"))
        api.alerts = [alert(1, "an old one")]
        self.open()
        self.browser.wait_text("#alerts-table", "an old one")
        self.assertEqual(self.browser.text("#announcements"), "")
        api.alerts = api.alerts + [alert(2, "a new one", "critical")]
        self.browser.wait_text("#announcements", "critical: a: a new one")
        self.assertEqual(self.browser.evaluate("document.getElementById('announcements').ariaLive"), "polite")
        api.alerts = api.alerts + [alert(number, f"text {number}") for number in range(3, 9)]
        self.browser.wait_text("#announcements", "6 new alerts")
        self.browser.choose("#alerts-table select", "critical")
        self.browser.wait(lambda: self.rows("alerts") == 1, "one critical alert")

    def test_the_keyboard_is_enough(self):
        api = self.serve(connection("a"), connection("b"))
        self.open(motion="reduce")
        seen = []
        for _ in range(60):
            self.browser.press("Tab")
            focus = self.browser.evaluate(
                "(() => { const it = document.activeElement; const style = getComputedStyle(it);"
                " return [it.getAttribute('aria-label') || it.innerText || it.parentElement?.innerText || it.tagName,"
                " it.matches(':focus-visible') && style.outlineStyle !== 'none', it === document.body]; })()")  # fmt: skip
            if focus[2]:
                break
            self.assertTrue(focus[1], f"the focus can be seen on {focus[0]}")
            seen.append(" ".join(focus[0].split()))
        for name in ("Skip to the connections", "Reconnect a", "Rotate a", "Pause a", "a", "Reconnect b", "Metrics"):
            self.assertIn(name, seen)
        self.assertTrue(any(name.startswith("Gaps") for name in seen), seen)
        self.browser.evaluate("document.querySelector('[aria-label=\"Pause b\"]').focus()")
        self.browser.press("Enter")
        self.browser.wait_text("#confirm", "Pause b?")
        # What is safe has the focus first; Tab stays inside the question.
        self.assertEqual(self.browser.evaluate("document.activeElement.innerText"), "Cancel")
        self.browser.press("Tab")
        self.browser.press("Enter")
        self.browser.wait(lambda: api.posts, "the command")
        self.assertEqual(api.posts[0][0], "/api/v1/network/connections/b/pause")
        self.assertEqual(self.browser.evaluate("document.activeElement.getAttribute('aria-label')"), "Pause b")
        self.browser.evaluate("document.querySelector('tr[data-id=\"a\"] .unfold').focus()")
        self.browser.press("Space")
        self.assertEqual(self.browser.evaluate("document.activeElement.ariaExpanded"), "true")
        self.assert_quiet()

    def test_focus_and_what_is_unfolded_outlive_every_answer(self):
        api = self.serve(connection("m"))
        self.open()
        self.browser.click('tr[data-id="m"] .unfold')
        self.browser.wait_text(".facts", "1,000 messages")
        api.connections = {"a": connection("a"), "m": connection("m", messages=2000), "z": connection("z")}
        self.browser.wait_text("#connections-table tbody", "z")
        self.browser.wait_text(".facts", "2,000 messages")
        self.assertEqual(self.browser.evaluate("document.activeElement.innerText"), "m")
        api.connections = {"a": connection("a")}
        self.browser.wait(lambda: self.rows("connections") == 1, "one connection")
        self.assert_quiet()


unittest.main()
