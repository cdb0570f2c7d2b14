// What leaves, kept for the test: stream messages taken apart, and log lines.
#pragma once

#include "fairlead/v1/stream.pb.h"
#include "seam/frame_sink.hpp"
#include "seam/log.hpp"
#include "seam/random.hpp"

#include <doctest/doctest.h>

#include <string>
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

class RecordingSink final : public seam::FrameSink {
public:
    seam::SinkResult send(std::string_view head, std::string_view payload, std::string* owned) override {
        Recorded message;
        const auto end = head.find('\0');
        REQUIRE(end != std::string_view::npos);
        message.topic = head.substr(0, end);
        const auto header = head.substr(end + 1);
        REQUIRE(message.header.ParseFromArray(header.data(), static_cast<int>(header.size())));
        message.payload = payload;
        moved += owned ? 1 : 0;
        messages.push_back(std::move(message));
        return slow ? seam::SinkResult::SlowConsumer : seam::SinkResult::Sent;
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
