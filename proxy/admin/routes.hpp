// The interface as a table: which path, which method, which keys of the query, and what is asked of the relay for it.
#pragma once

#include "admin/arguments.hpp"
#include "fairlead/v1/control.pb.h"

#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace fairlead::admin {

// What the relay is asked, and what of its reply is told.
struct Ask {
    v1::Request (*request)(Arguments& arguments);
    Json (*tell)(const v1::Reply& reply);
};

// Answered here.
enum class Own { Live, Ready, Started, Metrics, File };

struct Route {
    std::string method;
    std::string pattern;  // a segment `:…` stands for any text but nothing
    std::variant<Ask, Own> action;

    bool is_change() const { return method == "POST"; }
};

// Without the embedded files.
const std::vector<Route>& routes();

}  // namespace fairlead::admin
