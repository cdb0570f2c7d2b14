// [connections.<id>]: one connection, its TLS, its headers and its own network settings.
#include "config/checks.hpp"
#include "config/connection_venue.hpp"
#include "config/sections.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace fairlead::config {
namespace {

using namespace std::chrono_literals;

constexpr unsigned kMaxLegs = 4;
constexpr std::size_t kMaxUrls = 16;
constexpr unsigned kMaxTopicsPerSocket = 20'000;
constexpr unsigned kMaxTopics = 1'000'000;
constexpr std::uint64_t kMaxMessageBytes = std::uint64_t{1} << 30;

void read_urls(TableReader& table, ConnectionConfig& connection, Scope scope) {
    std::vector<SecretText>& urls = connection.urls;
    SecretText url;
    table.secret("url", url);
    table.check("url", check_url_of(connection.venue, url));
    table.secrets("urls", urls,
                  [&](const std::string& text) { return check_url_of(connection.venue, SecretText(text)); });
    if (table.has("url") && table.has("urls")) {
        table.problem("urls", "url is there as well; write one of the two");
    } else if (!table.has("url") && !table.has("urls")) {
        if (scope == Scope::Defaults) return;
        table.problem("url", "is missing; a connection needs its url: url = \"wss://host/path\"");
    } else if (table.valid("urls")) {
        if (urls.empty()) table.problem("urls", "the list is empty; a connection needs a URL");
        if (urls.size() > kMaxUrls) table.problem("urls", fmt::format("at most {} URLs", kMaxUrls));
    } else if (table.valid("url")) {
        urls = {url};
    }
}

void read_headers(TableReader& table, std::map<std::string, SecretText>& headers) {
    std::set<std::string> seen;
    for (const Member* member : table.members()) {
        SecretText value;
        table.secret(member->key, value);
        table.check(member->key, check_header_name(member->key));
        table.check(member->key, check_header_value(value));
        if (!seen.insert(lower(member->key)).second) {
            table.check(member->key, "is there already; upper and lower case mean the same");
        }
        headers[member->key] = value;
    }
}

void read_tls(TableReader& table, TlsConfig& tls, bool plain_url) {
    struct Key {
        std::string_view name;
        std::string& target;
    };
    for (const auto& [name, target] : {Key{"ca_file", tls.ca_file}, Key{"cert_file", tls.cert_file},
                                       Key{"key_file", tls.key_file}, Key{"server_name", tls.server_name}}) {
        table.text(name, target);
        if (plain_url && !target.empty()) table.problem(name, "has no meaning on a ws:// URL; use wss:// or remove it");
    }
    if (!tls.key_file.empty() && tls.cert_file.empty() && table.usable("cert_file")) {
        table.problem("key_file", "needs cert_file: a key without its certificate is of no use");
    }
    table.finish();
}

void read_limits(TableReader& table, ConnectionConfig& connection) {
    table.duration("stale_after", connection.stale_after, 1ms, 24h, TableReader::Zero::Allowed);
    table.size("max_message_bytes", connection.max_message_bytes, 1, kMaxMessageBytes);
    table.integer("max_topics", connection.max_topics, 1U, kMaxTopics);
}

void read_modes(TableReader& table, ConnectionConfig& connection) {
    table.choice("endpoints", connection.endpoints,
                 TableReader::Names<EndpointOrder>{{"priority", EndpointOrder::Priority},
                                                   {"round_robin", EndpointOrder::RoundRobin}});
    table.duration("fail_back_after", connection.fail_back_after, 1s, 24h, TableReader::Zero::Allowed);
    table.integer("legs", connection.legs, 1U, kMaxLegs);
    table.integer("topics_per_socket", connection.topics_per_socket, 0U, kMaxTopicsPerSocket);
    table.flag("last_value", connection.last_value);
    table.choice("transport", connection.transport,
                 TableReader::Names<std::string>{{"lws", "lws"}, {"native", "native"}});
    table.flag("compression", connection.compression);

    if (connection.compression && connection.transport != "native" && table.usable("transport")) {
        table.problem("compression", "needs transport = \"native\": libwebsockets' own can end the process");
    }
}

void read_rotation(TableReader& table, RotationConfig& rotation) {
    table.duration("max_age", rotation.max_age, 1s, 30 * 24h, TableReader::Zero::Allowed);
    table.number("jitter_factor", rotation.jitter_factor, 0, 1);
    unsigned hour = 0;
    table.integer("preferred_hour", hour, 0U, 23U);
    if (table.valid("preferred_hour")) rotation.preferred_hour = hour;
    table.duration("overlap", rotation.overlap, 100ms, 10min);
    if (rotation.max_age.count() > 0 && rotation.max_age <= 2 * rotation.overlap && table.usable("overlap")) {
        table.problem("max_age", "must be more than twice overlap, or one rotation would follow the other");
    }
    if (rotation.preferred_hour && rotation.max_age.count() == 0 && table.usable("max_age")) {
        table.problem("preferred_hour", "has no meaning without max_age; set it or remove this");
    }
    table.finish();
}

void read_drain(TableReader& table, DrainConfig& drain) {
    table.text("field", drain.field);
    if (!drain.field.empty()) table.check("field", check_json_pointer(drain.field));
    table.text("value", drain.value);
    if (drain.field.empty() != drain.value.empty() && table.usable("field") && table.usable("value")) {
        table.problem(drain.field.empty() ? "value" : "field", "field and value go together; set both or neither");
    }
    table.finish();
}

void read_sequence(TableReader& table, SequenceConfig& sequence) {
    table.text("field", sequence.field);
    if (!sequence.field.empty()) table.check("field", check_json_pointer(sequence.field));
    table.text("previous", sequence.previous);
    if (!sequence.previous.empty()) table.check("previous", check_json_pointer(sequence.previous));
    table.text("first", sequence.first);
    if (!sequence.first.empty()) table.check("first", check_json_pointer(sequence.first));
    if (!sequence.first.empty() && !sequence.previous.empty()) {
        table.check("first", "has no meaning beside previous, which says the same; remove one");
    }
    table.integer("step", sequence.step, 0U, 1'000'000U);
    table.choice(
        "repair", sequence.repair,
        TableReader::Names<RepairMode>{
            {"none", RepairMode::None}, {"resubscribe", RepairMode::Resubscribe}, {"rotate", RepairMode::Rotate}});
    for (const std::string_view key : {"previous", "first", "step", "repair"}) {
        if (sequence.field.empty() && table.valid(key) && table.usable("field")) {
            table.problem(key, "has no meaning without field: where the number stands in a message");
        }
    }
    table.finish();
}

// The first that a socket cannot carry, if each could have one of its own.
void check_subscription_bytes(TableReader& table, const ConnectionConfig& connection) {
    const auto limit = connection.venue.limits.topic_bytes_per_socket;
    const auto& all = connection.subscriptions;
    const auto longest =
        std::ranges::max_element(all, {}, [](const SecretText& subscription) { return subscription.written().size(); });
    if (limit == 0 || longest == all.end() || longest->written().size() <= limit) return;
    table.problem("subscriptions",
                  fmt::format("`{:.40}…` has {} bytes, but the venue takes {} on a socket (topic_bytes_per_socket of "
                              "the profile `{}`): write it shorter, or as several subscriptions",
                              longest->display(), longest->written().size(), limit, connection.profile));
}

void check_pool(TableReader& table, const ConnectionConfig& connection) {
    const bool has_channels = !connection.channel.empty() || !connection.venue.channel_id.empty();
    if (connection.is_pooled() && !has_channels && table.usable("channel")) {
        const bool is_own = connection.topics_per_socket > 0;
        table.problem(is_own ? "topics_per_socket" : "channel",
                      fmt::format("{}: with one topic for all, it cannot be told which socket carries it",
                                  is_own ? "needs channel" : "is needed with the profile's topic_bytes_per_socket"));
    }
    check_subscription_bytes(table, connection);
    if (!table.usable("subscriptions")) return;
    const core::PoolSettings settings = pool_settings(connection);
    core::Pool pool(settings);
    const std::size_t most = std::min<std::size_t>(pool.capacity(), kMaxTopicsPerSocket);
    const auto& all = connection.subscriptions;
    if (all.size() > most) {
        table.problem("subscriptions",
                      fmt::format("{} are more than the {} that a connection can carry{}", all.size(), most,
                                  connection.topics_per_socket > 0 ? " with this topics_per_socket" : ""));
        return;
    }
    const auto first = std::ranges::find_if(
        all, [&pool](const SecretText& subscription) { return pool.place(subscription.written()).full; });
    if (first == all.end()) return;
    table.problem("subscriptions",
                  fmt::format("only the first {} of {} can be carried: {} sockets of {} bytes of topics each "
                              "(topic_bytes_per_socket of the profile `{}`) have no room for more; divide them among "
                              "several connections",
                              first - all.begin(), all.size(), settings.max_sockets, settings.bytes_per_socket,
                              connection.profile));
}

void read_continuity(TableReader& table, ConnectionConfig& connection) {
    check_pool(table, connection);
    table.texts("dedupe", connection.dedupe, TableReader::ListForm::StringOrList, check_json_pointer);
    table.duration("dedupe_window", connection.dedupe_window, 2s, 5min);
    if (auto rotation = table.table("rotation")) read_rotation(*rotation, connection.rotation);
    if (auto drain = table.table("drain")) read_drain(*drain, connection.drain);
    if (auto sequence = table.table("sequence")) read_sequence(*sequence, connection.sequence);
}

}  // namespace

core::PoolSettings pool_settings(const ConnectionConfig& connection) {
    return {.per_socket = connection.topics_per_socket,
            .bytes_per_socket = connection.venue.limits.topic_bytes_per_socket};
}

void read_connection(TableReader& table, ConnectionConfig& connection, Scope scope) {
    read_urls(table, connection, scope);
    if (scope == Scope::Connection) {
        if (const TextProblem problem = check_connection_id(connection.id)) {
            table.report().problem(table.at(), table.path(), *problem);
        }
        table.text("profile", connection.profile);
        read_credentials(table, connection);
        read_subscriptions(table, connection);
    }
    table.texts("channel", connection.channel, TableReader::ListForm::StringOrList, check_json_pointer);
    if (auto headers = table.table("headers")) read_headers(*headers, connection.headers);
    table.text("subprotocol", connection.subprotocol);
    table.check("subprotocol", check_subprotocol(connection.subprotocol));
    read_limits(table, connection);
    read_modes(table, connection);
    read_topic_life(table, connection);
    read_continuity(table, connection);
    const bool plain_url = !connection.urls.empty() && std::ranges::all_of(connection.urls, is_plain_url);
    if (auto tls = table.table("tls")) read_tls(*tls, connection.tls, plain_url);
    table.secret("proxy", connection.proxy);
    if (!connection.proxy.empty()) table.check("proxy", check_proxy(connection.proxy));
    if (auto network = table.table("network")) read_network_of_connection(*network, connection.network);
    table.finish();
}

}  // namespace fairlead::config
