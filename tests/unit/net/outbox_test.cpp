#include "net/outbox.hpp"

#include <doctest/doctest.h>

#include <string>

using fairlead::net::OutboundFrame;
using fairlead::net::Outbox;
using fairlead::seam::Link;

TEST_CASE("messages leave in order, pings before them") {
    Outbox outbox;
    CHECK(outbox.empty());
    CHECK(outbox.push("one", false));
    CHECK(outbox.push("two", true));
    outbox.push_ping("ping");
    const auto first = outbox.pop();
    CHECK(first->kind == OutboundFrame::Kind::Ping);
    CHECK(first->payload() == "ping");
    const auto second = outbox.pop();
    CHECK(second->kind == OutboundFrame::Kind::Text);
    CHECK(second->payload() == "one");
    CHECK(second->buffer.size() == fairlead::net::frame_room() + 3);
    CHECK(outbox.pop()->kind == OutboundFrame::Kind::Binary);
    CHECK_FALSE(outbox.pop());
}

TEST_CASE("a ping is cut to what a control frame holds") {
    Outbox outbox;
    outbox.push_ping(std::string(200, 'x'));
    CHECK(outbox.pop()->payload().size() == 125);
}

TEST_CASE("it is bounded in messages and in bytes, and takes more when some have left") {
    Outbox many;
    for (std::size_t i = 0; i < Link::kMaxQueuedMessages; ++i)
        REQUIRE(many.push("", false));
    CHECK_FALSE(many.push("", false));
    many.pop();
    CHECK(many.push("", false));

    Outbox large;
    CHECK(large.push(std::string(Link::kMaxQueuedBytes - 1, 'x'), true));
    CHECK_FALSE(large.push("ab", false));
    CHECK(large.push("a", false));
    large.pop();
    CHECK(large.push("ab", false));
}

TEST_CASE("that it is drained is told once, and only after messages") {
    Outbox outbox;
    CHECK_FALSE(outbox.take_drained());
    outbox.push_ping("");
    CHECK_FALSE(outbox.take_drained());
    outbox.push("a", false);
    CHECK(outbox.take_drained());
    CHECK_FALSE(outbox.take_drained());
}
