// `fairlead demo`: a simulated venue, the relay and a consumer in one process. The venue fails on the way in the usual
// ways, and the terminal says in plain words what happens and what the consumer sees of it.
#include "app/application.hpp"
#include "app/commands.hpp"
#include "app/demo_story.hpp"
#include "fairlead/client.hpp"
#include "simulator/venue.hpp"

#include <fmt/format.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <thread>

namespace fairlead::app {
namespace {

using namespace std::chrono_literals;

// The demo's log is its story.
class NoLog final : public seam::Log {
public:
    void write(seam::LogLevel, std::string_view, std::string_view, std::initializer_list<seam::LogField>) override {}
};

class TemporaryDirectory {
public:
    TemporaryDirectory() {
        std::string pattern = (std::filesystem::temp_directory_path() / "fairlead-demo-XXXXXX").string();
        if (!mkdtemp(pattern.data()))
            throw std::runtime_error("no temporary directory can be made: is TMPDIR writable?");
        path_ = pattern;
    }
    ~TemporaryDirectory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
    const std::string& path() const { return path_; }

private:
    std::string path_;
};

config::Config make_config(const std::string& directory, std::uint16_t port) {
    config::Config config;
    config.stream.endpoints = {fmt::format("ipc://{}/stream.sock", directory)};
    config.control.endpoint = fmt::format("ipc://{}/control.sock", directory);
    config.http.listen = "";
    auto& venue = config.connections["demo"];
    venue.id = "demo";
    venue.urls = {config::SecretText(fmt::format("ws://127.0.0.1:{}/ws", port))};
    venue.subscriptions = {config::SecretText(
        R"({"method":"SUBSCRIBE","params":["btcusdt@trade","ethusdt@trade","solusdt@bookTicker"],"id":1})")};
    venue.channel = {"/s"};
    venue.stale_after = 1s;
    venue.network.initial_delay = 200ms;
    venue.network.max_delay = 2s;
    venue.network.max_retries = 0;
    venue.network.stable_after = 1s;
    venue.network.ping_interval = 1s;
    venue.network.pong_timeout = 500ms;
    venue.network.connection_timeout = 2s;
    return config;
}

simulator::Fault fault(simulator::FaultKind kind, core::Duration at) {
    simulator::Fault fault;
    fault.kind = kind;
    fault.at = at;
    return fault;
}

// Each at a fixed share of the whole.
simulator::Scenario make_scenario(std::chrono::seconds duration) {
    const auto share = [duration](int percent) { return core::Duration(duration) * percent / 100; };
    auto restart = fault(simulator::FaultKind::Close, share(15));
    restart.code = 1012;
    restart.reason = "maintenance";
    auto silence = fault(simulator::FaultKind::Silence, share(50));
    silence.duration = std::max<core::Duration>(share(8), 1200ms);
    auto outage = fault(simulator::FaultKind::Stop, share(72));
    outage.duration = std::min<core::Duration>(share(6), 1500ms);
    simulator::Scenario scenario;
    scenario.rate = 10;
    scenario.faults = {restart, fault(simulator::FaultKind::Reset, share(33)), silence, outage};
    return scenario;
}

// Signals end the demo early; the thread that waits for them is the one that tells the story.
std::atomic<bool> interrupted{false};  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables): a signal handler

void on_interrupt(int) {
    interrupted = true;
}

int tell(std::chrono::seconds duration) {
    const TemporaryDirectory directory;
    Story story;
    simulator::Venue venue("127.0.0.1", 0, make_scenario(duration),
                           [&story](std::string_view text) { story.venue(text); });
    NoLog log;
    const auto config = make_config(directory.path(), venue.port());
    story.intro(venue.port(), config.stream.endpoints.front());

    client::SubscriberOptions options;
    options.endpoints = config.stream.endpoints;
    client::Subscriber consumer(options, story.callbacks());
    // The thread that makes an Application is its relay thread.
    enum class Phase { Starting, Running, Failed };
    std::atomic<Phase> running{Phase::Starting};
    std::unique_ptr<Application> application;
    std::string failure;
    std::thread relay([&] {
        try {
            application = std::make_unique<Application>(config, log);
            running = Phase::Running;
            running.notify_one();
            application->run();
        } catch (const std::exception& error) {
            failure = error.what();
            interrupted = true;
            running = Phase::Failed;
            running.notify_one();
        }
    });
    const auto end = std::chrono::steady_clock::now() + duration;
    while (!interrupted && std::chrono::steady_clock::now() < end) {
        consumer.poll(100ms);
        story.tick();
    }
    running.wait(Phase::Starting);
    if (running == Phase::Running) application->stop();
    const auto drained = std::chrono::steady_clock::now() + 1s;
    while (!story.ended() && std::chrono::steady_clock::now() < drained)
        consumer.poll(50ms);
    relay.join();
    application.reset();
    if (!failure.empty()) throw std::runtime_error(failure);
    return story.summary() ? kExitOk : kExitFailed;
}

}  // namespace

int demo(std::chrono::seconds duration) {
    quiet_libwebsockets();
    struct sigaction action {};
    action.sa_handler = &on_interrupt;
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
    try {
        return tell(duration);
    } catch (const std::exception& error) {
        fmt::print(stderr, "fairlead demo: {}\n", error.what());
        return kExitFailed;
    }
}

}  // namespace fairlead::app
