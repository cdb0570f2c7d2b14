#include "venue/channel_ids.hpp"

namespace fairlead::venue {

void ChannelIds::learn(std::string_view id, std::string_view topic) {
    std::erase_if(topics_, [&](const auto& entry) { return entry.second == topic; });
    topics_.insert_or_assign(std::string{id}, std::string{topic});
}

const std::string* ChannelIds::topic_of(std::string_view id) const {
    const auto found = topics_.find(id);
    return found == topics_.end() ? nullptr : &found->second;
}

std::string_view ChannelIds::id_of(std::string_view topic) const {
    for (const auto& [id, known] : topics_)
        if (known == topic) return id;
    return {};
}

}  // namespace fairlead::venue
