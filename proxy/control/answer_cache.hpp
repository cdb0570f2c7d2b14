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

    enum class Seen { New, Repeated };

    // New: the caller carries the request out and ends with finish(key). Repeated: `respond` has been or will be called
    // with the first answer.
    Seen begin(const std::string& key, Respond respond, core::SteadyTime now);
    // Answers everyone who asked with this key.
    void finish(const std::string& key, const std::string& reply, core::SteadyTime now);

    std::size_t size() const { return entries_.size(); }

    static std::string key(const std::string& peer, std::uint64_t request_id, std::string_view body);

    static constexpr core::Duration kKept = std::chrono::seconds{60};
    static constexpr std::size_t kMaxEntries = 4'096;
    static constexpr std::size_t kMaxWaiting = 16;  // repetitions of one request that is not answered yet

private:
    struct Entry {
        std::optional<std::string> reply;
        std::vector<Respond> waiting;
    };

    void expire(core::SteadyTime now);

    std::unordered_map<std::string, Entry> entries_;
    std::deque<std::pair<core::SteadyTime, std::string>> finished_;  // oldest first
};

}  // namespace fairlead::control
