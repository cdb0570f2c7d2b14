// `fairlead probe`: one connection of a configuration on its own, without a stream, to see what its venue really does.
#include "app/commands.hpp"
#include "app/probe_report.hpp"
#include "app/probe_watch.hpp"
#include "app/problems.hpp"
#include "app/system.hpp"
#include "config/load.hpp"
#include "net/budget_store.hpp"
#include "net/http_client.hpp"
#include "net/loop.hpp"
#include "net/lws_transport.hpp"
#include "net/resolver.hpp"
#include "publish/publisher.hpp"
#include "relay/services.hpp"
#include "relay/supervisor.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

namespace fairlead::app {
namespace {

using namespace std::chrono_literals;

constexpr unsigned kMaxRetries = 3;
constexpr core::Duration kLongestWait = 5s;  // before each of them
constexpr core::Duration kTick = 20ms;       // the connection is looked at so often, at least
constexpr core::Duration kShutdownTime = 1s;

// SIGINT and SIGTERM, from a descriptor of the loop. Made before any thread is, which inherits the mask.
class Interrupt {
public:
    Interrupt() {
        sigset_t signals;
        sigemptyset(&signals);
        for (const int signal : {SIGINT, SIGTERM})
            sigaddset(&signals, signal);
        pthread_sigmask(SIG_BLOCK, &signals, nullptr);
        descriptor_ = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
        if (descriptor_ < 0) throw std::runtime_error(fmt::format("signalfd: {}", std::strerror(errno)));
    }
    ~Interrupt() { close(descriptor_); }
    Interrupt(const Interrupt&) = delete;
    Interrupt& operator=(const Interrupt&) = delete;

    void obey(net::Loop& loop) {
        loop.watch(descriptor_, [this] {
            signalfd_siginfo info{};
            while (read(descriptor_, &info, sizeof info) > 0)
                came_ = true;
        });
    }
    bool came() const { return came_; }

private:
    int descriptor_ = -1;
    bool came_ = false;
};

// Each ${…} of a text, resolved; what cannot be resolved is told by the attempt that needs it.
void add_secrets(Redaction& redaction, const config::SecretText& text) {
    const std::string& written = text.written();
    for (auto begin = written.find("${"); begin != std::string::npos; begin = written.find("${", begin + 2)) {
        const auto end = written.find('}', begin);
        if (end == std::string::npos) return;
        const auto value = config::SecretText(written.substr(begin, end + 1 - begin)).resolve();
        if (const auto* secret = std::get_if<std::string>(&value)) redaction.add(*secret);
    }
}

Redaction secrets_of(const config::ConnectionConfig& connection) {
    Redaction redaction;
    for (const auto* texts : {&connection.urls, &connection.subscriptions})
        for (const auto& text : *texts)
            add_secrets(redaction, text);
    for (const auto& [name, text] : connection.headers)
        add_secrets(redaction, text);
    add_secrets(redaction, connection.proxy);
    for (const auto& [name, text] : connection.credentials) {
        add_secrets(redaction, text);
        if (!text.has_secret()) redaction.add(text.written());
    }
    return redaction;
}

// Only what differs: a probe ends, does not wait long between its attempts, and measures the round trip in its time.
config::Config for_probe(config::Config config, config::ConnectionConfig connection, core::Duration length) {
    auto& network = connection.network;
    network.max_retries = network.max_retries == 0 ? kMaxRetries : std::min(network.max_retries, kMaxRetries);
    network.failed_retry_interval = core::Duration{0};
    network.initial_delay = std::min(network.initial_delay, kLongestWait);
    network.max_delay = std::min(network.max_delay, kLongestWait);
    network.ping_interval = std::min(network.ping_interval, std::max<core::Duration>(length / 4, 1s));
    config.connections.clear();
    config.connections.emplace(connection.id, std::move(connection));
    return config;
}

class Probe {
public:
    Probe(const config::Config& config, const config::ConnectionConfig& connection, core::Duration length, bool json)
        : length_(length),
          json_(json),
          resolver_(loop_),
          transport_(loop_, resolver_),
          http_client_(loop_),
          own_budget_(clock_),
          shared_budget_(share_budget(config.network.budget_dir, clock_)),
          config_(for_probe(config, connection, length)),
          watch_(config_.connections.begin()->second, clock_, secrets_of(connection),
                 [this](const ProbeEvent& event) { print(json_ ? to_json(event) : to_text(event)); }),
          publisher_(watch_, clock_, {.epoch = 1, .journal = {.messages_per_topic = 0, .max_bytes = 0}}),
          services_{.transport = transport_,
                    .timers = loop_,
                    .clock = clock_,
                    .random = random_,
                    .log = watch_,
                    .publisher = publisher_,
                    .http = &http_client_,
                    .budget = shared_budget_ ? static_cast<seam::Budget*>(shared_budget_.get()) : &own_budget_},
          supervisor_(config_, services_),
          timer_(loop_.create([this] { timer_->arm(clock_.now() + kTick); })) {
        interrupt_.obey(loop_);
        watch_.attach(supervisor_);
    }

    // Whether everything is in order.
    bool run() {
        supervisor_.start();
        timer_->arm(clock_.now());
        const auto begin = clock_.now();
        while (!interrupt_.came() && !watch_.has_given_up() && clock_.now() - begin < length_ + watch_.waited()) {
            loop_.turn();
            watch_.look();
            tell_unshared();
        }
        const auto report = watch_.conclude();
        supervisor_.shut_down();
        const auto overdue = clock_.now() + kShutdownTime;
        while (transport_.sockets() > 0 && clock_.now() < overdue)
            loop_.turn();
        print(json_ ? to_json(report) : to_text(report));
        return judge(report).is_good;
    }

private:
    static void print(const std::string& text) {
        fmt::print("{}", text);
        std::fflush(stdout);
    }
    static std::unique_ptr<net::BudgetStore> share_budget(const std::string& directory, const seam::Clock& clock) {
        return directory.empty() ? nullptr : std::make_unique<net::BudgetStore>(directory, clock);
    }
    // Once. The attempts of the sidecars are not seen then, nor this one by them.
    void tell_unshared() {
        if (!shared_budget_ || is_unshared_ || shared_budget_->problem().empty()) return;
        is_unshared_ = true;
        fmt::print(stderr, "fairlead probe: the limit of connections is not shared: network.budget_dir: {}\n",
                   shared_budget_->problem());
    }

    const core::Duration length_;
    const bool json_;
    Interrupt interrupt_;
    SystemClock clock_;
    SystemRandom random_;
    net::Loop loop_;
    net::Resolver resolver_;
    net::LwsTransport transport_;
    net::HttpClient http_client_;
    net::LocalBudget own_budget_;
    const std::unique_ptr<net::BudgetStore> shared_budget_;  // null = without budget_dir
    bool is_unshared_ = false;
    const config::Config config_;
    ProbeWatch watch_;
    publish::Publisher publisher_;
    const relay::Services services_;
    relay::Supervisor supervisor_;
    std::unique_ptr<seam::Timer> timer_;
};

int tell_unknown(const config::Config& config, const std::string& connection) {
    std::vector<std::string> ids;
    for (const auto& [id, ignored] : config.connections)
        ids.push_back(id);
    fmt::print(stderr, "fairlead probe: no connection `{}`; there are: {}\n", connection,
               ids.empty() ? "none" : fmt::format("{}", fmt::join(ids, ", ")));
    return kExitUsage;
}

}  // namespace

int probe(const std::string& config_file, const std::string& connection, std::chrono::seconds length, bool json) {
    const auto loaded = config::load_file(config_file);
    if (const auto* problems = std::get_if<config::Problems>(&loaded)) {
        print_problems(*problems);
        return kExitConfig;
    }
    const auto& [config, notices] = std::get<config::Loaded>(loaded);
    print_problems(notices);
    const auto found = config.connections.find(connection);
    if (found == config.connections.end()) return tell_unknown(config, connection);
    quiet_libwebsockets();
    try {
        Probe probe(config, found->second, length, json);
        return probe.run() ? kExitOk : kExitFailed;
    } catch (const std::exception& error) {
        fmt::print(stderr, "fairlead probe: {}\n", error.what());
        return kExitFailed;
    }
}

}  // namespace fairlead::app
