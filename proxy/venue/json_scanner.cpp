#include "venue/json_scanner.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace fairlead::venue {
namespace {

using Word = std::uint64_t;

constexpr std::size_t kMaxNodes = 64;  // bits of `visited_`
constexpr Word kOnes = 0x0101010101010101;
constexpr Word kHighs = 0x8080808080808080;

bool is_space(char c) {
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

bool ends_word(char c) {
    return c == ',' || c == '}' || c == ']' || is_space(c);
}

bool is_of_number(char c) {
    return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

bool ends_text(char c) {
    return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20;
}

// The high bit of each byte that is below `bound`, which is 0x80 at most. Above the lowest one that is set there may be
// others by carry.
Word bytes_below(Word word, unsigned bound) {
    return (word - kOnes * bound) & ~word & kHighs;
}

Word bytes_equal(Word word, char c) {
    return bytes_below(word ^ (kOnes * static_cast<unsigned char>(c)), 1);
}

// The first quote, backslash or control character; eight bytes at a time.
const char* end_of_text(const char* at, const char* end) {
    static_assert(std::endian::native == std::endian::little);
    for (; end - at >= static_cast<std::ptrdiff_t>(sizeof(Word)); at += sizeof(Word)) {
        Word word = 0;
        std::memcpy(&word, at, sizeof word);
        const Word found = bytes_equal(word, '"') | bytes_equal(word, '\\') | bytes_below(word, 0x20);
        if (found != 0) return at + std::countr_zero(found) / 8;
    }
    return std::find_if(at, end, ends_text);
}

char last_byte(std::string_view text) {
    const auto last = std::ranges::find_if_not(text.rbegin(), text.rend(), is_space);
    return last == text.rend() ? '\0' : *last;
}

}  // namespace

JsonScanner::JsonScanner(std::string_view text, const JsonPointers& pointers, std::vector<JsonValue>& values)
    : pointers_(pointers),
      values_(values),
      at_(text.data()),
      end_(text.data() + std::min(text.size(), kWindow)),
      last_(last_byte(text)),
      left_(pointers.placed_) {}

bool JsonScanner::find_all() {
    if (left_ == 0 || pointers_.nodes_.size() > kMaxNodes) return false;
    skip_space();
    if (ends()) return false;
    const bool is_whole = (*at_ == '{' && last_ == '}') || (*at_ == '[' && last_ == ']');
    return is_whole && visit(pointers_.nodes_.front()) && left_ == 0;
}

bool JsonScanner::visit(const Node& node) {
    if (node.children.empty()) return take(node);
    const char first = *at_;
    if (first != '{' && first != '[') return node.slot == JsonPointers::kNone ? skip() : take(node);
    if (node.slot != JsonPointers::kNone) {
        values_[node.slot].kind = first == '{' ? JsonValue::Kind::Object : JsonValue::Kind::Array;
        if (--left_ == 0) return true;
    }
    return first == '{' ? visit_fields(node) : visit_elements(node);
}

bool JsonScanner::visit_fields(const Node& node) {
    Item item = first_item('}');
    for (; item == Item::Next; item = next_item('}')) {
        std::string_view key;
        if (!read_key(key) || !visit_child(child_named(node, key))) return false;
        if (left_ == 0) return true;
    }
    return item == Item::None;
}

bool JsonScanner::visit_elements(const Node& node) {
    Item item = first_item(']');
    for (std::size_t index = 0; item == Item::Next; item = next_item(']'), ++index) {
        const auto has_index = [&](std::size_t child) { return pointers_.nodes_[child].index == index; };
        const auto child = std::ranges::find_if(node.children, has_index);
        if (!visit_child(child == node.children.end() ? nullptr : &*child)) return false;
        if (left_ == 0) return true;
    }
    return item == Item::None;
}

bool JsonScanner::visit_child(const std::size_t* child) {
    return child ? visit(pointers_.nodes_[*child]) : skip();
}

// Of two fields of one name the first counts.
const std::size_t* JsonScanner::child_named(const Node& node, std::string_view key) {
    for (const std::size_t& child : node.children) {
        const Word bit = Word{1} << child;
        if ((visited_ & bit) != 0 || pointers_.nodes_[child].key != key) continue;
        visited_ |= bit;
        return &child;
    }
    return nullptr;
}

JsonScanner::Item JsonScanner::first_item(char close) {
    ++at_;
    skip_space();
    if (ends()) return Item::Broken;
    if (*at_ != close) return Item::Next;
    ++at_;
    return Item::None;
}

JsonScanner::Item JsonScanner::next_item(char close) {
    skip_space();
    if (ends() || (*at_ != ',' && *at_ != close)) return Item::Broken;
    if (*at_++ == close) return Item::None;
    skip_space();
    return ends() ? Item::Broken : Item::Next;
}

// With the colon behind it, to the first byte of the value.
bool JsonScanner::read_key(std::string_view& key) {
    if (*at_ != '"') return false;
    const char* const begin = at_ + 1;
    at_ = end_of_text(begin, end_);
    if (ends() || *at_ != '"') return false;
    key = {begin, static_cast<std::size_t>(at_ - begin)};
    ++at_;
    skip_space();
    if (ends() || *at_ != ':') return false;
    ++at_;
    skip_space();
    return !ends();
}

bool JsonScanner::take(const Node& node) {
    JsonValue& value = values_[node.slot];
    const char first = *at_;
    if (first == '{' || first == '[') {
        value.kind = first == '{' ? JsonValue::Kind::Object : JsonValue::Kind::Array;
        return --left_ == 0 || skip_nested();
    }
    if (!(first == '"' ? take_string(value) : take_word(value))) return false;
    --left_;
    return true;
}

bool JsonScanner::take_string(JsonValue& value) {
    const char* const begin = at_ + 1;
    at_ = end_of_text(begin, end_);
    if (ends() || *at_ != '"') return false;
    value = {JsonValue::Kind::String, {begin, static_cast<std::size_t>(at_ - begin)}};
    ++at_;
    return true;
}

bool JsonScanner::take_word(JsonValue& value) {
    const char* const begin = at_;
    at_ = std::find_if(begin, end_, ends_word);
    if (ends()) return false;
    value.text = {begin, static_cast<std::size_t>(at_ - begin)};
    const char first = *begin;
    if (value.text == "true" || value.text == "false")
        value.kind = JsonValue::Kind::Boolean;
    else if (value.text == "null")
        value.kind = JsonValue::Kind::Null;
    else if ((first == '-' || (first >= '0' && first <= '9')) && std::ranges::all_of(value.text, is_of_number))
        value.kind = JsonValue::Kind::Number;
    else
        return false;
    return true;
}

bool JsonScanner::skip() {
    const char first = *at_;
    if (first == '"') return skip_string();
    if (first == '{' || first == '[') return skip_nested();
    const char* const begin = at_;
    at_ = std::find_if(begin, end_, ends_word);
    return at_ != begin && !ends();
}

bool JsonScanner::skip_string() {
    for (++at_; !ends(); at_ += 2) {
        at_ = end_of_text(at_, end_);
        if (ends()) return false;
        if (*at_ == '"') {
            ++at_;
            return true;
        }
        if (*at_ != '\\' || end_ - at_ < 2) return false;
    }
    return false;
}

bool JsonScanner::skip_nested() {
    std::size_t depth = 0;
    while (!ends()) {
        const char c = *at_;
        if (c == '"') {
            if (!skip_string()) return false;
            continue;
        }
        ++at_;
        if (c == '{' || c == '[') ++depth;
        if ((c == '}' || c == ']') && --depth == 0) return true;
    }
    return false;
}

void JsonScanner::skip_space() {
    while (!ends() && is_space(*at_))
        ++at_;
}

}  // namespace fairlead::venue
