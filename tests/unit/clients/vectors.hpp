// The byte vectors of proto/vectors as values.
#pragma once

#include <doctest/doctest.h>
#include <google/protobuf/util/json_util.h>
#include <simdjson.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

namespace fairlead::test {

// $FAIRLEAD_VECTORS, else where this file stands in the checkout.
inline std::filesystem::path vectors_dir() {
    if (const char* given = std::getenv("FAIRLEAD_VECTORS")) return given;
    const std::filesystem::path here = __FILE__;
    return here.parent_path() / "../../../proto/vectors";
}

inline std::string from_hex(std::string_view digits) {
    const auto value = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
    std::string bytes;
    for (std::size_t i = 0; i + 1 < digits.size(); i += 2)
        bytes += static_cast<char>(value(digits[i]) * 16 + value(digits[i + 1]));
    return bytes;
}

inline std::string text(simdjson::dom::element object, std::string_view key) {
    std::string_view value;
    REQUIRE(object[key].get(value) == simdjson::SUCCESS);
    return std::string(value);
}

inline bool flag(simdjson::dom::element object, std::string_view key) {
    bool value = false;
    REQUIRE(object[key].get(value) == simdjson::SUCCESS);
    return value;
}

template <typename Message>
Message from_json(simdjson::dom::element object, std::string_view key) {
    simdjson::dom::element value;
    REQUIRE(object[key].get(value) == simdjson::SUCCESS);
    Message message;
    REQUIRE(google::protobuf::util::JsonStringToMessage(simdjson::minify(value), &message).ok());
    return message;
}

}  // namespace fairlead::test
