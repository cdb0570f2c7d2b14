#include "simulator/listen_address.hpp"

#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace fairlead::simulator {
namespace {

constexpr int kBacklog = 1024;

}  // namespace

ListenAddress::ListenAddress(const std::string& host, std::uint16_t port) {
    addrinfo hints{};
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const int error = ::getaddrinfo(host.c_str(), fmt::format("{}", port).c_str(), &hints, &found);
    if (error != 0) throw std::runtime_error(fmt::format("cannot listen on {}: {}", host, ::gai_strerror(error)));
    std::memcpy(&address_, found->ai_addr, found->ai_addrlen);
    address_size_ = found->ai_addrlen;
    ::freeaddrinfo(found);

    reserved_ = bind_socket();
    if (reserved_ < 0) {
        throw std::runtime_error(fmt::format("cannot listen on {}:{}: {}", host, port, std::strerror(errno)));
    }
    ::getsockname(reserved_, reinterpret_cast<sockaddr*>(&address_), &address_size_);
}

ListenAddress::~ListenAddress() {
    if (reserved_ >= 0) ::close(reserved_);
}

std::uint16_t ListenAddress::port() const {
    if (address_.ss_family == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6&>(address_).sin6_port);
    return ntohs(reinterpret_cast<const sockaddr_in&>(address_).sin_port);
}

int ListenAddress::listen() {
    const int socket = reserved_ >= 0 ? std::exchange(reserved_, -1) : bind_socket();
    if (socket < 0 || ::listen(socket, kBacklog) == 0) return socket;
    const int error = errno;
    ::close(socket);
    errno = error;
    return -1;
}

void ListenAddress::reserve() {
    if (reserved_ < 0) reserved_ = bind_socket();
}

int ListenAddress::bind_socket() const {
    const int socket = ::socket(address_.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (socket < 0) return -1;
    // The port may be full of connections in TIME_WAIT, which must not keep a venue from coming back.
    const int on = 1;
    ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (::bind(socket, reinterpret_cast<const sockaddr*>(&address_), address_size_) == 0) return socket;
    const int error = errno;
    ::close(socket);
    errno = error;
    return -1;
}

}  // namespace fairlead::simulator
