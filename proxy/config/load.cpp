// From the text of a file to a Config: the sections in turn, then what concerns more than one of them.
#include "config/load.hpp"

#include "config/checks.hpp"
#include "config/document.hpp"
#include "config/reader.hpp"
#include "config/sections.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>
#include <set>
#include <tuple>

namespace fairlead::config {
namespace {

constexpr std::size_t kMaxFileBytes = std::size_t{4} << 20;
constexpr std::size_t kMaxConnectionBytes = std::size_t{256} << 10;
constexpr std::string_view kAddedConnectionFile = "request";  // takes the place of the file's name in problems

void sort_by_place(Problems& problems) {
    std::stable_sort(problems.begin(), problems.end(), [](const Problem& a, const Problem& b) {
        return std::tie(a.line, a.column) < std::tie(b.line, b.column);
    });
}

template <typename Section>
void read_section(TableReader& top, std::string_view key, Section& section,
                  void (*read)(TableReader& table, Section& section)) {
    if (auto table = top.table(key)) read(*table, section);
}

void note_without_effect(TableReader& top, std::string_view key) {
    if (top.valid(key)) top.report().notice(top.at(key), std::string(key), "has no effect in this version");
}

// Reads the [connections.<id>] tables. `network` holds the defaults of each.
void read_connections(TableReader& top, Config& config) {
    auto tables = top.table("connections");
    if (!tables) return;
    for (const Member* member : tables->members()) {
        ConnectionConfig connection;
        connection.id = member->key;
        connection.network = config.network;
        auto table = tables->table(member->key);
        if (!table) continue;
        read_connection(*table, connection);
        config.connections[member->key] = std::move(connection);
    }
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
    read_connections(top, config);
    top.finish();
    check_sockets_differ(top, config);
    check_last_values(top, config);
    for (const std::string_view key : {"http", "alerts"})
        note_without_effect(top, key);
    if (config.connections.empty()) {
        top.report().notice({}, "connections", "there are none; they can be added while fairlead runs");
    }
    return loaded;
}

std::variant<std::string, Problem> read_whole_file(const std::string& path) {
    const auto failed = [&](std::string_view what) {
        return Problem{path, 0, 0, "", fmt::format("{}: {}", what, std::strerror(errno))};
    };
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rbe"), &std::fclose);
    if (!file) return failed("cannot be opened");
    std::string text(kMaxFileBytes + 1, '\0');
    text.resize(std::fread(text.data(), 1, text.size(), file.get()));
    if (std::ferror(file.get()) != 0) return failed("cannot be read");
    if (text.size() > kMaxFileBytes) return Problem{path, 0, 0, "", "is larger than 4 MiB; is it the right file?"};
    return text;
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
    const auto text = read_whole_file(path);
    if (const auto* problem = std::get_if<Problem>(&text)) return Problems{*problem};
    return load_text(std::get<std::string>(text), path);
}

std::variant<Loaded, Problems> load_text(std::string_view toml, const std::string& file_name) {
    const auto document = parse_document(toml, file_name);
    if (const auto* problem = std::get_if<Problem>(&document)) return Problems{*problem};
    const Node& root = std::get<Node>(document);
    Report report{file_name, {}, {}};
    TableReader top(std::get<Node::Table>(root.value), "", root.at, report);
    Loaded loaded = read_config(top);
    if (!report.problems.empty()) {
        sort_by_place(report.problems);
        return std::move(report.problems);
    }
    loaded.notices = std::move(report.notices);
    sort_by_place(loaded.notices);
    return loaded;
}

std::variant<ConnectionConfig, Problems> load_connection(const std::string& id, std::string_view toml,
                                                         const NetworkConfig& defaults) {
    const std::string file(kAddedConnectionFile);
    if (toml.size() > kMaxConnectionBytes) return Problems{{file, 0, 0, "", "is larger than 256 KiB"}};
    const auto document = parse_document(toml, file);
    if (const auto* problem = std::get_if<Problem>(&document)) return Problems{*problem};
    const Node& root = std::get<Node>(document);
    Report report{file, {}, {}};
    TableReader table(std::get<Node::Table>(root.value), "connections." + id, root.at, report);
    ConnectionConfig connection;
    connection.id = id;
    connection.network = defaults;
    read_connection(table, connection);
    if (report.problems.empty()) return connection;
    sort_by_place(report.problems);
    return std::move(report.problems);
}

}  // namespace fairlead::config
