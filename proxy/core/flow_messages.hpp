// The messages of a session that the venue has yet to answer, and which of them an answer means.
#pragma once

#include "core/time.hpp"

#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace fairlead::core {

struct FlowMessage {
    std::uint64_t id = 0;
    bool unsubscribe = false;
    bool part = false;    // of a refused batch, or a suspect alone
    bool awaits = false;  // an answer; else it is kept until it is due, for the sake of a refusal
    SteadyTime sent{};
    SteadyTime due{};               // for the answer
    std::size_t size = 0;           // topics at first
    std::vector<std::string> open;  // topics that no answer has named
    bool refused_in_part = false;   // an answer has refused one of its topics
    bool expired = false;           // no answer in time; a late one may still come
};

class FlowMessages {
public:
    void add(FlowMessage message);  // in order of `due`
    void clear();
    void erase(std::uint64_t id);

    // Null = none. Valid until the next call that is not const.
    FlowMessage* with_id(std::uint64_t id);
    FlowMessage* expired_with(std::string_view topic);  // the oldest
    FlowMessage* oldest_awaited();                      // that has not expired, else the oldest that has
    // The oldest message that is due and not expired yet.
    FlowMessage* due(SteadyTime now);
    // Its answer is late: it does not count as awaited any more, but is remembered for a while.
    void expire(FlowMessage& message);

    // Not expired.
    std::size_t awaited() const { return awaited_; }
    std::optional<SteadyTime> next_due() const;
    // A message of this kind is under way and not expired.
    bool has_part() const { return parts_ > 0; }

    static constexpr std::size_t kMaxExpired = 64;

private:
    using Messages = std::list<FlowMessage>;

    void uncount(const FlowMessage& message);

    Messages live_;  // in order of sending
    Messages expired_;
    std::unordered_map<std::uint64_t, Messages::iterator> index_;
    std::size_t awaited_ = 0;
    std::size_t parts_ = 0;
};

}  // namespace fairlead::core
