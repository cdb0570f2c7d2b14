"""Certificates made when they are needed, by the openssl command: an authority, and servers in good and bad order."""

import os
import ssl
import subprocess

_CA_CONFIG = """
[ca]
default_ca = test
[test]
database = {directory}/index.txt
serial = {directory}/serial
new_certs_dir = {directory}
default_md = sha256
policy = any
copy_extensions = copy
[any]
commonName = optional
[req]
distinguished_name = name
[name]
"""


class Authority:
    """A certificate authority in `directory`. `ca_file` is what a client has to trust."""

    def __init__(self, directory):
        os.makedirs(directory)
        self._directory = directory
        self.ca_file = self._path("ca.pem")
        self._config = self._path("openssl.cnf")
        with open(self._config, "w", encoding="utf-8") as file:
            file.write(_CA_CONFIG.format(directory=directory))
        with open(self._path("index.txt"), "w", encoding="utf-8"):
            pass
        with open(self._path("serial"), "w", encoding="utf-8") as file:
            file.write("01\n")
        self._openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-subj", "/CN=test authority", "-addext", "basicConstraints=critical,CA:TRUE",
            "-keyout", self._path("ca.key"), "-out", self.ca_file)  # fmt: skip

    def server(self, name, alternative_names="DNS:localhost,IP:127.0.0.1", expired=False):
        """(certificate file, key file) of a server."""
        certificate, key, request = (self._path(f"{name}.{suffix}") for suffix in ("pem", "key", "csr"))
        self._openssl(
            "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
            "-addext", f"subjectAltName={alternative_names}", "-keyout", key, "-out", request)  # fmt: skip
        period = ("200101000000Z", "200201000000Z") if expired else ("200101000000Z", "491231000000Z")
        self._openssl(
            "ca", "-batch", "-notext", "-startdate", period[0], "-enddate", period[1], "-cert", self.ca_file,
            "-keyfile", self._path("ca.key"), "-in", request, "-out", certificate)  # fmt: skip
        return certificate, key

    def _path(self, name):
        return os.path.join(self._directory, name)

    def _openssl(self, *arguments):
        environment = dict(os.environ, OPENSSL_CONF=self._config)
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, env=environment)


def server_context(certificate_and_key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate_and_key)
    return context
