#include "venue/json_reader.hpp"

#include "venue/json_scanner.hpp"

#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace fairlead::venue {

namespace {

namespace ondemand = simdjson::ondemand;

constexpr std::size_t kFirstCapacity = std::size_t{16} << 10;

std::string unescaped(std::string_view token) {
    std::string key;
    for (std::size_t i = 0; i < token.size(); ++i) {
        const bool is_escape = token[i] == '~' && i + 1 < token.size() && (token[i + 1] == '0' || token[i + 1] == '1');
        key += is_escape ? (token[++i] == '0' ? '~' : '/') : token[i];
    }
    return key;
}

std::optional<std::size_t> index_of(std::string_view key) {
    std::size_t index = 0;
    const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), index);
    if (error != std::errc{} || end != key.data() + key.size()) return std::nullopt;
    if (key.size() > 1 && key.front() == '0') return std::nullopt;
    return index;
}

// The parser's token runs to the next sign of JSON.
std::string_view trimmed(std::string_view token) {
    while (!token.empty() &&
           (token.back() == ' ' || token.back() == '\n' || token.back() == '\r' || token.back() == '\t'))
        token.remove_suffix(1);
    return token;
}

JsonValue::Kind kind_of(ondemand::json_type type) {
    switch (type) {
        case ondemand::json_type::array:
            return JsonValue::Kind::Array;
        case ondemand::json_type::object:
            return JsonValue::Kind::Object;
        case ondemand::json_type::number:
            return JsonValue::Kind::Number;
        case ondemand::json_type::string:
            return JsonValue::Kind::String;
        case ondemand::json_type::boolean:
            return JsonValue::Kind::Boolean;
        case ondemand::json_type::null:
            break;
    }
    return JsonValue::Kind::Null;
}

// Missing if it is broken.
JsonValue value_of(ondemand::value& value) {
    ondemand::json_type type{};
    if (value.type().get(type) != simdjson::SUCCESS) return {};
    JsonValue found{.kind = kind_of(type)};
    if (found.kind == JsonValue::Kind::String) {
        if (value.get_string().get(found.text) != simdjson::SUCCESS) return {};
    } else if (found.is_scalar()) {
        found.text = trimmed(value.raw_json_token());
    }
    return found;
}

}  // namespace

std::size_t JsonPointers::add(std::string_view pointer) {
    if (!pointer.starts_with('/')) return size_++;
    std::size_t node = 0;
    while (!pointer.empty()) {
        pointer.remove_prefix(1);
        const std::string_view token = pointer.substr(0, pointer.find('/'));
        pointer.remove_prefix(token.size());
        node = child_of(node, unescaped(token));
    }
    if (nodes_[node].slot == kNone) {
        nodes_[node].slot = size_++;
        ++placed_;
    }
    return nodes_[node].slot;
}

std::vector<std::size_t> JsonPointers::add_all(const std::vector<std::string>& pointers) {
    std::vector<std::size_t> slots;
    slots.reserve(pointers.size());
    for (const std::string& pointer : pointers)
        slots.push_back(add(pointer));
    return slots;
}

std::size_t JsonPointers::child_of(std::size_t parent, std::string_view key) {
    for (const std::size_t child : nodes_[parent].children)
        if (nodes_[child].key == key) return child;
    const auto index = index_of(key);
    nodes_.push_back({.key = std::string{key}, .index = index, .children = {}});
    nodes_[parent].children.push_back(nodes_.size() - 1);
    if (index) nodes_[parent].last_index = std::max(nodes_[parent].last_index, *index);
    return nodes_.size() - 1;
}

// Reads whole blocks, so that it wants room behind the text, for which the message is copied once more.
struct JsonReader::Parser {
    ondemand::parser json;
    std::vector<char> padded;
    std::vector<std::uint64_t> visits;  // per node of the tree: the last walk that has been there
    std::uint64_t walk = 0;

    bool open(std::string_view text, ondemand::document& document) {
        const std::size_t wanted = text.size() + simdjson::SIMDJSON_PADDING;
        if (padded.size() < wanted) padded.resize(std::max(kFirstCapacity, wanted * 2));
        if (json.capacity() < text.size() && json.allocate(padded.size()) != simdjson::SUCCESS) return false;
        if (!text.empty()) std::memcpy(padded.data(), text.data(), text.size());
        return json.iterate(padded.data(), text.size(), padded.size()).get(document) == simdjson::SUCCESS;
    }

    // The document's own beginning is opened as such, so that one without its end is refused. False = it is no object
    // or array.
    bool walk_document(const JsonPointers& pointers, ondemand::document& document, std::vector<JsonValue>& found) {
        if (visits.size() < pointers.nodes_.size()) visits.resize(pointers.nodes_.size());
        ++walk;
        const JsonPointers::Node& root = pointers.nodes_.front();
        ondemand::json_type type{};
        if (document.type().get(type) != simdjson::SUCCESS) return false;
        ondemand::object object;
        ondemand::array array;
        if (type == ondemand::json_type::object && document.get_object().get(object) == simdjson::SUCCESS) {
            visit_fields(pointers, root, object, found);
            return true;
        }
        if (type == ondemand::json_type::array && document.get_array().get(array) == simdjson::SUCCESS) {
            visit_elements(pointers, root, array, found);
            return true;
        }
        return false;
    }

    // Errors end the walk at their place.
    void visit(const JsonPointers& pointers, const JsonPointers::Node& node, ondemand::value& value,
               std::vector<JsonValue>& found) {
        if (node.children.empty()) {
            found[node.slot] = value_of(value);
            return;
        }
        ondemand::json_type type{};
        if (value.type().get(type) != simdjson::SUCCESS) return;
        const bool is_array = type == ondemand::json_type::array;
        const bool is_object = type == ondemand::json_type::object;
        if (node.slot != JsonPointers::kNone)
            found[node.slot] = is_array || is_object ? JsonValue{.kind = kind_of(type)} : value_of(value);
        ondemand::object object;
        ondemand::array array;
        if (is_object && value.get_object().get(object) == simdjson::SUCCESS)
            visit_fields(pointers, node, object, found);
        if (is_array && value.get_array().get(array) == simdjson::SUCCESS) visit_elements(pointers, node, array, found);
    }

    void visit_fields(const JsonPointers& pointers, const JsonPointers::Node& node, ondemand::object& object,
                      std::vector<JsonValue>& found) {
        std::size_t left = node.children.size();
        for (auto each : object) {
            ondemand::field field;
            if (std::move(each).get(field) != simdjson::SUCCESS) return;
            for (const std::size_t child : node.children) {
                if (visits[child] == walk || !field.key().unsafe_is_equal(pointers.nodes_[child].key)) continue;
                visits[child] = walk;
                visit(pointers, pointers.nodes_[child], field.value(), found);
                if (--left == 0) return;
                break;
            }
        }
    }

    void visit_elements(const JsonPointers& pointers, const JsonPointers::Node& node, ondemand::array& array,
                        std::vector<JsonValue>& found) {
        std::size_t index = 0;
        for (auto each : array) {
            ondemand::value element;
            if (each.get(element) != simdjson::SUCCESS) return;
            for (const std::size_t child : node.children) {
                if (pointers.nodes_[child].index != index) continue;
                visit(pointers, pointers.nodes_[child], element, found);
                break;
            }
            if (index++ == node.last_index) return;
        }
    }
};

JsonReader::JsonReader() : parser_(std::make_unique<Parser>()) {}
JsonReader::~JsonReader() = default;
JsonReader::JsonReader(JsonReader&&) noexcept = default;
JsonReader& JsonReader::operator=(JsonReader&&) noexcept = default;

bool JsonReader::read(std::string_view text, const JsonPointers& pointers) {
    values_.assign(pointers.size(), {});
    if (pointers.empty() || scan(text, pointers)) return true;
    ondemand::document document;
    return parser_->open(text, document) && parser_->walk_document(pointers, document, values_);
}

// Where the fields of a venue's messages stand elsewhere, scans are in vain: then most reads do without.
bool JsonReader::scan(std::string_view text, const JsonPointers& pointers) {
    if (pause_ > 0) {
        --pause_;
        return false;
    }
    if (JsonScanner(text, pointers, values_).find_all()) {
        patience_ = kPatience;
        return true;
    }
    std::ranges::fill(values_, JsonValue{});
    if (--patience_ > 0) return false;
    patience_ = 1;
    pause_ = kPause;
    return false;
}

std::optional<std::vector<std::string>> JsonReader::list(std::string_view text, std::string_view pointer) {
    values_.clear();
    ondemand::document document;
    ondemand::value value;
    if (!parser_->open(text, document) || document.at_pointer(pointer).get(value) != simdjson::SUCCESS)
        return std::nullopt;
    ondemand::array array;
    if (value.get_array().get(array) != simdjson::SUCCESS) {
        const JsonValue single = value_of(value);
        if (!single.names()) return std::nullopt;
        return std::vector{std::string{single.text}};
    }
    std::vector<std::string> texts;
    for (auto each : array) {
        ondemand::value element;
        if (each.get(element) != simdjson::SUCCESS) break;
        const JsonValue item = value_of(element);
        if (item.names()) texts.emplace_back(item.text);
    }
    return texts;
}

}  // namespace fairlead::venue
