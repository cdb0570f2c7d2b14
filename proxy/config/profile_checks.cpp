// What concerns more than one table of a profile.
#include "config/profile_tables.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace fairlead::config {
namespace {

bool has_rule(const Profile& profile, Meaning means) {
    return std::ranges::any_of(profile.messages, [&](const MessageRule& rule) { return rule.means == means; });
}

// An acknowledgement that does not tell what it answers can only be that of the one request that waits.
void check_answers(TableReader& table, const Profile& profile) {
    const SubscribeConfig& subscribe = profile.subscribe;
    if (!subscribe.acknowledged) {
        for (const std::string_view key : {"ack_timeout", "in_flight"})
            table.check(key, "has no meaning without acknowledged = true; set it or remove this");
        return;
    }
    bool has_id = false;
    bool has_topic = false;
    for (const MessageRule& rule : profile.messages) {
        if (rule.means != Meaning::Ack) continue;
        has_id = has_id || !rule.id.empty();
        has_topic = has_topic || !rule.topic.empty();
    }
    if (!has_rule(profile, Meaning::Ack)) {
        table.problem("acknowledged", "needs a rule in [[messages]] that means ack");
    } else if (!has_id && !has_topic && subscribe.in_flight > 1) {
        table.problem("in_flight", "must be 1: no rule that means ack has an id or a topic to tell what it answers");
    }
    const bool sends_id = subscribe.text.find("{id}") != std::string::npos;
    if (has_id && !has_topic && !sends_id) {
        table.problem("text", "sends no {id}, but the rule that means ack finds its request by one");
    }
}

void check_subscribe(TableReader& table, const Profile& profile, unsigned topics_per_socket) {
    check_answers(table, profile);
    if (topics_per_socket > 0 && profile.subscribe.topics_per_message > topics_per_socket) {
        table.problem("topics_per_message", fmt::format("is more than the {} topics that connection.topics_per_socket "
                                                        "allows",
                                                        topics_per_socket));
    }
}

void check_signing(TableReader& table, const Profile& profile, const std::string& sign) {
    if (sign.empty() || std::ranges::count(profile.credentials, "secret") > 0) return;
    table.check("sign", "needs \"secret\" among the profile's credentials: the key of the signature");
}

void check_login(TableReader& table, const Profile& profile) {
    if (profile.login.text.empty()) return;
    check_signing(table, profile, profile.login.sign);
    if (profile.credentials.empty()) table.problem("text", "needs credentials: without any, it is never sent");
    if (!profile.login.acknowledged || has_rule(profile, Meaning::LoginAck)) return;
    table.problem("text", "needs a rule in [[messages]] that means login_ack, or acknowledged = false");
}

void check_heartbeat(TableReader& table, const Profile& profile) {
    const HeartbeatConfig& heartbeat = profile.heartbeat;
    if (heartbeat.text.empty() || heartbeat.timeout.count() == 0) return;
    if (has_rule(profile, Meaning::HeartbeatReply)) return;
    table.problem("text", "needs a rule in [[messages]] that means heartbeat_reply, or timeout = \"0s\"");
}

void check_channel_ids(TableReader& table, const Profile& profile) {
    const bool are_named =
        std::ranges::any_of(profile.messages, [](const MessageRule& rule) { return !rule.channel_id.empty(); });
    if (are_named && profile.channel_id.empty()) {
        table.problem("channel_id", "is missing: a rule learns channel ids, but where do they stand in data?");
    } else if (!are_named && !profile.channel_id.empty()) {
        table.check("channel_id", "no rule in [[messages]] has a channel_id to learn from");
    }
}

}  // namespace

void check_profile(TableReader& profile, const Profile& read, unsigned topics_per_socket) {
    if (auto table = profile.table("subscribe")) check_subscribe(*table, read, topics_per_socket);
    if (auto table = profile.table("login")) check_login(*table, read);
    if (auto table = profile.table("heartbeat")) check_heartbeat(*table, read);
    if (auto table = profile.table("prepare")) check_signing(*table, read, read.prepare.sign);
    check_channel_ids(profile, read);
    if (read.waits_for_ready && !has_rule(read, Meaning::Ready)) {
        profile.check("waits_for_ready", "needs a rule in [[messages]] that means ready");
    }
}

}  // namespace fairlead::config
