"""A login with every kind of credential at a venue that repeats them wherever it can: they are told to the venue, and
nowhere else."""

import json
import os
import unittest

from fairlead.v1 import stream_pb2
from harness import FAIRLEAD, run_program
from profile_test import ProfileTest
from profile_venue import ProfileVenue
from rest import Rest

KEY, SECRET, PASSPHRASE = "k3y-from-env-4711", "s3cret-from-a-file-4712", "p4ssphrase-from-env-4713"
ENVIRONMENT = {"FEED_KEY": KEY, "FEED_PASSPHRASE": PASSPHRASE}
LOGIN = """[login]
text = '{"op":"login","key":"{key}","passphrase":"{passphrase}","sign":"{signature}","id":{id}}'
sign = "{now_s}GET"
"""
ROUTES = ["status", "connections", "subscriptions", "config", "gaps", "alerts", "consumers"]


class VenueSecretsTest(ProfileTest):
    def _start(self, venue):
        path = os.path.join(self.directory, "secret")
        with open(path, "w", encoding="utf-8") as file:
            file.write(SECRET + "\n")
        os.chmod(path, 0o600)
        credentials = {"key": "${env:FEED_KEY}", "secret": "${file:%s}" % path, "passphrase": "${env:FEED_PASSPHRASE}"}
        self.start(["a", "b", "bad"], venue, {"tables": LOGIN, "credentials": tuple(credentials)}, late=True,
                   settings={"http": {"listen": "127.0.0.1:0"}, "log": {"level": "debug"}},
                   environment=ENVIRONMENT, credentials=credentials)  # fmt: skip

    def _surfaces(self):
        rest = Rest(self.sidecar_)
        surfaces = {route: rest.get(f"/api/v1/{route}").text for route in ROUTES}
        surfaces["metrics"] = rest.get("/metrics").text
        for command in ("status", "connections", "subscriptions", "config", "gaps", "alerts"):
            surfaces[f"ctl {command}"] = self.ctl("--json", command).stdout
            surfaces[f"ctl {command} as text"] = self.ctl(command).stdout or "nothing"
        check = run_program(FAIRLEAD, "check", "--print", self.sidecar_.config, environment=ENVIRONMENT)
        self.assertEqual(check.returncode, 0, check.stderr)
        surfaces["check"] = check.stdout + check.stderr
        surfaces["log"] = self.sidecar_.log()
        self.seen.pump(100)
        surfaces["stream"] = "\n".join(f"{one!r} {one.payload!r}" for one in self.seen.messages)
        return surfaces

    def _assert_secret(self, surfaces):
        for name, text in surfaces.items():
            self.assertTrue(text, name)
            for secret in (KEY, SECRET, PASSPHRASE):
                self.assertNotIn(secret, text, name)

    def _logins(self):
        return [json.loads(text) for record in self.market.records for text in record.received if '"login"' in text]

    def test_a_venue_that_repeats_what_it_was_told(self):
        venue = self.venue(ProfileVenue)
        venue.login = lambda record, request: {"event": "login", "ok": True, "echo": request, "secret": SECRET}
        venue.refused = {"bad"}
        venue.excuse = f"key {KEY} may not see it"
        self._start(venue)
        self.wait_flowing(["a", "b"])
        self.wait(lambda: self.told("bad"), "the refusal")
        self.assertEqual(self.told("bad")[-1], ("rejected", "key *** may not see it"))
        login = self._logins()[0]
        self.assertEqual((login["key"], login["passphrase"]), (KEY, PASSPHRASE))
        self.assertEqual(len(login["sign"]), 64)
        venue.send_all(json.dumps({"event": "alive", "session": f"{PASSPHRASE}"}))
        venue.send_all(json.dumps({"event": "error", "reason": f"the session of {KEY} is over"}))
        self.wait(lambda: self.status().session == 2 and self.status().ready, "the next session")
        self.assertEqual(self.events(stream_pb2.CAUSE_VENUE_ERROR)[0].detail, "the venue told an error: the session of *** is over")
        venue.close_all(4000, f"bye {KEY}")
        self.wait(lambda: self.status().session == 3 and self.status().ready, "the next session")
        surfaces = self._surfaces()
        self._assert_secret(surfaces)
        self.assertIn("${env:FEED_KEY}", surfaces["check"])

    def test_a_login_that_is_refused_with_the_credentials_in_the_reason(self):
        venue = self.venue(ProfileVenue)
        venue.login = lambda record, request: {"event": "login", "ok": False, "reason": f"wrong: {json.dumps(request)}"}
        self._start(venue)
        self.wait(lambda: self.status().last_cause == stream_pb2.CAUSE_LOGIN_FAILED, "the cause")
        self.assertIn("***", self.status().last_detail)
        self.assertEqual([record.topics for record in venue.records if record.topics], [])
        self._assert_secret(self._surfaces())


if __name__ == "__main__":
    unittest.main(verbosity=2)
