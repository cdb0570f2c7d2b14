#include "venue/joined_name.hpp"

namespace fairlead::venue {

JoinedName::JoinedName(std::vector<std::size_t> slots, std::string separator,
                       const std::map<std::string, std::string>& aliases)
    : slots_(std::move(slots)), separator_(std::move(separator)), aliases_(aliases.begin(), aliases.end()) {}

std::optional<std::string_view> JoinedName::find(const JsonReader& reader) {
    if (slots_.size() == 1) {
        const JsonValue& value = reader[slots_.front()];
        if (!value.names()) return std::nullopt;
        return named(value.text);
    }
    joined_.clear();
    for (const std::size_t slot : slots_) {
        const JsonValue& value = reader[slot];
        if (!value.names()) continue;
        if (!joined_.empty()) joined_ += separator_;
        joined_ += named(value.text);
    }
    if (joined_.empty()) return std::nullopt;
    return joined_;
}

std::string_view JoinedName::named(std::string_view field) const {
    for (const auto& [said, meant] : aliases_)
        if (said == field) return meant;
    return field;
}

}  // namespace fairlead::venue
