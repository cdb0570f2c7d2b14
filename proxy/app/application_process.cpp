// What the process tells of itself and lets be done to it, by command.
#include "app/application.hpp"

#include <fmt/format.h>

namespace fairlead::app {
namespace {

std::uint64_t nanoseconds(core::WallTime time) {
    return static_cast<std::uint64_t>(time.time_since_epoch().count());
}

}  // namespace

void Application::describe_consumers(bool open_only, v1::Consumers& list) const {
    const auto& consumers = stream_.consumers();
    for (const auto* entry : consumers.entries(open_only)) {
        auto& consumer = *list.add_consumers();
        consumer.set_peer(entry->peer);
        consumer.set_endpoint(entry->endpoint);
        consumer.set_since_ns(nanoseconds(entry->since));
        consumer.set_until_ns(nanoseconds(entry->until));
        consumer.set_reason(entry->reason);
    }
    list.set_opened(consumers.opened_in_all());
    list.set_forgotten(consumers.forgotten());
}

void Application::describe_config(v1::ConfigResult& result) const {
    record_.describe(result);
}

relay::Outcome Application::set_log_level(const std::string& level) {
    if (!set_level_) return {v1::CODE_UNAVAILABLE, "this sidecar writes no log"};
    set_level_(level);
    return {v1::CODE_OK, fmt::format("the log tells {} and above, until it is changed or the sidecar restarts", level)};
}

relay::Outcome Application::drain() {
    if (stopping_) return {v1::CODE_OK, "the sidecar is ending already"};
    log_.write(seam::LogLevel::Info, "", "drain", {{"cause", "command"}});
    stop();
    return {v1::CODE_OK, "the sidecar ends: topics are ended, sockets are closed"};
}

}  // namespace fairlead::app
