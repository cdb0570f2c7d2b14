"""The sidecar on HTTP as a client sees it, and its OpenAPI description as a judge of its answers."""

import http.client
import json
import re
import socket

import jsonschema

from waiting import PATIENCE, wait_until

_LISTENS = re.compile(r"\bhttp listen=(\S+):(\d+)")


class Answer:
    def __init__(self, response, body):
        self.status = response.status
        self.headers = response.headers
        self.body = body

    @property
    def text(self):
        return self.body.decode()

    @property
    def json(self):
        return json.loads(self.body)


class Rest:
    """Requests to one sidecar, each on a connection of its own."""

    def __init__(self, sidecar):
        found = wait_until(lambda: _LISTENS.search(sidecar.log()), "the line that tells the port")
        self.host, self.port = found.group(1), int(found.group(2))

    def __call__(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection(self.host, self.port, timeout=10 * PATIENCE)
        try:
            connection.request(method, path, body=body, headers=headers or {})
            response = connection.getresponse()
            return Answer(response, response.read())
        finally:
            connection.close()

    def get(self, path, **headers):
        return self("GET", path, headers=headers)

    def post(self, path, body=None, **headers):
        """`body` is a value for JSON, or nothing."""
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
            body = json.dumps(body)
        return self("POST", path, body, {name.replace("_", "-"): value for name, value in headers.items()})

    def raw(self, data, finish=False):
        """Bytes as they are, with `finish` as the last ones; whatever comes until the server closes."""
        with socket.create_connection((self.host, self.port), timeout=10 * PATIENCE) as connection:
            connection.sendall(data)
            if finish:
                connection.shutdown(socket.SHUT_WR)
            answer = b""
            while piece := connection.recv(65536):
                answer += piece
            return answer


def _as_json_schema(schema):
    """OpenAPI 3.0 says `nullable`; JSON Schema has a type for it."""
    if isinstance(schema, list):
        return [_as_json_schema(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {key: _as_json_schema(value) for key, value in schema.items() if key != "nullable"}
    return {"anyOf": [{"type": "null"}, plain]} if schema.get("nullable") else plain


class Description:
    """The OpenAPI document."""

    def __init__(self, document):
        self.document = document
        self._components = _as_json_schema(document["components"])

    def operations(self):
        """(method, path with its {parameters}, operation)"""
        for path, methods in self.document["paths"].items():
            for method, operation in methods.items():
                yield method.upper(), path, operation

    def check(self, method, path, answer):
        """`path` as it stands in the document. Raises when the answer is none that it allows."""
        response = self.document["paths"][path][method.lower()]["responses"].get(str(answer.status))
        if response is None:
            raise AssertionError(f"{method} {path}: {answer.status} is not described: {answer.text}")
        content_type = answer.headers["Content-Type"].split(";")[0]
        if content_type not in response["content"]:
            raise AssertionError(f"{method} {path}: {content_type} is not described")
        if content_type == "application/json":
            schema = dict(_as_json_schema(response["content"][content_type]["schema"]), components=self._components)
            jsonschema.Draft7Validator(schema).validate(answer.json)
