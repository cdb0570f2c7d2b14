// `fairlead check`: a configuration, or a venue's profile, without running anything.
#include "app/commands.hpp"
#include "app/problems.hpp"
#include "config/load.hpp"
#include "venue/lint.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <set>
#include <string>
#include <variant>

namespace fairlead::app {
namespace {

std::string plural(std::size_t count, std::string_view word) {
    return fmt::format("{} {}{}", count, word, count == 1 ? "" : "s");
}

// Tells the examples of the connection's profile that are not so, and how many there are.
std::size_t print_wrong_examples(const config::ConnectionConfig& connection) {
    const auto wrong = venue::check_examples(connection);
    for (const auto& [index, message] : wrong)
        fmt::print(stderr, "profile {}: examples[{}]: {}: {}\n", connection.profile, index, message,
                   connection.venue.examples[index].text);
    return wrong.size();
}

// As comments, so that what is printed stays a configuration.
void print_texts(const config::ConnectionConfig& connection) {
    const auto texts = venue::texts_to_send(connection);
    if (texts.empty()) return;
    fmt::print("\n# {} sends:\n", connection.id);
    for (auto [what, text] : texts) {
        std::replace_if(
            text.begin(), text.end(), [](char c) { return (c >= 0 && c < 0x20) || c == 0x7f; }, ' ');
        fmt::print("#   {}: {}\n", what, text);
    }
}

int tell_problems(const std::string& file, std::size_t count) {
    fmt::print(stderr, "{}: {}\n", file, plural(count, "problem"));
    return kExitConfig;
}

}  // namespace

int check(const std::string& config_file, bool print) {
    const auto loaded = config::load_file(config_file);
    if (const auto* problems = std::get_if<config::Problems>(&loaded)) {
        print_problems(*problems);
        return tell_problems(config_file, problems->size());
    }
    const auto& [config, notices] = std::get<config::Loaded>(loaded);
    print_problems(notices);
    std::size_t wrong = 0;
    std::set<std::string> checked;
    for (const auto& [id, connection] : config.connections) {
        if (!checked.insert(connection.profile).second) continue;
        // As the profile has it: a connection may well have other channels.
        const auto profile = config::load_profile_named(connection.profile, config.profiles.directories);
        if (const auto* defaults = std::get_if<config::ConnectionConfig>(&profile))
            wrong += print_wrong_examples(*defaults);
    }
    if (wrong > 0) return tell_problems(config_file, wrong);
    if (!print) {
        fmt::print("{}: in order; {}\n", config_file, plural(config.connections.size(), "connection"));
        return kExitOk;
    }
    fmt::print("{}", config::to_toml(config));
    for (const auto& [id, connection] : config.connections)
        print_texts(connection);
    return kExitOk;
}

int check_profile(const std::string& profile_file) {
    const auto loaded = config::load_profile(profile_file);
    if (const auto* problems = std::get_if<config::Problems>(&loaded)) {
        print_problems(*problems);
        return tell_problems(profile_file, problems->size());
    }
    const auto& connection = std::get<config::ConnectionConfig>(loaded);
    if (const std::size_t wrong = print_wrong_examples(connection); wrong > 0)
        return tell_problems(profile_file, wrong);
    fmt::print("{}: in order; {}\n", profile_file, plural(connection.venue.examples.size(), "example"));
    return kExitOk;
}

}  // namespace fairlead::app
