// Where threads of the HTTP server wait for the relay thread.
#pragma once

#include "fairlead/v1/control.pb.h"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace fairlead::admin {

// Hands an encoded fairlead.v1.Request to the relay thread without waiting. The reply may come on any thread, late, or
// never.
using AskRelay = std::function<void(std::string request, std::function<void(std::string reply)> replied)>;

class Desk {
public:
    explicit Desk(AskRelay ask, std::chrono::milliseconds patience = std::chrono::seconds{5});

    // Waits; any thread. Nothing = no reply came in time, or the desk was closed.
    std::optional<v1::Reply> ask(const v1::Request& request);
    // Whoever waits waits no more. Any thread.
    void close();

private:
    struct Hall;

    const AskRelay ask_;
    const std::chrono::milliseconds patience_;
    // Shared with replies that come when nobody waits any more, or when the desk has gone.
    const std::shared_ptr<Hall> hall_;
};

}  // namespace fairlead::admin
