#include "load.hpp"

#include <sys/prctl.h>

#include <algorithm>
#include <sstream>
#include <string>

namespace fairlead::bench {
namespace {

constexpr double kNanoseconds = 1e9;
constexpr double kEndsPerSecond = 20;  // of each stream

}  // namespace

std::optional<Order> read_order(std::string_view line) {
    std::istringstream words{std::string{line}};
    std::string kind;
    Order order;
    words >> kind;
    if (kind == "stop") return order;
    words >> order.rate >> order.size;
    if (kind == "load")
        words >> order.burst >> order.seconds;
    else if (kind != "warm")
        return std::nullopt;
    order.kind = kind == "load" ? Order::Kind::Load : Order::Kind::Warm;
    if (words.fail() || order.size < kMinMessageBytes || order.burst == 0) return std::nullopt;
    return order;
}

Load::Load(unsigned streams) : streams_(streams), numbers_(streams, 0), frame_(order_.size) {}

void Load::begin(const Order& order, std::int64_t now) {
    order_ = order;
    ending_ = false;
    frame_ = Frame{order.size};
    std::fill(numbers_.begin(), numbers_.end(), 0);
    total_ = order.kind == Order::Kind::Load ? static_cast<std::uint64_t>(order.rate * order.seconds) : 0;
    start(now);
}

void Load::start(std::int64_t now) {
    began_ = now;
    taken_ = 0;
    next_stream_ = 0;
}

std::uint64_t Load::scheduled(std::int64_t now) const {
    const double passed = static_cast<double>(now - began_) / kNanoseconds;
    const auto bursts = static_cast<std::uint64_t>(passed * order_.rate / static_cast<double>(order_.burst)) + 1;
    return bursts * order_.burst;
}

std::uint64_t Load::due(std::int64_t now) const {
    if (order_.kind == Order::Kind::Stop) return 0;
    if (is_unlimited()) return static_cast<double>(now - began_) < order_.seconds * kNanoseconds ? kChunk : 0;
    const std::uint64_t until = total_ == 0 ? scheduled(now) : std::min(total_, scheduled(now));
    return until > taken_ ? until - taken_ : 0;
}

std::optional<std::int64_t> Load::next_due() const {
    if (order_.kind == Order::Kind::Stop) return std::nullopt;
    if (is_unlimited()) return began_;
    if (total_ != 0 && taken_ >= total_) return std::nullopt;
    const std::uint64_t complete = taken_ / order_.burst * order_.burst;
    return began_ + static_cast<std::int64_t>(static_cast<double>(complete) / order_.rate * kNanoseconds) + 1;
}

const Frame& Load::take(std::int64_t now) {
    taken_stream_ = next_stream_;
    next_stream_ = next_stream_ + 1 == streams_ ? 0 : next_stream_ + 1;
    ++taken_;
    const std::uint64_t number = numbers_[taken_stream_] + 1;
    if (!ending_) numbers_[taken_stream_] = number;
    const Phase phase = order_.kind == Order::Kind::Warm ? Phase::Warm : ending_ ? Phase::End : Phase::Measured;
    frame_.stamp({.stream = taken_stream_, .phase = phase, .number = number, .sent_ns = now});
    return frame_;
}

bool Load::finish(std::int64_t now) {
    if (order_.kind != Order::Kind::Load || ending_) return false;
    if (order_.rate == 0 ? due(now) != 0 : taken_ < total_) return false;
    ending_ = true;
    order_.rate = kEndsPerSecond * streams_;
    order_.burst = streams_;
    total_ = 0;
    start(now);
    return true;
}

void sharpen_timers() {
    prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
}

}  // namespace fairlead::bench
