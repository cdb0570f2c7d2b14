#pragma once

#include "fairlead/v1/control.pb.h"

#include <string>

namespace fairlead::ctl {

// The reply for people, newline included: its tables, else its message.
std::string render_text(const v1::Reply& reply);

// The reply as protobuf's JSON with the names of the .proto files, fields with default values included, on one line.
std::string render_json(const v1::Reply& reply);

}  // namespace fairlead::ctl
