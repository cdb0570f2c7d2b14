// A TLS server on loopback that sends a fixed text to whoever has sent something, with a certificate made on the spot
// that is its own authority.
#pragma once

#include "temporary_directory.hpp"

#include <doctest/doctest.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <thread>

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
        REQUIRE(SSL_CTX_use_certificate_chain_file(context_, ca_file().c_str()) == 1);
        REQUIRE(SSL_CTX_use_PrivateKey_file(context_, (directory_ / "key.pem").c_str(), SSL_FILETYPE_PEM) == 1);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        REQUIRE(bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
        REQUIRE(listen(listener_, 16) == 0);
        socklen_t size = sizeof address;
        REQUIRE(getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
        port_ = ntohs(address.sin_port);
        REQUIRE(pipe(wake_) == 0);
        thread_ = std::thread([this] { serve(); });
    }
    ~TlsServer() {
        close(wake_[1]);
        thread_.join();
        close(wake_[0]);
        close(listener_);
        SSL_CTX_free(context_);
    }
    TlsServer(const TlsServer&) = delete;
    TlsServer& operator=(const TlsServer&) = delete;

    std::string ca_file() const { return directory_ / "cert.pem"; }
    std::uint16_t port() const { return port_; }

private:
    void serve() {
        sigset_t all{};  // writing to a client that has gone
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, nullptr);
        while (true) {
            pollfd fds[2] = {{listener_, POLLIN, 0}, {wake_[0], POLLIN, 0}};
            poll(fds, 2, -1);
            if (fds[1].revents != 0) return;
            const int client = accept(listener_, nullptr, nullptr);
            timeval patience{.tv_sec = 10, .tv_usec = 0};
            setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
            SSL* ssl = SSL_new(context_);
            SSL_set_fd(ssl, client);
            char bytes[4096];
            if (SSL_accept(ssl) == 1 && SSL_read(ssl, bytes, sizeof bytes) > 0) {
                SSL_write(ssl, answer_.data(), static_cast<int>(answer_.size()));
                SSL_shutdown(ssl);
            }
            SSL_free(ssl);
            close(client);
        }
    }

    const std::string answer_;
    TemporaryDirectory directory_;
    SSL_CTX* context_ = SSL_CTX_new(TLS_server_method());
    int listener_ = socket(AF_INET, SOCK_STREAM, 0);
    int wake_[2] = {-1, -1};
    std::uint16_t port_ = 0;
    std::thread thread_;
};

}  // namespace fairlead::support
