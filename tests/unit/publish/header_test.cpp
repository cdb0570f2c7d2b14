#include "publish/header.hpp"

#include "fairlead/v1/stream.pb.h"

#include <doctest/doctest.h>

#include <limits>
#include <random>
#include <string>

using fairlead::publish::encode_header;
using fairlead::publish::HeaderFields;
using fairlead::publish::kMaxHeaderBytes;

namespace {

std::string encoded(const HeaderFields& fields) {
    std::string bytes(kMaxHeaderBytes, '\0');
    bytes.resize(encode_header(fields, bytes.data()));
    return bytes;
}

std::string by_protobuf(const HeaderFields& fields) {
    fairlead::v1::Header header;
    header.set_kind(static_cast<fairlead::v1::Kind>(fields.kind));
    header.set_flags(fields.flags);
    header.set_epoch(fields.epoch);
    header.set_sequence(fields.sequence);
    header.set_receive_time_ns(fields.receive_time_ns);
    header.set_session(fields.session);
    header.set_leg(fields.leg);
    header.set_request_id(fields.request_id);
    return header.SerializeAsString();
}

}  // namespace

TEST_CASE("a header has the bytes that protobuf gives it") {
    CHECK(encoded({}) == by_protobuf({}));
    const HeaderFields usual{.kind = 1, .flags = 2, .epoch = 1'795'372'184'049'000'000, .sequence = 300, .session = 1};
    CHECK(encoded(usual) == by_protobuf(usual));
}

TEST_CASE("the largest values fit") {
    constexpr auto k32 = std::numeric_limits<std::uint32_t>::max();
    constexpr auto k64 = std::numeric_limits<std::uint64_t>::max();
    const HeaderFields largest{.kind = 7,
                               .flags = k32,
                               .epoch = k64,
                               .sequence = k64,
                               .receive_time_ns = k64,
                               .session = k32,
                               .leg = k32,
                               .request_id = k64};
    CHECK(encoded(largest) == by_protobuf(largest));
    CHECK(encoded(largest).size() <= kMaxHeaderBytes);
}

TEST_CASE("random headers have the bytes that protobuf gives them") {
    std::mt19937_64 random(20261122);
    // Of every length that a varint can have.
    const auto number = [&] { return random() >> (random() % 64); };
    for (int i = 0; i < 10'000; ++i) {
        const HeaderFields fields{.kind = static_cast<std::uint32_t>(number() % 8),
                                  .flags = static_cast<std::uint32_t>(number()),
                                  .epoch = number(),
                                  .sequence = number(),
                                  .receive_time_ns = number(),
                                  .session = static_cast<std::uint32_t>(number()),
                                  .leg = static_cast<std::uint32_t>(number()),
                                  .request_id = number()};
        REQUIRE(encoded(fields) == by_protobuf(fields));
    }
}

TEST_CASE("frame 0 is the topic, NUL and the header") {
    std::string head = "what was there before";
    const HeaderFields fields{.kind = 1, .sequence = 5, .request_id = 9};
    fairlead::publish::make_head("data/x/a/", fields, head);
    CHECK(head == std::string("data/x/a/") + '\0' + by_protobuf(fields));
}
