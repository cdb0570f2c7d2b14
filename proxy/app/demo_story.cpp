#include "app/demo_story.hpp"

#include "core/cause.hpp"
#include "core/topic.hpp"

#include <fmt/format.h>

#include <cstdio>

namespace fairlead::app {
namespace {

using namespace std::chrono_literals;

constexpr auto kSampleEvery = 1s;

std::string cause_text(v1::Cause cause) {
    std::string text(core::to_string(static_cast<core::Cause>(cause)));
    for (char& c : text)
        if (c == '_') c = ' ';
    return text;
}

}  // namespace

Story::Story() : start_(std::chrono::steady_clock::now()), next_sample_(start_ + 500ms) {}

void Story::say(std::string_view who, std::string_view text) {
    const std::lock_guard lock(printing_);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
    fmt::print("{:6.2f}s  {:<9} {}\n", seconds, who, text);
    std::fflush(stdout);
}

void Story::intro(std::uint16_t port, const std::string& stream) {
    fmt::print(
        "fairlead demo: a simulated venue on 127.0.0.1:{}, the relay, and a consumer on {}.\n"
        "The venue will fail on the way. Watch what the consumer is told.\n\n",
        port, stream);
    std::fflush(stdout);
}

void Story::venue(std::string_view text) {
    if (text.starts_with("venue: ")) text.remove_prefix(7);
    say("venue", text);
}

client::Callbacks Story::callbacks() {
    client::Callbacks callbacks;
    callbacks.on_message = [this](const client::Message& message) { on_message(message); };
    callbacks.on_gap = [this](const client::Gap& gap) { on_gap(gap); };
    callbacks.on_connect = [this](const client::ConnectionChange& change) { on_connect(change); };
    callbacks.on_disconnect = [this](const client::ConnectionChange& change) { on_disconnect(change); };
    callbacks.on_state = [this](const client::ConnectionChange& change) {
        if (change.event.state() == v1::CONNECTION_STATE_RECONNECTING)
            say("relay", fmt::format("waits {} ms before attempt {} ({})", change.event.retry_in_ms(),
                                     change.event.attempt(), change.event.detail()));
        if (change.event.ready()) say("relay", fmt::format("subscriptions restored: {}", change.event.subscriptions()));
    };
    callbacks.on_end = [this](const client::End& end) {
        if (end.topic.starts_with("state/")) ended_ = true;
    };
    return callbacks;
}

void Story::on_message(const client::Message& message) {
    ++messages_;
    if (message.channel == core::kUnroutedChannel) return;
    auto text = std::string(message.payload.substr(0, 72));
    latest_.insert_or_assign(std::string(message.topic), fmt::format("#{} {}", message.sequence, text));
}

void Story::on_gap(const client::Gap& gap) {
    if (gap.outcome == client::Outcome::Recovered) return;  // nothing is missing after all
    if (gap.cause == client::GapCause::Upstream) {
        ++told_gaps_;
        if (gap.channel == core::kUnroutedChannel) return;  // acknowledgements, which interest nobody here
        const auto milliseconds = (gap.to_ns - gap.from_ns) / 1'000'000;
        say("consumer", fmt::format("{}: may have missed messages for {} ms, because: {}", gap.topic, milliseconds,
                                    cause_text(gap.reason)));
    } else {
        holes_ += gap.count;
        say("consumer", fmt::format("{}: {} messages missing that nobody announced", gap.topic, gap.count));
    }
}

void Story::on_connect(const client::ConnectionChange& change) {
    ++connects_;
    if (change.event.reconnect_latency_ms() == 0)
        say("consumer", fmt::format("`{}` is connected to {}", change.connection, change.event.endpoint()));
    else
        say("consumer", fmt::format("`{}` is connected again, {} ms after the loss", change.connection,
                                    change.event.reconnect_latency_ms()));
}

void Story::on_disconnect(const client::ConnectionChange& change) {
    ++disconnects_;
    latest_.clear();  // it came before
    say("consumer",
        fmt::format("`{}` is disconnected: {}", change.connection,
                    change.event.detail().empty() ? cause_text(change.event.cause()) : change.event.detail()));
}

void Story::tick() {
    if (std::chrono::steady_clock::now() < next_sample_ || latest_.empty()) return;
    next_sample_ = std::chrono::steady_clock::now() + kSampleEvery;
    // One topic a time, in turn; the others are not told later, when they are old.
    const auto index = static_cast<std::ptrdiff_t>(messages_ % latest_.size());
    const auto& [topic, text] = *std::next(latest_.begin(), index);
    say("consumer", fmt::format("{} {}", topic, text));
    latest_.clear();
}

bool Story::summary() const {
    const auto outages = disconnects_ - (ended_ ? 1 : 0);  // the last one is the end of the demo
    fmt::print("\n{} messages; {} outages, each with its cause; {} gaps told; {} messages lost without a word.\n",
               messages_, outages, told_gaps_, holes_);
    return messages_ > 0 && holes_ == 0 && connects_ > 0;
}

}  // namespace fairlead::app
