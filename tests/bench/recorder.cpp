#include "recorder.hpp"

#include <algorithm>
#include <cstdio>
#include <limits>

namespace fairlead::bench {
namespace {

constexpr std::size_t kReserved = 4'000'000;  // measuring allocates nothing until then

}  // namespace

Recorder::Recorder(unsigned streams) : streams_(streams) {
    latencies_ns_.reserve(kReserved);
}

void Recorder::add(std::string_view message) {
    const auto stamp = read_stamp(message);
    if (!stamp || stamp->stream >= streams_.size()) return;
    const std::int64_t now = now_ns();
    if (!seen_) {
        seen_ = true;
        std::printf("{\"first_ns\":%lld}\n", static_cast<long long>(now));
        std::fflush(stdout);
    }
    Stream& stream = streams_[stamp->stream];
    if (stamp->phase == Phase::Warm || stream.ended) return;
    if (stamp->number < stream.next) {
        ++disordered_;
        return;
    }
    holes_ += stamp->number - stream.next;
    if (stamp->phase == Phase::End) {
        stream.ended = true;
        ++ended_;
        return;
    }
    stream.next = stamp->number + 1;
    bytes_ += message.size();
    measure(*stamp, now);
}

void Recorder::measure(const Stamp& stamp, std::int64_t now) {
    constexpr std::int64_t kMost = std::numeric_limits<std::uint32_t>::max();
    latencies_ns_.push_back(static_cast<std::uint32_t>(std::clamp<std::int64_t>(now - stamp.sent_ns, 0, kMost)));
    if (began_ == 0) began_ = now;
    last_ = now;
}

// In microseconds.
double Recorder::percentile(double share) {
    if (latencies_ns_.empty()) return 0;
    const auto index = static_cast<std::size_t>(share * static_cast<double>(latencies_ns_.size() - 1));
    const auto place = latencies_ns_.begin() + static_cast<std::ptrdiff_t>(index);
    std::nth_element(latencies_ns_.begin(), place, latencies_ns_.end());
    return *place / 1e3;
}

void Recorder::print() {
    const double seconds = static_cast<double>(last_ - began_) / 1e9;
    const auto received = static_cast<double>(latencies_ns_.size());
    std::printf(
        "{\"complete\":%s,\"received\":%zu,\"holes\":%llu,\"disordered\":%llu,\"bytes\":%llu,\"seconds\":%.6f,"
        "\"rate\":%.1f,\"p50_us\":%.2f,\"p99_us\":%.2f,\"p999_us\":%.2f,\"max_us\":%.2f}\n",
        is_complete() ? "true" : "false", latencies_ns_.size(), static_cast<unsigned long long>(holes_),
        static_cast<unsigned long long>(disordered_), static_cast<unsigned long long>(bytes_), seconds,
        seconds > 0 ? received / seconds : 0.0, percentile(0.5), percentile(0.99), percentile(0.999), percentile(1));
    std::fflush(stdout);
}

}  // namespace fairlead::bench
