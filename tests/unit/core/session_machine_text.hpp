// A step's actions as one text, so that a test states the whole list at once and a failure shows it.
#pragma once

#include "core/duration_text.hpp"
#include "core/session_machine.hpp"

#include <string>
#include <variant>

namespace fairlead::test {

inline std::string text_of(const core::action::Open&) {
    return "open";
}

inline std::string text_of(const core::action::Close& close) {
    return "close " + std::to_string(close.code) + " " + close.reason;
}

inline std::string text_of(const core::action::Ping&) {
    return "ping";
}

inline std::string text_of(const core::action::Restore&) {
    return "restore";
}

// "connecting>reconnecting timeout #1 in 1s: no connection within 30s"
inline std::string text_of(const core::action::Announce& change) {
    std::string text{core::to_string(change.previous)};
    text += '>';
    text += core::to_string(change.state);
    text += ' ';
    text += core::to_string(change.cause);
    text += " #" + std::to_string(change.attempt);
    if (change.state == core::ConnectionState::Reconnecting) text += " in " + core::duration_text(change.retry_in);
    if (!change.detail.empty()) text += ": " + change.detail;
    return text;
}

// One line for each action.
inline std::string text_of(const core::SessionActions& actions) {
    std::string text;
    for (const core::SessionAction& action : actions) {
        if (!text.empty()) text += '\n';
        text += std::visit([](const auto& one) { return text_of(one); }, action);
    }
    return text;
}

}  // namespace fairlead::test
