// A TLS server on loopback that sends a fixed text to whoever has sent something, with a certificate made on the spot
// that is its own authority.
#pragma once

#include "loopback_server.hpp"
#include "temporary_directory.hpp"

#include <doctest/doctest.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

namespace fairlead::support {

class TlsServer {
public:
    // `name` as in a certificate: "IP:127.0.0.1", "DNS:localhost".
    TlsServer(std::string answer, const std::string& name) : answer_(std::move(answer)) {
        const auto command =
            "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 "
            "-subj /CN=test -addext subjectAltName=" +
            name + " -keyout " + directory_ / "key.pem" + " -out " + ca_file() + " 2>/dev/null";
        REQUIRE(std::system(command.c_str()) == 0);
        REQUIRE(SSL_CTX_use_certificate_chain_file(context_.get(), ca_file().c_str()) == 1);
        REQUIRE(SSL_CTX_use_PrivateKey_file(context_.get(), (directory_ / "key.pem").c_str(), SSL_FILETYPE_PEM) == 1);
        loopback_.start([this](int client) { serve(client); });
    }

    std::string ca_file() const { return directory_ / "cert.pem"; }
    std::uint16_t port() const { return loopback_.port(); }

private:
    void serve(int client) {
        sigset_t all{};  // writing to a client that has gone
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, nullptr);
        timeval patience{.tv_sec = 10, .tv_usec = 0};
        setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        SSL* ssl = SSL_new(context_.get());
        SSL_set_fd(ssl, client);
        char bytes[4096];
        if (SSL_accept(ssl) == 1 && SSL_read(ssl, bytes, sizeof bytes) > 0) {
            SSL_write(ssl, answer_.data(), static_cast<int>(answer_.size()));
            SSL_shutdown(ssl);
        }
        SSL_free(ssl);
    }

    const std::string answer_;
    TemporaryDirectory directory_;
    const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_{SSL_CTX_new(TLS_server_method()), SSL_CTX_free};
    LoopbackServer loopback_;
};

}  // namespace fairlead::support
