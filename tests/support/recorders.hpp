// What leaves, kept for the test: stream messages taken apart, and log lines.
#pragma once

#include "fairlead/v1/stream.pb.h"
#include "seam/frame_sink.hpp"
#include "seam/log.hpp"
#include "seam/random.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::support {

struct Recorded {
    std::string topic;
    v1::Header header;
    std::string payload;

    template <class Event>
    Event as() const {
        Event event;
        REQUIRE(event.ParseFromString(payload));
        return event;
    }
};

// Kept payloads are strings here.
inline const seam::KeptFrame::Table kKeptString{
    .view = [](seam::KeptFrame::Storage& storage) -> std::string_view {
        return *reinterpret_cast<std::string*>(storage.data());
    },
    .move =
        [](seam::KeptFrame::Storage& from, seam::KeptFrame::Storage& to) {
            auto* string = reinterpret_cast<std::string*>(from.data());
            new (to.data()) std::string(std::move(*string));
            std::destroy_at(string);
        },
    .release =
        [](seam::KeptFrame::Storage& storage) { std::destroy_at(reinterpret_cast<std::string*>(storage.data())); },
};

inline void keep_string(seam::KeptFrame& kept, std::string_view payload) {
    new (kept.fill(kKeptString).data()) std::string(payload);
}

class RecordingSink final : public seam::FrameSink {
public:
    seam::SinkResult send(std::string_view head, std::string_view payload, std::string* owned,
                          seam::KeptFrame* keep) override {
        if (keep) keep_string(*keep, payload);
        moved += owned ? 1 : 0;
        return record(head, payload);
    }
    seam::SinkResult send_again(std::string_view head, const seam::KeptFrame& payload) override {
        REQUIRE(payload.storage(kKeptString) != nullptr);
        return record(head, payload.view());
    }
    seam::SinkResult record(std::string_view head, std::string_view payload) {
        messages.push_back(take_apart(head, payload));
        return slow ? seam::SinkResult::SlowConsumer : seam::SinkResult::Sent;
    }
    static Recorded take_apart(std::string_view head, std::string_view payload) {
        Recorded message;
        const auto end = head.find('\0');
        REQUIRE(end != std::string_view::npos);
        message.topic = head.substr(0, end);
        const auto header = head.substr(end + 1);
        REQUIRE(message.header.ParseFromArray(header.data(), static_cast<int>(header.size())));
        message.payload = payload;
        return message;
    }

    std::vector<Recorded> on(const std::string& topic) const {
        std::vector<Recorded> found;
        for (const auto& message : messages)
            if (message.topic == topic) found.push_back(message);
        return found;
    }
    std::vector<Recorded> of(v1::Kind kind, const std::string& topic) const {
        std::vector<Recorded> found;
        for (const auto& message : messages)
            if (message.topic == topic && message.header.kind() == kind) found.push_back(message);
        return found;
    }

    std::vector<Recorded> messages;
    std::size_t moved = 0;
    bool slow = false;
};

class RecordingLog final : public seam::Log {
public:
    void write(seam::LogLevel level, std::string_view connection, std::string_view event,
               std::initializer_list<seam::LogField> fields) override {
        std::string line = std::string(connection) + " " + std::string(event);
        for (const auto& field : fields)
            line += " " + std::string(field.key) + "=" + std::string(field.value);
        if (level != seam::LogLevel::Debug) lines.push_back(line);
        all.push_back(line);
    }
    std::vector<std::string> lines;  // above debug
    std::vector<std::string> all;
};

class FixedRandom final : public seam::Random {
public:
    double uniform() override { return value; }
    double value = 0.5;  // no jitter
};

}  // namespace fairlead::support
