"""The control socket as a client sees it: one Request in, one Reply out."""

import random

import zmq

from fairlead.v1 import control_pb2
from waiting import PATIENCE, Timeout


class Control:
    def __init__(self, context, endpoint):
        self._context = context
        self._endpoint = endpoint

    def __call__(self, command, request_id=None, seconds=5, **fields):
        """control("send", connection="a", payload=b"x") -> Reply. Raises Timeout when none comes."""
        request = make_request(command, request_id, **fields)
        reply = control_pb2.Reply.FromString(self.raw(zmq.REQ, [request.SerializeToString()], seconds=seconds)[-1])
        if reply.request_id != request.request_id:
            raise AssertionError(f"reply {reply.request_id} to request {request.request_id}")
        return reply

    def raw(self, kind, frames, options=(), seconds=5):
        """Frames as they are, on a socket of its own; returns the frames of the answer."""
        socket = self._context.socket(kind)
        try:
            socket.linger = 0
            for option, value in options:
                socket.setsockopt(option, value)
            socket.connect(self._endpoint)
            socket.send_multipart(frames)
            if not socket.poll(seconds * PATIENCE * 1000):
                raise Timeout(f"no reply within {seconds * PATIENCE} s")
            return socket.recv_multipart()
        finally:
            socket.close()

    def status(self, connection):
        """The ConnectionStatus of one connection."""
        reply = self("list_connections", connection=connection)
        if reply.code != control_pb2.CODE_OK:
            raise AssertionError(f"list_connections {connection}: {reply}")
        return reply.connections.connections[0]


def make_request(command, request_id=None, **fields):
    request = control_pb2.Request(request_id=random.getrandbits(63) | 1 if request_id is None else request_id)
    body = getattr(request, command)
    body.SetInParent()
    for name, value in fields.items():
        if isinstance(value, list):
            getattr(body, name).extend(value)
        else:
            setattr(body, name, value)
    return request
