#include "publish/header.hpp"

#include <bit>
#include <cstring>

namespace fairlead::publish {
namespace {

static_assert(std::endian::native == std::endian::little, "fixed64 is little-endian on the wire");

// Tag bytes: field number << 3 | wire type (0 varint, 1 fixed64).
constexpr char kKindTag = 1 << 3;
constexpr char kFlagsTag = 2 << 3;
constexpr char kEpochTag = 3 << 3 | 1;
constexpr char kSequenceTag = 4 << 3;
constexpr char kReceiveTimeTag = 5 << 3 | 1;
constexpr char kSessionTag = 6 << 3;
constexpr char kLegTag = 7 << 3;
constexpr char kRequestIdTag = 8 << 3 | 1;

// proto3 leaves out a field that has its default value.
char* put_varint(char* out, char tag, std::uint64_t value) {
    if (value == 0) return out;
    *out++ = tag;
    while (value >= 0x80) {
        *out++ = static_cast<char>(value | 0x80);
        value >>= 7;
    }
    *out++ = static_cast<char>(value);
    return out;
}

char* put_fixed64(char* out, char tag, std::uint64_t value) {
    if (value == 0) return out;
    *out++ = tag;
    std::memcpy(out, &value, sizeof value);
    return out + sizeof value;
}

}  // namespace

std::size_t encode_header(const HeaderFields& fields, char* out) {
    char* at = put_varint(out, kKindTag, fields.kind);
    at = put_varint(at, kFlagsTag, fields.flags);
    at = put_fixed64(at, kEpochTag, fields.epoch);
    at = put_varint(at, kSequenceTag, fields.sequence);
    at = put_fixed64(at, kReceiveTimeTag, fields.receive_time_ns);
    at = put_varint(at, kSessionTag, fields.session);
    at = put_varint(at, kLegTag, fields.leg);
    at = put_fixed64(at, kRequestIdTag, fields.request_id);
    return static_cast<std::size_t>(at - out);
}

void make_head(std::string_view topic, const HeaderFields& fields, std::string& head) {
    head.assign(topic);
    head.append(1 + kMaxHeaderBytes, '\0');
    head.resize(topic.size() + 1 + encode_header(fields, head.data() + topic.size() + 1));
}

}  // namespace fairlead::publish
