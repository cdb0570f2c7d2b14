#include "core/topic_liveness.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace {

using namespace fairlead::core;
using namespace std::chrono_literals;

constexpr SteadyTime kNow{100'000s};

LivenessSettings settings(RepairStep highest = RepairStep::Rotate) {
    LivenessSettings settings;
    settings.stale_after = 30s;
    settings.repair.highest = highest;
    return settings;
}

std::string text_of(const std::vector<LivenessChange>& changes) {
    std::string text;
    for (const LivenessChange& change : changes) {
        if (!text.empty()) text += "; ";
        text += change.name + (change.stale ? " stale" : " alive");
        if (change.repair == RepairStep::Resubscribe) text += " resubscribe";
        if (change.repair == RepairStep::Rotate) text += " rotate";
        if (!change.detail.empty()) text += ": " + change.detail;
    }
    return text;
}

// Topics of a socket, accepted at kNow; looked at in turn.
struct Scene {
    explicit Scene(const LivenessSettings& settings) : liveness(settings) {}

    void topic(const std::string& name, const std::string& group = "") {
        names.insert(name);
        signs[name] = {.name = *names.find(name), .group = *names.insert(group).first, .accepted = kNow};
    }
    void data(const std::string& name, SteadyTime at) {
        signs[name].last_data = at;
        ++signs[name].messages;
    }
    std::string look(SteadyTime now) {
        std::vector<TopicSign> all;
        for (const auto& [name, sign] : signs)
            all.push_back(sign);
        return text_of(liveness.look(all, now));
    }

    TopicLiveness liveness;
    std::set<std::string> names;
    std::map<std::string, TopicSign> signs;
};

TEST_CASE("a topic that is silent while its sibling is not, is stale, until it has data again") {
    Scene scene(settings());
    scene.topic("a");
    scene.topic("b");
    scene.data("a", kNow);
    scene.data("b", kNow + 1s);
    scene.data("b", kNow + 20s);
    CHECK(scene.look(kNow + 30s - 1ns) == "");
    CHECK(scene.look(kNow + 30s) == "a stale resubscribe: silent for 30s, others are not");
    CHECK(scene.liveness.is_stale("a"));
    CHECK(scene.liveness.stale() == 1);
    CHECK(scene.look(kNow + 31s) == "");
    scene.data("a", kNow + 32s);
    CHECK(scene.look(kNow + 35s) == "a alive");
    CHECK(scene.look(kNow + 36s) == "");
    CHECK(scene.liveness.stale() == 0);
}

TEST_CASE("when all are silent, nobody is judged; nor is one that has no sibling") {
    Scene scene(settings());
    scene.topic("a");
    scene.data("a", kNow);
    CHECK(scene.look(kNow + 1h) == "");
    scene.topic("b");
    scene.data("b", kNow);
    CHECK(scene.look(kNow + 2h) == "");
    // A sibling that never flowed is no witness, and neither is one that is not subscribed.
    scene.topic("c");
    CHECK(scene.look(kNow + 3h) == "");
    scene.data("c", kNow + 4h);
    scene.signs["c"].accepted.reset();
    CHECK(scene.look(kNow + 4h) == "");
}

TEST_CASE("half of the siblings that ever flowed must live") {
    Scene scene(settings());
    for (const char* name : {"a", "b", "c", "d"}) {
        scene.topic(name);
        scene.data(name, kNow);
    }
    scene.data("d", kNow + 1min);
    CHECK(scene.look(kNow + 1min) == "");  // one of three
    scene.data("c", kNow + 1min);
    CHECK(scene.look(kNow + 1min) ==
          "a stale resubscribe: silent for 60s, others are not; "
          "b stale resubscribe: silent for 60s, others are not");
}

TEST_CASE("the siblings are those of the group; of the whole connection, if none of the group ever flowed") {
    Scene scene(settings());
    for (const char* name : {"a", "b"}) {
        scene.topic(name, "trades");
        scene.data(name, kNow);
    }
    scene.topic("x", "books");
    scene.topic("y", "rare");
    scene.data("x", kNow + 1min);
    CHECK(scene.look(kNow + 59s) == "");  // trades are silent, all of them
    CHECK(scene.look(kNow + 60s) == "");  // one of three has data lately
    scene.data("a", kNow + 61s);
    CHECK(scene.look(kNow + 61s) ==
          "b stale resubscribe: silent for 61s, others are not; "
          "y stale resubscribe: no data within 61s of being accepted, others have some");
}

TEST_CASE("a topic that never flowed has twice the time, from when it was accepted") {
    Scene scene(settings());
    scene.topic("a");
    scene.topic("b");
    scene.data("b", kNow);
    scene.signs["a"].accepted = kNow + 10s;
    scene.data("b", kNow + 69s);
    CHECK(scene.look(kNow + 70s - 1ns) == "");
    CHECK(scene.look(kNow + 70s) == "a stale resubscribe: no data within 60s of being accepted, others have some");
}

TEST_CASE("a topic that is rare by habit has ten of its intervals") {
    Scene scene(settings());
    scene.topic("rare");
    scene.topic("busy");
    SteadyTime now = kNow;
    for (int i = 0; i < 20; ++i) {
        now += 20s;
        scene.data("rare", now);
        scene.data("busy", now);
        CHECK(scene.look(now) == "");
    }
    CHECK(scene.liveness.patience("rare") == 200s);
    scene.data("busy", now + 199s);
    CHECK(scene.look(now + 199s) == "");
    CHECK(scene.look(now + 200s) == "rare stale resubscribe: silent for 200s, others are not");
    CHECK_FALSE(scene.liveness.patience("unknown").has_value());
}

TEST_CASE("when a market goes quiet, its topics do not fall silent at the same moment: nobody is judged") {
    Scene scene(settings());
    for (const char* name : {"a", "b", "c"})
        scene.topic(name);
    scene.data("a", kNow);
    scene.data("b", kNow + 7s);
    scene.data("c", kNow + 14s);
    for (int second = 15; second < 300; ++second)
        CHECK(scene.look(kNow + std::chrono::seconds(second)) == "");
}

TEST_CASE("counted messages say how rare a topic is even between looks") {
    Scene scene(settings());
    scene.topic("a");
    scene.data("a", kNow);
    scene.look(kNow);
    for (int i = 1; i <= 100; ++i)
        scene.data("a", kNow + i * 100ms);
    scene.look(kNow + 10s);
    CHECK(scene.liveness.patience("a") == 30s);  // not ten times ten seconds
}

TEST_CASE("what does not help is followed by the next step, each only when it can be seen that it has not") {
    const RepairStep highest = RepairStep::Rotate;
    Scene scene(settings(highest));
    scene.topic("a");
    scene.topic("b");
    scene.topic("c");
    std::string log;
    for (int second = 0; second <= 500; second += 5) {
        const SteadyTime now = kNow + std::chrono::seconds(second);
        scene.data("c", now);
        for (const auto& change : {scene.look(now)})
            if (!change.empty()) log += std::to_string(second) + " " + change + "\n";
    }
    CHECK(log ==
          "60 a stale resubscribe: no data within 60s of being accepted, others have some; "
          "b stale resubscribe: no data within 60s of being accepted, others have some\n"
          "120 a stale rotate: no data within 120s of being accepted, others have some\n"
          "240 a stale resubscribe: no data within 240s of being accepted, others have some; "
          "b stale resubscribe: no data within 240s of being accepted, others have some\n"
          "360 a stale resubscribe: no data within 360s of being accepted, others have some; "
          "b stale resubscribe: no data within 360s of being accepted, others have some\n"
          "480 a stale rotate: no data within 480s of being accepted, others have some\n");
}

TEST_CASE("where nothing is to be done, the edge is told, once") {
    Scene scene(settings(RepairStep::Tell));
    scene.topic("a");
    scene.topic("b");
    scene.data("b", kNow + 60s);
    CHECK(scene.look(kNow + 60s) == "a stale: no data within 60s of being accepted, others have some");
    scene.data("b", kNow + 10min);
    CHECK(scene.look(kNow + 10min) == "");
}

TEST_CASE("a topic that is subscribed again is given its time again, and stays stale until it has data") {
    Scene scene(settings(RepairStep::Resubscribe));
    scene.topic("a");
    scene.topic("b");
    scene.data("b", kNow + 60s);
    CHECK(scene.look(kNow + 60s) != "");
    scene.signs["a"].accepted.reset();
    scene.data("b", kNow + 125s);
    CHECK(scene.look(kNow + 125s) == "");
    scene.signs["a"].accepted = kNow + 126s;
    scene.data("b", kNow + 185s);
    CHECK(scene.look(kNow + 185s) == "");
    CHECK(scene.liveness.is_stale("a"));
    CHECK(scene.look(kNow + 186s) == "a stale resubscribe: no data within 60s of being accepted, others have some");
}

TEST_CASE(
    "a new socket begins with nothing stale; a topic that is gone is forgotten; without a setting nothing is judged") {
    Scene scene(settings());
    scene.topic("a");
    scene.topic("b");
    scene.data("b", kNow + 60s);
    scene.look(kNow + 60s);
    REQUIRE(scene.liveness.stale() == 1);
    SUBCASE("new socket") {
        scene.liveness.begin_session();
        CHECK(scene.liveness.stale() == 0);
        CHECK_FALSE(scene.liveness.is_stale("a"));
    }
    SUBCASE("gone") {
        scene.signs.erase("a");
        CHECK(scene.look(kNow + 61s) == "");
        CHECK(scene.liveness.stale() == 0);
    }
    SUBCASE("off") {
        scene.liveness.configure({});
        scene.data("b", kNow + 1h);
        CHECK(scene.look(kNow + 1h) == "");
        CHECK_FALSE(scene.liveness.patience("a").has_value());
    }
}

TEST_CASE("random markets: a dead topic among living ones is found, a quiet market never is") {
    std::mt19937_64 random(13);
    for (int run = 0; run < 60; ++run) {
        Scene scene(settings());
        const std::size_t count = 3 + random() % 8;
        for (std::size_t i = 0; i < count; ++i) {
            const std::string name = "t" + std::to_string(i);
            scene.topic(name);
            scene.data(name, kNow);
        }
        const bool goes_quiet = run % 2 == 0;
        std::set<std::string> stale;
        for (int second = 1; second < 600; ++second) {
            const SteadyTime now = kNow + std::chrono::seconds(second);
            for (std::size_t i = 0; i < count; ++i) {
                const bool is_silent = second > 200 && (goes_quiet || i == 0);
                if (!is_silent && random() % 3 == 0) scene.data("t" + std::to_string(i), now);
            }
            if (second % 5 != 0) continue;
            std::vector<TopicSign> all;
            for (const auto& [name, sign] : scene.signs)
                all.push_back(sign);
            for (const LivenessChange& change : scene.liveness.look(all, now))
                if (change.stale) stale.insert(change.name);
        }
        CHECK(stale == (goes_quiet ? std::set<std::string>{} : std::set<std::string>{"t0"}));
    }
}

TEST_CASE("a topic that not even new sockets bring is repaired ever more rarely, until it has data") {
    Scene scene(settings());
    scene.topic("a");
    scene.topic("b");
    int repairs = 0;
    int rotations = 0;
    SteadyTime now = kNow;
    const auto watch = [&](Duration time) {
        repairs = rotations = 0;
        for (const SteadyTime end = now + time; now < end; now += 5s) {
            scene.data("b", now);
            const std::string told = scene.look(now);
            if (told.find("resubscribe") != std::string::npos) ++repairs;
            if (told.find("rotate") == std::string::npos) continue;
            ++rotations;
            scene.signs["a"].accepted = now + 1s;
            scene.signs["a"].last_data.reset();
        }
    };
    watch(24h);
    CHECK(repairs < 20);
    CHECK(rotations < 35);
    watch(24h);
    CHECK(repairs + rotations <= 25);  // each hour
    scene.data("a", now);
    watch(3min);
    CHECK(repairs >= 1);  // as quick as at first
    CHECK(scene.liveness.is_stale("a"));
}

TEST_CASE("a new socket does not make the repair of a topic that never has data due") {
    Scene scene(settings());
    scene.topic("a");
    scene.topic("b");
    const auto at = [&](int second) {
        scene.data("b", kNow + std::chrono::seconds(second));
        return scene.look(kNow + std::chrono::seconds(second));
    };
    CHECK(at(60).find("resubscribe") != std::string::npos);
    CHECK(at(120).find("rotate") != std::string::npos);
    scene.liveness.begin_session();
    scene.signs["a"].accepted = kNow + 121s;
    CHECK(at(181) == "a stale: no data within 60s of being accepted, others have some");
    CHECK(at(239) == "");
    CHECK(at(240).find("a stale resubscribe") == 0);
}

}  // namespace
