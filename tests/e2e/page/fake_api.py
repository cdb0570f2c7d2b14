"""A sidecar as the page sees one: the files of proxy/admin/page under the strictest policy that they must work with, and
the REST API with answers that a test writes. For what a real sidecar cannot be brought to quickly: hundreds of
connections, thousands of subscriptions, hostile texts, an API that is away."""

import http.server
import json
import os
import threading
import urllib.parse

PAGE = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../proxy/admin/page"))
POLICY = ("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
          "base-uri 'none'; form-action 'none'; frame-ancestors 'none'")  # fmt: skip
_TYPES = {".html": "text/html; charset=utf-8", ".css": "text/css", ".js": "text/javascript"}
_EARLY = "2026-07-01T12:00:00.25Z"


def connection(name, status="connected", **more):
    """All that the API tells of a connection. test_page.py holds the keys against a real sidecar's."""
    up = status == "connected"
    return {
        "id": name, "url": f"wss://venue.example/{name}", "status": status,
        "last_connected": _EARLY if up else None, "reconnect_attempts": 2, "consecutive_failures": 0 if up else 3,
        "total_uptime": "3600s", "last_reconnect_latency": "1.5s", "profile": "generic", "total_uptime_ms": 3_600_000,
        "last_reconnect_latency_ms": 1500, "session": 3, "endpoint": "192.0.2.7:443" if up else "",
        "last_cause": "connection_lost", "last_detail": "end of the TCP connection", "messages": 1000, "bytes": 100_000,
        "last_message": _EARLY, "ping_round_trip_us": 1234 if up else 0, "retry_in_ms": 0 if up else 4000,
        "paused": False, "liveness": "live" if up else "down", "topics": 4, "unrouted": 0, "successful_connects": 3,
        "failed_attempts": 1, "ready": up, "tls": "TLSv1.3 TLS_AES_128_GCM_SHA256", "max_retries": 10,
        "sockets": [socket(leg, status) for leg in range(2)], "rotations": 1, "rotations_failed": 0,
        "duplicates_dropped": 0, "venue_gaps": 0, "venue_repeats": 0, "venue_resets": 0, "venue_out_of_order": 0,
        "disconnects": [{"cause": "peer_closed", "close_code": 1001, "count": 2}],
        "gaps_by_cause": {"relay": 0, "upstream": 2}, "reconnects_succeeded": 2, "reconnects_failed": 0,
        "reconnect_latency": None, "last_reconnect": _EARLY, "uptime_ms": 61_000 if up else 0,
        "certificate_expires": "2027-01-01T00:00:00Z", "stale": False, "subscriptions_by_state": {"flowing": 4},
        "send_queue_messages": 0, "subscriptions_rejected": 0, "repairs": 0,
        "compressed_bytes": 20_000, "inflated_bytes": 90_000, "inflate_us": 1500, **more,
    }  # fmt: skip


def socket(leg, status):
    return {
        "shard": 0, "leg": leg, "successor": False, "status": status, "url": "wss://venue.example/", "endpoint": "192.0.2.7:443",
        "session": 3, "messages": 500, "bytes": 50_000, "wins": 400, "losses": 100, "mean_delay_us": 321,
        "subscriptions": 4, "ping_round_trip_us": 1234, "consecutive_failures": 0, "last_cause": "connection_lost",
        "last_detail": "", "connected": _EARLY if status == "connected" else None,
    }  # fmt: skip


def alert(number, text, level="warning", name="a"):
    told = {"type": "connection_lost", "level": level, "connection": name, "text": text, "time": _EARLY}
    return {"number": number, "alert": told, "resolved": False, "resolved_at": None}


def subscription(name, channel, state="flowing", detail=""):
    return {"connection": name, "channel": channel, "state": state, "times_sent": 1, "detail": detail, "since": _EARLY,
            "retry_in_ms": 0, "shard": 0, "wanted_by": ["config"], "last_data": _EARLY}  # fmt: skip


def gap(topic, detail, sequence=7):
    told = {"cause": "upstream", "from": _EARLY, "to": _EARLY, "count": 0, "bytes": 0, "reason": "connection_lost",
            "detail": detail, "venue_sequence_before": 0, "venue_sequence_after": 0}  # fmt: skip
    return {"topic": topic, "epoch": 1_782_907_200_000_000_001, "sequence": sequence, "session": 1, "gap": told}


def consumer(peer, reason=""):
    return {"peer": peer, "endpoint": "ipc:///run/fairlead/stream.sock", "since": _EARLY,
            "until": _EARLY if reason else None, "reason": reason}  # fmt: skip


class FakeApi:
    """The test writes into the attributes; the lock is not needed for single assignments. `posts` is what was asked."""

    def __init__(self, connections=()):
        self.connections = {one["id"]: one for one in connections}
        self.alerts = []
        self.lists = {"subscriptions": [], "gaps": [], "consumers": [], "channels": [
            {"channel": "webhook", "enabled": True, "level": "warning", "delivered": 1, "failed": 0, "dropped": 0,
             "queued": 0, "capacity": 256, "last_error": ""}]}  # fmt: skip
        self.status = {"draining": False, "last_reload": None, "epoch": 1_782_907_200_000_000_001, "version": "1.2.3"}
        self.token = None
        self.failure = None  # HTTP status that answers everything below /api
        self.posts = []
        self._server = None
        self._port = 0
        self.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self._port}/"

    def start(self):
        api = self

        class Handler(_Handler):
            pass

        Handler.api = api
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", self._port), Handler)
        self._server.daemon_threads = True
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self):
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def answer(self, path):
        if path == "/api/v1/status":
            return self._status()
        if path == "/api/v1/network/connections":
            return {"connections": self.connections}
        if path == "/api/v1/alerts":
            return {"alerts": self.alerts, "raised": len(self.alerts), "forgotten": 0}
        name = path.rsplit("/", 1)[-1]
        return {name: self.lists[name]} if path.startswith("/api/v1/") and name in self.lists else None

    def _status(self):
        states = [one["status"] for one in self.connections.values()]
        return {
            "instance": "host:4711", "uptime_ms": 3_725_000, "connections": len(states),
            "connected": states.count("connected"), "failed": states.count("failed"), "messages": 123_456_789,
            "bytes": 1, "published": 1, "slow_consumer_episodes": 0, "topics": 12, "consumers": 2, "gaps": 3,
            "loop_stalls": 0, "config_loaded": _EARLY, **self.status,
        }  # fmt: skip


class _Handler(http.server.BaseHTTPRequestHandler):
    api = None

    def do_GET(self):
        path = urllib.parse.urlsplit(self.path).path
        if not path.startswith("/api/"):
            return self._file(path)
        if self.api.failure:
            return self._error(self.api.failure, "unavailable", "the relay does not answer")
        answer = self.api.answer(path)
        return self._error(404, "not_found", "no such path") if answer is None else self._json(200, answer)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        if self.api.token and self.headers.get("Authorization") != f"Bearer {self.api.token}":
            return self._error(401, "unauthorized", "a token is needed")
        self.api.posts.append((self.path, body))
        return self._json(200, {"code": "ok", "message": f"{self.path} <b>done</b>"})

    def _file(self, path):
        name = "index.html" if path == "/" else os.path.basename(path)
        kind = _TYPES.get(os.path.splitext(name)[1])
        file = os.path.join(PAGE, name)
        if not kind or not os.path.isfile(file):
            return self._error(404, "not_found", "no such path")
        with open(file, "rb") as opened:
            return self._send(200, kind, opened.read())

    def _error(self, status, code, message):
        self._json(status, {"error": {"code": code, "message": message}})

    def _json(self, status, value):
        self._send(status, "application/json", json.dumps(value).encode())

    def _send(self, status, kind, data):
        self.send_response(status)
        for name, value in (("Content-Type", kind), ("Content-Length", str(len(data))), ("Cache-Control", "no-store"),
                            ("Content-Security-Policy", POLICY), ("X-Content-Type-Options", "nosniff")):  # fmt: skip
            self.send_header(name, value)
        self.end_headers()
        try:
            self.wfile.write(data)
        except ConnectionError:
            pass  # the browser has gone elsewhere

    def log_message(self, *arguments):
        pass
