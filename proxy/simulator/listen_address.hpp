// The address of a venue, as sockets. While the venue does not listen, the port stays bound, so that nobody else gets
// it meanwhile; a connect to it is refused.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>

namespace fairlead::simulator {

class ListenAddress {
public:
    // Looks the host up ("127.0.0.1", "::1", "localhost") and binds, which settles the port if it is 0. Throws
    // std::runtime_error with the reason.
    ListenAddress(const std::string& host, std::uint16_t port);
    ~ListenAddress();
    ListenAddress(const ListenAddress&) = delete;
    ListenAddress& operator=(const ListenAddress&) = delete;

    std::uint16_t port() const;

    // A listening socket, now the caller's; -1 = could not, errno says why.
    int listen();
    // To be called when the caller has closed that socket: binds the port again without listening.
    void reserve();

private:
    int bind_socket() const;

    sockaddr_storage address_{};
    socklen_t address_size_ = 0;
    int reserved_ = -1;
};

}  // namespace fairlead::simulator
