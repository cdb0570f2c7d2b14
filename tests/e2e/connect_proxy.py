"""An HTTP proxy: it knows CONNECT, and hands any other request on as it came. Names are looked up in `hosts`, so that a
test sees that the proxy was asked for the name and not for an address."""

import socket
import threading
import urllib.parse


class ConnectProxy:
    def __init__(self, hosts):
        self.requests = []  # heads as text, in order
        self._hosts = hosts
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def stop(self):
        self._listener.close()

    def _serve(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._connect, args=(client,), daemon=True).start()

    def _connect(self, client):
        head = b""
        while b"\r\n\r\n" not in head:
            data = client.recv(4096)
            if not data:
                client.close()
                return
            head += data
        self.requests.append(head.decode("latin-1"))
        method, target = head.decode("latin-1").split(" ")[:2]
        host, port = (target if method == "CONNECT" else urllib.parse.urlsplit(target).netloc).rsplit(":", 1)
        if host not in self._hosts:
            client.sendall(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
            client.close()
            return
        upstream = socket.create_connection((self._hosts[host], int(port)))
        if method == "CONNECT":
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            upstream.sendall(head)
        back = threading.Thread(target=_pump, args=(client, upstream), daemon=True)
        back.start()
        _pump(upstream, client)
        back.join()
        client.close()
        upstream.close()


def _pump(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
    except OSError:
        pass
    for end in (source, sink):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
