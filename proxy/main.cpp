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
    bool print = false;
    auto* check = cli.add_subcommand("check", "tell every problem of a configuration");
    check->add_option("file", checked_file, "configuration (TOML)")->required();
    check->add_flag("--print", print, "print the configuration as it is in force");

    int seconds = 20;
    auto* demo = cli.add_subcommand("demo", "a venue, the relay and a consumer in one process, with faults");
    demo->add_option("--seconds", seconds, "how long it lasts")->check(CLI::Range(5, 3600));

    fairlead::simulator::SimulateOptions simulate_options;
    auto* simulate = cli.add_subcommand("simulate", "a scriptable venue on loopback");
    simulate->add_option("--listen", simulate_options.listen, "HOST:PORT; port 0 = any")->required();
    simulate->add_option("--scenario", simulate_options.scenario_file, "what it does and how it fails (TOML)");

    bool json = false;
    auto* version = cli.add_subcommand("version", "versions of fairlead and its libraries");
    version->add_flag("--json", json, "as JSON");

    try {
        cli.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return cli.exit(error) == 0 ? app::kExitOk : app::kExitUsage;
    }
    if (check->parsed()) return app::check(checked_file, print);
    if (version->parsed()) return app::version(json);
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
