// The part of the engine that speaks as a profile has it: data by topic instead of by stream, and the faults of topics.
#include "simulator/engine.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace fairlead::simulator {

// A stream may be that of several topics, as that of a book in two depths.
void Engine::rebuild_feeds() {
    for (std::vector<Feed>& feeds : feeds_)
        feeds.clear();
    for (const std::unique_ptr<Client>& client : clients_) {
        for (const std::string& topic : client->connection.subscriptions()) {
            const std::optional<std::size_t> stream = market_.find(dialect_->stream_of(topic));
            if (!stream || topic_faults_.silent.contains(topic)) continue;
            std::vector<Feed>& feeds = feeds_[*stream];
            auto feed = std::ranges::find(feeds, topic, &Feed::topic);
            if (feed == feeds.end()) feed = feeds.insert(feed, Feed{.topic = topic, .clients = {}});
            feed->clients.push_back(client.get());
        }
    }
    for (std::size_t stream = 0; stream < feeds_.size(); ++stream)
        market_.want(stream, !feeds_[stream].empty());
}

void Engine::publish_in_dialect(std::size_t stream, std::string_view json) {
    const MarketMessage message{.payload = json,
                                .padding = market_.padding(),
                                .symbol = market_.symbol(stream),
                                .number = market_.last_id(stream),
                                .price_cents = market_.price_cents(stream),
                                .wall_ms = wall_ms_};
    for (const Feed& feed : feeds_[stream]) {
        raw_frame_.clear();
        append_frame(raw_frame_, Opcode::Text, dialect_->data(feed.topic, message));
        hand_out(feed.clients, stream, raw_frame_);
    }
}

void Engine::refuse_topics(const std::vector<std::string>& topics) {
    topic_faults_.refused = {topics.begin(), topics.end()};
    say(topics.empty() ? "takes every topic again" : fmt::format("refuses {}", fmt::join(topics, ", ")));
}

void Engine::silence_topics(const std::vector<std::string>& topics) {
    topic_faults_.silent = {topics.begin(), topics.end()};
    say(topics.empty() ? "sends data of every topic again"
                       : fmt::format("sends no data of {}", fmt::join(topics, ", ")));
    rebuild_routes();
}

}  // namespace fairlead::simulator
