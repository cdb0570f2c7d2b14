// From the text of a file to a Config: the sections in turn, then what concerns more than one of them.
#include "config/load.hpp"

#include "config/checks.hpp"
#include "config/document.hpp"
#include "config/file_text.hpp"
#include "config/profile_files.hpp"
#include "config/reader.hpp"
#include "config/sections.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <set>
#include <system_error>
#include <tuple>

namespace fairlead::config {
namespace {

constexpr std::size_t kMaxFileBytes = std::size_t{4} << 20;
constexpr std::size_t kMaxConnectionBytes = std::size_t{256} << 10;
constexpr std::string_view kAddedConnectionFile = "request";  // takes the place of the file's name in problems

// Those of the file that was asked for first. A profile that several others extend may have told its twice.
void sort_by_place(Problems& problems, const std::string& asked_for) {
    std::stable_sort(problems.begin(), problems.end(), [&](const Problem& a, const Problem& b) {
        const bool a_is_other = a.file != asked_for;
        const bool b_is_other = b.file != asked_for;
        return std::tie(a_is_other, a.file, a.line, a.column) < std::tie(b_is_other, b.file, b.line, b.column);
    });
    const auto repeated = std::unique(problems.begin(), problems.end(), [](const Problem& a, const Problem& b) {
        return a.to_string() == b.to_string();
    });
    problems.erase(repeated, problems.end());
}

template <typename Section>
void read_section(TableReader& top, std::string_view key, Section& section,
                  void (*read)(TableReader& table, Section& section)) {
    if (auto table = top.table(key)) read(*table, section);
}

// One connection: the defaults of its profile under what `table`, a reader of `keys`, has. Nothing if the profile
// cannot be had: what a connection lacks is known only with it.
std::optional<ConnectionConfig> read_with_profile(const std::string& id, const Node::Table& keys, TableReader& table,
                                                  const NetworkConfig& network, ProfileFiles& profiles) {
    ConnectionConfig connection;
    connection.id = id;
    connection.network = network;
    table.text("profile", connection.profile);
    if (!table.usable("profile")) return {};
    const ProfileFiles::Found found = profiles.find(connection.profile);
    if (const auto* unknown = std::get_if<ProfileFiles::Unknown>(&found)) table.problem("profile", unknown->message);
    const auto* document = std::get_if<const ProfileDocument*>(&found);
    if (document == nullptr) return {};
    connection.venue = (*document)->profile;
    const Node::Table all = merged((*document)->connection, keys);
    TableReader reader(all, table.path(), table.at(), table.report());
    read_connection(reader, connection, Scope::Connection);
    return connection;
}

// Reads the [connections.<id>] tables. `config` holds the defaults of each.
void read_connections(TableReader& top, Config& config) {
    auto tables = top.table("connections");
    if (!tables) return;
    ProfileFiles profiles(config.profiles.directories, top.report());
    for (const Member* member : tables->members()) {
        auto table = tables->table(member->key);
        if (!table) continue;
        auto connection = read_with_profile(member->key, std::get<Node::Table>(member->value.value), *table,
                                            config.network, profiles);
        if (connection) config.connections[member->key] = std::move(*connection);
    }
}

void find_profile_directories(TableReader& top, ProfilesConfig& profiles) {
    profiles.directories = profile_directories_beside(profiles.dir, top.report().files.front());
    auto table = top.table("profiles");
    std::error_code ignored;
    if (profiles.dir.empty() || !table || std::filesystem::is_directory(profiles.directories.front(), ignored)) return;
    table->check("dir", fmt::format("{} is no directory", profiles.directories.front()));
}

// The last values are those of the journal.
void check_last_values(TableReader& top, const Config& config) {
    if (config.journal.messages_per_topic > 0 && config.journal.max_bytes > 0) return;
    auto tables = top.table("connections");
    if (!tables) return;
    for (const auto& [id, connection] : config.connections) {
        if (!connection.last_value) continue;
        if (auto table = tables->table(id))
            table->problem("last_value", "needs the journal: remove it, or the zero in [journal]");
    }
}

void check_sockets_differ(TableReader& top, const Config& config) {
    auto stream = top.table("stream");
    auto control = top.table("control");
    std::set<std::string> taken;
    for (const std::string& endpoint : config.stream.endpoints) {
        const bool free = taken.insert(endpoint_identity(endpoint)).second;
        if (!free && stream) stream->problem("endpoint", fmt::format("{} is the same socket as another one", endpoint));
    }
    if (!taken.contains(endpoint_identity(config.control.endpoint))) return;
    const bool set_by_control = control && control->has("endpoint");
    std::optional<TableReader>& table = set_by_control ? control : stream;
    if (table) table->problem("endpoint", "stream and control cannot be the same socket");
}

Loaded read_config(TableReader& top) {
    Loaded loaded;
    Config& config = loaded.config;
    read_section(top, "stream", config.stream, read_stream);
    read_section(top, "control", config.control, read_control);
    read_section(top, "http", config.http, read_http);
    read_section(top, "journal", config.journal, read_journal);
    read_section(top, "network", config.network, read_network);
    read_section(top, "alerts", config.alerts, read_alerts);
    read_section(top, "log", config.log, read_log);
    read_section(top, "reload", config.reload, read_reload);
    read_section(top, "profiles", config.profiles, read_profiles);
    find_profile_directories(top, config.profiles);
    read_connections(top, config);
    top.finish();
    check_sockets_differ(top, config);
    check_last_values(top, config);
    if (config.connections.empty()) {
        top.report().notice({}, "connections", "there are none; they can be added while fairlead runs");
    }
    return loaded;
}

// A connection that has the profile's defaults and nothing else.
std::variant<ConnectionConfig, Problems> with_defaults(const ProfileFiles::Found& found, Report& report) {
    if (const auto* unknown = std::get_if<ProfileFiles::Unknown>(&found)) report.problem({}, "", unknown->message);
    if (const auto* document = std::get_if<const ProfileDocument*>(&found)) {
        ConnectionConfig connection;
        connection.id = (*document)->profile.name;
        connection.profile = connection.id;
        connection.venue = (*document)->profile;
        TableReader reader((*document)->connection, "connection", {}, report);
        read_connection(reader, connection, Scope::Defaults);
        return connection;
    }
    sort_by_place(report.problems, report.files.front());
    return std::move(report.problems);
}

}  // namespace

std::string Problem::to_string() const {
    std::string result = file;
    if (line > 0) result += fmt::format(":{}:{}", line, column);
    if (!key.empty()) result += fmt::format(": {}", key);
    result += ": " + message;
    // Keys come from the file and the line goes to terminals.
    std::replace_if(
        result.begin(), result.end(), [](char c) { return (c >= 0 && c < 0x20) || c == 0x7f; }, '?');
    return result;
}

std::variant<Loaded, Problems> load_file(const std::string& path) {
    const auto text = read_file_text(path, kMaxFileBytes);
    if (const auto* problem = std::get_if<Problem>(&text)) return Problems{*problem};
    return load_text(std::get<std::string>(text), path);
}

std::variant<Loaded, Problems> load_text(std::string_view toml, const std::string& file_name) {
    const auto document = parse_document(toml, file_name);
    if (const auto* problem = std::get_if<Problem>(&document)) return Problems{*problem};
    const Node& root = std::get<Node>(document);
    Report report{{file_name}, {}, {}};
    TableReader top(std::get<Node::Table>(root.value), "", root.at, report);
    Loaded loaded = read_config(top);
    if (!report.problems.empty()) {
        sort_by_place(report.problems, file_name);
        return std::move(report.problems);
    }
    loaded.notices = std::move(report.notices);
    sort_by_place(loaded.notices, file_name);
    return loaded;
}

std::variant<ConnectionConfig, Problems> load_connection(const std::string& id, std::string_view toml,
                                                         const NetworkConfig& defaults,
                                                         const std::vector<std::string>& profile_directories) {
    const std::string file(kAddedConnectionFile);
    if (toml.size() > kMaxConnectionBytes) return Problems{{file, 0, 0, "", "is larger than 256 KiB"}};
    const auto document = parse_document(toml, file);
    if (const auto* problem = std::get_if<Problem>(&document)) return Problems{*problem};
    const Node& root = std::get<Node>(document);
    const auto& keys = std::get<Node::Table>(root.value);
    Report report{{file}, {}, {}};
    TableReader table(keys, "connections." + id, root.at, report);
    ProfileFiles profiles(profile_directories, report);
    auto connection = read_with_profile(id, keys, table, defaults, profiles);
    if (report.problems.empty() && connection) return std::move(*connection);
    sort_by_place(report.problems, file);
    return std::move(report.problems);
}

std::variant<ConnectionConfig, Problems> load_profile(const std::string& path) {
    Report report{{path}, {}, {}};
    ProfileFiles profiles({}, report);
    return with_defaults(profiles.read(path), report);
}

std::variant<ConnectionConfig, Problems> load_profile_named(const std::string& name,
                                                            const std::vector<std::string>& directories) {
    Report report{{name}, {}, {}};
    ProfileFiles profiles(directories, report);
    return with_defaults(profiles.find(name), report);
}

}  // namespace fairlead::config
