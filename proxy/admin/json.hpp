// The contract as JSON. One rule for all of it: the names of the fields as they are, numbers as numbers, enumerators in
// lower case without their prefix. A time, which is a field whose name ends in _ns, is told in RFC 3339 under the name
// without that ending (with `_at` in its place where the name is taken); one that is zero is null, like a message that
// is not set.
#pragma once

#include "fairlead/v1/control.pb.h"

#include <google/protobuf/message.h>
#include <nlohmann/json.hpp>

#include <cstdint>
#include <string>

namespace fairlead::admin {

using Json = nlohmann::ordered_json;

Json to_json(const google::protobuf::Message& message);

// By the same rule, and before it: total_uptime ("3600s") and last_reconnect_latency ("1.5s").
Json connection_to_json(const v1::ConnectionStatus& connection);

// "2026-07-01T12:00:00.25Z": to the nanosecond, without zeros at the end.
std::string to_rfc3339(std::uint64_t ns);

// Never throws: bytes that are not UTF-8 are replaced.
std::string to_text(const Json& json);

}  // namespace fairlead::admin
