#include "tap.hpp"

#include "signals.hpp"
#include "text.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>

namespace fairlead::ctl {
namespace {

constexpr std::size_t kShownBytes = 160;

class Printer {
public:
    explicit Printer(const Tap& tap) : tap_(tap) {}

    client::Callbacks callbacks() {
        return {.on_message = [this](const client::Message& message) { this->message(message); },
                .on_connect = [this](const client::ConnectionChange& change) { notice(describe(change)); },
                .on_disconnect = [this](const client::ConnectionChange& change) { notice(describe(change)); },
                .on_gap = [this](const client::Gap& gap) { notice(describe(gap)); },
                .on_end = [this](const client::End& end) { notice(describe(end)); },
                .on_welcome = [this](const v1::Welcome&) { reached_ = true; }};
    }

    void notice(const std::string& text) { write(tap_.raw ? stderr : stdout, "# " + text); }

    bool finished() const { return closed_ || (tap_.count != 0 && messages_ >= tap_.count); }
    bool reached() const { return reached_; }
    int exit_code() const { return failed_ ? kFailed : kOk; }

private:
    void message(const client::Message& message) {
        if (finished()) return;
        ++messages_;
        reached_ = true;
        write(stdout, tap_.raw ? std::string(message.payload) : describe(message));
    }

    void write(std::FILE* file, std::string line) {
        line += '\n';
        const bool written = std::fwrite(line.data(), 1, line.size(), file) == line.size() && std::fflush(file) == 0;
        if (written || file != stdout) return;
        closed_ = true;
        failed_ = errno != EPIPE;
    }

    const Tap tap_;
    std::uint64_t messages_ = 0;
    bool reached_ = false;
    bool closed_ = false;  // stdout takes nothing more
    bool failed_ = false;  // for another reason than that its reader has gone
};

std::string named(v1::Cause reason, std::string_view detail) {
    return detail.empty() ? cause(reason) : fmt::format("{}: {}", cause(reason), detail);
}

// False when it is time to end: a signal, or nobody reads stdout any more.
bool wait(const client::Subscriber& subscriber, const Signals& signals) {
    pollfd fds[] = {{subscriber.fd(), POLLIN, 0}, {signals.fd(), POLLIN, 0}, {STDOUT_FILENO, 0, 0}};
    if (::poll(fds, 3, 200) <= 0) return true;
    return fds[1].revents == 0 && (fds[2].revents & (POLLERR | POLLNVAL)) == 0;
}

}  // namespace

std::string describe(const client::Message& message) {
    return fmt::format("{} {} #{} {}B {}{}", clock_time(message.receive_time_ns), message.topic, message.sequence,
                       message.payload.size(), message.replayed ? "(again) " : "",
                       printable(message.payload, message.binary, kShownBytes));
}

std::string describe(const client::Gap& gap) {
    const std::string start = fmt::format("{} gap on {}: ", clock_time(gap.to_ns), gap.topic);
    const std::string how_many = gap.count == 0 ? "messages" : fmt::format("{} messages", gap.count);
    switch (gap.cause) {
        case client::GapCause::Upstream:
            return fmt::format("{}the connection to the venue was away from {} on ({})", start, clock_time(gap.from_ns),
                               named(gap.reason, gap.detail));
        case client::GapCause::Relay:
            return fmt::format("{}fairlead had to drop {}{}{}", start, how_many, gap.detail.empty() ? "" : ": ",
                               gap.detail);
        case client::GapCause::Consumer:
            return fmt::format("{}lost on the way to here{}: #{} to #{} ({})", start,
                               gap.outcome == client::Outcome::Recovered ? " and fetched again" : "",
                               gap.first_sequence, gap.last_sequence, how_many);
        case client::GapCause::Epoch:
            return start + "the sidecar began anew; what came in between is unknown";
        case client::GapCause::Unknown:
            break;
    }
    return start + how_many + " are missing";
}

std::string describe(const client::ConnectionChange& change) {
    const v1::ConnectionEvent& event = change.event;
    std::string line = fmt::format("{} {} ", clock_time(change.receive_time_ns), change.connection);
    if (event.state() == v1::CONNECTION_STATE_CONNECTED) {
        line += "connected";
        if (!event.endpoint().empty()) line += " to " + event.endpoint();
        if (event.reconnect_latency_ms() != 0) line += " after " + duration_ms(event.reconnect_latency_ms());
        return event.detail().empty() ? line : line + ": " + event.detail();
    }
    line += "disconnected (" + named(event.cause(), event.detail()) + ")";
    return event.close_code() == 0 ? line : fmt::format("{}, close code {}", line, event.close_code());
}

std::string describe(const client::End& end) {
    switch (end.code) {
        case v1::END_CODE_SHUTDOWN:
            return fmt::format("{} ends: the sidecar is shutting down", end.connection);
        case v1::END_CODE_REMOVED:
            return fmt::format("{} ends: the connection was removed", end.connection);
        default:
            return fmt::format("{} ends", end.connection);
    }
}

client::SubscriberOptions tap_options(const Arguments& arguments, const Tap& tap) {
    client::SubscriberOptions options;
    options.endpoints = {arguments.stream};
    options.prefixes = {tap.prefix};
    if (arguments.control_given) options.control_endpoint = arguments.control;
    return options;
}

int run_tap(const Arguments& arguments, const Tap& tap) {
    using Clock = std::chrono::steady_clock;
    const Signals signals;
    Printer printer(tap);
    client::Subscriber subscriber(tap_options(arguments, tap), printer.callbacks());

    const auto give_up = Clock::now() + 3 * arguments.timeout;
    bool was_alive = false;
    while (true) {
        while (subscriber.poll(std::chrono::milliseconds{0}, 100) == 100 && !printer.finished()) {
        }
        if (printer.finished()) return printer.exit_code();
        if (!printer.reached() && Clock::now() > give_up) {
            fmt::print(stderr,
                       "fairleadctl: could not reach the sidecar at {}: is `fairlead run` running there? "
                       "(another place: --stream or FAIRLEAD_STREAM)\n",
                       arguments.stream);
            return kUnreachable;
        }
        const bool alive = subscriber.alive();
        if (was_alive && !alive) printer.notice("no heartbeat for three intervals: the sidecar is gone or stuck");
        if (!was_alive && alive) printer.notice("hearing heartbeats from " + arguments.stream);
        was_alive = alive;
        if (!wait(subscriber, signals)) return kOk;
    }
}

}  // namespace fairlead::ctl
