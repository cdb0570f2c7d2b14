// The usual case of JsonReader, without a parser: what names a message stands at its beginning, and is found by walking
// there. Looks at no more than kWindow bytes and the last one, and gives no opinion on anything that it does not fully
// understand: an escape, a field that is missing or further away, a text that is broken. Then the parser has to look.
//
// For 200 B this takes a tenth of the instructions of a pass that indexes the whole text first; for 64 KiB it touches
// the first cache lines only.
#pragma once

#include "venue/json_reader.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace fairlead::venue {

class JsonScanner {
public:
    // All last as long as the object; `values` has a place for each of the pointers.
    JsonScanner(std::string_view text, const JsonPointers& pointers, std::vector<JsonValue>& values);

    // True = every pointer has its value, as JsonReader would have found it. False = the values say nothing.
    bool find_all();

    static constexpr std::size_t kWindow = 512;

private:
    using Node = JsonPointers::Node;

    // Each begins at the first byte of its value, and ends behind it, or anywhere once nothing is left to be found.
    // False = no opinion.
    bool visit(const Node& node);
    bool visit_fields(const Node& node);
    bool visit_elements(const Node& node);
    bool visit_child(const std::size_t* child);
    bool take(const Node& node);
    bool take_string(JsonValue& value);
    bool take_word(JsonValue& value);
    bool skip();
    bool skip_string();
    bool skip_nested();

    bool read_key(std::string_view& key);
    // To the first byte of a field or element, or behind the bracket that closes. The first one begins at the bracket
    // that opens.
    enum class Item { Next, None, Broken };
    Item first_item(char close);
    Item next_item(char close);
    const std::size_t* child_named(const Node& node, std::string_view key);
    void skip_space();
    bool ends() const { return at_ == end_; }

    const JsonPointers& pointers_;
    std::vector<JsonValue>& values_;
    const char* at_;
    const char* const end_;  // of the window
    const char last_;        // byte of the text, but for space; 0 = there is none
    std::size_t left_;       // pointers without a value
    std::uint64_t visited_ = 0;
};

}  // namespace fairlead::venue
