#include "net/consumer_list.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace fairlead::net {

void ConsumerList::opened(int link, std::string peer, std::string endpoint, core::WallTime at) {
    closed(link, "its end was not seen", at);
    open_[link] = {.peer = std::move(peer), .endpoint = std::move(endpoint), .since = at};
    ++opened_;
}

void ConsumerList::closed(int link, std::string reason, core::WallTime at) {
    const auto found = open_.find(link);
    if (found == open_.end()) return;
    ConsumerEntry entry = std::move(found->second);
    open_.erase(found);
    entry.until = at;
    entry.reason = std::move(reason);
    closed_.push_back(std::move(entry));
    if (closed_.size() <= kMaxClosed) return;
    closed_.pop_front();
    ++forgotten_;
}

std::vector<const ConsumerEntry*> ConsumerList::entries(bool open_only) const {
    std::vector<const ConsumerEntry*> list;
    if (!open_only)
        for (const auto& entry : closed_)
            list.push_back(&entry);
    const auto first_open = static_cast<std::ptrdiff_t>(list.size());
    for (const auto& [link, entry] : open_)
        list.push_back(&entry);
    std::stable_sort(list.begin() + first_open, list.end(),
                     [](const auto* a, const auto* b) { return a->since < b->since; });
    return list;
}

std::string end_reason(const EndSigns& signs) {
    if (!signs.handshake_failure.empty()) return fmt::format("handshake failed: {}", signs.handshake_failure);
    if (!signs.seen) return "it left at once";
    if (signs.peer_has_ended) return "closed by the consumer";
    if (signs.has_unsent) return "disconnected as slow: it did not read";
    return "protocol error, or no sign of life";
}

std::string process_peer(int pid, unsigned uid, std::string_view name) {
    if (pid <= 0) return fmt::format("a process of another container (uid {})", uid);
    std::string shown(name);
    std::ranges::replace_if(
        shown, [](char c) { return c < ' ' || c > '~'; }, '?');
    return shown.empty() ? fmt::format("process {}", pid) : fmt::format("process {} ({})", pid, shown);
}

}  // namespace fairlead::net
