// The way of a message through a connection: which topic, which copy, which number of the venue's; then it leaves.
#include "core/topic.hpp"
#include "relay/connection.hpp"
#include "relay/convert.hpp"

#include <fmt/format.h>

namespace fairlead::relay {

// The way of every message: keep it short.
void Connection::on_shard_message(Shard& shard, Leg& leg, Upstream& socket, const Arrival& arrival) {
    if (single_topic_ && venue_.reads_nothing() && !shard.is_splicing()) [[likely]] {
        if (single_topic_->shard != shard.index()) single_topic_->shard = publish::kEveryShard;
        return leave(*single_topic_, arrival, &leg);
    }
    publish::Topic& topic = topic_of(arrival.facts);
    if (topic.shard != shard.index()) topic.shard = topic.last_data_ns == 0 ? shard.index() : publish::kEveryShard;
    // What cannot be told apart, such as replies to subscriptions, has no copies.
    if (shard.is_splicing() && !topic.is_unrouted && !arrival.facts.answer)
        offer(shard, leg, socket, topic, arrival);
    else
        leave(topic, arrival, &leg);
    if (arrival.facts.drain) leg.rotate(core::Cause::Drain, "the venue announced that it will end the connection");
}

publish::Topic& Connection::topic_of(const venue::Facts& facts) {
    if (facts.answer) {
        publish::Topic& answers = topics_.data_topic(core::kAnswersChannel);
        answers.is_answers = true;
        return answers;
    }
    if (single_topic_) return *single_topic_;
    publish::Topic& topic = facts.channel ? topics_.data_topic(*facts.channel) : topics_.unrouted();
    if (topic.is_unrouted) ++unrouted_;
    return topic;
}

void Connection::offer(Shard& shard, Leg& leg, Upstream& socket, publish::Topic& topic, const Arrival& arrival) {
    const auto result = shard.offer(topic, socket, arrival.facts.key, arrival.facts.sequence.value_or(0), arrival);
    for (const auto& held : result.before)
        on_held(shard, topic, held);
    if (result.verdict == core::SpliceVerdict::Leaves) leave(topic, arrival, &leg);
    if (result.verdict == core::SpliceVerdict::Duplicate) ++facts_.duplicates;
    for (const auto& held : result.after)
        on_held(shard, topic, held);
}

void Connection::on_held(Shard& shard, publish::Topic& topic, const core::HeldMessage& held) {
    shard.count_held(held);
    const seam::InboundMessage message{.bytes = held.bytes, .binary = held.binary};
    const auto facts = venue_.read(held.bytes, held.binary);
    const Arrival arrival{.message = message,
                          .facts = facts,
                          .received = held.received,
                          .session = held.session,
                          .leg = held.leg / 2,
                          .alone = shard.is_alone()};
    leave(topic, arrival, nullptr);
}

void Connection::leave(publish::Topic& topic, const Arrival& arrival, Leg* leg) {
    std::uint64_t venue_sequence = arrival.facts.sequence.value_or(0);
    if (arrival.facts.sequence && !check_sequence(topic, arrival, leg, venue_sequence)) return;
    if (!topic.is_proved) [[unlikely]]
        prove(topic);
    facts_.last_message = arrival.received;
    ++facts_.messages;
    facts_.bytes += arrival.message.bytes.size();
    services_.publisher.data(topic, arrival.message,
                             {.received = arrival.received,
                              .session = arrival.session,
                              .leg = arrival.leg,
                              .venue_sequence = venue_sequence});
}

// False = it is not to leave: it has left, or belongs before what has left and a gap that was told stands in its place.
// A straggler's number says nothing of how far the topic is: `venue_sequence` becomes 0.
bool Connection::check_sequence(publish::Topic& topic, const Arrival& arrival, Leg* leg,
                                std::uint64_t& venue_sequence) {
    const venue::Facts& facts = arrival.facts;
    const auto [verdict, has_passed] = sequence_.observe(config_, topic, facts, arrival);
    if (has_passed) {
        ++facts_.duplicates;
        return false;
    }
    if (verdict.sight == core::SequenceSight::OutOfOrder) venue_sequence = 0;
    const bool is_owed = topic.outage.has_value();
    // A number that only grows proves nothing.
    const bool shows_holes = config_.sequence.step > 0 || facts.previous;
    const bool is_proved = verdict.sight == core::SequenceSight::InOrder && shows_holes;
    if (!unproved_.empty() && unproved_.erase(&topic) > 0 && is_proved) topic.outage.reset();
    const bool is_hole = verdict.sight == core::SequenceSight::Gap || verdict.sight == core::SequenceSight::Reset;
    if (!is_hole) return true;
    if (verdict.sight == core::SequenceSight::Gap || !is_owed)
        alert({.edge = core::AlertEdge::Gap, .subject = topic.name, .detail = "the venue's own numbers show it"});
    if (is_owed) return true;  // the publisher tells the outage, with these numbers
    v1::Gap gap;
    gap.set_cause(v1::GAP_CAUSE_UPSTREAM);
    gap.set_from_ns(topic.last_data_ns);
    gap.set_to_ns(to_ns(arrival.received));
    gap.set_count(verdict.missing.value_or(0));
    gap.set_reason(v1::CAUSE_VENUE_SEQUENCE);
    gap.set_detail(verdict.sight == core::SequenceSight::Gap ? "the venue's numbers have a hole"
                                                             : "the venue's numbers began anew");
    gap.set_venue_sequence_before(verdict.before);
    gap.set_venue_sequence_after(*facts.sequence);
    services_.publisher.gap(topic, gap, arrival.session);
    if (verdict.sight == core::SequenceSight::Gap) repair(topic, leg);
    return true;
}

void Connection::repair(publish::Topic& topic, Leg* leg) {
    if (!leg) return;
    const auto step = leg->repair.on_gap(repair_settings(config_), services_.clock.now());
    if (step == core::RepairStep::Tell) return;
    const bool rotates = step == core::RepairStep::Rotate;
    services_.log.write(seam::LogLevel::Warning, config_.id, rotates ? "repair_rotate" : "repair_resubscribe",
                        {{"cause", "venue_sequence"}, {"topic", topic.name}});
    if (rotates)
        leg->rotate(core::Cause::VenueSequence, fmt::format("numbers of {} are missing", topic.name));
    else
        leg->current().resubscribe();
}

// A message of the topic may be lost, though a socket is connected. Where the venue numbers its messages, the next one
// proves it either way.
void Connection::on_unproved(Shard&, publish::Topic& topic, core::Cause cause, const std::string& detail) {
    if (topic.outage || topic.last_data_ns == 0) return;
    publish::TopicGroup::begin_outage(
        topic, {.from_ns = topic.last_data_ns, .reason = static_cast<v1::Cause>(cause), .detail = detail});
    const bool shows_holes = config_.sequence.step > 0 || config_.sequence.tells_previous();
    if (venue_.has_sequence() && shows_holes)
        unproved_.insert(&topic);
    else
        alert({.edge = core::AlertEdge::Gap, .subject = topic.name, .detail = detail});
}

}  // namespace fairlead::relay
