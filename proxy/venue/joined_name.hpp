// A name out of several fields of a message: what is there, joined; what is missing is left out.
#pragma once

#include "venue/json_reader.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fairlead::venue {

class JoinedName {
public:
    JoinedName() = default;
    // `aliases`: what a field says -> what stands in the name.
    JoinedName(std::vector<std::size_t> slots, std::string separator,
               const std::map<std::string, std::string>& aliases = {});

    bool empty() const { return slots_.empty(); }
    // Out of what `reader` has read last; nothing if it found none of the fields. Valid until the next find() and the
    // next read.
    std::optional<std::string_view> find(const JsonReader& reader);

private:
    std::string_view named(std::string_view field) const;

    std::vector<std::size_t> slots_;
    std::string separator_;
    std::vector<std::pair<std::string, std::string>> aliases_;
    std::string joined_;
};

}  // namespace fairlead::venue
