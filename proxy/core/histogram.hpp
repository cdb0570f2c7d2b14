// Durations counted by size, in fixed buckets: adding one is a short walk over the bounds, without lock or allocation.
#pragma once

#include "core/time.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace fairlead::core {

// `Size` bounds, ascending, which outlive the histogram. One owner thread.
template <std::size_t Size>
class Histogram {
public:
    using Bounds = std::array<Duration, Size>;

    explicit constexpr Histogram(const Bounds& bounds) : bounds_(&bounds) {}

    // Less than nothing counts as nothing.
    constexpr void add(Duration value) {
        if (value < Duration{0}) value = Duration{0};
        std::size_t bucket = 0;
        while (bucket < Size && value > (*bounds_)[bucket])
            ++bucket;
        ++counts_[bucket];
        sum_ += value;
    }

    // So many values, spread evenly from `last` / `count` to `last`.
    constexpr void add_evenly(Duration last, std::uint64_t count) {
        if (last <= Duration{0} || count <= 1) {
            for (; count > 0; --count)
                add(last);
            return;
        }
        const auto whole = static_cast<std::uint64_t>(last.count());
        std::uint64_t below = 0;
        std::size_t bucket = 0;
        for (; bucket < Size && (*bounds_)[bucket] < last; ++bucket) {
            const auto upto = count * static_cast<std::uint64_t>((*bounds_)[bucket].count()) / whole;
            counts_[bucket] += upto - below;
            below = upto;
        }
        counts_[bucket] += count - below;
        sum_ += Duration{static_cast<Duration::rep>(whole * (count + 1) / 2)};
    }

    constexpr const Bounds& bounds() const { return *bounds_; }
    // By bound, itself included, but not those below the bound before; the last one is for what lies above every bound.
    constexpr const std::array<std::uint64_t, Size + 1>& counts() const { return counts_; }
    constexpr Duration sum() const { return sum_; }

private:
    const Bounds* bounds_;
    std::array<std::uint64_t, Size + 1> counts_{};
    Duration sum_{};
};

// From the socket's read to the hand-over to ZeroMQ.
inline constexpr std::array<Duration, 19> kForwardLatencyBounds = {
    std::chrono::microseconds{1},   std::chrono::microseconds{2},   std::chrono::microseconds{5},
    std::chrono::microseconds{10},  std::chrono::microseconds{20},  std::chrono::microseconds{50},
    std::chrono::microseconds{100}, std::chrono::microseconds{200}, std::chrono::microseconds{500},
    std::chrono::milliseconds{1},   std::chrono::milliseconds{2},   std::chrono::milliseconds{5},
    std::chrono::milliseconds{10},  std::chrono::milliseconds{20},  std::chrono::milliseconds{50},
    std::chrono::milliseconds{100}, std::chrono::milliseconds{200}, std::chrono::milliseconds{500},
    std::chrono::seconds{1}};
using ForwardLatency = Histogram<kForwardLatencyBounds.size()>;

// From the loss of a connection to its return.
inline constexpr std::array<Duration, 14> kReconnectLatencyBounds = {
    std::chrono::milliseconds{10},  std::chrono::milliseconds{20},  std::chrono::milliseconds{50},
    std::chrono::milliseconds{100}, std::chrono::milliseconds{200}, std::chrono::milliseconds{500},
    std::chrono::seconds{1},        std::chrono::seconds{2},        std::chrono::seconds{5},
    std::chrono::seconds{10},       std::chrono::seconds{30},       std::chrono::seconds{60},
    std::chrono::seconds{120},      std::chrono::seconds{300}};
using ReconnectLatency = Histogram<kReconnectLatencyBounds.size()>;

}  // namespace fairlead::core
