// What a flow hands out and tells, as texts, so that a test states it whole and a failure shows it.
#pragma once

#include "core/subscription_flow.hpp"

#include <optional>
#include <string>

namespace fairlead::test {

// "#1 +a,b", "#2 -a"; "" = nothing.
inline std::string text_of(const std::optional<core::SubscriptionFlow::Send>& send) {
    if (!send) return {};
    std::string text = "#" + std::to_string(send->id) + (send->unsubscribe ? " -" : " +");
    for (std::size_t i = 0; i < send->topics.size(); ++i)
        text += (i > 0 ? "," : "") + send->topics[i];
    return text;
}

// "a sent>acknowledged; b sent>rejected: unknown symbol"
inline std::string text_of(const core::SubscriptionFlow::Changes& changes) {
    std::string text;
    for (const auto& change : changes) {
        if (!text.empty()) text += "; ";
        text += change.name + " ";
        text += core::to_string(change.from);
        text += ">";
        text += core::to_string(change.to);
        if (!change.detail.empty()) text += ": " + change.detail;
    }
    return text;
}

// Everything that may leave now, one after the other: "#1 +a,b | #2 +c".
inline std::string drain(core::SubscriptionFlow& flow, core::SteadyTime now) {
    std::string text;
    while (const auto send = flow.next(now))
        text += (text.empty() ? "" : " | ") + text_of(send);
    return text;
}

// "a flowing, b rejected"
inline std::string states_of(const core::SubscriptionFlow& flow) {
    std::string text;
    for (const core::FlowTopic& topic : flow) {
        if (!text.empty()) text += ", ";
        text += topic.name() + " ";
        text += core::to_string(topic.state());
    }
    return text;
}

}  // namespace fairlead::test
