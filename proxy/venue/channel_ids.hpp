// Where data carries a number instead of its channel, which the venue has told when it acknowledged the subscription:
// what the numbers of one socket mean. Another socket has other numbers.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace fairlead::venue {

class ChannelIds {
public:
    // What the id meant before is forgotten, and so is the id that the topic had. O(ids).
    void learn(std::string_view id, std::string_view topic);
    void forget() { topics_.clear(); }
    bool empty() const { return topics_.empty(); }

    // nullptr = it was never told. Valid until the next learn() or forget().
    const std::string* topic_of(std::string_view id) const;
    // Empty = there is none.
    std::string_view id_of(std::string_view topic) const;

private:
    std::map<std::string, std::string, std::less<>> topics_;  // id -> topic
};

}  // namespace fairlead::venue
