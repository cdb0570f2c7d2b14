#include "admin/json.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <google/protobuf/descriptor.h>

#include <ctime>
#include <map>
#include <string_view>
#include <vector>

namespace fairlead::admin {
namespace {

using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr std::string_view kTimeEnding = "_ns";

bool is_time(const FieldDescriptor& field) {
    return field.type() == FieldDescriptor::TYPE_FIXED64 && field.name().ends_with(kTimeEnding);
}

std::string key_of(const FieldDescriptor& field) {
    if (!is_time(field)) return field.name();
    const std::string bare = field.name().substr(0, field.name().size() - kTimeEnding.size());
    return field.containing_type()->FindFieldByName(bare) ? bare + "_at" : bare;
}

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// CONNECTION_STATE_FAILED of ConnectionState is "failed".
std::string name_of(const EnumValueDescriptor& value) {
    std::size_t prefix = 0;
    for (const char c : value.type()->name())
        prefix += (c >= 'A' && c <= 'Z') ? 2 : 1;  // each word begins behind an underscore
    std::string name = value.name().substr(std::min(prefix, value.name().size()));
    for (char& c : name)
        c = lower(c);
    return name;
}

// One value: of a singular field, or with `index` one of a repeated field.
struct Place {
    const Message& message;
    const FieldDescriptor& field;
    int index = -1;

    template <class One, class Many>
    auto get(One one, Many many) const {
        const Reflection& reflection = *message.GetReflection();
        return index < 0 ? (reflection.*one)(message, &field) : (reflection.*many)(message, &field, index);
    }
};

const Message& message_at(const Place& place) {
    const Reflection& reflection = *place.message.GetReflection();
    return place.index < 0 ? reflection.GetMessage(place.message, &place.field)
                           : reflection.GetRepeatedMessage(place.message, &place.field, place.index);
}

Json value_at(const Place& place) {
    switch (place.field.cpp_type()) {
        case FieldDescriptor::CPPTYPE_BOOL:
            return place.get(&Reflection::GetBool, &Reflection::GetRepeatedBool);
        case FieldDescriptor::CPPTYPE_INT32:
            return place.get(&Reflection::GetInt32, &Reflection::GetRepeatedInt32);
        case FieldDescriptor::CPPTYPE_INT64:
            return place.get(&Reflection::GetInt64, &Reflection::GetRepeatedInt64);
        case FieldDescriptor::CPPTYPE_UINT32:
            return place.get(&Reflection::GetUInt32, &Reflection::GetRepeatedUInt32);
        case FieldDescriptor::CPPTYPE_UINT64: {
            const std::uint64_t value = place.get(&Reflection::GetUInt64, &Reflection::GetRepeatedUInt64);
            if (!is_time(place.field)) return value;
            return value == 0 ? Json(nullptr) : Json(to_rfc3339(value));
        }
        case FieldDescriptor::CPPTYPE_DOUBLE:
            return place.get(&Reflection::GetDouble, &Reflection::GetRepeatedDouble);
        case FieldDescriptor::CPPTYPE_FLOAT:
            return place.get(&Reflection::GetFloat, &Reflection::GetRepeatedFloat);
        case FieldDescriptor::CPPTYPE_ENUM: {
            const auto* value = place.get(&Reflection::GetEnum, &Reflection::GetRepeatedEnum);
            return name_of(*value);
        }
        case FieldDescriptor::CPPTYPE_STRING:
            return place.get(&Reflection::GetString, &Reflection::GetRepeatedString);
        case FieldDescriptor::CPPTYPE_MESSAGE:
            return to_json(message_at(place));
    }
    return nullptr;
}

// Keys of maps are strings in all of the contract; sorted, so that equal states give equal texts.
Json map_to_json(const Message& message, const FieldDescriptor& field) {
    const Reflection& reflection = *message.GetReflection();
    const FieldDescriptor& key = *field.message_type()->map_key();
    const FieldDescriptor& value = *field.message_type()->map_value();
    std::map<std::string, Json> sorted;
    for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
        const Message& entry = reflection.GetRepeatedMessage(message, &field, i);
        sorted.emplace(entry.GetReflection()->GetString(entry, &key), value_at({entry, value}));
    }
    Json object = Json::object();
    for (auto& [name, one] : sorted)
        object[name] = std::move(one);
    return object;
}

Json field_to_json(const Message& message, const FieldDescriptor& field) {
    const Reflection& reflection = *message.GetReflection();
    if (field.is_map()) return map_to_json(message, field);
    if (field.is_repeated()) {
        Json list = Json::array();
        for (int i = 0; i < reflection.FieldSize(message, &field); ++i)
            list.push_back(value_at({message, field, i}));
        return list;
    }
    const bool is_absent = field.has_presence() && !reflection.HasField(message, &field);
    return is_absent ? Json(nullptr) : value_at({message, field});
}

// At most three digits behind the point, none that is zero at the end.
std::string seconds_text(std::uint64_t milliseconds) {
    std::string text = fmt::format("{}.{:03}", milliseconds / 1000, milliseconds % 1000);
    text.erase(text.find_last_not_of('0') + 1);
    if (text.ends_with('.')) text.pop_back();
    return text + "s";
}

}  // namespace

Json to_json(const Message& message) {
    Json object = Json::object();
    const auto& type = *message.GetDescriptor();
    for (int i = 0; i < type.field_count(); ++i) {
        const FieldDescriptor& field = *type.field(i);
        const bool is_of_choice = field.real_containing_oneof() != nullptr;
        if (is_of_choice && !message.GetReflection()->HasField(message, &field)) continue;
        object[key_of(field)] = field_to_json(message, field);
    }
    return object;
}

Json connection_to_json(const v1::ConnectionStatus& connection) {
    Json all = to_json(connection);
    Json result = Json::object();
    for (const char* key : {"id", "url", "status", "last_connected", "reconnect_attempts", "consecutive_failures"})
        result[key] = all[key];
    result["total_uptime"] = fmt::format("{}s", connection.total_uptime_ms() / 1000);
    result["last_reconnect_latency"] = seconds_text(connection.last_reconnect_latency_ms());
    for (auto& [key, value] : all.items())
        if (!result.contains(key)) result[key] = std::move(value);
    return result;
}

std::string to_rfc3339(std::uint64_t ns) {
    constexpr std::uint64_t kSecond = 1'000'000'000;
    const auto seconds = static_cast<std::time_t>(ns / kSecond);
    std::tm utc{};
    if (!gmtime_r(&seconds, &utc)) return {};
    std::string text = fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:09}", utc, ns % kSecond);
    text.erase(text.find_last_not_of('0') + 1);
    if (text.ends_with('.')) text.pop_back();
    return text + "Z";
}

std::string to_text(const Json& json) {
    return json.dump(2, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace) + "\n";
}

}  // namespace fairlead::admin
