#pragma once

#include <set>
#include <string>
#include <vector>

namespace fairlead::client {

// The ZeroMQ filters for a consumer of `prefixes`: these, the state topics of the connections whose data topics they
// can match, and the welcome.
std::set<std::string> filters(const std::vector<std::string>& prefixes);

}  // namespace fairlead::client
