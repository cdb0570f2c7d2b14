// The answers of the last minute. A client that has lost an answer repeats its request with the same id; it must get
// that answer, not a second effect. Keyed by peer, id and body, so that two clients which chose the same id are not
// taken for each other.
#pragma once

#include "core/time.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace fairlead::control {

// Relay thread only.
class AnswerCache {
public:
    using Respond = std::function<void(std::string reply)>;

    enum class Seen { New, Repeated, Full };

    // New: the caller carries the request out and ends with finish(key). Repeated: `respond` has been or will be called
    // with the first answer. Full: remembering one more would mean to forget another too soon, for this peer or for
    // all.
    Seen begin(const std::string& key, const std::string& peer, const Respond& respond, core::SteadyTime now);
    // Answers everyone who asked with this key.
    void finish(const std::string& key, const std::string& reply, core::SteadyTime now);

    std::size_t size() const { return entries_.size(); }

    static std::string key(const std::string& peer, std::uint64_t request_id, std::string_view body);

    static constexpr core::Duration kKept = std::chrono::seconds{60};
    static constexpr std::size_t kMaxEntries = 65'536;
    static constexpr std::size_t kMaxEntriesOfPeer = 16'384;
    static constexpr std::size_t kMaxBytes = std::size_t{16} << 20;  // of answers
    static constexpr std::size_t kMaxWaiting = 16;  // repetitions of one request that is not answered yet

private:
    struct Entry {
        std::string peer;
        std::optional<std::string> reply;
        std::vector<Respond> waiting;
    };

    void expire(core::SteadyTime now);

    std::unordered_map<std::string, Entry> entries_;
    std::deque<std::pair<core::SteadyTime, std::string>> finished_;  // oldest first
    std::unordered_map<std::string, std::size_t> entries_of_peer_;
    std::size_t bytes_ = 0;
};

}  // namespace fairlead::control
