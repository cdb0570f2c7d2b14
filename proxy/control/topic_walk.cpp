#include "control/topic_walk.hpp"

#include <algorithm>
#include <utility>

namespace fairlead::control {

TopicWalk::TopicWalk(std::vector<std::string> prefixes) {
    if (prefixes.empty()) prefixes.emplace_back();
    std::ranges::sort(prefixes);
    for (auto& prefix : prefixes)
        if (prefixes_.empty() || !prefix.starts_with(prefixes_.back())) prefixes_.push_back(std::move(prefix));
}

const publish::Topic* TopicWalk::next(const publish::Publisher& publisher, std::string_view after) const {
    // `after` may stand under the last prefix that does not sort behind it; those before that one are done.
    auto prefix = std::ranges::upper_bound(prefixes_, after);
    if (prefix != prefixes_.begin()) --prefix;
    for (; prefix != prefixes_.end(); ++prefix)
        if (const publish::Topic* topic = publisher.topic_after(*prefix, after)) return topic;
    return nullptr;
}

}  // namespace fairlead::control
