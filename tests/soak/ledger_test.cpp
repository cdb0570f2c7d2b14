// The judge must notice what is wrong: a soak that cannot fail proves nothing.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include "ledger.hpp"

#include "sidecar.hpp"

#include <doctest/doctest.h>

namespace {

using namespace fairlead;
using namespace fairlead::soak;

client::Message message(std::uint64_t sequence, std::uint64_t epoch = 1) {
    client::Message message;
    message.sequence = sequence;
    message.epoch = epoch;
    return message;
}

client::Gap gap(client::GapCause cause, std::uint64_t first, std::uint64_t last) {
    client::Gap gap;
    gap.cause = cause;
    gap.first_sequence = first;
    gap.last_sequence = last;
    return gap;
}

client::Gap upstream(std::uint64_t before, std::uint64_t after, std::uint64_t count) {
    client::Gap gap;
    gap.cause = client::GapCause::Upstream;
    gap.venue_sequence_before = before;
    gap.venue_sequence_after = after;
    gap.count = count;
    gap.reason = v1::CAUSE_PEER_CLOSED;
    return gap;
}

TEST_CASE("numbers without a hole are in order, and holes and repetitions are noticed") {
    Ledger ledger;
    CHECK_FALSE(ledger.on_message(message(5)));
    CHECK_FALSE(ledger.on_message(message(6)));
    CHECK_FALSE(ledger.on_numbered_event());
    CHECK_FALSE(ledger.on_message(message(8)));
    CHECK(ledger.on_message(message(10)));
    CHECK(ledger.on_message(message(10)));
}

TEST_CASE("a hole that is told is accounted for, in its place only") {
    Ledger ledger;
    ledger.on_message(message(1));
    SUBCASE("exactly") {
        CHECK_FALSE(ledger.on_gap(gap(client::GapCause::Consumer, 2, 4)));
        CHECK_FALSE(ledger.on_message(message(5)));
    }
    SUBCASE("too late") {
        CHECK(ledger.on_gap(gap(client::GapCause::Consumer, 3, 4)));
    }
    SUBCASE("too short") {
        ledger.on_gap(gap(client::GapCause::Consumer, 2, 3));
        CHECK(ledger.on_message(message(5)));
    }
    SUBCASE("told as recovered, but not delivered") {
        client::Gap recovered = gap(client::GapCause::Consumer, 2, 4);
        recovered.outcome = client::Outcome::Recovered;
        CHECK(ledger.on_gap(recovered));
    }
}

TEST_CASE("a new epoch is announced, and begins with 1") {
    Ledger ledger;
    ledger.on_message(message(7));
    SUBCASE("as it should") {
        CHECK_FALSE(ledger.on_gap(gap(client::GapCause::Epoch, 0, 0)));
        CHECK_FALSE(ledger.on_message(message(1, 2)));
    }
    SUBCASE("unannounced") {
        CHECK(ledger.on_message(message(8, 2)));
    }
    SUBCASE("without its beginning") {
        ledger.on_gap(gap(client::GapCause::Epoch, 0, 0));
        CHECK(ledger.on_message(message(2, 2)));
    }
}

TEST_CASE("a heartbeat proves the tail or shows what is missing there") {
    Ledger ledger;
    CHECK_FALSE(ledger.is_proven());
    ledger.on_message(message(3));
    ledger.on_heartbeat(1, 5);
    CHECK_FALSE(ledger.is_proven());
    ledger.on_message(message(4));
    CHECK(ledger.is_proven());
}

TEST_CASE("a hole of the venue's lies in exactly one gap that tells the truth") {
    VenueLedger ledger("data/a/b/", kSingle);
    std::vector<Claim> claims;
    CHECK_FALSE(ledger.on_number(1, 1, claims));
    SUBCASE("told") {
        ledger.on_gap(upstream(1, 4, 2));
        CHECK_FALSE(ledger.on_number(4, 2, claims));
        REQUIRE(claims.size() == 1);
        CHECK(claims[0].oddity == Oddity::Hole);
        CHECK(claims[0].reason == v1::CAUSE_PEER_CLOSED);
    }
    SUBCASE("not told") {
        CHECK(ledger.on_number(4, 2, claims));
    }
    SUBCASE("told twice") {
        ledger.on_gap(upstream(1, 4, 2));
        ledger.on_gap(upstream(1, 4, 2));
        CHECK(ledger.on_number(4, 2, claims));
    }
    SUBCASE("other neighbours") {
        ledger.on_gap(upstream(1, 5, 2));
        CHECK(ledger.on_number(4, 2, claims));
    }
    SUBCASE("another count") {
        ledger.on_gap(upstream(1, 4, 3));
        CHECK(ledger.on_number(4, 2, claims));
    }
    SUBCASE("a loss is told where there is none") {
        ledger.on_gap(upstream(1, 4, 2));
        CHECK(ledger.on_number(2, 2, claims));
    }
}

TEST_CASE("what comes twice or late needs an explanation") {
    VenueLedger ledger("data/a/b/", kSingle);
    std::vector<Claim> claims;
    ledger.on_number(5, 1, claims);
    SUBCASE("twice") {
        ledger.on_number(5, 2, claims);
        CHECK(claims.at(0).oddity == Oddity::Repeat);
    }
    SUBCASE("late") {
        ledger.on_number(4, 2, claims);
        CHECK(claims.at(0).oddity == Oddity::OutOfOrder);
    }
    SUBCASE("anew") {
        ledger.on_gap(upstream(5, 1, 0));
        ledger.on_number(1, 2, claims);
        CHECK(claims.at(0).oddity == Oddity::BeganAnew);
    }
}

TEST_CASE("only what was done, to that connection and at that time, explains") {
    FaultLog log;
    Claim claim{.oddity = Oddity::Hole, .connection = kSingle, .reason = v1::CAUSE_PEER_CLOSED};
    claim.from_ns = wall_ns();
    claim.to_ns = claim.from_ns + 1'000'000'000;
    CHECK_FALSE(log.explains(claim));
    log.end(log.begin(FaultKind::Close, kSharded, ""));
    CHECK_FALSE(log.explains(claim));
    log.end(log.begin(FaultKind::Skip, kSingle, ""));
    CHECK_FALSE(log.explains(claim));
    log.end(log.begin(FaultKind::Close, kSingle, ""));
    CHECK(log.explains(claim));
    claim.from_ns += 60'000'000'000;
    claim.to_ns += 60'000'000'000;
    CHECK_FALSE(log.explains(claim));
}

TEST_CASE("the number stands in trades and in quotes") {
    CHECK(venue_number(R"({"stream":"a@trade","data":{"e":"trade","E":1,"s":"A","t":12,"p":"1"}})") == 12);
    CHECK(venue_number(R"({"stream":"a@bookTicker","data":{"u":34,"s":"A"}})") == 34);
    CHECK(venue_number(R"({"result":null,"id":1})") == 0);
}

}  // namespace
