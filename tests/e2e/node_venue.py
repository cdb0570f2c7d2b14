"""A venue in a process of its own: venue.mjs, on Node and the `ws` package. For a second implementation of RFC 6455 and
for loads that would be in the way of a Python test."""

import base64
import json
import os
import subprocess
import threading
import types

from waiting import PATIENCE, wait_until

_HERE = os.path.dirname(os.path.abspath(__file__))


class NodeVenue:
    def __init__(self, tls=None):
        if not os.path.isdir(os.path.join(_HERE, "node_modules", "ws")):
            raise RuntimeError("the npm package `ws` is missing: cd tests/e2e && npm ci")
        self.records = []  # path, received, closed, close_code; as of PyVenue. number, channels: of the market
        self.refused = 0  # upgrades
        self._by_number = {}
        self._done = {}
        self._next_id = 1
        self._process = subprocess.Popen(
            ["node", os.path.join(_HERE, "venue.mjs")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # fmt: skip
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._tls = bool(tls)
        certificate, key = tls or (None, None)
        self.port = self._finish(self._start("listen", cert=certificate, key=key))["port"]

    def url(self, path="/", host="localhost"):
        return f"{'wss' if self._tls else 'ws'}://{host}:{self.port}{path}"

    def open_records(self):
        return [record for record in list(self.records) if not record.closed]

    def send_all(self, message, path=None):
        """As PyVenue.send_all."""
        pieces = message if isinstance(message, list) else [message]
        binary = isinstance(pieces[0], bytes)
        encoded = [base64.b64encode(piece if binary else piece.encode()).decode() for piece in pieces]
        self._finish(self._start("send", path=path, binary=binary, pieces=encoded))

    def pace(self, count, size, rate, path=None, first=1):
        """Numbered texts to each connection of the path, `rate` a second. Returns at once; finished() tells the end."""
        return self._start("pace", path=path, count=count, size=size, rate=rate, first=first)

    def flood(self, count, size, path=None, first=1):
        """Numbered texts as fast as the sockets take them. Returns at once; finished() tells the end."""
        return self._start("flood", path=path, count=count, size=size, first=first)

    def finished(self, command):
        return command in self._done

    def close_all(self, code=1000, reason="", path=None):
        self._finish(self._start("close", path=path, code=code, reason=reason))

    def terminate(self, record):
        """Ends one connection without a close frame."""
        self._finish(self._start("terminate", connection=record.number))

    def refuse(self, status):
        """Answers upgrades with this HTTP status; 0 = accepts them again."""
        self._finish(self._start("refuse", status=status))

    def refuse_path(self, path, status):
        self._finish(self._start("refuse", path=path, status=status))

    def market(self, channels, rate, size=100):
        """Begins to make numbered messages on the channels, `rate` a second altogether: see market.mjs."""
        self._finish(self._start("market", channels=channels, rate=rate, size=size))

    def stop_market(self):
        """Returns the last number of each channel."""
        return self._finish(self._start("stop_market"))["last"]

    def withhold(self, *channels):
        """Who subscribes from now on does not get these channels."""
        self._finish(self._start("withhold", channels=list(channels)))

    def fewest(self):
        """Of each message since the last call: to how many connections it went, at the least."""
        return self._finish(self._start("fewest"))["fewest"]

    def stop(self):
        if self._process.poll() is None:
            self._process.stdin.close()
            self._process.wait(10 * PATIENCE)
        self._reader.join(10)
        self._process.stdout.close()

    def _start(self, command, **arguments):
        number = self._next_id
        self._next_id += 1
        given = {key: value for key, value in arguments.items() if value is not None}
        self._process.stdin.write(json.dumps({"command": command, "id": number, **given}) + "\n")
        self._process.stdin.flush()
        return number

    def _finish(self, command):
        wait_until(lambda: self.finished(command), "the Node venue's answer")
        return self._done[command]

    def _read(self):
        for line in self._process.stdout:
            event = json.loads(line)
            if "done" in event:
                self._done[event["done"]] = event
            elif event["event"] == "open":
                record = types.SimpleNamespace(path=event["path"], received=[], closed=False, close_code=None,
                                               number=event["connection"], channels=[])  # fmt: skip
                self._by_number[event["connection"]] = record
                self.records.append(record)
            elif event["event"] == "subscribed":
                self._by_number[event["connection"]].channels = event["channels"]
            elif event["event"] == "refused":
                self.refused += 1
            elif event["event"] == "message":
                data = base64.b64decode(event["base64"])
                self._by_number[event["connection"]].received.append(data if event["binary"] else data.decode())
            else:
                record = self._by_number.pop(event["connection"])
                record.close_code = event["code"]
                record.closed = True
