#include "app/commands.hpp"
#include "simulator/simulate.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <chrono>
#include <string>

namespace app = fairlead::app;

int main(int argc, char** argv) {
    CLI::App cli{"Holds WebSockets to venues and republishes what comes over ZeroMQ.", "fairlead"};
    cli.require_subcommand(0, 1);

    std::string config_file;
    cli.add_option("--config", config_file, "configuration (TOML)");
    auto* run = cli.add_subcommand("run", "relay until SIGINT or SIGTERM (the default)");
    run->add_option("--config", config_file, "configuration (TOML)");

    std::string checked_file;
    std::string checked_profile;
    bool print = false;
    auto* check = cli.add_subcommand("check", "tell every problem of a configuration, or of a venue's profile");
    auto* subject = check->add_option_group("what", "one of")->require_option(1);
    subject->add_option("file", checked_file, "configuration (TOML)");
    auto* profile_option =
        subject->add_option("--profile", checked_profile, "a venue's profile (TOML), with its examples");
    check->add_flag("--print", print, "print the configuration as it is in force, and what would be sent")
        ->excludes(profile_option);

    int seconds = 20;
    auto* demo = cli.add_subcommand("demo", "a venue, the relay and a consumer in one process, with faults");
    demo->add_option("--seconds", seconds, "how long it lasts")->check(CLI::Range(5, 3600));

    fairlead::simulator::SimulateOptions simulate_options;
    auto* simulate = cli.add_subcommand("simulate", "a scriptable venue on loopback");
    simulate->add_option("--listen", simulate_options.listen, "HOST:PORT; port 0 = any")->required();
    simulate->add_option("--scenario", simulate_options.scenario_file, "what it does and how it fails (TOML)");
    simulate->add_option("--profile", simulate_options.profile, "a venue's profile (NAME), whose protocol it speaks");

    std::string http = "127.0.0.1:9810";
    bool live = false;
    bool started = false;
    auto* healthcheck = cli.add_subcommand("healthcheck", "ask a running sidecar whether it is ready");
    healthcheck->add_option("--http", http, "HOST:PORT of its [http] listen")->capture_default_str();
    auto* live_flag = healthcheck->add_flag("--live", live, "only whether its loop turns, connected or not");
    healthcheck->add_flag("--started", started, "only whether each connection has been tried")->excludes(live_flag);

    std::string probed_file;
    std::string probed_connection;
    bool json = false;
    auto* probe = cli.add_subcommand("probe", "connect one connection on its own and tell what its venue does");
    probe->add_option("file", probed_file, "configuration (TOML)")->required();
    probe->add_option("connection", probed_connection, "which of its connections")->required();
    probe->add_option("--seconds", seconds, "how long it lasts")->check(CLI::Range(1, 86400))->capture_default_str();
    probe->add_flag("--json", json, "as JSON, one object a line; the last one is the report");

    auto* version = cli.add_subcommand("version", "versions of fairlead and its libraries");
    version->add_flag("--json", json, "as JSON");

    try {
        cli.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return cli.exit(error) == 0 ? app::kExitOk : app::kExitUsage;
    }
    if (check->parsed())
        return checked_profile.empty() ? app::check(checked_file, print) : app::check_profile(checked_profile);
    if (version->parsed()) return app::version(json);
    if (healthcheck->parsed())
        return app::healthcheck(http, live ? app::Health::Live : started ? app::Health::Started : app::Health::Ready);
    if (probe->parsed()) return app::probe(probed_file, probed_connection, std::chrono::seconds{seconds}, json);
    if (demo->parsed()) return app::demo(std::chrono::seconds{seconds});
    if (simulate->parsed()) {
        app::quiet_libwebsockets();
        return fairlead::simulator::simulate(simulate_options);
    }
    if (config_file.empty()) {
        fmt::print(stderr, "fairlead: --config FILE is missing; `fairlead --help` lists the commands\n");
        return app::kExitUsage;
    }
    return app::run(config_file);
}
