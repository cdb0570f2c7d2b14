#include "app/application.hpp"

#include "app/memory.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstring>
#include <stdexcept>

namespace fairlead::app {
namespace {

std::string host_and_process() {
    std::array<char, 256> host{};
    if (gethostname(host.data(), host.size() - 1) != 0) host[0] = '?';
    return fmt::format("{}:{}", host.data(), getpid());
}

const std::string kHttpPeer = "http";  // all of its requests share one allowance

net::StreamSettings stream_settings(const config::StreamConfig& config) {
    return {.endpoints = config.endpoints,
            .high_water_mark = config.high_water_mark,
            .socket_mode = config.socket_mode,
            .disconnect_slow_consumers = config.slow_consumer == config::SlowConsumer::Disconnect};
}

publish::JournalSettings journal_settings(const config::JournalConfig& config) {
    return {.messages_per_topic = config.messages_per_topic, .max_bytes = config.max_bytes};
}

std::unique_ptr<seam::Budget> make_budget(const std::string& directory, const seam::Clock& clock) {
    if (directory.empty()) return std::make_unique<net::LocalBudget>(clock);
    return std::make_unique<net::BudgetStore>(directory, clock);
}

}  // namespace

Application::Application(const config::Config& config, seam::Log& log, std::string config_file)
    : config_(config),
      log_(log),
      record_(config_, std::move(config_file), clock_.wall()),
      instance_(host_and_process()),
      resolver_(loop_),
      transport_(loop_, resolver_),
      stream_(zmq_, loop_, stream_settings(config_.stream)),
      control_(zmq_, loop_, config_.control.endpoint, config_.stream.socket_mode),
      publisher_(stream_, clock_, {next_epoch(), config_.stream.heartbeat_interval, journal_settings(config_.journal)}),
      http_client_(loop_),
      alerts_({publisher_, log_, {http_client_, loop_, clock_, random_}}, instance_, config_.alerts),
      budget_(make_budget(config_.network.budget_dir, clock_)),
      services_{transport_, loop_, clock_, random_, log_, publisher_, &alerts_, &http_client_, budget_.get()},
      supervisor_(config_, services_),
      recovery_(publisher_, clock_, loop_),
      service_(supervisor_, recovery_, clock_, [this](v1::Status& status) { describe_process(status); }),
      http_(
          config_.stream.heartbeat_interval, loop_, clock_, [this](metrics::Snapshot& snapshot) { describe(snapshot); },
          [this](const std::string& request, std::function<void(std::string)> replied) {
              service_.handle(kHttpPeer, request, std::move(replied));
          }),
      notify_(loop_, clock_, [this] { return state_line(); }) {
    // Rather than with the first request, so that what is missing is told at the start.
    if (needs_http(config_))
        if (const auto problem = http_client_.start(); !problem.empty()) throw std::runtime_error(problem);
    service_.serve_process(*this);
    service_.serve_alerts(alerts_);
    if (!record_.file().empty())
        service_.on_reload([this](bool dry_run, v1::ReloadResult& result) { return reload(dry_run, result); });
    stream_.keep_epoch(publisher_.epoch());
    control_.keep_epoch(publisher_.epoch());
    stream_.on_subscription([this](std::string_view prefix) { publisher_.baseline(prefix); });
    stream_.on_demand([this](std::string_view prefix, bool wanted) { supervisor_.demand(prefix, wanted); });
    control_.on_request([this](const std::string& peer, std::string_view body, net::ControlSocket::Respond respond,
                               std::unique_ptr<seam::ReplyStream> stream) {
        service_.handle(peer, body, std::move(respond), std::move(stream));
    });
    http_.start(config_.http, log_);
    // Last: whoever finds the stream can have everything that belongs to it.
    stream_.set_welcome(welcome());
    stream_.bind();
    shutdown_timer_ = loop_.create([this] { overdue_ = true; });
    watch_config_file();
}

Application::~Application() {
    if (signal_fd_ >= 0) close(signal_fd_);
}

std::uint64_t Application::next_epoch() {
    const auto now = static_cast<std::uint64_t>(clock_.wall().time_since_epoch().count());
    return std::max({now, stream_.last_epoch() + 1, control_.last_epoch() + 1});
}

std::string Application::welcome() const {
    v1::Welcome welcome;
    welcome.set_version(FAIRLEAD_VERSION);
    welcome.set_epoch(publisher_.epoch());
    welcome.set_instance(instance_);
    welcome.set_heartbeat_interval_ms(
        static_cast<std::uint64_t>(config_.stream.heartbeat_interval / std::chrono::milliseconds{1}));
    welcome.set_replay_depth(publisher_.journal().on() ? config_.journal.messages_per_topic : 0);
    welcome.set_control_endpoint(config_.control.endpoint);
    return std::string("welcome/") + '\0' + welcome.SerializeAsString();
}

void Application::describe_process(v1::Status& status) const {
    status.set_version(FAIRLEAD_VERSION);
    status.set_instance(instance_);
    status.set_consumer_filters(static_cast<std::uint32_t>(stream_.filters()));
    status.set_consumers(static_cast<std::uint32_t>(stream_.consumers().open()));
    status.set_consumers_opened(stream_.consumers().opened_in_all());
    status.set_draining(stopping_);
    record_.describe(status);
    status.set_loop_stalls(loop_.turns().stalls);
    status.set_loop_longest_turn_us(static_cast<std::uint64_t>(loop_.turns().longest / std::chrono::microseconds{1}));
}

void Application::describe(metrics::Snapshot& snapshot) const {
    service_.describe(snapshot.status);
    supervisor_.describe("", snapshot.connections);
    alerts_.describe(snapshot.alert_channels);
    snapshot.alerts_raised = alerts_.raised();
}

// For `systemctl status`.
std::string Application::state_line() const {
    v1::Status status;
    supervisor_.describe(status);
    return fmt::format("{} of {} connections connected, {} failed", status.connected(), status.connections(),
                       status.failed());
}

bool Application::needs_http(const config::Config& wanted) {
    return wanted.alerts.channels.contains("webhook") || std::ranges::any_of(wanted.connections, [](const auto& entry) {
               return !entry.second.venue.prepare.url.empty();
           });
}

void Application::run() {
    log_.write(seam::LogLevel::Info, "", "started",
               {{"version", FAIRLEAD_VERSION},
                {"instance", instance_},
                {"epoch", fmt::to_string(publisher_.epoch())},
                {"stream", fmt::format("{}", fmt::join(config_.stream.endpoints, " "))},
                {"control", config_.control.endpoint},
                {"connections", fmt::to_string(config_.connections.size())}});
    supervisor_.start();
    give_back_memory();
    if (config_.journal.messages_per_topic > 0) use_huge_pages();
    notify_.ready();
    while (!overdue_ && !(stopping_ && transport_.sockets() == 0)) {
        recovery_.advance();
        // After what has sent there: it may have swallowed the sign of a request, or of a subscription.
        control_.after_turn();
        stream_.after_turn();
        // After what may have begun a stream.
        if (recovery_.has_runnable()) loop_.turn_again();
        loop_.turn();
    }
    recovery_.shut_down();
    log_.write(seam::LogLevel::Info, "", "ended", {{"unclosed", overdue_ ? fmt::to_string(transport_.sockets()) : ""}});
}

void Application::stop() {
    loop_.post([this] { begin_shutdown(); });
}

void Application::begin_shutdown() {
    if (stopping_) return;
    stopping_ = true;
    notify_.stopping();
    log_.write(seam::LogLevel::Info, "", "ending", {});
    http_.renew();
    supervisor_.shut_down();
    shutdown_timer_->arm(clock_.now() + kShutdownTime);
}

void Application::obey_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP})
        sigaddset(&signals, signal);
    signal_fd_ = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
    if (signal_fd_ < 0) throw std::runtime_error(fmt::format("signalfd: {}", std::strerror(errno)));
    loop_.watch(signal_fd_, [this] {
        signalfd_siginfo info{};
        while (read(signal_fd_, &info, sizeof info) > 0)
            on_signal(static_cast<int>(info.ssi_signo));
    });
}

void Application::on_signal(int signal) {
    if (signal != SIGHUP) return begin_shutdown();
    v1::ReloadResult result;
    reload(/*dry_run=*/false, result);
}

}  // namespace fairlead::app
