#include "control/answer_cache.hpp"

#include <utility>

namespace fairlead::control {

std::string AnswerCache::key(const std::string& peer, std::uint64_t request_id, std::string_view body) {
    std::string key = peer;
    key += '\0';
    key.append(reinterpret_cast<const char*>(&request_id), sizeof request_id);
    const std::size_t hash = std::hash<std::string_view>{}(body);
    key.append(reinterpret_cast<const char*>(&hash), sizeof hash);
    return key;
}

AnswerCache::Seen AnswerCache::begin(const std::string& key, Respond respond, core::SteadyTime now) {
    expire(now);
    const auto [found, is_new] = entries_.try_emplace(key);
    Entry& entry = found->second;
    if (entry.reply) {
        respond(*entry.reply);
        return Seen::Repeated;
    }
    // The oldest of too many repetitions has surely been given up by its client; one REQ gets one reply at most.
    if (entry.waiting.size() >= kMaxWaiting) entry.waiting.erase(entry.waiting.begin());
    entry.waiting.push_back(std::move(respond));
    return is_new ? Seen::New : Seen::Repeated;
}

void AnswerCache::finish(const std::string& key, const std::string& reply, core::SteadyTime now) {
    const auto found = entries_.find(key);
    if (found == entries_.end()) return;
    found->second.reply = reply;
    finished_.emplace_back(now, key);
    for (auto& respond : std::exchange(found->second.waiting, {}))
        respond(reply);
    expire(now);
}

void AnswerCache::expire(core::SteadyTime now) {
    while (!finished_.empty() && (finished_.front().first + kKept <= now || finished_.size() > kMaxEntries)) {
        entries_.erase(finished_.front().second);
        finished_.pop_front();
    }
}

}  // namespace fairlead::control
