#include "admin/router.hpp"

#include <algorithm>
#include <optional>

namespace fairlead::admin {
namespace {

std::string_view take_segment(std::string_view& path) {
    const std::string_view segment = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(path.size(), segment.size() + 1));
    return segment;
}

// The text in the place of the `:…` segment, empty where there is none; nothing = the path is another one.
std::optional<std::string> match(std::string_view pattern, std::string_view path) {
    if (std::ranges::count(pattern, '/') != std::ranges::count(path, '/')) return {};
    std::string name;
    while (!pattern.empty()) {
        const std::string_view wanted = take_segment(pattern);
        const std::string_view given = take_segment(path);
        if (wanted.starts_with(':') && !given.empty())
            name = given;
        else if (wanted != given)
            return {};
    }
    if (!path.empty()) return {};
    return name;
}

}  // namespace

Found find_route(const std::vector<Route>& table, std::string_view method, std::string_view path) {
    const std::string_view wanted = method == "HEAD" ? std::string_view("GET") : method;
    std::string allow;
    for (const Route& route : table) {
        auto name = match(route.pattern, path);
        if (!name) continue;
        if (route.method == wanted) return Match{&route, std::move(*name)};
        allow += (allow.empty() ? "" : ", ") + (route.method == "GET" ? "GET, HEAD" : route.method);
    }
    if (allow.empty()) return NoSuchPath{};
    return WrongMethod{allow};
}

}  // namespace fairlead::admin
