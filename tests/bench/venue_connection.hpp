// One client of the venue: TCP or TLS, the upgrade, frames out, pings answered. Nothing blocks.
#pragma once

#include <openssl/ssl.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace fairlead::bench {

class VenueConnection {
public:
    // Takes the descriptor, which does not block. `context` null = without TLS.
    VenueConnection(int descriptor, SSL_CTX* context);
    ~VenueConnection();
    VenueConnection(const VenueConnection&) = delete;
    VenueConnection& operator=(const VenueConnection&) = delete;

    // The descriptor may be ready, to be called once for each edge. False = the client has gone.
    bool ready();
    bool is_open() const { return upgraded_; }
    bool is_blocked() const { return !writable_; }
    std::size_t pending() const { return outbox_.size() - written_; }
    void append(std::string_view frame) { outbox_ += frame; }
    // Writes what is there, as far as the socket takes it. False = the client has gone.
    bool flush();

private:
    enum class Io { Some, Blocked, Gone };
    Io read_some(std::size_t& count);
    Io write_some(std::size_t& count);
    bool read_all();
    bool upgrade();
    bool answer_frames();

    struct FreeSsl {
        void operator()(SSL* ssl) const { SSL_free(ssl); }
    };

    const int descriptor_;
    std::unique_ptr<SSL, FreeSsl> ssl_;
    bool upgraded_ = false;
    bool writable_ = true;
    std::string inbox_;
    std::string outbox_;
    std::size_t written_ = 0;  // of the outbox
};

}  // namespace fairlead::bench
