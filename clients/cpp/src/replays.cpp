#include "replays.hpp"

#include <algorithm>

namespace fairlead::client {

void Replays::on_welcome(const v1::Welcome& welcome) {
    const bool named = settings_.control_endpoint.empty();
    const std::string& endpoint = named ? welcome.control_endpoint() : settings_.control_endpoint;
    const bool reached = std::any_of(sidecars_.begin(), sidecars_.end(), [&endpoint](const auto& entry) {
        return entry.second.reached && entry.second.endpoint == endpoint;
    });
    std::erase_if(sidecars_, [&](const auto& entry) {
        const auto& [epoch, other] = entry;
        const bool same = named ? other.endpoint == endpoint : other.instance == welcome.instance();
        return same && epoch < welcome.epoch();
    });
    Sidecar& sidecar = sidecars_[welcome.epoch()];
    sidecar.endpoint = endpoint;
    sidecar.instance = welcome.instance();
    sidecar.has_journal = welcome.replay_depth() != 0 && settings_.link.open(endpoint);
    sidecar.reached = reached;
    sidecar.unreachable_since.reset();
    sidecar.left_alone_until = {};
    if (sidecars_.size() > kMaxSidecars) sidecars_.erase(sidecars_.begin());
}

void Replays::heard(std::string_view endpoint, Time now) {
    for (auto& [epoch, sidecar] : sidecars_) {
        if (sidecar.endpoint == endpoint) sidecar.heard = now;
    }
}

Replays::Sidecar* Replays::sidecar(std::uint64_t epoch) {
    const auto found = sidecars_.find(epoch);
    return found == sidecars_.end() ? nullptr : &found->second;
}

bool Replays::possible(std::uint64_t epoch, Time now) {
    const Sidecar* sidecar = this->sidecar(epoch);
    return sidecar != nullptr && sidecar->has_journal && now >= sidecar->left_alone_until;
}

Topic* Replays::asker(std::uint64_t request_id) const {
    const auto found = asked_.find(request_id);
    return found == asked_.end() ? nullptr : found->second;
}

void Replays::settle(Topic& topic) {
    switch (topic.recovery.phase()) {
        case Recovery::Phase::Idle:
            return leave(topic);
        case Recovery::Phase::Wanted:
            forget_request(topic);
            if (topic.active || topic.ticket != 0) return;
            topic.ticket = ++last_ticket_;
            waiting_.emplace(topic.ticket, &topic);
            return;
        case Recovery::Phase::Asked:
            return;
    }
}

std::vector<Topic*> Replays::on_time(Time now) {
    std::vector<Topic*> given_up;
    for (Topic* topic : std::vector<Topic*>(active_)) {
        if (!topic->active) continue;
        topic->recovery.on_time(now);
        settle(*topic);
        if (topic->recovery.phase() != Recovery::Phase::Idle) continue;
        given_up.push_back(topic);
        // If nothing at all was heard while it waited, the others have nothing to wait for either.
        const Sidecar* sidecar = this->sidecar(topic->tracker.epoch());
        if (sidecar != nullptr && now - sidecar->heard >= settings_.silence)
            leave_alone(topic->tracker.epoch(), now, given_up);
    }
    while (active_.size() < kMaxActive && !waiting_.empty()) {
        Topic& topic = *waiting_.begin()->second;
        waiting_.erase(waiting_.begin());
        topic.ticket = 0;
        topic.active = true;
        active_.push_back(&topic);
    }
    for (Topic* topic : std::vector<Topic*>(active_)) {
        if (!topic->active || !topic->recovery.wanted(now)) continue;
        ask(*topic, now);
        if (in_vain(topic->tracker.epoch(), now)) leave_alone(topic->tracker.epoch(), now, given_up);
    }
    return given_up;
}

void Replays::ask(Topic& topic, Time now) {
    const auto hole = topic.recovery.wanted(now);
    Sidecar* sidecar = this->sidecar(topic.tracker.epoch());
    v1::Request request;
    do {
        request.set_request_id(random_());
    } while (request.request_id() == 0 || asked_.contains(request.request_id()));
    v1::Replay& replay = *request.mutable_replay();
    replay.set_topic(topic.name);
    replay.set_epoch(topic.tracker.epoch());
    replay.set_from(hole->first);
    replay.set_to(hole->last);
    replay.set_stream(true);
    forget_request(topic);
    if (sidecar == nullptr) return topic.recovery.not_sent(now);
    if (!settings_.link.send(sidecar->endpoint, request)) {
        if (!sidecar->unreachable_since) sidecar->unreachable_since = now;
        return topic.recovery.not_sent(now);
    }
    sidecar->reached = true;
    sidecar->unreachable_since.reset();
    topic.request_id = request.request_id();
    asked_.emplace(topic.request_id, &topic);
    topic.recovery.asked(now);
    ++sent_;
}

// Whether it was just tried to ask there, and will do no better by waiting.
bool Replays::in_vain(std::uint64_t epoch, Time now) {
    const Sidecar* sidecar = this->sidecar(epoch);
    if (sidecar == nullptr) return true;
    return !sidecar->reached && sidecar->unreachable_since && now - *sidecar->unreachable_since >= kReachable;
}

// All its topics give up.
void Replays::leave_alone(std::uint64_t epoch, Time now, std::vector<Topic*>& given_up) {
    if (Sidecar* sidecar = this->sidecar(epoch); sidecar != nullptr)
        sidecar->left_alone_until = now + Recovery::kRetryAfter;
    std::vector<Topic*> others;
    for (Topic* topic : active_) {
        if (topic->tracker.epoch() == epoch) others.push_back(topic);
    }
    for (const auto& [ticket, topic] : waiting_) {
        if (topic->tracker.epoch() == epoch) others.push_back(topic);
    }
    for (Topic* topic : others) {
        topic->recovery.fail(now);
        settle(*topic);
        given_up.push_back(topic);
    }
}

void Replays::leave(Topic& topic) {
    forget_request(topic);
    if (topic.ticket != 0) waiting_.erase(topic.ticket);
    topic.ticket = 0;
    if (topic.active) active_.erase(std::find(active_.begin(), active_.end(), &topic));
    topic.active = false;
}

void Replays::forget_request(Topic& topic) {
    if (topic.request_id != 0) asked_.erase(topic.request_id);
    topic.request_id = 0;
}

std::optional<Replays::Time> Replays::deadline() const {
    std::optional<Time> first;
    for (const Topic* topic : active_) {
        const std::optional<Time> deadline = topic->recovery.deadline();
        if (deadline && (!first || *deadline < *first)) first = deadline;
    }
    return first;
}

}  // namespace fairlead::client
