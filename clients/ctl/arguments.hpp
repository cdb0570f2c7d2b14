// The command line of fairleadctl as a checked value.
#pragma once

#include "fairlead/v1/control.pb.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace fairlead::ctl {

inline constexpr int kOk = 0;
inline constexpr int kFailed = 1;
inline constexpr int kUsage = 2;
inline constexpr int kUnreachable = 3;

// send ID --binary FILE: the payload is still to be read.
struct SendFile {
    std::string connection;
    std::string path;  // "-" = stdin
};

struct Tap {
    std::string prefix = "data/";
    bool raw = false;
    std::uint64_t count = 0;  // messages after which it ends; 0 = without end
};

// Page by page.
struct Replay {
    std::string topic;
    std::uint64_t from = 0;  // 0 = the oldest
    std::uint64_t to = 0;    // 0 = the latest
};
struct Snapshot {
    std::string prefix;  // empty = all
};

struct Top {
    bool once = false;  // one picture, for scripts
};

using Command = std::variant<v1::Request, SendFile, Tap, Replay, Snapshot, Top>;

struct Arguments {
    std::string control = "ipc:///run/fairlead/control.sock";
    bool control_given = false;  // by the option or the environment; otherwise it is only what is usual
    std::string stream = "ipc:///run/fairlead/stream.sock";
    std::chrono::milliseconds timeout{2000};
    bool json = false;
    Command command{};
};

// Nothing to do but to print and end: help, or a mistake in the arguments.
struct Stop {
    int exit_code = kOk;
    std::string out;
    std::string err;
};

// `defaults` are what the environment says. `arguments` are without the name of the program.
std::variant<Arguments, Stop> parse_arguments(std::vector<std::string> arguments, Arguments defaults);

// "stale_after=10s" -> `stale_after = "10s"`: values that are TOML already (numbers, true, false, quoted, arrays,
// tables) stay as they are, all else becomes a string. Empty without a key or without '='.
std::optional<std::string> toml_line(std::string_view key_and_value);

// "data/x/" stays; "x/" becomes "data/x/".
std::string topic_prefix(std::string_view prefix);

}  // namespace fairlead::ctl
