#include "simulator/venue.hpp"

#include "simulator/engine.hpp"

#include <signal.h>

#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace fairlead::simulator {

// The thread of the engine, and the queue by which others reach it.
class Venue::Runner {
public:
    Runner(const std::string& host, std::uint16_t port, Scenario scenario, Say say,
           std::shared_ptr<const Dialect> dialect)
        : engine_(std::make_unique<Engine>(host, port, std::move(scenario), std::move(say), std::move(dialect))),
          port_(engine_->port()) {
        // A new thread inherits the mask: signals are for the program's own threads.
        sigset_t all;
        sigset_t before;
        ::sigfillset(&all);
        ::pthread_sigmask(SIG_SETMASK, &all, &before);
        thread_ = std::thread([this] { run(); });
        ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    }

    ~Runner() {
        call([this](Engine&) { stopping_ = true; });
        thread_.join();
    }

    std::uint16_t port() const { return port_; }

    // Carried out on the venue's thread; returns when it is done.
    void call(std::function<void(Engine&)> command) {
        // Shared: the venue's thread is still inside set_value() when the waiting thread goes on.
        const auto done = std::make_shared<std::promise<void>>();
        std::future<void> finished = done->get_future();
        {
            const std::lock_guard lock(mutex_);
            commands_.push_back({std::move(command), done});
            engine_->wake();
        }
        finished.wait();
    }

private:
    struct Command {
        std::function<void(Engine&)> run;
        std::shared_ptr<std::promise<void>> done;
    };

    void run() {
        while (!stopping_) {
            engine_->service();
            std::vector<Command> commands;
            {
                const std::lock_guard lock(mutex_);
                commands.swap(commands_);
            }
            for (const Command& command : commands) {
                command.run(*engine_);
                command.done->set_value();
            }
        }
        engine_.reset();
    }

    std::unique_ptr<Engine> engine_;  // destroyed on the venue's thread
    std::uint16_t port_;
    std::mutex mutex_;
    std::vector<Command> commands_;
    bool stopping_ = false;  // venue's thread only
    std::thread thread_;
};

Venue::Venue(const std::string& host, std::uint16_t port, Scenario scenario, Say say,
             std::shared_ptr<const Dialect> dialect)
    : runner_(std::make_unique<Runner>(host, port, std::move(scenario), std::move(say), std::move(dialect))) {
    port_ = runner_->port();
}

Venue::~Venue() = default;

void Venue::close(std::uint64_t connection, std::uint16_t code, const std::string& reason) {
    runner_->call([&](Engine& engine) { engine.close(connection, code, reason); });
}

void Venue::reset(std::uint64_t connection) {
    runner_->call([=](Engine& engine) { engine.reset(connection); });
}

void Venue::go_silent(bool silent, std::uint64_t connection) {
    runner_->call([=](Engine& engine) { engine.go_silent(silent, connection); });
}

void Venue::go_half_open(bool half_open, std::uint64_t connection) {
    runner_->call([=](Engine& engine) { engine.go_half_open(half_open, connection); });
}

void Venue::delay(core::Duration by, std::uint64_t connection) {
    runner_->call([=](Engine& engine) { engine.delay(by, connection); });
}

void Venue::tamper(const std::string& stream, Tamper kind, std::uint64_t connection) {
    runner_->call([&](Engine& engine) { engine.tamper(stream, kind, connection); });
}

void Venue::renumber(const std::string& stream) {
    runner_->call([&](Engine& engine) { engine.renumber(stream); });
}

void Venue::announce_drain(std::uint64_t connection) {
    runner_->call([=](Engine& engine) { engine.announce_drain(connection); });
}

void Venue::refuse_topics(const std::vector<std::string>& topics) {
    runner_->call([&](Engine& engine) { engine.refuse_topics(topics); });
}

void Venue::silence_topics(const std::vector<std::string>& topics) {
    runner_->call([&](Engine& engine) { engine.silence_topics(topics); });
}

void Venue::refuse_upgrades(int http_status, std::optional<int> retry_after_s) {
    std::optional<std::chrono::seconds> retry_after;
    if (retry_after_s) retry_after = std::chrono::seconds{*retry_after_s};
    runner_->call([=](Engine& engine) { engine.refuse_upgrades(http_status, retry_after); });
}

void Venue::send_bad_frame(BadFrame kind, std::uint64_t connection) {
    runner_->call([=](Engine& engine) { engine.send_bad_frame(kind, connection); });
}

void Venue::stop_listening() {
    runner_->call([](Engine& engine) { engine.stop_listening(); });
}

bool Venue::start_listening() {
    bool listening = false;
    runner_->call([&](Engine& engine) { listening = engine.start_listening(); });
    return listening;
}

std::size_t Venue::take_fewest_fed() {
    std::size_t fewest = 0;
    runner_->call([&](Engine& engine) { fewest = engine.take_fewest_fed(); });
    return fewest;
}

VenueStats Venue::stats() const {
    VenueStats stats;
    runner_->call([&](Engine& engine) { stats = engine.stats(); });
    return stats;
}

}  // namespace fairlead::simulator
