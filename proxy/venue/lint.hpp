// Whether a profile does what its own examples say, and what a connection would send: for `fairlead check` and for the
// test suite.
#pragma once

#include "config/config.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace fairlead::venue {

struct WrongExample {
    std::size_t index = 0;  // in profile.examples
    std::string message;    // "is data of channel `a`, not an ack"
};
// `connection` has the profile, and the profile's defaults of the keys that tell a channel and a number. The examples
// are read in order, as what one socket brings: an id that one names as a channel's is known to those behind it.
std::vector<WrongExample> check_examples(const config::ConnectionConfig& connection);

struct SentText {
    std::string what;  // "login", "subscribe", "unsubscribe", "heartbeat", "prepare"
    std::string text;
};
// What a connection sends once it is open, with its subscriptions in messages as the limits allow, and before that what
// it asks for. Variables of credentials and of `prepare` are shown as they are written: {key}; ids count from 1, and
// the time is that of 2000-01-01.
std::vector<SentText> texts_to_send(const config::ConnectionConfig& connection);

}  // namespace fairlead::venue
