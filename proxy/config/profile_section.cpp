#include "config/profile_section.hpp"

#include "config/checks.hpp"
#include "config/profile_tables.hpp"
#include "config/sections.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace fairlead::config {
namespace {

std::optional<std::string> check_not_empty(const std::string& text) {
    if (text.empty()) return "is empty; remove it";
    return {};
}

void read_credentials(TableReader& table, std::vector<std::string>& credentials) {
    table.texts("credentials", credentials, TableReader::ListForm::ListOnly,
                [](const std::string& name) -> std::optional<std::string> {
                    if (!is_variable_name(name)) return "must be made of a-z, 0-9 and _, and begin with a letter";
                    if (std::ranges::count(kStampVariables, name) > 0) return "is a variable of its own; rename it";
                    return {};
                });
}

void read_aliases(TableReader& table, std::map<std::string, std::string>& aliases) {
    for (const Member* member : table.members())
        table.text(member->key, aliases[member->key]);
}

void read_details(TableReader& table, Profile& profile) {
    const VariableNames before_prepare(profile);
    if (auto prepare = table.table("prepare")) read_prepare(*prepare, profile.prepare, before_prepare);
    const VariableNames names(profile);
    if (auto subscribe = table.table("subscribe")) read_subscribe(*subscribe, profile.subscribe, names);
    if (auto limits = table.table("limits")) read_limits(*limits, profile.limits);
    if (auto heartbeat = table.table("heartbeat")) read_heartbeat(*heartbeat, profile.heartbeat, names);
    if (auto login = table.table("login")) read_login(*login, profile.login, names);
    read_messages(table, profile.messages, names);
    read_examples(table, profile.examples);
    if (auto simulator = table.table("simulator")) read_simulator(*simulator, profile.simulator);
}

bool uses(const std::string& text, const std::string& name) {
    return text.find("{" + name + "}") != std::string::npos;
}

}  // namespace

std::vector<std::string_view> url_variables(const Profile& profile) {
    std::vector<std::string_view> names(std::begin(kStampVariables), std::end(kStampVariables));
    for (const auto& [name, pointer] : profile.prepare.extract)
        names.push_back(name);
    return names;
}

bool needs_credentials(const Profile& profile) {
    if (!profile.prepare.sign.empty()) return true;
    std::vector<const std::string*> texts = {&profile.prepare.url,           &profile.prepare.body,
                                             &profile.subscribe.text,        &profile.subscribe.topic,
                                             &profile.subscribe.unsubscribe, &profile.heartbeat.text};
    for (const auto& [name, value] : profile.prepare.headers)
        texts.push_back(&value);
    return std::ranges::any_of(profile.credentials, [&](const std::string& credential) {
        return std::ranges::any_of(texts, [&](const std::string* text) { return uses(*text, credential); });
    });
}

void read_profile(TableReader& table, Profile& profile) {
    read_credentials(table, profile.credentials);
    table.flag("waits_for_ready", profile.waits_for_ready);
    table.choice(
        "decode", profile.decode,
        TableReader::Names<Decode>{
            {"none", Decode::None}, {"gzip", Decode::Gzip}, {"deflate", Decode::Deflate}, {"sniff", Decode::Sniff}});
    table.texts("hints", profile.hints, TableReader::ListForm::ListOnly, check_not_empty);
    table.texts("channel_id", profile.channel_id, TableReader::ListForm::StringOrList, check_json_pointer);
    if (auto aliases = table.table("aliases")) read_aliases(*aliases, profile.aliases);
    read_details(table, profile);
    ConnectionConfig defaults;
    defaults.venue = profile;
    defaults.profile = profile.name;
    if (auto connection = table.table("connection")) read_connection(*connection, defaults, Scope::Defaults);
    check_profile(table, profile, defaults.topics_per_socket);
    table.finish();
}

}  // namespace fairlead::config
