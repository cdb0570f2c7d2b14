// Who reads, or has read, the stream socket: what is known of each consumer, and why it left. Pure; ConsumerMonitor
// tells it what happens.
#pragma once

#include "core/time.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::net {

struct ConsumerEntry {
    std::string peer;      // "process 4711 (python3)" or "127.0.0.1:53124"
    std::string endpoint;  // of the stream socket
    core::WallTime since{};
    core::WallTime until{};  // when it ended; the epoch while it is open
    std::string reason{};    // why it ended; empty while it is open
};

// The open ones, and the latest kMaxClosed of those that have ended. `link` tells open ones apart: the descriptor of
// the connection.
class ConsumerList {
public:
    void opened(int link, std::string peer, std::string endpoint, core::WallTime at);
    // Nothing happens for a link that is not open.
    void closed(int link, std::string reason, core::WallTime at);

    // The ended ones in the order of their ends, then the open ones in the order of their beginnings. The pointers last
    // until the list changes.
    std::vector<const ConsumerEntry*> entries(bool open_only) const;
    std::size_t open() const { return open_.size(); }
    std::uint64_t opened_in_all() const { return opened_; }
    std::uint64_t forgotten() const { return forgotten_; }  // closed ones for which there was no room any more

    static constexpr std::size_t kMaxClosed = 1'000;

private:
    std::map<int, ConsumerEntry> open_;
    std::deque<ConsumerEntry> closed_;
    std::uint64_t opened_ = 0;
    std::uint64_t forgotten_ = 0;
};

// What can be seen of a connection at the moment of its end.
struct EndSigns {
    std::string_view handshake_failure{};  // what libzmq said of it; empty = there was none
    bool seen = false;                     // the connection could be looked at; otherwise nothing below counts
    bool peer_has_ended = false;           // it has closed its side, or is no more
    bool has_unsent = false;               // bytes wait in the kernel that the peer has not taken
};
std::string end_reason(const EndSigns& signs);

// "process 4711 (python3)". A pid of 0 is a process of another pid namespace: nothing is known of it but its user.
// `name` may hold anything; what is not printable ASCII becomes '?'.
std::string process_peer(int pid, unsigned uid, std::string_view name);

}  // namespace fairlead::net
