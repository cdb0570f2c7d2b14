#include "config/document.hpp"

#include "config/prescan.hpp"
#include "config/toml_library.hpp"

#include <optional>

namespace fairlead::config {
namespace {

Position position(const toml::source_region& region, unsigned file) {
    return {static_cast<unsigned>(region.begin.line), static_cast<unsigned>(region.begin.column), file};
}

Node convert(const toml::node& node, Position fallback);

Node::Table convert_table(const toml::table& table, Position fallback) {
    Node::Table result;
    result.reserve(table.size());
    for (const auto& [key, value] : table) {
        const Position key_at = key.source().begin.line > 0 ? position(key.source(), fallback.file) : fallback;
        result.push_back({std::string(key.str()), key_at, convert(value, key_at)});
    }
    return result;
}

Node::Array convert_array(const toml::array& array, Position fallback) {
    Node::Array result;
    result.reserve(array.size());
    for (const toml::node& element : array)
        result.push_back(convert(element, fallback));
    return result;
}

Node convert(const toml::node& node, Position fallback) {
    Node result;
    result.at = node.source().begin.line > 0 ? position(node.source(), fallback.file) : fallback;
    if (const auto* table = node.as_table()) {
        result.value = convert_table(*table, result.at);
    } else if (const auto* array = node.as_array()) {
        result.value = convert_array(*array, result.at);
    } else if (const auto* text = node.as_string()) {
        result.value = text->get();
    } else if (const auto* integer = node.as_integer()) {
        result.value = integer->get();
    } else if (const auto* number = node.as_floating_point()) {
        result.value = number->get();
    } else if (const auto* flag = node.as_boolean()) {
        result.value = flag->get();
    } else {
        result.value = Node::DateTime{};
    }
    return result;
}

}  // namespace

std::string_view Node::type_name() const {
    static constexpr std::string_view kNames[] = {"a table",  "a list",    "a string",        "an integer",
                                                  "a number", "a boolean", "a date or a time"};
    return kNames[value.index()];
}

std::variant<Node, Problem> parse_document(std::string_view toml, const std::string& file_name, unsigned file) {
    if (const std::optional<Fault> fault = prescan(toml)) {
        return Problem{file_name, fault->at.line, fault->at.column, "", fault->message};
    }
    const toml::parse_result result = toml::parse(toml, file_name);
    if (!result) {
        const Position at = position(result.error().source(), file);
        return Problem{file_name, at.line, at.column, "", std::string(result.error().description())};
    }
    Node root;
    root.at = {1, 1, file};
    root.value = convert_table(result.table(), root.at);
    return root;
}

}  // namespace fairlead::config
