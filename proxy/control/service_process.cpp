// Commands that concern the process as a whole rather than what it relays.
#include "control/process.hpp"
#include "control/service.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace fairlead::control {
namespace {

constexpr std::array<std::string_view, 4> kLevels{"debug", "info", "warning", "error"};
constexpr const char* kNoProcess = "this sidecar has no such thing";

}  // namespace

relay::Outcome Service::execute(const v1::ListConsumers& command, v1::Reply& reply) {
    if (!process_) return {v1::CODE_UNAVAILABLE, kNoProcess};
    process_->describe_consumers(command.open_only(), *reply.mutable_consumers());
    return {};
}

relay::Outcome Service::execute(const v1::GetConfig& /*command*/, v1::Reply& reply) {
    if (!process_) return {v1::CODE_UNAVAILABLE, kNoProcess};
    process_->describe_config(*reply.mutable_config());
    return {};
}

relay::Outcome Service::execute(const v1::SetLogLevel& command) {
    if (!process_) return {v1::CODE_UNAVAILABLE, kNoProcess};
    if (std::ranges::find(kLevels, command.level()) == kLevels.end())
        return {v1::CODE_INVALID, "the level is one of debug, info, warning, error"};
    return process_->set_log_level(command.level());
}

relay::Outcome Service::execute(const v1::Drain& /*command*/) {
    if (!process_) return {v1::CODE_UNAVAILABLE, kNoProcess};
    return process_->drain();
}

}  // namespace fairlead::control
