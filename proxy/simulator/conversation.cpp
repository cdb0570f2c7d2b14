#include "simulator/conversation.hpp"

#include <numeric>
#include <utility>

namespace fairlead::simulator {
namespace {

core::Rate rate_of(const config::RateConfig& rate) {
    return {.count = rate.count, .per = rate.per};
}

std::string_view first_topic(const Incoming& incoming) {
    return incoming.topics.empty() ? std::string_view{} : incoming.topics.front();
}

}  // namespace

Conversation::Conversation(const Dialect& dialect, const TopicFaults& faults)
    : dialect_(dialect),
      faults_(faults),
      messages_(rate_of(dialect.profile().limits.messages)),
      requests_(rate_of(dialect.profile().limits.requests)) {}

bool Conversation::take(Window& window, core::SteadyTime now) {
    const auto allowed_at = window.allowed_at();
    window.note(now);
    return !allowed_at || now >= *allowed_at;
}

void Conversation::say(Outcome& outcome, std::string text) {
    if (!text.empty()) outcome.texts.push_back(std::move(text));
}

bool Conversation::receive_control(core::SteadyTime now) {
    return !dialect_.profile().limits.pings_count || take(messages_, now);
}

Conversation::Outcome Conversation::receive(std::string_view text, std::set<std::string>& subscriptions,
                                            core::SteadyTime now) {
    Outcome outcome{.incoming = dialect_.parse(text)};
    const Incoming& incoming = outcome.incoming;
    const bool in_time = take(messages_, now);
    if (incoming.kind == Incoming::Kind::Heartbeat) {
        outcome.closes = !in_time;
        if (in_time) say(outcome, dialect_.heartbeat_reply(incoming));
        return outcome;
    }
    const bool requests_in_time = incoming.kind == Incoming::Kind::Unknown || take(requests_, now);
    if (!in_time || !requests_in_time) {
        answer_too_fast(outcome);
    } else if (incoming.kind == Incoming::Kind::Subscribe) {
        subscribe(outcome, text.size(), subscriptions);
    } else if (incoming.kind == Incoming::Kind::Unknown) {
        say(outcome, dialect_.reject(incoming, {}, "invalid request"));
    } else {
        for (const std::string& topic : incoming.topics)
            outcome.changed = subscriptions.erase(topic) > 0 || outcome.changed;
        if (!dialect_.texts().per_topic) {
            say(outcome, dialect_.ack(incoming, first_topic(incoming)));
        } else {
            for (const std::string& topic : incoming.topics)
                say(outcome, dialect_.ack(incoming, topic));
        }
    }
    return outcome;
}

void Conversation::answer_too_fast(Outcome& outcome) const {
    outcome.closes = dialect_.texts().too_fast.empty();
    if (!outcome.closes) say(outcome, dialect_.too_fast(outcome.incoming));
}

void Conversation::subscribe(Outcome& outcome, std::size_t bytes, std::set<std::string>& subscriptions) {
    const Incoming& incoming = outcome.incoming;
    const std::string_view first = first_topic(incoming);
    if (const std::string reason = problem(incoming, bytes, subscriptions); !reason.empty())
        return say(outcome, dialect_.reject(incoming, first, reason));
    if (!dialect_.texts().per_topic) {
        for (const std::string& topic : incoming.topics)
            if (const std::string reason = problem(topic); !reason.empty())
                return say(outcome, dialect_.reject(incoming, topic, reason));
        subscriptions.insert(incoming.topics.begin(), incoming.topics.end());
        outcome.changed = true;
        return say(outcome, dialect_.ack(incoming, first));
    }
    for (const std::string& topic : incoming.topics) {
        const std::string reason = problem(topic);
        if (reason.empty()) {
            subscriptions.insert(topic);
            outcome.changed = true;
        }
        say(outcome, reason.empty() ? dialect_.ack(incoming, topic) : dialect_.reject(incoming, topic, reason));
    }
}

// Of the request as a whole.
std::string Conversation::problem(const Incoming& incoming, std::size_t bytes,
                                  const std::set<std::string>& subscriptions) const {
    const config::Profile& profile = dialect_.profile();
    if (incoming.topics.size() > profile.subscribe.topics_per_message) return "too many topics in one request";
    if (profile.subscribe.bytes_per_message > 0 && bytes > profile.subscribe.bytes_per_message)
        return "the request is too long";
    std::set<std::string> wanted = subscriptions;
    wanted.insert(incoming.topics.begin(), incoming.topics.end());
    if (dialect_.topics_per_socket() > 0 && wanted.size() > dialect_.topics_per_socket())
        return "too many topics on one connection";
    const std::uint64_t limit = profile.limits.topic_bytes_per_socket;
    const auto add = [](std::uint64_t sum, const std::string& topic) { return sum + topic.size(); };
    if (limit > 0 && std::accumulate(wanted.begin(), wanted.end(), std::uint64_t{0}, add) > limit)
        return "the topics of one connection are too long";
    return {};
}

std::string Conversation::problem(std::string_view topic) const {
    if (faults_.refused.contains(topic)) return "refused";
    const bool is_known = dialect_.texts().accepts_unknown || !dialect_.stream_of(topic).empty();
    return is_known ? std::string{} : "unknown topic";
}

}  // namespace fairlead::simulator
