#include "config/profile_files.hpp"

#include "config/file_text.hpp"
#include "config/profile_section.hpp"
#include "config/sections.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <system_error>

namespace fairlead::config {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSuffix = ".toml";
constexpr std::size_t kMaxProfileBytes = std::size_t{1} << 20;
constexpr std::size_t kMaxAncestors = 8;

const Member* find_member(const Node::Table& table, std::string_view key) {
    const auto found = std::find_if(table.begin(), table.end(), [&](const Member& m) { return m.key == key; });
    return found == table.end() ? nullptr : &*found;
}

void remove_key(Node::Table& table, std::string_view key) {
    std::erase_if(table, [&](const Member& m) { return m.key == key; });
}

bool is_renewed(const Member& over) {
    const auto* table = std::get_if<Node::Table>(&over.value.value);
    return (over.key == "drain" || over.key == "sequence") && table != nullptr && find_member(*table, "field");
}

bool is_good_name(std::string_view name) {
    return !name.empty() && name.front() != '.' && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-' ||
               c == '.';
    });
}

void add_directories(std::vector<std::string>& directories, std::string_view list) {
    while (!list.empty()) {
        const std::size_t end = std::min(list.find(':'), list.size());
        if (end > 0) directories.emplace_back(list.substr(0, end));
        list.remove_prefix(std::min(end + 1, list.size()));
    }
}

std::string in_directory(const std::string& directory, const std::string& name) {
    return (fs::path(directory) / (name + std::string(kSuffix))).string();
}

}  // namespace

std::vector<std::string> profile_directories_beside(const std::string& own, const std::string& config_file) {
    const fs::path folder = fs::path(config_file).parent_path();
    std::vector<std::string> result;
    if (!own.empty()) result.push_back((folder / own).string());
    result.push_back((folder / "venues").string());
    return result;
}

std::vector<std::string> shipped_profile_directories() {
    std::vector<std::string> result;
    if (const char* list = std::getenv("FAIRLEAD_VENUES")) add_directories(result, list);
    result.emplace_back(FAIRLEAD_VENUES_INSTALLED);
    result.emplace_back(FAIRLEAD_VENUES_SOURCE);
    return result;
}

Node::Table merged(const Node::Table& base, const Node::Table& over) {
    Node::Table result = base;
    if (find_member(over, "url") || find_member(over, "urls")) {
        remove_key(result, "url");
        remove_key(result, "urls");
    }
    for (const Member& member : over) {
        const Member* below = find_member(result, member.key);
        const auto* theirs = below == nullptr ? nullptr : std::get_if<Node::Table>(&below->value.value);
        const auto* ours = std::get_if<Node::Table>(&member.value.value);
        Member combined = member;
        if (theirs != nullptr && ours != nullptr && !is_renewed(member)) combined.value.value = merged(*theirs, *ours);
        remove_key(result, member.key);
        result.push_back(std::move(combined));
    }
    return result;
}

ProfileFiles::ProfileFiles(std::vector<std::string> directories, Report& report)
    : directories_(std::move(directories)), report_(report) {
    for (std::string& directory : shipped_profile_directories())
        directories_.push_back(std::move(directory));
}

const Node::Table* ProfileFiles::document(const std::string& path) {
    const auto [entry, is_new] = documents_.try_emplace(path);
    std::optional<Node>& document = entry->second;
    if (is_new) {
        report_.files.push_back(path);
        const auto file = static_cast<unsigned>(report_.files.size() - 1);
        const auto text = read_file_text(path, kMaxProfileBytes);
        auto parsed = std::holds_alternative<Problem>(text) ? std::variant<Node, Problem>(std::get<Problem>(text))
                                                            : parse_document(std::get<std::string>(text), path, file);
        if (auto* problem = std::get_if<Problem>(&parsed))
            report_.problems.push_back(std::move(*problem));
        else
            document = std::get<Node>(std::move(parsed));
    }
    return document ? &std::get<Node::Table>(document->value) : nullptr;
}

std::optional<ProfileFiles::Place> ProfileFiles::locate(const std::string& name, std::size_t first_directory) const {
    if (!is_good_name(name)) return {};
    for (std::size_t i = first_directory; i < directories_.size(); ++i) {
        const std::string path = in_directory(directories_[i], name);
        std::error_code ignored;
        if (fs::is_regular_file(path, ignored)) return Place{path, i};
    }
    return {};
}

// A file that extends its own name means the next one of that name: this is how a shipped profile is amended.
std::optional<Node::Table> ProfileFiles::with_ancestors(Place place) {
    std::vector<const Node::Table*> chain;
    std::set<std::string> seen;
    while (true) {
        const Node::Table* table = document(place.path);
        if (table == nullptr) return {};
        seen.insert(place.path);
        chain.push_back(table);
        const Member* extends = find_member(*table, "extends");
        if (extends == nullptr) break;
        const auto refuse = [&](const std::string& message) { report_.problem(extends->value.at, "extends", message); };
        const auto* name = std::get_if<std::string>(&extends->value.value);
        if (name == nullptr) return refuse("must be the name of a profile, in quotes"), std::nullopt;
        const bool is_own_name = *name == fs::path(place.path).stem().string();
        const auto parent = locate(*name, is_own_name ? place.directory + 1 : 0);
        if (!parent) return refuse(unknown(*name)), std::nullopt;
        if (seen.contains(parent->path)) return refuse("ends where it began: " + *name), std::nullopt;
        if (chain.size() > kMaxAncestors) return refuse("is one profile too many on top of each other"), std::nullopt;
        place = *parent;
    }
    Node::Table result = *chain.back();
    for (auto child = chain.rbegin() + 1; child != chain.rend(); ++child)
        result = merged(result, **child);
    remove_key(result, "extends");
    return result;
}

ProfileFiles::Found ProfileFiles::complete(const std::string& name, const Place& place) {
    const auto [entry, is_new] = profiles_.try_emplace(place.path);
    std::optional<ProfileDocument>& document = entry->second;
    if (is_new) {
        const std::size_t problems_before = report_.problems.size();
        if (const auto table = with_ancestors(place)) {
            document.emplace();
            document->profile.name = name;
            const Position at = {1, 1, documents_.at(place.path)->at.file};
            TableReader reader(*table, "", at, report_);
            read_profile(reader, document->profile);
            if (const Member* member = find_member(*table, "connection"); member != nullptr) {
                if (const auto* defaults = std::get_if<Node::Table>(&member->value.value))
                    document->connection = *defaults;
            }
        }
        if (report_.problems.size() > problems_before) document.reset();
    }
    return document ? Found(&*document) : Found(Faulty{});
}

ProfileFiles::Found ProfileFiles::find(const std::string& name) {
    if (name == generic_.profile.name) return &generic_;
    const auto place = locate(name, 0);
    if (!place) return Unknown{unknown(name)};
    return complete(name, *place);
}

ProfileFiles::Found ProfileFiles::read(const std::string& path) {
    const fs::path file(path);
    directories_.insert(directories_.begin(), file.parent_path().empty() ? "." : file.parent_path().string());
    return complete(file.stem().string(), {path, 0});
}

std::string ProfileFiles::unknown(const std::string& name) const {
    std::set<std::string> names = {generic_.profile.name};
    for (const std::string& directory : directories_) {
        std::error_code ignored;
        for (const auto& entry : fs::directory_iterator(directory, ignored)) {
            if (entry.path().extension() == kSuffix) names.insert(entry.path().stem().string());
        }
    }
    const std::vector<std::string_view> known(names.begin(), names.end());
    return fmt::format("\"{}\" is no profile that is known here, must be {}{}", name, join_or(known),
                       suggestion(name, known));
}

}  // namespace fairlead::config
