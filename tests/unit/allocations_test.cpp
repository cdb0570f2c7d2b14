// The way of a message from the bytes of a read to the sink, with everything that is between them: once it is warm
// nothing is allocated for a message. A program of its own, because it counts what is allocated in all of it.
#include "fake_time.hpp"
#include "fake_transport.hpp"
#include "publish/publisher.hpp"
#include "recorders.hpp"
#include "relay/connection.hpp"
#include "relay/services.hpp"
#include "websocket_frames.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdlib>
#include <functional>
#include <new>
#include <string>
#include <utility>
#include <vector>

using namespace fairlead;

namespace {

std::size_t allocations = 0;

}  // namespace

void* operator new(std::size_t size) {
    ++allocations;
    if (void* memory = std::malloc(size)) return memory;
    throw std::bad_alloc();
}

void operator delete(void* memory) noexcept {
    std::free(memory);
}

void operator delete(void* memory, std::size_t) noexcept {
    std::free(memory);
}

namespace {

constexpr std::uint64_t kMaxMessageBytes = std::uint64_t{1} << 20;
constexpr int kTopics = 7;
constexpr int kMessagesInRead = 50;
constexpr int kWarmReads = 20;
constexpr int kReads = 100;

// Forgets everything, and takes what is handed over, as the stream socket does.
class NullSink final : public seam::FrameSink {
public:
    seam::SinkResult send(std::string_view, std::string_view, std::string* owned, seam::KeptFrame* keep) override {
        ++sent;
        if (owned) const auto taken = std::move(*owned);
        if (keep) keep->fill(kNothing);
        return seam::SinkResult::Sent;
    }
    seam::SinkResult send_again(std::string_view, const seam::KeptFrame&) override { return seam::SinkResult::Sent; }

    std::size_t sent = 0;

private:
    static constexpr seam::KeptFrame::Table kNothing{
        .view = [](seam::KeptFrame::Storage&) { return std::string_view{}; },
        .move = [](seam::KeptFrame::Storage&, seam::KeptFrame::Storage&) {},
        .release = [](seam::KeptFrame::Storage&) {},
    };
};

config::ConnectionConfig by_channel() {
    config::ConnectionConfig config;
    config.id = "demo";
    config.urls = {config::SecretText("ws://venue/ws")};
    config.channel = {"/s"};
    return config;
}

// A connection that is open, from the decoder to the sink.
struct HotPath {
    explicit HotPath(const config::ConnectionConfig& config) : connection(config, services) {
        connection.start();
        venue.last().accept();
        venue.last().drain();
    }

    void read(std::string_view bytes) {
        auto& handler = *venue.last().handler;
        handler.on_read_begin();
        decoder.feed(bytes);
        for (auto event = decoder.next(); event.kind != websocket::Event::Kind::None; event = decoder.next())
            handler.on_message({.bytes = event.bytes, .binary = event.binary, .assembled = event.assembled});
        handler.on_read_end();
    }

    support::FakeClock clock;
    support::FakeTimers timers{clock};
    support::FakeTransport venue;
    support::FixedRandom random;
    support::RecordingLog log;
    NullSink sink;
    publish::Publisher publisher{
        sink, clock, {.epoch = 77, .journal = {.messages_per_topic = 32, .max_bytes = std::uint64_t{1} << 20}}};
    relay::Services services{venue, timers, clock, random, log, publisher};
    relay::Connection connection;
    websocket::Decoder decoder{{.max_message_bytes = kMaxMessageBytes, .compression = websocket::Compression{}}};
};

// Of some topics in turn, each with numbers of its own.
std::string quote(int number, std::size_t size = 200) {
    return fmt::format(R"({{"s":"SYMBOL{}","t":{},"x":"{}"}})", number % kTopics, number / kTopics,
                       std::string(size, 'x'));
}

// Of the reads after those that warm it up.
std::size_t allocated(const config::ConnectionConfig& config, const std::function<std::string(int)>& message) {
    HotPath path(config);
    std::vector<std::string> reads(kWarmReads + kReads);
    for (int number = 0; number < static_cast<int>(reads.size()) * kMessagesInRead; ++number)
        reads[static_cast<std::size_t>(number / kMessagesInRead)] += message(number);
    std::size_t before = 0;
    for (std::size_t i = 0; i < reads.size(); ++i) {
        if (i == kWarmReads) before = allocations;
        path.read(reads[i]);
    }
    const auto after = allocations;
    CHECK(path.sink.sent >= reads.size() * kMessagesInRead);
    return after - before;
}

}  // namespace

TEST_CASE("allocations are counted") {
    const auto before = allocations;
    const auto text = std::string(100, 'x');
    CHECK(allocations == before + 1);
}

TEST_CASE("nothing is allocated for a message with its channel at its beginning") {
    CHECK(allocated(by_channel(), [](int number) { return support::text_frame(quote(number)); }) == 0);
}

TEST_CASE("nor where a parser has to find the channel, or the venue numbers its messages") {
    CHECK(allocated(by_channel(), [](int number) {
              return support::text_frame(
                  fmt::format(R"({{"x":["{}"],"s":"SYMBOL{}"}})", std::string(200, 'x'), number % kTopics));
          }) == 0);
    auto config = by_channel();
    config.sequence.field = "/t";
    CHECK(allocated(config, [](int number) { return support::text_frame(quote(number)); }) == 0);
}

TEST_CASE("nor for one that is put together, up to 8 KiB") {
    CHECK(allocated(by_channel(), [](int number) {
              const auto text = quote(number, static_cast<std::size_t>(200 + number % 5 * 1'500));
              return support::frame(0x01, text.substr(0, 100)) + support::frame(0x80, text.substr(100));
          }) == 0);
}

TEST_CASE("nor for one that is inflated") {
    support::Deflater deflate;
    CHECK(allocated(by_channel(), [&deflate](int number) {
              return support::frame(support::kFin | support::kRsv1 | 1, deflate(quote(number)));
          }) == 0);
}
