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

AnswerCache::Seen AnswerCache::begin(const std::string& key, const std::string& peer, const Respond& respond,
                                     core::SteadyTime now) {
    expire(now);
    if (const auto found = entries_.find(key); found != entries_.end()) {
        Entry& entry = found->second;
        if (entry.reply) {
            respond(*entry.reply);
            return Seen::Repeated;
        }
        // The oldest of too many repetitions has surely been given up by its client.
        if (entry.waiting.size() >= kMaxWaiting) entry.waiting.erase(entry.waiting.begin());
        entry.waiting.push_back(respond);
        return Seen::Repeated;
    }
    std::size_t& of_peer = entries_of_peer_[peer];
    if (entries_.size() >= kMaxEntries || of_peer >= kMaxEntriesOfPeer || bytes_ >= kMaxBytes) return Seen::Full;
    ++of_peer;
    entries_.emplace(key, Entry{peer, std::nullopt, {respond}});
    return Seen::New;
}

void AnswerCache::finish(const std::string& key, const std::string& reply, core::SteadyTime now) {
    const auto found = entries_.find(key);
    if (found == entries_.end()) return;
    found->second.reply = reply;
    bytes_ += reply.size();
    finished_.emplace_back(now, key);
    for (const auto& respond : std::exchange(found->second.waiting, {}))
        respond(reply);
    expire(now);
}

void AnswerCache::expire(core::SteadyTime now) {
    while (!finished_.empty() && finished_.front().first + kKept <= now) {
        const auto entry = entries_.extract(finished_.front().second);
        finished_.pop_front();
        bytes_ -= entry.mapped().reply->size();
        const auto of_peer = entries_of_peer_.find(entry.mapped().peer);
        if (--of_peer->second == 0) entries_of_peer_.erase(of_peer);
    }
}

}  // namespace fairlead::control
