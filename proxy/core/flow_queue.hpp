// Topics that wait to be sent, in order of addition, and which of them can share a message.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace fairlead::core {

class FlowTopic;

struct BatchLimits {
    std::size_t topics = 1;
    std::uint64_t bytes = 0;  // 0 = no limit
    std::uint64_t overhead = 0;
};

// Points to topics, which outlive their place here.
class FlowQueue {
public:
    // O(log size), both.
    void insert(FlowTopic& topic);
    void erase(FlowTopic& topic);
    void clear();
    bool empty() const { return by_age_.empty(); }
    std::size_t size() const { return by_age_.size(); }

    // The oldest, and after it those of its kind as far as they fit; none of them is taken out. At least one unless
    // empty().
    std::vector<FlowTopic*> batch(const BatchLimits& limits) const;

private:
    // Topics that a venue has left unanswered do not share messages with others.
    using Kind = std::pair<bool, std::string>;
    struct BySerial {
        bool operator()(const FlowTopic* a, const FlowTopic* b) const;
    };
    using Ordered = std::set<FlowTopic*, BySerial>;
    static Kind kind_of(const FlowTopic& topic);

    Ordered by_age_;
    std::map<Kind, Ordered> by_kind_;
};

}  // namespace fairlead::core
