// A flow against a venue in simulated time that loses, delays, refuses and breaks off, and a user who changes his mind:
// the limits hold at every step, and when the venue has calmed down, it carries exactly what is wanted and accepted.
#include "core/subscription_flow.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace {

using namespace fairlead::core;
using namespace std::chrono_literals;
using State = SubscriptionState;

class Chance {
public:
    explicit Chance(std::uint64_t seed) : random_(seed) {}
    bool one_in(unsigned count) { return random_() % count == 0; }
    unsigned below(unsigned bound) { return static_cast<unsigned>(random_() % bound); }
    Duration up_to(Duration longest) {
        return Duration{static_cast<Duration::rep>(random_() % static_cast<std::uint64_t>(longest.count()))};
    }

private:
    std::mt19937_64 random_;
};

// How a venue says what it answers, and what it does with a batch of which it refuses a topic.
enum class Answers { ById, ByTopic, InOrder };
enum class Refusal { Whole, EachTopic, Listed };

struct Manners {
    Answers answers = Answers::ById;
    Refusal refusal = Refusal::Whole;
};

struct Reply {
    FlowAnswer answer;
    std::optional<RejectKind> reject;
};

class Venue {
public:
    Venue(const Manners& manners, Chance& chance) : manners_(manners), chance_(chance) {}

    static bool refuses(const std::string& topic) { return topic.back() == '7'; }

    void receive(const SubscriptionFlow::Send& send, SteadyTime now) {
        if (has_moods && manners_.answers != Answers::ByTopic && chance_.one_in(15)) {
            const RejectKind kind = chance_.one_in(2) ? RejectKind::Rate : RejectKind::Retryable;
            return reply(now, about(send), kind);
        }
        const bool loses = has_moods && manners_.answers == Answers::ById && !send.unsubscribe && chance_.one_in(15);
        if (loses) return;
        std::vector<std::string> refused;
        for (const std::string& topic : send.topics)
            if (!send.unsubscribe && refuses(topic)) refused.push_back(topic);
        const bool is_whole = manners_.refusal == Refusal::Whole && !refused.empty();
        for (const std::string& topic : send.topics) {
            if (send.unsubscribe) carried.erase(topic);
            if (!send.unsubscribe && !is_whole && !refuses(topic)) carried.insert(topic);
        }
        const bool forgets = has_moods && manners_.answers != Answers::InOrder && chance_.one_in(15);
        if (!forgets) answer(send, refused, now);
    }

    // Answers with ids may come on, as if the venue had mixed up its sockets.
    void begin_session() {
        carried.clear();
        if (manners_.answers != Answers::ById) replies.clear();
    }

    std::set<std::string> carried;
    std::multimap<SteadyTime, Reply> replies;
    bool has_moods = true;

private:
    FlowAnswer about(const SubscriptionFlow::Send& send) const {
        FlowAnswer answer;
        if (manners_.answers == Answers::ById) answer.id = send.id;
        return answer;
    }

    void answer(const SubscriptionFlow::Send& send, const std::vector<std::string>& refused, SteadyTime now) {
        const bool each = manners_.answers == Answers::ByTopic ||
                          (manners_.refusal == Refusal::EachTopic && manners_.answers != Answers::InOrder);
        if (each) {
            for (const std::string& topic : send.topics) {
                FlowAnswer one = about(send);
                one.topic = topic;
                const bool no = std::find(refused.begin(), refused.end(), topic) != refused.end();
                reply(now, one, no ? std::optional(RejectKind::Permanent) : std::nullopt);
            }
            return;
        }
        FlowAnswer whole = about(send);
        if (manners_.refusal == Refusal::Listed && !send.unsubscribe) {
            whole.names_accepted = true;
            for (const std::string& topic : send.topics)
                if (!refuses(topic)) whole.accepted.push_back(topic);
            return reply(now, whole, std::nullopt);
        }
        reply(now, whole, refused.empty() ? std::nullopt : std::optional(RejectKind::Permanent));
    }

    void reply(SteadyTime now, FlowAnswer answer, std::optional<RejectKind> reject) {
        const bool late = has_moods && manners_.answers != Answers::InOrder && chance_.one_in(20);
        const Duration delay = manners_.answers == Answers::InOrder ? Duration{50ms} : chance_.up_to(late ? 30s : 2s);
        replies.emplace(now + delay, Reply{std::move(answer), reject});
    }

    Manners manners_;
    Chance& chance_;
};

class Story {
public:
    Story(std::uint64_t seed, const Manners& manners)
        : chance_(seed),
          manners_(manners),
          settings_(random_settings()),
          flow_(settings_, 60),
          venue_(manners, chance_) {}

    void run() {
        for (int i = 0; i < 400; ++i) {
            act();
            work();
            pass(chance_.up_to(chance_.one_in(10) ? 30s : 1s));
        }
        calm_down();
    }

    std::uint64_t sends = 0;
    std::uint64_t refusals = 0;

private:
    FlowSettings random_settings() {
        FlowSettings settings;
        settings.topics_per_message = 1 + chance_.below(8);
        settings.bytes_per_message = chance_.one_in(2) ? 0 : 60;
        settings.overhead_bytes = 10;
        settings.in_flight = manners_.answers == Answers::InOrder ? 1 : 1 + chance_.below(6);
        settings.acknowledged = true;
        settings.can_unsubscribe = true;
        settings.messages = {chance_.one_in(2) ? 0 : 1 + chance_.below(8), 1s};
        settings.requests = {chance_.one_in(2) ? 0 : 1 + chance_.below(20), 5s};
        return settings;
    }

    void act() {
        if (!flow_.in_session() || chance_.one_in(60)) return turn_session();
        const std::string name = "t" + std::to_string(chance_.below(80));
        switch (chance_.below(6)) {
            case 0:
            case 1:
            case 2:
                if (flow_.add(name, "g" + std::to_string(name.size() % 2), name.size())) wanted_.insert(name);
                break;
            case 3:
                REQUIRE_FALSE(flow_.remove(name));
                wanted_.erase(name);
                break;
            case 4:
                if (chance_.one_in(4)) flow_.resubscribe(name, now_);
                if (chance_.one_in(40)) flow_.resubscribe_all(now_);
                break;
            default:
                if (venue_.carried.contains(name)) flow_.flowing(name, now_);
                break;
        }
    }

    void turn_session() {
        if (flow_.in_session()) {
            flow_.end_session(now_);
            REQUIRE_FALSE(flow_.next(now_).has_value());
            REQUIRE_FALSE(flow_.next_deadline().has_value());
            return;
        }
        venue_.begin_session();
        under_way_.clear();
        sent_at_.clear();
        flow_.begin_session(now_);
    }

    void work() {
        flow_.tick(now_);
        for (auto& [id, message] : under_way_)
            if (now_ - message.second >= settings_.ack_timeout) done_.push_back(id);
        for (const auto id : std::exchange(done_, {}))
            under_way_.erase(id);
        while (const auto send = flow_.next(now_)) {
            if (venue_.has_moods && chance_.one_in(12)) {
                flow_.not_sent(*send, now_);
                break;
            }
            check_send(*send);
            under_way_.emplace(send->id, std::pair(*send, now_));
            venue_.receive(*send, now_);
            ++sends;
        }
        check_state();
    }

    void check_send(const SubscriptionFlow::Send& send) {
        REQUIRE(send.id > last_id_);
        last_id_ = send.id;
        REQUIRE_FALSE(send.topics.empty());
        REQUIRE(send.topics.size() <= settings_.topics_per_message);
        std::size_t bytes = settings_.overhead_bytes;
        for (const std::string& topic : send.topics) {
            bytes += topic.size() + 1;
            REQUIRE(topic.size() == send.topics.front().size());  // which is its group
            REQUIRE((send.unsubscribe || wanted_.contains(topic)));
            for (const auto& [id, message] : under_way_) {
                const auto& others = message.first.topics;
                REQUIRE(std::find(others.begin(), others.end(), topic) == others.end());
            }
        }
        if (settings_.bytes_per_message > 0 && send.topics.size() > 1) REQUIRE(bytes <= settings_.bytes_per_message);
        REQUIRE(flow_.in_flight() <= settings_.in_flight);
        sent_at_.push_back(now_);
        check_rate(settings_.messages);
        check_rate(settings_.requests);
    }

    void check_rate(const Rate& rate) const {
        if (rate.count == 0 || sent_at_.size() <= rate.count) return;
        REQUIRE(now_ - sent_at_[sent_at_.size() - rate.count - 1] >= rate.per);
    }

    void check_state() const {
        std::size_t counted = 0;
        std::map<State, std::size_t> states;
        bool is_whole = true;
        for (const FlowTopic& topic : flow_) {
            ++counted;
            ++states[topic.state()];
            is_whole = is_whole && wanted_.contains(topic.name()) && flow_.find(topic.name()) == &topic &&
                       (topic.state() != State::Rejected || topic.retry_at());
        }
        REQUIRE(is_whole);
        REQUIRE(counted == wanted_.size());
        REQUIRE(counted == flow_.size());
        for (const State state : {State::Pending, State::Sent, State::Acknowledged, State::Flowing, State::Rejected})
            REQUIRE(flow_.count(state) == states[state]);
    }

    // To the next thing that happens, or to the end of the span.
    void pass(Duration span) {
        const SteadyTime end = now_ + span;
        while (true) {
            std::optional<SteadyTime> next = flow_.next_deadline();
            if (!venue_.replies.empty())
                next = std::min(next.value_or(SteadyTime::max()), venue_.replies.begin()->first);
            if (!next || *next > end) break;
            REQUIRE(*next > SteadyTime::min());  // work() leaves nothing that could be done at once
            now_ = std::max(now_, *next);
            if (!venue_.replies.empty() && venue_.replies.begin()->first <= now_) deliver();
            work();
        }
        now_ = end;
    }

    void deliver() {
        const Reply reply = venue_.replies.begin()->second;
        venue_.replies.erase(venue_.replies.begin());
        finish(reply.answer);
        if (!flow_.in_session()) return;
        if (reply.reject)
            flow_.rejected(reply.answer, *reply.reject, now_);
        else
            flow_.acknowledged(reply.answer, now_);
        if (reply.reject) ++refusals;
    }

    // The test's own view of what is under way: what an answer ends.
    void finish(const FlowAnswer& answer) {
        for (auto& [id, message] : under_way_) {
            auto& topics = message.first.topics;
            if (answer.id && *answer.id != id) continue;
            if (!answer.topic) {
                topics.clear();
                break;
            }
            const auto found = std::find(topics.begin(), topics.end(), *answer.topic);
            if (found == topics.end()) continue;
            topics.erase(found);
            break;
        }
        std::erase_if(under_way_, [](const auto& entry) { return entry.second.first.topics.empty(); });
    }

    void calm_down() {
        venue_.has_moods = false;
        if (!flow_.in_session()) turn_session();
        work();
        pass(10min);  // waits and pauses
        if (!chance_.one_in(3)) {
            turn_session();
            turn_session();
            work();
        }
        pass(3h);
        for (int i = 0; i < 100 && !flow_.settled(); ++i)
            pass(5s);  // a quarantined topic may just be on trial
        REQUIRE(flow_.settled());
        std::set<std::string> expected;
        for (const FlowTopic& topic : flow_) {
            CAPTURE(topic.name());
            if (Venue::refuses(topic.name())) {
                REQUIRE(topic.state() == State::Rejected);
                continue;
            }
            REQUIRE((topic.state() == State::Acknowledged || topic.state() == State::Flowing));
            expected.insert(topic.name());
        }
        REQUIRE(venue_.carried == expected);
    }

    Chance chance_;
    Manners manners_;
    FlowSettings settings_;
    SubscriptionFlow flow_;
    Venue venue_;
    std::set<std::string> wanted_;
    std::map<std::uint64_t, std::pair<SubscriptionFlow::Send, SteadyTime>> under_way_;
    std::vector<std::uint64_t> done_;
    std::vector<SteadyTime> sent_at_;
    std::uint64_t last_id_ = 0;
    SteadyTime now_{1000s};
};

TEST_CASE("whatever the venue's manners are, its limits hold and in the end it carries what is wanted") {
    const Manners all_manners[] = {{Answers::ById, Refusal::Whole},    {Answers::ById, Refusal::EachTopic},
                                   {Answers::ById, Refusal::Listed},   {Answers::ByTopic, Refusal::EachTopic},
                                   {Answers::InOrder, Refusal::Whole}, {Answers::InOrder, Refusal::Listed}};
    for (const Manners& manners : all_manners) {
        CAPTURE(static_cast<int>(manners.answers));
        CAPTURE(static_cast<int>(manners.refusal));
        std::uint64_t sends = 0;
        std::uint64_t refusals = 0;
        for (std::uint64_t seed = 1; seed <= 12; ++seed) {
            CAPTURE(seed);
            Story story(seed, manners);
            story.run();
            sends += story.sends;
            refusals += story.refusals;
        }
        CHECK(sends > 500);
        if (manners.refusal != Refusal::Listed) CHECK(refusals > 50);
    }
}

}  // namespace
