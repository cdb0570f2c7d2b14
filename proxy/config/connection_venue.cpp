#include "config/connection_venue.hpp"

#include "config/checks.hpp"
#include "config/profile_section.hpp"
#include "core/text_template.hpp"

#include <fmt/format.h>

#include <set>

namespace fairlead::config {
namespace {

using namespace std::chrono_literals;

std::string joined(const std::vector<std::string>& names) {
    std::string result;
    for (const std::string& name : names)
        result += (result.empty() ? "" : ", ") + name;
    return result;
}

void read_given(TableReader& table, ConnectionConfig& connection) {
    for (const std::string& name : connection.venue.credentials) {
        SecretText value;
        table.secret(name, value);
        if (value.empty()) table.check(name, "is empty; give it, or remove the credentials");
        if (table.has(name)) connection.credentials[name] = value;
    }
    table.finish();
}

void require_topics(TableReader& table, std::string_view key, const ConnectionConfig& connection, bool asked_for) {
    if (!asked_for || !table.valid(key)) return;
    if (connection.venue.is_generic()) {
        table.problem(key, "needs a profile whose topics are channels; the generic one sends texts as they are");
    } else if (connection.channel.empty() && connection.venue.channel_id.empty() && table.usable("channel")) {
        table.problem(key, "needs channel: with one topic for all, there is nothing to tell them apart");
    }
}

}  // namespace

void read_credentials(TableReader& table, ConnectionConfig& connection) {
    const std::vector<std::string>& wanted = connection.venue.credentials;
    if (auto given = table.table("credentials")) {
        if (!wanted.empty()) {
            read_given(*given, connection);
        } else if (!given->members().empty()) {
            table.check("credentials", "this profile has no use for any; remove them");
        }
    }
    std::vector<std::string> missing;
    for (const std::string& name : wanted) {
        if (!connection.credentials.contains(name)) missing.push_back(name);
    }
    const bool given_some = missing.size() < wanted.size();
    if (missing.empty() || !table.usable("credentials")) return;
    if (!given_some && !needs_credentials(connection.venue)) return;  // it goes without a login
    table.problem("credentials",
                  fmt::format("profile {} needs {}; missing: {}", connection.profile, joined(wanted), joined(missing)));
}

void read_subscriptions(TableReader& table, ConnectionConfig& connection) {
    std::set<std::string> seen;
    const bool are_topics = !connection.venue.is_generic();
    table.secrets("subscriptions", connection.subscriptions, [&](const std::string& text) -> TextProblem {
        if (text.empty()) return "is empty; remove it";
        if (!are_topics || seen.insert(text).second) return {};
        return fmt::format("\"{}\" is in the list already; remove one", text);
    });
}

void read_topic_life(TableReader& table, ConnectionConfig& connection) {
    table.flag("on_demand", connection.on_demand);
    table.duration("on_demand_linger", connection.on_demand_linger, 100ms, 24h, TableReader::Zero::Allowed);
    table.duration("channel_stale_after", connection.channel_stale_after, 100ms, 24h, TableReader::Zero::Allowed);
    require_topics(table, "on_demand", connection, connection.on_demand);
    require_topics(table, "channel_stale_after", connection, connection.channel_stale_after.count() > 0);
}

std::optional<std::string> check_url_of(const Profile& profile, const SecretText& url) {
    if (profile.is_generic()) return check_url(url);
    const std::vector<std::string_view> names = url_variables(profile);
    const core::TextTemplate parsed(url.written(), names);
    if (!parsed.unknown_variables().empty()) {
        const std::string& unknown = parsed.unknown_variables().front();
        return fmt::format("{{{}}} is no variable of a URL, must be {}{}", unknown, join_or(names),
                           suggestion(unknown, names));
    }
    const auto variables = parsed.variables();
    if (!variables.empty() && url.written().starts_with(fmt::format("{{{}}}", variables.front().name))) return {};
    return check_url(SecretText(parsed.render([](const core::TextTemplate::Variable&) { return std::string("1"); })));
}

}  // namespace fairlead::config
