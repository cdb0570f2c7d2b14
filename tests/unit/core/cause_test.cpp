#include "core/cause.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <vector>

using namespace fairlead::core;

namespace {

constexpr int kCauses = static_cast<int>(Cause::Subscription) + 1;

}  // namespace

TEST_CASE("why, for people: the detail, and the cause where the detail alone would not be understood") {
    struct Row {
        Cause cause;
        std::string detail;
        std::string text;
    };
    const std::vector<Row> rows = {
        {Cause::PeerClosed, "closed by the venue: 1008", "closed by the venue: 1008"},
        {Cause::PeerClosed, "", "the venue closed it"},
        {Cause::ConnectionLost, "the connection ended", "the connection ended"},
        {Cause::ConnectionLost, "", "the socket ended without a close frame"},
        {Cause::ResolveFailed, "a.example: not known", "the name lookup failed: a.example: not known"},
        {Cause::TlsFailed, "certificate refused", "TLS failed: certificate refused"},
        {Cause::Config, "credentials.key: no such file", "a setting cannot be used: credentials.key: no such file"},
        {Cause::Budget, "", "the venue's limit of connections is used up"},
        {static_cast<Cause>(999), "", "the cause is not known"},
    };
    for (const auto& row : rows) {
        CAPTURE(row.text);
        CHECK(explain(row.cause, row.detail) == row.text);
    }
}

TEST_CASE("every cause has words of its own, and none shows a person its name") {
    std::set<std::string> seen;
    for (int value = 0; value < kCauses; ++value) {
        const auto cause = static_cast<Cause>(value);
        CAPTURE(to_string(cause));
        const std::string text = explain(cause, "");
        CHECK(text.find('_') == std::string::npos);
        CHECK(text.find(' ') != std::string::npos);
        CHECK(seen.insert(text).second);
    }
}
