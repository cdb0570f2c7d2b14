// The parts of the way of a message one by one, without sockets: what to look at when the whole has become slower.
// Times are for one message, or what the name says.
#include "config/load.hpp"
#include "core/splice.hpp"
#include "core/topic.hpp"
#include "core/url.hpp"
#include "message.hpp"
#include "publish/header.hpp"
#include "publish/publisher.hpp"
#include "venue/venue.hpp"
#include "websocket/decoder.hpp"
#include "websocket/encoder.hpp"

#include <benchmark/benchmark.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace fairlead::bench {
namespace {

constexpr std::size_t kReadBytes = std::size_t{64} << 10;  // what a relay that is behind finds in its socket
constexpr std::int64_t kSmall = 200;
constexpr std::int64_t kLarge = std::int64_t{64} << 10;

class StoppedClock final : public seam::Clock {
public:
    core::SteadyTime now() const override { return core::SteadyTime{std::chrono::hours{1}}; }
    core::WallTime wall() const override { return core::WallTime{std::chrono::hours{500'000}}; }
};

// Takes everything and keeps a view: what is left is the publisher's own cost.
class NullSink final : public seam::FrameSink {
public:
    seam::SinkResult send(std::string_view head, std::string_view payload, std::string* /*owned*/,
                          seam::KeptFrame* keep) override {
        benchmark::DoNotOptimize(head.data());
        benchmark::DoNotOptimize(payload.data());
        if (keep) keep->fill(kNothing);
        return seam::SinkResult::Sent;
    }
    seam::SinkResult send_again(std::string_view /*head*/, const seam::KeptFrame& /*payload*/) override {
        return seam::SinkResult::Sent;
    }

private:
    static constexpr seam::KeptFrame::Table kNothing{
        .view = [](seam::KeptFrame::Storage&) { return std::string_view{}; },
        .move = [](seam::KeptFrame::Storage&, seam::KeptFrame::Storage&) {},
        .release = [](seam::KeptFrame::Storage&) {},
    };
};

void count_message(benchmark::State& state, std::size_t bytes) {
    state.SetItemsProcessed(state.iterations());
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes));
}

std::string message_of(benchmark::State& state, std::string_view before_channel) {
    std::string text = "{" + std::string{before_channel} + R"("s":"BTCUSDT","p":")";
    text.append(static_cast<std::size_t>(state.range(0)) - text.size() - 2, 'x');
    return text + "\"}";
}

// range(0) bytes; the channel comes first, or last behind a long text.
void channel(benchmark::State& state, bool last) {
    config::ConnectionConfig config;
    config.channel = {"/s"};
    venue::Venue venue{config};
    std::string text = message_of(state, "");
    if (last) text = R"({"p":")" + std::string(text.size() - 23, 'x') + R"(","s":"BTCUSDT"})";
    for (auto _ : state)
        benchmark::DoNotOptimize(venue.read(text, false));
    count_message(state, text.size());
}

// What a venue sends, 200 bytes of it, as its shipped profile reads it: the channel in one field, in two of one object,
// in two far apart.
struct VenueShape {
    const char* name;
    const char* profile;
    const char* beginning;  // filled up with a long text
};

const std::vector<VenueShape>& venue_shapes() {
    static const std::vector<VenueShape> shapes = {
        {.name = "Binance, combined",
         .profile = "binance-spot",
         .beginning = R"({"stream":"btcusdt@trade","data":{"e":"trade","E":1672515782136,"s":"BTCUSDT","t":12345,)"
                      R"("p":"16500.10","q":"0.00100000","T":1672515782136,"m":true,"x":")"},
        {.name = "OKX",
         .profile = "okx",
         .beginning = R"({"arg":{"channel":"trades","instId":"BTC-USDT"},"data":[{"instId":"BTC-USDT","seqId":12,)"
                      R"("px":"16500.1","sz":"0.001","side":"buy","ts":"1672515782136","x":")"},
        {.name = "Bybit",
         .profile = "bybit",
         .beginning = R"({"topic":"publicTrade.BTCUSDT","type":"snapshot","ts":1672515782136,"data":[{"i":"5",)"
                      R"("T":1672515782136,"p":"16500.10","v":"0.001","S":"Buy","seq":12345,"s":"BTCUSDT","x":")"},
        {.name = "Kraken",
         .profile = "kraken",
         .beginning = R"({"channel":"trade","type":"update","data":[{"symbol":"BTC/USD","side":"buy","price":16500.1,)"
                      R"("qty":0.001,"ord_type":"limit","trade_id":12345,"x":")"},
    };
    return shapes;
}

config::ConnectionConfig profile_of(const VenueShape& shape) {
    auto loaded = config::load_profile(std::string{FAIRLEAD_VENUES_SOURCE "/"} + shape.profile + ".toml");
    if (auto* problems = std::get_if<config::Problems>(&loaded))
        throw std::runtime_error(problems->front().to_string());
    return std::get<config::ConnectionConfig>(std::move(loaded));
}

enum class Reading { Channel, WholeProfile };

void venue_channel(benchmark::State& state, const VenueShape& shape, Reading reading) {
    config::ConnectionConfig config = profile_of(shape);
    if (reading == Reading::Channel) {
        config::ConnectionConfig bare;
        bare.channel = config.channel;
        config = bare;
    }
    venue::Venue venue{config};
    std::string text = shape.beginning;
    const std::string_view end = text.find("\"data\":[") == std::string::npos ? R"("}})" : R"("}]})";
    text.append(static_cast<std::size_t>(kSmall) - text.size() - end.size(), 'x');
    text += end;
    if (!venue.read(text, false).channel) return state.SkipWithError("no channel is found");
    for (auto _ : state)
        benchmark::DoNotOptimize(venue.read(text, false, {.key = reading == Reading::WholeProfile}));
    count_message(state, text.size());
}

void header(benchmark::State& state) {
    publish::HeaderFields fields{.kind = 1, .epoch = 1'795'372'184'049'000'000, .sequence = 1'000'000, .session = 3};
    std::array<char, publish::kMaxHeaderBytes> out{};
    for (auto _ : state) {
        ++fields.sequence;
        benchmark::DoNotOptimize(publish::encode_header(fields, out.data()));
        benchmark::ClobberMemory();
    }
}

// range(0) topics take turns.
void publish_data(benchmark::State& state, const publish::JournalSettings& journal) {
    NullSink sink;
    const StoppedClock clock;
    publish::Publisher publisher{
        sink, clock, {.epoch = 77, .heartbeat_interval = std::chrono::seconds{1}, .journal = journal}};
    auto& group = publisher.open_group("venue", {.max_topics = 100'000});
    std::vector<std::string> channels;
    for (std::int64_t index = 0; index < state.range(0); ++index)
        channels.push_back("SYMBOL" + std::to_string(index));
    const std::string text = std::string(kSmall, 'x');
    std::size_t next = 0;
    for (auto _ : state) {
        publisher.data(group.data_topic(channels[next]), {.bytes = text}, {.received = clock.wall(), .session = 1});
        if (++next == channels.size()) next = 0;
    }
    count_message(state, text.size());
}

// A mebibyte of messages of range(0) bytes, in reads of kReadBytes whatever their borders.
void decode(benchmark::State& state) {
    Frame frame{static_cast<std::size_t>(state.range(0))};
    std::string bytes;
    const std::size_t wanted = 16 * kReadBytes;
    while (bytes.size() < wanted)
        bytes += frame.bytes();
    const std::string_view all{bytes};
    websocket::Decoder decoder{{.max_message_bytes = 16 << 20, .compression = {}}};
    std::int64_t messages = 0;
    for (auto _ : state) {
        for (std::size_t at = 0; at < all.size(); at += kReadBytes) {
            decoder.feed(all.substr(at, kReadBytes));
            for (auto event = decoder.next(); event.kind != websocket::Event::Kind::None; event = decoder.next()) {
                benchmark::DoNotOptimize(event.bytes.data());
                ++messages;
            }
        }
    }
    state.SetItemsProcessed(messages);
    state.SetBytesProcessed(messages * state.range(0));
}

void encode(benchmark::State& state) {
    const std::string text(static_cast<std::size_t>(state.range(0)), 'x');
    std::string out;
    for (auto _ : state) {
        out.clear();
        websocket::append_frame(out, websocket::Opcode::Text, text, {1, 2, 3, 4});
        benchmark::DoNotOptimize(out.data());
    }
    count_message(state, text.size());
}

// Two legs that bring the same, one after the other: a message that leaves and its copy.
void splice(benchmark::State& state) {
    const StoppedClock clock;
    core::SpliceLegs legs;
    for (unsigned leg = 0; leg < 2; ++leg) {
        legs.begin(leg);
        legs.open(leg);
        legs.settle(leg);
    }
    core::Splice splice{{}, legs};
    core::SpliceMessage message{.received = clock.wall(), .now = clock.now()};
    for (auto _ : state) {
        message.key += 0x9e37'79b9'7f4a'7c15;
        message.now += std::chrono::microseconds{50};
        for (message.leg = 0; message.leg < 2; ++message.leg)
            benchmark::DoNotOptimize(splice.offer(message).verdict);
    }
}

void url(benchmark::State& state) {
    for (auto _ : state)
        benchmark::DoNotOptimize(core::parse_url("wss://stream.example.com:9443/ws?streams=btcusdt@trade"));
}

void topic(benchmark::State& state) {
    for (auto _ : state)
        benchmark::DoNotOptimize(core::data_topic("venue", "spot/trade:BTC-USDT"));
}

benchmark::internal::Benchmark* with_iterations(benchmark::internal::Benchmark* made) {
    const char* const wanted = std::getenv("ITERATIONS");
    return wanted ? made->Iterations(std::atol(wanted)) : made;
}

void register_all() {
    const auto sizes = [](benchmark::internal::Benchmark* made) { made->Arg(kSmall)->Arg(4'096)->Arg(kLarge); };
    sizes(benchmark::RegisterBenchmark("channel, first in the message", channel, false));
    sizes(benchmark::RegisterBenchmark("channel, last in the message", channel, true));
    for (const VenueShape& shape : venue_shapes()) {
        const std::string name = std::string{"channel, "} + shape.name;
        with_iterations(benchmark::RegisterBenchmark(name.c_str(), venue_channel, shape, Reading::Channel));
        with_iterations(benchmark::RegisterBenchmark((name + ", whole profile").c_str(), venue_channel, shape,
                                                     Reading::WholeProfile));
    }
    benchmark::RegisterBenchmark("header", header);
    const auto topics = [](benchmark::internal::Benchmark* made) { made->Arg(1)->Arg(100)->Arg(10'000); };
    topics(benchmark::RegisterBenchmark("publish, journal off", publish_data, publish::JournalSettings{}));
    topics(benchmark::RegisterBenchmark("publish, journal on", publish_data,
                                        publish::JournalSettings{.messages_per_topic = 1024, .max_bytes = 64 << 20}));
    sizes(benchmark::RegisterBenchmark("websocket in, 1 MiB in messages", decode));
    sizes(benchmark::RegisterBenchmark("websocket out", encode));
    benchmark::RegisterBenchmark("splice of two legs", splice);
    benchmark::RegisterBenchmark("url", url);
    benchmark::RegisterBenchmark("topic", topic);
}

}  // namespace
}  // namespace fairlead::bench

// ITERATIONS in the environment makes it so many of each venue's message, which is what counts of instructions need
// (README.md).
int main(int argc, char** argv) {
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
    fairlead::bench::register_all();
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
    return 0;
}
