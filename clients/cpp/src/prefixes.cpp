#include "prefixes.hpp"

#include <string_view>

namespace fairlead::client {

std::set<std::string> filters(const std::vector<std::string>& prefixes) {
    constexpr std::string_view kData = "data/";
    std::set<std::string> all = {"welcome/"};
    for (const std::string_view prefix : prefixes) {
        all.emplace(prefix);
        if (kData.starts_with(prefix)) {
            all.emplace("state/");
        } else if (prefix.starts_with(kData)) {
            // "data/x/BTC" asks for connection x alone, "data/x" for every connection whose name begins with x.
            const std::string_view rest = prefix.substr(kData.size());
            const std::size_t slash = rest.find('/');
            all.emplace("state/" + std::string(slash == std::string_view::npos ? rest : rest.substr(0, slash + 1)));
        }
    }
    return all;
}

}  // namespace fairlead::client
