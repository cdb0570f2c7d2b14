// fairleadctl: arguments in, one request or one watch, exit code out.
#include "arguments.hpp"
#include "commands.hpp"
#include "recovery.hpp"
#include "tap.hpp"
#include "top.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <exception>

namespace ctl = fairlead::ctl;

namespace {

ctl::Arguments from_environment() {
    ctl::Arguments arguments;
    if (const char* control = std::getenv("FAIRLEAD_CONTROL"); control != nullptr && *control != '\0') {
        arguments.control = control;
        arguments.control_given = true;
    }
    if (const char* stream = std::getenv("FAIRLEAD_STREAM"); stream != nullptr && *stream != '\0')
        arguments.stream = stream;
    return arguments;
}

int run(const ctl::Arguments& arguments) {
    if (const auto* tap = std::get_if<ctl::Tap>(&arguments.command)) return ctl::run_tap(arguments, *tap);
    if (const auto* replay = std::get_if<ctl::Replay>(&arguments.command)) return ctl::run_replay(arguments, *replay);
    if (const auto* snapshot = std::get_if<ctl::Snapshot>(&arguments.command))
        return ctl::run_snapshot(arguments, *snapshot);
    if (const auto* top = std::get_if<ctl::Top>(&arguments.command)) return ctl::run_top(arguments, *top);
    return ctl::run_command(arguments);
}

}  // namespace

int main(int argc, char** argv) {
    try {
        const auto parsed = ctl::parse_arguments({argv + 1, argv + argc}, from_environment());
        if (const auto* arguments = std::get_if<ctl::Arguments>(&parsed)) return run(*arguments);
        const auto& stop = std::get<ctl::Stop>(parsed);
        std::fputs(stop.out.c_str(), stdout);
        std::fputs(stop.err.c_str(), stderr);
        return stop.exit_code;
    } catch (const std::exception& error) {
        fmt::print(stderr, "fairleadctl: {}\n", error.what());
        return ctl::kFailed;
    }
}
