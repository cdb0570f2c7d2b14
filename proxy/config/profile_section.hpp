// A profile's tables into a Profile, with everything that is wrong in them. Its [connection] is read as well, into
// nothing: what is wrong there is told at the profile's own place, once, however many connections use it.
#pragma once

#include "config/profile.hpp"
#include "config/reader.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::config {

// The table is complete: `extends` is gone. The name is left as it is.
void read_profile(TableReader& table, Profile& profile);

// How a meaning is written: "ack", "heartbeat_request".
std::string_view meaning_name(Meaning meaning);
// "permanent", "rate"
std::string_view kind_name(RejectKind kind);
inline constexpr std::string_view kDataName = "data";  // where a meaning would stand, of a message that has none

// Variables that every text for the venue has.
inline constexpr std::string_view kStampVariables[] = {"now_s", "now_ms", "now_us", "nonce", "id"};
// Those that can stand in a URL to connect to: of the stamp, and what prepare.extract finds. Views into the profile.
std::vector<std::string_view> url_variables(const Profile& profile);
// Something else than the login cannot do without credentials.
bool needs_credentials(const Profile& profile);

}  // namespace fairlead::config
