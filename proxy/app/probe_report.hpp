// What `fairlead probe` tells: lines while it goes on, a table and a verdict at the end, each as text or as JSON. Pure:
// what was seen comes in, what is printed comes out.
#pragma once

#include "core/subscription_state.hpp"
#include "core/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fairlead::app {

// All times are since the start of the probe. What came after what is made of them when it is shown.
struct ProbeSubscription {
    std::string name{};
    core::SubscriptionState state = core::SubscriptionState::Pending;
    std::string detail{};                          // why it was refused, or is stale
    std::optional<core::Duration> sent{};          // for the first time
    std::optional<core::Duration> acknowledged{};  // empty = that was not seen
    std::optional<core::Duration> first_data{};
    std::uint64_t messages = 0;  // of the topic of this name
    std::uint64_t bytes = 0;
};

// Data that no subscription of that name stands for.
struct ProbeChannel {
    std::string name{};
    std::optional<core::Duration> first_data{};
    std::uint64_t messages = 0;
    std::uint64_t bytes = 0;
};

struct ProbeReport {
    std::string connection{};
    std::string profile{};
    core::Duration length{};                 // of the probe
    std::optional<core::Duration> opened{};  // the first socket; empty = none was
    bool is_connected = false;               // at the end
    std::string last_problem{};              // why a socket ended, or could not be opened; empty = none did
    unsigned disconnects = 0;
    bool texts_are_sent_blindly = false;  // generic: no answer and no channel tells what became of a subscription
    std::vector<ProbeSubscription> subscriptions{};
    std::vector<ProbeChannel> channels{};
    std::uint64_t unrouted = 0;
    std::string unrouted_sample{};
    std::uint64_t answers = 0;
    std::uint64_t venue_pings = 0;               // on all sockets
    std::vector<core::Duration> pings{};         // those of the socket that had the most
    std::optional<core::Duration> round_trip{};  // of our own ping
};

struct ProbeVerdict {
    bool is_good = false;
    std::string text{};
};
// Good: it is connected, and every subscription flows or is acknowledged; a text that is sent blindly counts when any
// data has come.
ProbeVerdict judge(const ProbeReport& report);

std::string to_text(const ProbeReport& report);
// One line.
std::string to_json(const ProbeReport& report);

// Something that has just happened: "open", and what there is to say of it.
struct ProbeEvent {
    core::Duration at{};
    std::string name{};
    std::vector<std::pair<std::string, std::string>> fields{};  // empty ones are left out
};
std::string to_text(const ProbeEvent& event);
std::string to_json(const ProbeEvent& event);

// Blots secrets out of what a venue says: some repeat what they were sent.
class Redaction {
public:
    // Values below kMinBytes are no secrets, and would blot out everything.
    void add(const std::string& secret);
    std::string apply(std::string text) const;

    static constexpr std::size_t kMinBytes = 4;

private:
    std::vector<std::string> secrets_;  // the longest first
};

// The beginning of a message, for one line of a terminal: control characters and what is no UTF-8 are replaced.
std::string excerpt(std::string_view message, std::size_t max_bytes = 200);

}  // namespace fairlead::app
