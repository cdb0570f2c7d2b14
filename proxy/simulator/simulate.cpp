#include "simulator/simulate.hpp"

#include "config/profile_files.hpp"
#include "simulator/dialect.hpp"
#include "simulator/scenario.hpp"
#include "simulator/venue.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <libwebsockets.h>
#include <signal.h>

#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace fairlead::simulator {
namespace {

constexpr int kOk = 0;
constexpr int kFailed = 1;
constexpr int kBadConfig = 78;

struct HostAndPort {
    std::string host;
    std::uint16_t port = 0;
};

std::optional<HostAndPort> parse_listen(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos || colon == 0) return std::nullopt;
    HostAndPort result;
    const char* end = text.data() + text.size();
    const std::from_chars_result number = std::from_chars(text.data() + colon + 1, end, result.port);
    if (number.ec != std::errc{} || number.ptr != end) return std::nullopt;
    std::string_view host = text.substr(0, colon);
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
    result.host = host;
    return result;
}

void print_stamped(std::string_view sentence) {
    const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
    const auto milliseconds = now.time_since_epoch().count() % 1000;
    fmt::print("{:%Y-%m-%dT%H:%M:%S}.{:03}Z {}\n", fmt::gmtime(std::chrono::system_clock::to_time_t(now)), milliseconds,
               sentence);
    std::fflush(stdout);
}

int refuse(const std::vector<std::string>& problems) {
    for (const std::string& problem : problems)
        fmt::print(stderr, "{}\n", problem);
    return kBadConfig;
}

// Looked for beside the scenario, if there is one.
std::vector<std::string> profile_directories(const std::string& scenario_file) {
    if (scenario_file.empty()) return {};
    return config::profile_directories_beside("", scenario_file);
}

int run_until_signal(const HostAndPort& address, Scenario scenario, const std::shared_ptr<const Dialect>& dialect) {
    sigset_t signals;
    sigset_t before;
    ::sigemptyset(&signals);
    ::sigaddset(&signals, SIGINT);
    ::sigaddset(&signals, SIGTERM);
    ::pthread_sigmask(SIG_BLOCK, &signals, &before);
    int result = kOk;
    try {
        const Venue venue(address.host, address.port, std::move(scenario), print_stamped, dialect);
        print_stamped(
            fmt::format("venue: ws://{}:{}{}", address.host, venue.port(), dialect ? dialect->path() : "/ws"));
        int signal = 0;
        ::sigwait(&signals, &signal);
    } catch (const std::exception& error) {
        fmt::print(stderr, "fairlead simulate: {}\n", error.what());
        result = kFailed;
    }
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    return result;
}

}  // namespace

int simulate(const SimulateOptions& options) {
    lws_set_log_level(LLL_ERR, nullptr);
    const std::optional<HostAndPort> address = parse_listen(options.listen);
    if (!address) {
        fmt::print(stderr, "fairlead simulate: --listen {}: expected HOST:PORT\n", options.listen);
        return kBadConfig;
    }
    Scenario scenario;
    if (!options.scenario_file.empty()) {
        std::variant<Scenario, ScenarioProblems> loaded = load_scenario_file(options.scenario_file);
        if (const auto* problems = std::get_if<ScenarioProblems>(&loaded)) return refuse(*problems);
        scenario = std::get<Scenario>(std::move(loaded));
    }
    if (!options.profile.empty()) scenario.profile = options.profile;
    std::shared_ptr<const Dialect> dialect;
    if (!scenario.profile.empty()) {
        auto loaded = load_dialect(scenario.profile, profile_directories(options.scenario_file), scenario.symbols);
        if (const auto* problems = std::get_if<std::vector<std::string>>(&loaded)) return refuse(*problems);
        dialect = std::get<std::shared_ptr<const Dialect>>(std::move(loaded));
    }
    return run_until_signal(*address, std::move(scenario), dialect);
}

}  // namespace fairlead::simulator
