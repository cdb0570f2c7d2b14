// Who may ask, before anything is done: pure rules over the head of a request.
//  - The Host must name this server: a page of another site whose name has been pointed here (DNS rebinding) does not.
//  - A change must not come from a page of another site: JSON or no body at all needs that page's consent of ours
//  (CORS),
//    which nobody gives; and an Origin, where there is one, must be ours.
//  - Where a token is set, changes need it.
#pragma once

#include "admin/message.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace fairlead::admin {

struct Refusal {
    int status = 0;
    std::string code{};  // as in the JSON of an error
    std::string message{};
};

class Guard {
public:
    // Empty = it cannot be had now.
    using Token = std::function<std::optional<std::string>()>;

    // `host` is what the server listens on, an IPv6 address without its brackets. No `token` = changes need none.
    Guard(const std::string& host, Token token);

    std::optional<Refusal> check_host(const HttpRequest& request) const;
    std::optional<Refusal> check_change(const HttpRequest& request) const;

private:
    bool names_this(const HttpRequest& request) const;

    const std::string host_;
    const Token token_;
};

// Takes as long for a wrong text as for the right one of the same length.
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace fairlead::admin
