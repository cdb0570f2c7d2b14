// A template turned round: from a text that was made of it back to the values of its variables. What stands between
// quotes ends at the quote, what stands outside takes the least that lets the rest fit.
#pragma once

#include "core/text_template.hpp"

#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::simulator {

class TextPattern {
public:
    // By name; JSON's escapes are undone where a variable stands between quotes.
    using Values = std::map<std::string, std::string, std::less<>>;

    TextPattern() = default;
    TextPattern(std::string_view text, std::span<const std::string_view> names);

    // An empty pattern fits nothing.
    bool empty() const { return pieces_.empty(); }
    // Nothing if the text is not one of these.
    std::optional<Values> match(std::string_view text) const;
    // Of a list: texts of this form with commas between them. Nothing if one of them is not; an empty list has none.
    std::optional<std::vector<Values>> match_list(std::string_view text) const;

private:
    struct Piece {
        std::string text;  // or the variable's name
        bool is_variable = false;
        bool is_quoted = false;
    };
    enum class End { Text, ItemOrText };

    // The bytes that pieces from `piece` on take of `text`.
    std::optional<std::size_t> match_from(std::size_t piece, std::string_view text, End end, Values& values) const;
    std::optional<std::size_t> match_variable(std::size_t piece, std::string_view text, End end, Values& values) const;

    std::vector<Piece> pieces_;
};

// What a JSON string with these bytes between its quotes says. Other escapes than those of one byte stay as they are.
std::string json_unescaped(std::string_view text);

}  // namespace fairlead::simulator
