"""A TCP listener that is no proper venue: it hands each accepted socket to a function, which may do to it what it likes."""

import socket
import threading


class RawServer:
    def __init__(self, behaviour):
        self.accepted = 0
        self._behaviour = behaviour
        self._kept = []  # sockets that the behaviour returned, so that they stay open
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def url(self, path="/", host="localhost"):
        return f"ws://{host}:{self.port}{path}"

    def stop(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)
        for connection in self._kept:
            connection.close()

    def _run(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.accepted += 1
            try:
                keep = self._behaviour(connection)
            except OSError:
                keep = False
            if keep:
                self._kept.append(connection)
            else:
                connection.close()


def read_request(connection):
    connection.settimeout(5)
    request = b""
    while b"\r\n\r\n" not in request:
        piece = connection.recv(4096)
        if not piece:
            return request
        request += piece
    return request


def answer(text):
    """A behaviour: reads the request, answers with these bytes, closes."""

    def behave(connection):
        read_request(connection)
        connection.sendall(text)
        return False

    return behave


def close_at_once(_connection):
    return False


def stay_mute(_connection):
    return True


def refused_port():
    """A port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]
