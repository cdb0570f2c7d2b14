#include "control/service.hpp"

#include "config/load.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <simdjson.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

namespace fairlead::control {
namespace {

bool only_reads(const v1::Request& request) {
    switch (request.command_case()) {
        case v1::Request::kGetStatus:
        case v1::Request::kListConnections:
        case v1::Request::kListSubscriptions:
        case v1::Request::kReplay:
        case v1::Request::kSnapshot:
        case v1::Request::kListGaps:
        case v1::Request::kListConsumers:
        case v1::Request::kListAlerts:
        case v1::Request::kListAlertChannels:
        case v1::Request::kGetConfig:
            return true;
        default:
            return false;
    }
}

std::string encode(v1::Reply& reply, std::uint64_t request_id, const relay::Outcome& outcome) {
    reply.set_request_id(request_id);
    reply.set_code(outcome.code);
    reply.set_message(outcome.message);
    return reply.SerializeAsString();
}

// A peer of the control socket may not read the sidecar's environment and files by having them sent to a venue.
std::string first_secret(const config::ConnectionConfig& connection) {
    if (std::ranges::any_of(connection.urls, &config::SecretText::has_secret)) return "url";
    if (std::ranges::any_of(connection.subscriptions, &config::SecretText::has_secret)) return "subscriptions";
    if (connection.proxy.has_secret()) return "proxy";
    for (const auto& [name, value] : connection.headers)
        if (value.has_secret()) return "headers";
    for (const auto& [name, value] : connection.credentials)
        if (value.has_secret()) return "credentials";
    return {};
}

std::string toml_string(std::string_view text) {
    std::string quoted = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\')
            quoted += {'\\', c};
        else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
            quoted += fmt::format("\\u{:04X}", static_cast<unsigned>(c));
        else
            quoted += c;
    }
    return quoted + '"';
}

std::string as_toml(const v1::AddConnection& command) {
    std::string toml;
    if (!command.url().empty()) toml += fmt::format("url = {}\n", toml_string(command.url()));
    if (!command.profile().empty()) toml += fmt::format("profile = {}\n", toml_string(command.profile()));
    if (command.subscriptions_size() > 0) {
        std::vector<std::string> texts;
        for (const auto& text : command.subscriptions())
            texts.push_back(toml_string(text));
        toml += fmt::format("subscriptions = [{}]\n", fmt::join(texts, ", "));
    }
    return toml + command.options();
}

constexpr std::size_t kMaxProblemsTold = 20;

// A client waits for its own id, also in a refusal. It comes first in what clients send.
std::uint64_t request_id(std::string_view body) {
    constexpr char kTag = 1 << 3 | 1;
    std::uint64_t id = 0;
    if (body.size() > sizeof id && body.front() == kTag) std::memcpy(&id, body.data() + 1, sizeof id);
    return id;
}

constexpr const char* kNoSecrets = "secrets (${env:…}, ${file:…}) are for the config file only";

}  // namespace

Service::Service(relay::Supervisor& supervisor, Recovery& recovery, const seam::Clock& clock,
                 DescribeProcess describe_process)
    : supervisor_(supervisor),
      recovery_(recovery),
      clock_(clock),
      describe_process_(std::move(describe_process)),
      answers_(std::make_shared<AnswerCache>()) {}

void Service::refuse(v1::Code code, std::string message, std::uint64_t id, const Respond& respond) {
    ++counters_.refused;
    v1::Reply reply;
    respond(encode(reply, id, {code, std::move(message)}));
}

void Service::handle(const std::string& peer, std::string_view body, Respond respond,
                     std::unique_ptr<seam::ReplyStream> out) {
    ++counters_.requests;
    if (!allow(peer)) return refuse(v1::CODE_LIMITED, "too many requests: slow down", request_id(body), respond);
    if (body.size() > kMaxRequestBytes)
        return refuse(v1::CODE_INVALID, fmt::format("a request has at most {} bytes", kMaxRequestBytes), 0, respond);
    v1::Request request;
    if (!request.ParseFromArray(body.data(), static_cast<int>(body.size())))
        return refuse(v1::CODE_INVALID, "not a fairlead.v1.Request", 0, respond);
    const std::uint64_t id = request.request_id();
    if (Recovery::wants_stream(request)) {
        const std::size_t hash = std::hash<std::string_view>{}(body);
        return stream(request, {.peer = peer, .request_id = id, .body_hash = hash, .out = std::move(out)}, respond);
    }
    if (id != 0 && !only_reads(request)) {
        const auto key = AnswerCache::key(peer, id, body);
        switch (answers_->begin(key, peer, respond, clock_.now())) {
            case AnswerCache::Seen::New:
                break;
            case AnswerCache::Seen::Repeated:
                return;
            case AnswerCache::Seen::Full:
                return refuse(v1::CODE_LIMITED, "too many commands within a minute: slow down", id, respond);
        }
        respond = [answers = answers_, &clock = clock_, key](const std::string& reply) {
            answers->finish(key, reply, clock.now());
        };
    }
    // Shared between the reply that is filled now and the moment at which it leaves.
    auto reply = std::make_shared<v1::Reply>();
    const auto done = [reply, id, respond = std::move(respond)](const relay::Outcome& outcome) {
        respond(encode(*reply, id, outcome));
    };
    execute(request, done, *reply);
}

void Service::stream(const v1::Request& request, ReplayStreams::Asker asker, const Respond& respond) {
    const std::uint64_t id = asker.request_id;
    const auto outcome =
        recovery_.stream(request, std::move(asker), [id](v1::Reply& reply) { return encode(reply, id, {}); });
    if (outcome.code == v1::CODE_OK) return;  // the stream begins with the reply
    refuse(outcome.code, outcome.message, id, respond);
}

bool Service::allow(const std::string& peer) {
    const auto now = clock_.now();
    if (limits_.size() >= kMaxPeers)
        std::erase_if(limits_, [now](const auto& entry) { return entry.second.full(now); });
    if (limits_.size() >= kMaxPeers && !limits_.contains(peer)) return false;
    return limits_.try_emplace(peer, kRequestsPerSecond, kBurst, now).first->second.allow(now);
}

void Service::execute(const v1::Request& request, relay::Done done, v1::Reply& reply) {
    using Case = v1::Request::CommandCase;
    switch (request.command_case()) {
        case Case::kGetStatus:
            describe(*reply.mutable_status());
            return done({});
        case Case::kListConnections:
            return done(execute(request.list_connections(), reply));
        case Case::kListSubscriptions:
            return done(execute(request.list_subscriptions(), reply));
        case Case::kReplay:
            return done(recovery_.page(request.replay(), request.request_id(), *reply.mutable_replay()));
        case Case::kSnapshot:
            return done(recovery_.page(request.snapshot(), request.request_id(), *reply.mutable_snapshot()));
        case Case::kListGaps:
            return done(execute(request.list_gaps(), reply));
        case Case::kListAlerts:
            return done(execute(request.list_alerts(), reply));
        case Case::kListAlertChannels:
            return done(execute(request.list_alert_channels(), reply));
        case Case::kSetAlertChannel:
            return done(execute(request.set_alert_channel(), reply));
        case Case::kReconnect:
            return done(on_connection(request.reconnect(), [&](auto& connection) {
                return connection.reconnect(request.reconnect().hard());
            }));
        case Case::kRotate:
            return done(on_connection(request.rotate(), [](auto& connection) { return connection.rotate(); }));
        case Case::kReload:
            return done(execute(request.reload(), reply));
        case Case::kPause:
            return done(on_connection(request.pause(), [](auto& connection) { return connection.pause(); }));
        case Case::kResume:
            return done(on_connection(request.resume(), [](auto& connection) { return connection.resume(); }));
        case Case::kUnsubscribe:
            return done(on_connection(request.unsubscribe(), [&](auto& connection) {
                return connection.unsubscribe(
                    {request.unsubscribe().channels().begin(), request.unsubscribe().channels().end()});
            }));
        case Case::kAddConnection:
            return done(execute(request.add_connection()));
        case Case::kRemoveConnection:
            return done(supervisor_.remove(request.remove_connection().connection()));
        case Case::kSubscribe:
            return execute(request.subscribe(), std::move(done));
        case Case::kSend:
            return execute(request.send(), std::move(done));
        case Case::kListConsumers:
            return done(execute(request.list_consumers(), reply));
        case Case::kGetConfig:
            return done(execute(request.get_config(), reply));
        case Case::kSetLogLevel:
            return done(execute(request.set_log_level()));
        case Case::kDrain:
            return done(execute(request.drain()));
        case Case::COMMAND_NOT_SET:
            break;
    }
    ++counters_.refused;
    done({v1::CODE_INVALID, "no command, or one that this version does not know"});
}

template <class Command, class Call>
relay::Outcome Service::on_connection(const Command& command, Call call) {
    relay::Connection* connection = supervisor_.find(command.connection());
    if (!connection) return {v1::CODE_NOT_FOUND, fmt::format("no connection `{}`", command.connection())};
    return call(*connection);
}

relay::Outcome Service::execute(const v1::Reload& command, v1::Reply& reply) {
    if (!reload_) return {v1::CODE_UNAVAILABLE, "this sidecar was not started from a configuration file"};
    return reload_(command.dry_run(), *reply.mutable_reload());
}

void Service::describe(v1::Status& status) const {
    supervisor_.describe(status);
    recovery_.describe(status);
    status.set_control_requests(counters_.requests);
    status.set_control_refused(counters_.refused);
    describe_process_(status);
}

relay::Outcome Service::execute(const v1::ListConnections& command, v1::Reply& reply) {
    return supervisor_.describe(command.connection(), *reply.mutable_connections());
}

relay::Outcome Service::execute(const v1::ListSubscriptions& command, v1::Reply& reply) {
    return supervisor_.describe(command.connection(), *reply.mutable_subscriptions());
}

relay::Outcome Service::execute(const v1::ListGaps& command, v1::Reply& reply) {
    auto outcome = recovery_.list(command, *reply.mutable_gaps());
    // A connection that was removed may have left some.
    const bool is_known = command.connection().empty() || supervisor_.find(command.connection());
    if (is_known || reply.gaps().gaps_size() > 0) return outcome;
    return {v1::CODE_NOT_FOUND, fmt::format("no connection `{}`", command.connection())};
}

relay::Outcome Service::execute(const v1::AddConnection& command) {
    auto loaded = config::load_connection(command.connection(), as_toml(command), supervisor_.network_defaults(),
                                          supervisor_.profile_directories());
    if (const auto* problems = std::get_if<config::Problems>(&loaded)) {
        std::vector<std::string> texts;
        for (const auto& problem : *problems) {
            if (texts.size() == kMaxProblemsTold) {
                texts.push_back(fmt::format("and {} more", problems->size() - kMaxProblemsTold));
                break;
            }
            texts.push_back(problem.key.empty() ? problem.message
                                                : fmt::format("{}: {}", problem.key, problem.message));
        }
        return {v1::CODE_INVALID, fmt::format("{}", fmt::join(texts, "; "))};
    }
    auto& connection = std::get<config::ConnectionConfig>(loaded);
    if (const auto key = first_secret(connection); !key.empty())
        return {v1::CODE_INVALID, fmt::format("{}: {}", key, kNoSecrets)};
    return supervisor_.add(std::move(connection));
}

void Service::execute(const v1::Subscribe& command, relay::Done done) {
    relay::Connection* connection = supervisor_.find(command.connection());
    if (!connection) return done({v1::CODE_NOT_FOUND, fmt::format("no connection `{}`", command.connection())});
    std::vector<std::string> texts;
    for (const auto& text : command.channels()) {
        if (text.empty()) return done({v1::CODE_INVALID, "an empty text cannot be subscribed"});
        if (config::SecretText(text).has_secret()) return done({v1::CODE_INVALID, kNoSecrets});
        texts.push_back(text);
    }
    if (texts.empty()) return done({v1::CODE_INVALID, "nothing to subscribe: name at least one channel"});
    connection->subscribe(texts, std::move(done));
}

void Service::execute(const v1::Send& command, relay::Done done) {
    relay::Connection* connection = supervisor_.find(command.connection());
    if (!connection) return done({v1::CODE_NOT_FOUND, fmt::format("no connection `{}`", command.connection())});
    if (!command.binary() && !simdjson::validate_utf8(command.payload()))
        return done({v1::CODE_INVALID, "text must be UTF-8, or the venue ends the connection: send it as binary"});
    connection->send(command.payload(), command.binary(), std::move(done));
}

}  // namespace fairlead::control
