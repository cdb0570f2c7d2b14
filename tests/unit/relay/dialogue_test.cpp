// A connection that speaks a venue's own language: welcome, login, subscriptions in batches, answers, heartbeats.
#include "live_connection.hpp"

#include <algorithm>

namespace {

using namespace fairlead;
using namespace fairlead::support;
using namespace std::chrono_literals;
using config::FieldTest;
using config::Meaning;
using config::MessageRule;

MessageRule rule(Meaning means, const std::string& field, const std::string& value) {
    MessageRule made;
    made.means = means;
    made.when = {{.field = field, .is = FieldTest::Is::Equal, .value = value}};
    made.id = "/id";
    made.reason = "/why";
    return made;
}

config::Profile profile() {
    config::Profile venue;
    venue.name = "test";
    venue.subscribe.topic = R"("{topic}")";
    venue.subscribe.text = R"({"op":"sub","args":[{topics}],"id":{id}})";
    venue.subscribe.unsubscribe = R"({"op":"unsub","args":[{topics}],"id":{id}})";
    venue.subscribe.topics_per_message = 2;
    venue.subscribe.acknowledged = true;
    venue.messages = {rule(Meaning::Ack, "/op", "ok"),
                      rule(Meaning::Reject, "/op", "no"),
                      rule(Meaning::Ready, "/op", "welcome"),
                      rule(Meaning::LoginAck, "/op", "in"),
                      rule(Meaning::LoginReject, "/op", "out"),
                      rule(Meaning::HeartbeatRequest, "/op", "ping?"),
                      rule(Meaning::HeartbeatReply, "/op", "pong"),
                      rule(Meaning::Drain, "/op", "bye"),
                      rule(Meaning::Error, "/op", "error")};
    for (auto& one : venue.messages)
        if (one.means == Meaning::HeartbeatRequest) one.answer = R"({"op":"pong!","n":{field:/n}})";
    venue.hints = {R"("op")"};
    venue.credentials = {"key"};
    return venue;
}

config::ConnectionConfig speaking(const config::Profile& venue,
                                  const std::vector<std::string>& topics = {"A", "B", "C"}) {
    auto config = numbered_config();
    config.sequence = {};
    config.profile = venue.name;
    config.venue = venue;
    config.subscriptions.clear();
    for (const auto& topic : topics)
        config.subscriptions.emplace_back(topic);
    return config;
}

struct Speaking : LiveConnection {
    explicit Speaking(const config::ConnectionConfig& config) : LiveConnection(config) {}

    std::vector<std::string> heard(std::size_t socket = 0) {
        std::vector<std::string> texts;
        for (const auto& sent : venue.at(socket).sent)
            texts.push_back(sent.first);
        return texts;
    }
    void answer(const std::string& op, unsigned id, std::size_t socket = 0) {
        venue.at(socket).say(fmt::format(R"({{"op":"{}","id":{},"why":"because"}})", op, id));
    }
    std::string state_of(const std::string& topic) const {
        v1::Subscriptions list;
        connection->describe(list);
        for (const auto& one : list.subscriptions())
            if (one.channel() == topic) return v1::SubscriptionState_Name(one.state()).substr(19);
        return "none";
    }
};

TEST_CASE("subscriptions go out in the venue's own batches, and are ready when all are answered") {
    Speaking relay(speaking(profile()));
    relay.accept(0);
    CHECK(relay.heard() ==
          std::vector<std::string>{R"({"op":"sub","args":["A","B"],"id":1})", R"({"op":"sub","args":["C"],"id":2})"});
    CHECK_FALSE(relay.status().ready());
    relay.answer("ok", 1);
    CHECK(relay.state_of("A") == "ACKNOWLEDGED");
    CHECK(relay.state_of("C") == "SENT");
    relay.answer("ok", 2);
    CHECK(relay.status().ready());
}

TEST_CASE("answers leave on a topic of their own and are no data") {
    Speaking relay(speaking(profile()));
    relay.accept(0);
    relay.answer("ok", 1);
    CHECK(relay.sink.of(v1::KIND_DATA, "data/demo/control/").size() == 1);
    CHECK(relay.status().unrouted() == 0);
}

TEST_CASE("channels are looked at in each health_check_interval, and oftener for a short silence") {
    struct Row {
        core::Duration interval;
        int found_at;  // seconds; C falls silent at 5
    };
    for (const auto& [interval, found_at] : {Row{1s, 105}, Row{7s, 106}, Row{30s, 111}}) {
        auto config = speaking(profile());
        config.channel_stale_after = 100s;
        config.network.health_check_interval = interval;
        Speaking relay(config);
        relay.accept(0);
        relay.answer("ok", 1);
        relay.answer("ok", 2);
        int second = 0;
        while (second < 200 && relay.status().repairs() == 0) {
            relay.timers.advance(1s);
            ++second;
            relay.say(0, second, "A");
            relay.say(0, second, "B");
            if (second == 5) relay.say(0, second, "C");
            relay.connection->tick();
        }
        CHECK(second == found_at);
    }
}

TEST_CASE("one refused topic of a batch is found, told and quarantined; the others live") {
    Speaking relay(speaking(profile()));
    relay.accept(0);
    relay.answer("no", 1);
    relay.answer("ok", 2);
    REQUIRE(relay.heard().size() == 3);
    CHECK(relay.heard()[2] == R"({"op":"sub","args":["A"],"id":3})");
    relay.answer("ok", 3);
    REQUIRE(relay.heard().size() == 4);
    CHECK(relay.heard()[3] == R"({"op":"sub","args":["B"],"id":4})");
    relay.venue.at(0).drain();
    relay.answer("no", 4);
    CHECK(relay.state_of("A") == "ACKNOWLEDGED");
    CHECK(relay.state_of("B") == "REJECTED");
    CHECK(relay.status().ready());
    CHECK(relay.status().subscriptions_rejected() == 1);
    const auto events = relay.events("state/demo/");
    const auto told = std::ranges::find_if(events, [](const auto& event) { return event.has_subscription(); });
    REQUIRE(told != events.end());
    CHECK(told->subscription().channel() == "B");
    CHECK(told->subscription().state() == v1::SUBSCRIPTION_STATE_REJECTED);
    CHECK(told->subscription().detail() == "because");
    CHECK(told->cause() == v1::CAUSE_SUBSCRIPTION);
}

TEST_CASE("a command to subscribe is answered with the state that was reached") {
    Speaking relay(speaking(profile(), {"A"}));
    relay.accept(0);
    relay.answer("ok", 1);
    std::vector<relay::Outcome> outcomes;
    const auto note = [&outcomes](const relay::Outcome& outcome) { outcomes.push_back(outcome); };
    relay.connection->subscribe({"B"}, note);
    relay.venue.at(0).drain();
    CHECK(outcomes.empty());
    relay.answer("ok", 2);
    REQUIRE(outcomes.size() == 1);
    CHECK(outcomes[0].code == v1::CODE_OK);
    CHECK(outcomes[0].message == "1 acknowledged");
    relay.connection->subscribe({"C"}, note);
    relay.venue.at(0).drain();
    relay.answer("no", 3);
    REQUIRE(outcomes.size() == 2);
    CHECK(outcomes[1].code == v1::CODE_INVALID);
    CHECK(outcomes[1].message == "1 rejected: C (because)");
}

TEST_CASE("unsubscribing says so to the venue, and what comes back later harms nobody") {
    Speaking relay(speaking(profile(), {"A", "B"}));
    relay.accept(0);
    relay.answer("ok", 1);
    CHECK(relay.connection->unsubscribe({"B"}).code == v1::CODE_OK);
    CHECK(relay.heard().back() == R"({"op":"unsub","args":["B"],"id":2})");
    relay.connection->subscribe({"B"}, [](const relay::Outcome&) {});
    relay.answer("ok", 2);
    CHECK(relay.heard().back() == R"({"op":"sub","args":["B"],"id":3})");
    relay.answer("ok", 2);  // once more
    CHECK(relay.state_of("B") == "SENT");
    relay.answer("ok", 3);
    CHECK(relay.state_of("B") == "ACKNOWLEDGED");
}

TEST_CASE("data proves a subscription") {
    Speaking relay(speaking(profile(), {"A", "B"}));
    relay.accept(0);
    relay.answer("ok", 1);
    relay.venue.at(0).say(R"({"s":"A","t":1})");
    relay.connection->tick();
    CHECK(relay.state_of("A") == "FLOWING");
    CHECK(relay.state_of("B") == "ACKNOWLEDGED");
}

TEST_CASE("a topic that was subscribed before is proved anew, and not by what the earlier subscription still brings") {
    Speaking relay(speaking(profile(), {"A", "B"}));
    relay.accept(0);
    relay.answer("ok", 1);
    relay.venue.at(0).say(R"({"s":"B","t":1})");
    CHECK(relay.state_of("B") == "FLOWING");
    CHECK(relay.connection->unsubscribe({"B"}).code == v1::CODE_OK);
    relay.connection->subscribe({"B"}, [](const relay::Outcome&) {});
    relay.venue.at(0).say(R"({"s":"B","t":2})");
    relay.answer("ok", 2);
    relay.answer("ok", 3);
    CHECK(relay.state_of("B") == "ACKNOWLEDGED");
    relay.venue.at(0).say(R"({"s":"B","t":3})");
    CHECK(relay.state_of("B") == "FLOWING");
}

TEST_CASE("what a venue repeats of a credential is told nowhere") {
    auto config = speaking(profile(), {"A"});
    config.credentials["key"] = config::SecretText("se-cret");
    Speaking relay(config);
    relay.accept(0);
    relay.venue.at(0).say(R"({"op":"no","id":1,"why":"bad key se-cret, or se-cret"})");
    CHECK(relay.state_of("A") == "REJECTED");
    CHECK(relay.sink.of(v1::KIND_DATA, "data/demo/control/").empty());
    for (const auto& event : relay.events("state/demo/"))
        if (event.has_subscription()) CHECK(event.subscription().detail() == "bad key ***, or ***");
    relay.venue.at(0).say(R"({"op":"error","why":"se-cret"})");
    CHECK(relay.status().last_detail() == "the venue told an error: ***");
}

TEST_CASE("a credential is known in whatever form a venue repeats it") {
    auto config = speaking(profile(), {"A"});
    config.credentials["key"] = config::SecretText(R"(pa"ss/wo\rd)");
    // In a JSON string; with slashes escaped; in a request that is a string of the answer; in a URL.
    for (const char* form : {R"(pa\"ss/wo\\rd)", R"(pa\"ss\/wo\\rd)", R"({\"key\":\"pa\\\"ss/wo\\\\rd\"})",
                             R"({\"key\":\"pa\\\"ss\\/wo\\\\rd\"})", "wss://venue/?key=pa%22ss%2Fwo%5Crd"}) {
        CAPTURE(form);
        Speaking relay(config);
        relay.accept(0);
        relay.venue.at(0).say(fmt::format(R"({{"op":"no","id":1,"why":"bad {}"}})", form));
        CHECK(relay.state_of("A") == "REJECTED");
        CHECK(relay.sink.of(v1::KIND_DATA, "data/demo/control/").empty());
        std::string detail;
        for (const auto& event : relay.events("state/demo/"))
            detail += event.subscription().detail();
        CHECK(detail.find("***") != std::string::npos);
        CHECK(detail.find("wo") == std::string::npos);
    }
}

TEST_CASE("nothing is said before the welcome, and the login comes before the subscriptions") {
    auto venue = profile();
    venue.waits_for_ready = true;
    venue.login.text = R"({"op":"login","key":"{key}"})";
    auto config = speaking(venue, {"A"});
    config.credentials["key"] = config::SecretText("k");
    Speaking relay(config);
    relay.accept(0);
    CHECK(relay.heard().empty());
    relay.answer("welcome", 0);
    CHECK(relay.heard() == std::vector<std::string>{R"({"op":"login","key":"k"})"});
    relay.venue.at(0).say(R"({"op":"in","token":"secret"})");
    CHECK(relay.heard().size() == 2);
    for (const auto& message : relay.sink.of(v1::KIND_DATA, "data/demo/control/"))
        CHECK(message.payload.find("secret") == std::string::npos);
}

TEST_CASE("a refused login ends the connection and is a failure with its cause") {
    auto venue = profile();
    venue.login.text = R"({"op":"login"})";
    auto config = speaking(venue, {"A"});
    config.credentials["key"] = config::SecretText("k");
    Speaking relay(config);
    relay.accept(0);
    relay.answer("out", 0);
    CHECK(relay.is_closed(0));
    const auto status = relay.status();
    CHECK(status.status() == v1::CONNECTION_STATE_RECONNECTING);
    CHECK(status.last_cause() == v1::CAUSE_LOGIN_FAILED);
    CHECK(status.last_detail() == "the venue refused the login: because");
}

TEST_CASE("a login that is not answered, and a welcome that does not come, end the connection") {
    auto venue = profile();
    SUBCASE("login") {
        venue.login.text = R"({"op":"login"})";
        venue.login.timeout = 3s;
    }
    SUBCASE("welcome") {
        venue.waits_for_ready = true;
    }
    auto config = speaking(venue, {"A"});
    config.credentials["key"] = config::SecretText("k");
    Speaking relay(config);
    relay.accept(0);
    relay.timers.advance(11s);
    CHECK(relay.is_closed(0));
}

TEST_CASE("the venue's question is answered, its error and its farewell are taken") {
    Speaking relay(speaking(profile(), {"A"}));
    relay.accept(0);
    relay.venue.at(0).say(R"({"op":"ping?","n":17})");
    CHECK(relay.heard().back() == R"({"op":"pong!","n":17})");
    relay.venue.at(0).say(R"({"op":"bye"})");
    CHECK(relay.venue.attempts() == 2);  // make before break
    relay.venue.at(0).say(R"({"op":"error","why":"too slow"})");
    CHECK(relay.is_closed(0));
    CHECK(relay.status().last_cause() == v1::CAUSE_VENUE_ERROR);
}

TEST_CASE("a venue that asks for a sign of life has given one") {
    auto venue = profile();
    venue.heartbeat.silence = 10s;
    Speaking relay(speaking(venue, {"A"}));
    relay.accept(0);
    relay.answer("ok", 1);
    for (int i = 0; i < 5; ++i) {
        relay.timers.advance(8s);
        relay.venue.at(0).say(R"({"op":"ping?","n":1})");
    }
    CHECK(relay.connection->state() == core::ConnectionState::Connected);
    relay.timers.advance(11s);
    CHECK(relay.connection->state() != core::ConnectionState::Connected);
    CHECK(relay.status().last_cause() == v1::CAUSE_VENUE_SILENT);
}

TEST_CASE("what consumers send keeps to the venue's limit of messages: beyond it they are told when to come again") {
    auto config = speaking(profile());
    config.venue.limits.messages = {.count = 3, .per = 1s};
    std::vector<relay::Outcome> outcomes;
    Speaking relay(config);
    relay.accept(0);  // two messages of subscriptions
    const auto send = [&](const std::string& text) {
        relay.connection->send(text, false, [&](const relay::Outcome& outcome) { outcomes.push_back(outcome); });
    };
    send("third");
    CHECK(outcomes.empty());
    send("fourth");
    REQUIRE(outcomes.size() == 1);
    CHECK(outcomes[0].code == v1::CODE_LIMITED);
    CHECK(outcomes[0].message ==
          "the venue takes 3 messages in 1s on a socket, subscriptions included: nothing was kept, send it again in "
          "1.1s");
    CHECK(relay.heard().back() == "third");
    relay.timers.advance(1100ms);
    send("fourth");
    CHECK(relay.heard().back() == "fourth");
}

TEST_CASE("ten sessions in a row send exactly the intent each time") {
    Speaking relay(speaking(profile()));
    for (std::size_t session = 0; session < 10; ++session) {
        relay.accept(session);
        std::vector<std::string> topics;
        for (const auto& text : relay.heard(session))
            for (const char* topic : {"\"A\"", "\"B\"", "\"C\""})
                if (text.find(topic) != std::string::npos) topics.emplace_back(topic);
        CHECK(topics == std::vector<std::string>{"\"A\"", "\"B\"", "\"C\""});
        relay.venue.at(session).end();
        for (int second = 0; second < 600 && relay.venue.attempts() < session + 2; ++second)
            relay.timers.advance(1s);
        REQUIRE(relay.venue.attempts() == session + 2);
    }
}

TEST_CASE("acknowledgements, heartbeats and answers do not count as data") {
    auto config = speaking(profile(), {"A"});
    config.stale_after = 10s;
    Speaking relay(config);
    relay.accept(0);
    relay.answer("ok", 1);
    for (int second = 0; second < 9; ++second) {
        relay.timers.advance(1s);
        relay.venue.at(0).say(R"({"op":"pong"})");
    }
    relay.timers.advance(2s);
    CHECK(relay.is_closed(0));
    CHECK(relay.status().last_cause() == v1::CAUSE_STALE);
}

}  // namespace
