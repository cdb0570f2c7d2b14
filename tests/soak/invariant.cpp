// No silent loss, as a program: the real fairlead between two simulated venues and four consumers, everything that can
// go wrong in an order that a seed decides, and at the end the question whether each message was delivered once and in
// order or lies in exactly one gap that tells the truth. Exit code 0 = so it is; 1 = not so: the seed and the place are
// printed; 2 = usage.
#include "chaos.hpp"
#include "witness.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <libwebsockets.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>

namespace {

using namespace fairlead;
using namespace fairlead::soak;
using namespace std::chrono_literals;

struct Options {
    std::string program;
    std::vector<std::uint64_t> seeds;
    double seconds = 20;
    double minutes = 0;
    double rate = 40;  // messages per second of each of 12 streams
    int patience = 1;  // factor on all deadlines
};

simulator::Scenario scenario(std::uint64_t seed, double rate) {
    simulator::Scenario scenario;
    scenario.symbols = symbols();
    scenario.symbols.insert(scenario.symbols.end(), late_symbols().begin(), late_symbols().end());
    scenario.rate = rate;
    scenario.seed = seed;
    scenario.first_id = 100'000;  // when they begin anew, it is no disorder
    return scenario;
}

class Run {
public:
    Run(const Options& options, std::uint64_t seed)
        : options_(options),
          seed_(seed),
          a_("127.0.0.1", 0, scenario(seed, options.rate)),
          b_("127.0.0.1", 0, scenario(seed, options.rate)),
          sidecar_(options.program, a_.port(), b_.port()) {}

    bool holds() {
        sidecar_.start();
        if (!wait_until([this] { return sidecar_.is_whole(); }, 20s * options_.patience))
            return report("the sidecar does not come up");
        std::mt19937_64 seeds(seed_);
        for (const Pace pace : {Pace::Fast, Pace::Slow, Pace::Stopping, Pace::Restarting})
            witnesses_.push_back(std::make_unique<Witness>(pace, sidecar_.stream(), seeds(), connection_of));
        make_chaos(seeds());
        const bool whole = wait_until([this] { return sidecar_.is_whole(); }, 30s * options_.patience);
        // Nothing more comes: what heartbeats tell now is the end.
        a_.go_silent(true);
        b_.go_silent(true);
        for (auto& witness : witnesses_)
            witness->hurry();
        const bool proven = wait_until(
            [this] { return std::ranges::all_of(witnesses_, [](const auto& one) { return one->is_proven(); }); },
            40s * options_.patience);
        for (auto& witness : witnesses_)
            witness->stop();
        const int code = sidecar_.is_running() ? sidecar_.stop() : -1;
        if (!whole) return report("not everything is connected again");
        if (code != 0) return report(fmt::format("fairlead ended with {}", code));
        if (sidecar_.log().find("Sanitizer") != std::string::npos) return report("a sanitizer has spoken");
        return judge(proven);
    }

private:
    void make_chaos(std::uint64_t seed) {
        Chaos chaos(seed, {{&a_, kOnA, 'A'}, {&b_, kOnB, 'B'}}, sidecar_, log_);
        const auto seconds = options_.minutes > 0 ? options_.minutes * 60 : options_.seconds;
        const auto end =
            std::chrono::steady_clock::now() + std::chrono::milliseconds{static_cast<std::int64_t>(seconds * 1000)};
        auto next = std::chrono::steady_clock::now();
        wait_until(
            [&] {
                const auto now = std::chrono::steady_clock::now();
                if (now >= next) {
                    chaos.step(now);
                    next = chaos.next_step(now);
                }
                return now >= end || !sidecar_.is_running() || has_violation();
            },
            std::chrono::milliseconds{static_cast<std::int64_t>(seconds * 1000)} + 60s);
        chaos.end_all();
    }

    bool has_violation() const {
        return std::ranges::any_of(witnesses_, [](const auto& witness) { return witness->has_violation(); });
    }

    bool judge(bool proven) {
        for (const auto& witness : witnesses_) {
            for (const Violation& violation : witness->violations())
                report(violation.text, violation.at_ns);
            judge(witness->claims());
            if (!proven && !witness->is_proven())
                report(fmt::format("the {} consumer does not have everything:\n{}", to_string(witness->pace()),
                                   witness->unproven()));
            print(*witness);
        }
        return holds_;
    }

    // The first tells enough.
    void judge(const std::vector<Claim>& claims) {
        std::size_t unexplained = 0;
        for (const Claim& claim : claims) {
            if (log_.explains(claim) || ++unexplained > 1) continue;
            report("nothing that was done explains " + claim.text, claim.to_ns);
        }
        if (unexplained > 1) fmt::print("   and {} more that nothing explains\n", unexplained - 1);
    }

    static void print(const Witness& witness) {
        const WitnessCounters& counters = witness.counters();
        fmt::print("  {:<11}{:>9} messages {:>7} recovered {:>7} lost {:>5} upstream gaps {:>4} lives\n",
                   to_string(witness.pace()), counters.messages, counters.recovered, counters.lost,
                   counters.upstream_gaps, counters.lives);
    }

    bool report(std::string_view what, std::uint64_t at_ns = wall_ns()) {
        holds_ = false;
        fmt::print("VIOLATION with --seed {} at {}.{:03}: {}\n", seed_, at_ns / 1'000'000'000, at_ns / 1'000'000 % 1000,
                   what);
        for (const std::string& line : log_.last(at_ns, 15))
            fmt::print("      {}\n", line);
        if (std::exchange(log_is_told_, true)) return false;
        const std::string log = sidecar_.log();
        fmt::print("   the end of fairlead's log:\n{}\n",
                   log.substr(log.size() - std::min<std::size_t>(log.size(), 6000)));
        return false;
    }

    const Options& options_;
    const std::uint64_t seed_;
    FaultLog log_;
    simulator::Venue a_;
    simulator::Venue b_;
    Sidecar sidecar_;
    std::vector<std::unique_ptr<Witness>> witnesses_;
    bool holds_ = true;
    bool log_is_told_ = false;
};

}  // namespace

int main(int argc, char** argv) {
    Options options;
    const char* program = std::getenv("FAIRLEAD");
    if (program != nullptr) options.program = program;
    CLI::App app{"No message is lost in silence: fairlead under every fault there is"};
    app.add_option("--fairlead", options.program, "the program; default: the environment's FAIRLEAD");
    app.add_option("--seed", options.seeds, "one run for each; default: a fresh one");
    app.add_option("--seconds", options.seconds, "of faults in each run");
    app.add_option("--minutes", options.minutes, "the same, for a long run");
    app.add_option("--rate", options.rate, "messages a second of each of 12 streams");
    app.add_option("--patience", options.patience, "factor on all deadlines, for slow builds");
    CLI11_PARSE(app, argc, argv);
    if (options.program.empty()) {
        fmt::print(stderr, "invariant: --fairlead or FAIRLEAD is needed\n");
        return 2;
    }
    if (options.seeds.empty()) options.seeds.push_back(std::random_device{}());
    lws_set_log_level(LLL_ERR, nullptr);
    bool holds = true;
    for (const std::uint64_t seed : options.seeds) {
        fmt::print("seed {}\n", seed);
        std::fflush(stdout);
        holds = Run(options, seed).holds() && holds;
        std::fflush(stdout);
    }
    return holds ? 0 : 1;
}
