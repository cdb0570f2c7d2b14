// Finds the route of a request. Pure.
#pragma once

#include "admin/routes.hpp"

#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace fairlead::admin {

struct Match {
    const Route* route = nullptr;
    std::string name{};  // what stands in the place of the `:…` segment
};
struct NoSuchPath {};
struct WrongMethod {
    std::string allow{};  // "GET, HEAD"
};
using Found = std::variant<Match, NoSuchPath, WrongMethod>;

// HEAD is answered where GET is. `table` outlives the result.
Found find_route(const std::vector<Route>& table, std::string_view method, std::string_view path);

}  // namespace fairlead::admin
