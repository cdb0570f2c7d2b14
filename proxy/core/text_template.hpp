// A text with variables: {name} stands for a value if `name` is one of those that are known, any other brace is just a
// brace, so that JSON can be written as it is. Which variables stand inside of a JSON string is known as well: what is
// put there has to be escaped.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::core {

class TextTemplate {
public:
    struct Variable {
        std::string_view name;   // with the prefix kFieldPrefix where it is a field
        bool is_quoted = false;  // it stands between the quotes of a JSON string
        bool is_first = false;   // the text begins with it
    };
    // The value, put into the text as it is returned.
    using Lookup = std::function<std::string(const Variable&)>;

    enum class Fields { None, Allowed };  // is {field:ANYTHING} a variable?
    static constexpr std::string_view kFieldPrefix = "field:";

    TextTemplate() = default;
    TextTemplate(std::string_view text, std::span<const std::string_view> names, Fields fields = Fields::None);

    // `lookup` is asked once for each place of a variable, in order.
    std::string render(const Lookup& lookup) const;
    bool empty() const { return pieces_.empty(); }
    // Valid as long as the template.
    std::vector<Variable> variables() const;
    bool uses(std::string_view name) const;

    // {word} that is no known variable, though it looks like one: letters, digits and underscores alone. In JSON no
    // brace is followed by a bare word or number, so it is a misspelling, or a part too many. Each once, in order.
    const std::vector<std::string>& unknown_variables() const { return unknown_; }

private:
    struct Piece {
        std::string text;  // or the variable's name
        bool is_variable = false;
        bool is_quoted = false;
    };

    void add_text(std::string_view text);

    std::vector<Piece> pieces_;
    std::vector<std::string> unknown_;
};

// What stands between the quotes of a JSON string for these bytes. Bytes above 0x7f are left as they are.
std::string json_escaped(std::string_view text);
// What stands for these bytes in a part of a URL: all but the unreserved ones (RFC 3986 2.3) as %XX.
std::string percent_encoded(std::string_view text);

}  // namespace fairlead::core
