// A consumer's rules against a sidecar that loses, forgets, delays, refuses and restarts at random. Whatever happens,
// each number is either delivered, once and in order, or told as lost, once and in its place.
#include "dispatcher.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <random>
#include <string>
#include <vector>

using namespace fairlead;
using namespace fairlead::client;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t kTopics = 12;  // more than may fetch at once
constexpr const char* kEndpoint = "control";

struct Frames {
    std::string head;
    std::string payload;
};

struct Stored {
    std::uint64_t epoch = 0;
    std::uint64_t sequence = 0;
};

std::string topic_name(std::size_t index) {
    return "data/x/" + std::to_string(index) + "/";
}

Frames frames(const std::string& topic, v1::Kind kind, const Stored& stored, std::uint64_t request_id,
              const std::string& payload, bool replayed = false) {
    v1::Header header;
    header.set_kind(kind);
    header.set_epoch(stored.epoch);
    header.set_sequence(stored.sequence);
    header.set_request_id(request_id);
    header.set_flags(replayed || request_id != 0 ? v1::FLAG_REPLAYED : v1::FLAG_NONE);
    return {topic + std::string(1, '\0') + header.SerializeAsString(), payload};
}

std::string text_of(const Stored& stored) {
    return std::to_string(stored.epoch) + ":" + std::to_string(stored.sequence);
}

// Holds the consumer to its promise, callback by callback.
class Judge {
public:
    void message(const Message& message) {
        Place& place = enter(message.topic, message.epoch);
        CHECK(message.payload == text_of({message.epoch, message.sequence}));
        if (place.next != 0) CHECK(message.sequence == place.next);
        if (place.next == 0) place.next = place.fetched = message.sequence;
        ++place.next;
    }

    void gap(const Gap& gap) {
        if (gap.cause == GapCause::Epoch) {
            Place& place = places_[std::string(gap.topic)];
            place = {.epoch = place.epoch, .next = 1, .fetched = 1, .renewed = true};
            if (gap.count == 0) return;
        }
        Place& place = places_[std::string(gap.topic)];
        CHECK(gap.count == gap.last_sequence - gap.first_sequence + 1);
        if (gap.outcome == Outcome::Lost) {
            // A newcomer whose baseline was a heartbeat has not seen a message before.
            if (place.next != 0) CHECK(gap.first_sequence == place.next);
            place.next = gap.last_sequence + 1;
            lost += gap.count;
        } else {
            CHECK(gap.last_sequence + 1 == place.next);
            CHECK(gap.first_sequence >= place.fetched);
            place.fetched = gap.last_sequence + 1;
            recovered += gap.count;
        }
    }

    // The number after the last one that was delivered or told in that epoch; 0 = none was.
    std::uint64_t next(const std::string& topic, std::uint64_t epoch) const {
        const auto found = places_.find(topic);
        return found == places_.end() || found->second.epoch != epoch ? 0 : found->second.next;
    }

    std::uint64_t lost = 0;
    std::uint64_t recovered = 0;

private:
    struct Place {
        std::uint64_t epoch = 0;
        std::uint64_t next = 0;     // 0 = any
        std::uint64_t fetched = 0;  // what is told as recovered lies from here on
        bool renewed = false;       // a new epoch was told, and no message of it has come yet
    };

    Place& enter(std::string_view topic, std::uint64_t epoch) {
        Place& place = places_[std::string(topic)];
        CHECK(epoch >= place.epoch);
        CHECK((place.epoch == 0 || (epoch > place.epoch) == place.renewed));
        place.epoch = epoch;
        place.renewed = false;
        return place;
    }

    std::map<std::string, Place> places_;
};

class World {
public:
    explicit World(unsigned seed)
        : random_(seed),
          dispatcher_(
              options(), callbacks(), [this] { return now_; }, link()) {
        depth_ = pick(1, 60);
        loss_ = pick(0, 60);
        trouble_ = pick(0, 60);
        welcome();
    }

    void run(int steps) {
        for (int i = 0; i < steps; ++i)
            step();
    }

    // Nothing is lost any more; everything comes to its end.
    void heal() {
        losing_ = false;
        loss_ = trouble_ = 0;
        for (std::size_t i = 0; i < kTopics; ++i)
            publish(i);
        for (int i = 0; i < 2000 && (i < 100 || dispatcher_.recovering() || !stream_.empty()); ++i) {
            consume(100);
            serve(100);
            now_ += 50ms;
            settle();
        }
        CHECK(stream_.empty());
        CHECK_FALSE(dispatcher_.recovering());
        CHECK(dispatcher_.counters().buffered == 0);
        CHECK(dispatcher_.counters().buffered_bytes == 0);
        CHECK(dispatcher_.counters().buffered_peak <= options().recovery.messages + 2);
        CHECK(dispatcher_.counters().lost == judge_.lost);
        CHECK(dispatcher_.counters().recovered == judge_.recovered);
        CHECK(dispatcher_.counters().undecodable == 0);
        for (std::size_t i = 0; i < kTopics; ++i)
            CHECK(judge_.next(topic_name(i), epoch_) == next_[i]);
    }

    const SubscriberCounters& counters() const { return dispatcher_.counters(); }
    int truncated = 0;
    int limited = 0;
    int epochs = 0;

private:
    struct Replay {
        v1::Request request;
        std::uint64_t at = 0;
        int delay = 0;
        bool replied = false;
        bool truncated = false;
    };

    static SubscriberOptions options() {
        SubscriberOptions options;
        options.recovery = {.messages_per_topic = 12, .messages = 60, .timeout = 300ms};
        return options;
    }

    Callbacks callbacks() {
        return {.on_message = [this](const Message& message) { judge_.message(message); },
                .on_gap = [this](const Gap& gap) { judge_.gap(gap); }};
    }

    Replays::Link link() {
        return {.open = [](const std::string& endpoint) { return endpoint == kEndpoint; },
                .send =
                    [this](const std::string&, const v1::Request& request) {
                        if (chance(trouble_ / 4)) return false;
                        if (!chance(trouble_ / 4)) replays_.push_back({.request = request, .delay = pick(0, trouble_)});
                        return true;
                    }};
    }

    int pick(int from, int to) { return std::uniform_int_distribution<int>{from, to}(random_); }
    bool chance(int percent) { return pick(0, 99) < percent; }

    void step() {
        if (chance(8)) losing_ = chance(loss_);
        if (chance(60)) publish(static_cast<std::size_t>(pick(0, kTopics - 1)));
        if (chance(10)) heartbeat(static_cast<std::size_t>(pick(0, kTopics - 1)));
        if (chance(3)) newcomer(static_cast<std::size_t>(pick(0, kTopics - 1)));
        if (chance(30)) consume(pick(1, 10));
        if (chance(30)) serve(pick(1, 20));
        if (pick(0, 999) < 2) restart();
        now_ += std::chrono::milliseconds{pick(0, 10)};
        settle();
    }

    void welcome() {
        v1::Welcome welcome;
        welcome.set_epoch(epoch_);
        welcome.set_control_endpoint(kEndpoint);
        welcome.set_replay_depth(1000);
        stream_.push_back({std::string("welcome/\0", 9) + welcome.SerializeAsString(), ""});
    }

    // The sidecar dies with its journal and its replays, and comes back.
    void restart() {
        ++epochs;
        ++epoch_;
        std::fill(next_.begin(), next_.end(), 1);
        replays_.clear();
        welcome();
    }

    void publish(std::size_t topic) {
        const Stored stored{epoch_, next_[topic]++};
        if (!losing_) stream_.push_back(frames(topic_name(topic), v1::KIND_DATA, stored, 0, text_of(stored)));
    }

    void heartbeat(std::size_t topic) {
        v1::Heartbeat beat;
        beat.set_next_sequence(next_[topic]);
        if (!losing_)
            stream_.push_back(frames(topic_name(topic), v1::KIND_HEARTBEAT, {epoch_, 0}, 0, beat.SerializeAsString()));
    }

    // Another consumer subscribes: this one sees its baseline and its last value too.
    void newcomer(std::size_t topic) {
        heartbeat(topic);
        const Stored last{epoch_, next_[topic] - 1};
        if (!losing_ && last.sequence != 0)
            stream_.push_back(frames(topic_name(topic), v1::KIND_DATA, last, 0, text_of(last), true));
    }

    void consume(int count) {
        for (; count > 0 && !stream_.empty(); --count) {
            const Frames message = std::move(stream_.front());
            stream_.pop_front();
            if (message.payload.empty()) {
                dispatcher_.on_single_frame(message.head);
            } else {
                dispatcher_.on_frames(message.head, message.payload);
            }
            settle();
        }
    }

    void settle() {
        bool more = true;
        while (more) {
            more = dispatcher_.release(7) != 0;
            more = dispatcher_.on_time() || more;
        }
    }

    void serve(int count) {
        for (; count > 0 && !replays_.empty(); --count) {
            const std::size_t index = static_cast<std::size_t>(pick(0, static_cast<int>(replays_.size()) - 1));
            Replay& replay = replays_[index];
            if (replay.delay-- > 0) continue;
            const bool over = chance(trouble_ / 10) || !advance(replay);
            if (over) replays_.erase(replays_.begin() + static_cast<std::ptrdiff_t>(index));
            settle();
        }
    }

    // False at its end.
    bool advance(Replay& replay) {
        const v1::Replay& wanted = replay.request.replay();
        const auto topic = static_cast<std::size_t>(std::stoi(wanted.topic().substr(7)));
        if (!replay.replied) {
            replay.replied = true;
            replay.at = wanted.from();
            return reply(replay.request.request_id());
        }
        if (wanted.epoch() != epoch_) return end(replay, v1::END_CODE_EPOCH_CHANGED);
        const std::uint64_t next = next_[topic];
        const std::uint64_t oldest =
            next > static_cast<std::uint64_t>(depth_) ? next - static_cast<std::uint64_t>(depth_) : 1;
        if (replay.at < oldest) {
            replay.at = oldest;
            replay.truncated = true;
        }
        if (replay.at > wanted.to()) return end(replay, replay.truncated ? v1::END_CODE_TRUNCATED : v1::END_CODE_OK);
        const Stored stored{epoch_, replay.at++};
        const Frames message =
            frames(wanted.topic(), v1::KIND_DATA, stored, replay.request.request_id(), text_of(stored));
        dispatcher_.on_replayed(kEndpoint, message.head, message.payload);
        return true;
    }

    bool reply(std::uint64_t request_id) {
        v1::Reply reply;
        reply.set_request_id(request_id);
        reply.set_code(chance(trouble_) ? v1::CODE_LIMITED : v1::CODE_OK);
        if (reply.code() == v1::CODE_LIMITED) ++limited;
        dispatcher_.on_reply(kEndpoint, reply.SerializeAsString());
        return reply.code() == v1::CODE_OK;
    }

    bool end(const Replay& replay, v1::EndCode code) {
        if (code == v1::END_CODE_TRUNCATED) ++truncated;
        v1::End end;
        end.set_code(code);
        const v1::Request& request = replay.request;
        const Frames message = frames(request.replay().topic(), v1::KIND_END, {request.replay().epoch(), 0},
                                      request.request_id(), end.SerializeAsString());
        dispatcher_.on_replayed(kEndpoint, message.head, message.payload);
        return false;
    }

    std::mt19937 random_;
    Judge judge_;
    Replays::Time now_{1h};
    std::uint64_t epoch_ = 1;
    std::vector<std::uint64_t> next_ = std::vector<std::uint64_t>(kTopics, 1);
    int depth_ = 0;    // of the journal
    int loss_ = 0;     // how often the stream begins to lose, percent
    int trouble_ = 0;  // of the control socket
    bool losing_ = false;
    std::deque<Frames> stream_;
    std::vector<Replay> replays_;
    Dispatcher dispatcher_;
};

}  // namespace

TEST_CASE("whatever is lost is either fetched or told, once and in its place") {
    SubscriberCounters seen;
    int truncated = 0;
    int limited = 0;
    int epochs = 0;
    for (unsigned seed = 0; seed < 2000; ++seed) {
        INFO("seed ", seed);
        World world(seed);
        world.run(1000);
        world.heal();
        seen.messages += world.counters().messages;
        seen.lost += world.counters().lost;
        seen.recovered += world.counters().recovered;
        seen.duplicates += world.counters().duplicates;
        seen.buffered_peak = std::max(seen.buffered_peak, world.counters().buffered_peak);
        seen.replays_failed += world.counters().replays_failed;
        truncated += world.truncated;
        limited += world.limited;
        epochs += world.epochs;
    }
    // The worlds were as bad as they should be.
    CHECK(seen.messages > 100'000);
    CHECK(seen.lost > 10'000);
    CHECK(seen.recovered > 10'000);
    CHECK(seen.duplicates > 100);
    CHECK(seen.replays_failed > 500);
    CHECK(seen.buffered_peak > 50);
    CHECK(truncated > 1000);
    CHECK(limited > 1000);
    CHECK(epochs > 100);
}
