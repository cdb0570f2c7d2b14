// What the options of all commands are parsed into, and the commands that are defined in a file of their own.
#pragma once

#include "arguments.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace CLI {  // NOLINT(readability-identifier-naming): the library's name
class App;
}

namespace fairlead::ctl {

// CLI11 takes a word such as ["a","b"] for a list of its own and splits it. A byte that no argument begins with keeps
// it whole.
inline constexpr char kShield = '\x01';
// The word as it was given.
std::string bare(std::string_view word);

// Which of them count depends on the command.
struct Words {
    double timeout_s = 2;
    std::string id;
    std::string url;
    std::string profile;
    std::vector<std::string> subscriptions;
    std::vector<std::string> settings;
    std::vector<std::string> channels;
    std::string text;
    std::string file;
    std::string prefix;
    bool hard = false;
    bool dry_run = false;
    bool raw = false;
    std::uint64_t count = 0;
    std::string topic;
    std::uint64_t from = 0;
    std::uint64_t to = 0;
    std::string connection;
    std::string level;
    std::string channel;
    std::uint32_t limit = 0;
    bool open = false;
    bool on = false;
    bool off = false;
    bool once = false;
    std::string shell;  // of which the completion script is wanted
};

// consumers, alerts, config, log-level, drain, top, completion.
void define_process_commands(CLI::App& app, Words& words, Command& chosen);

}  // namespace fairlead::ctl
