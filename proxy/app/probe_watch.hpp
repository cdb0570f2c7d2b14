// What a probe sees of its connection: it stands where the stream socket and the log would, and asks the relay for what
// neither of them tells. Tells each thing as it happens, and keeps what the report needs.
#pragma once

#include "app/probe_report.hpp"
#include "config/config.hpp"
#include "fairlead/v1/control.pb.h"
#include "fairlead/v1/stream.pb.h"
#include "relay/supervisor.hpp"
#include "seam/clock.hpp"
#include "seam/frame_sink.hpp"
#include "seam/log.hpp"
#include "venue/venue.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::app {

// Relay thread only.
class ProbeWatch final : public seam::FrameSink, public seam::Log {
public:
    using Tell = std::function<void(const ProbeEvent&)>;

    // `config` and `clock` outlive it. What is told has gone through `redaction`.
    ProbeWatch(const config::ConnectionConfig& config, const seam::Clock& clock, Redaction redaction, Tell tell);

    // Of which questions are asked from now on; outlives every call of look().
    void attach(const relay::Supervisor& supervisor) { supervisor_ = &supervisor; }
    // To be called after each turn of the loop.
    void look();
    // How long the first socket had to wait for its place among the attempts that the venue allows.
    core::Duration waited() const;
    // No attempt follows any more.
    bool has_given_up() const { return has_given_up_; }
    // The end: nothing is told or counted afterwards.
    ProbeReport conclude();

    seam::SinkResult send(std::string_view head, std::string_view payload, std::string* owned,
                          seam::KeptFrame* keep) override;
    seam::SinkResult send_again(std::string_view head, const seam::KeptFrame& payload) override;
    void write(seam::LogLevel level, std::string_view connection, std::string_view event,
               std::initializer_list<seam::LogField> fields) override;

    static constexpr std::size_t kMaxAnswersTold = 200;
    static constexpr std::size_t kMaxPingsTold = 20;

private:
    using Fields = std::map<std::string_view, std::string_view>;
    struct Channel {
        std::string name{};
        std::optional<core::Duration> first_data{};
        std::uint64_t messages = 0;
        std::uint64_t bytes = 0;
    };

    core::Duration elapsed() const { return clock_.now() - start_; }
    void tell(std::string name, std::vector<std::pair<std::string, std::string>> fields);
    std::string shown(std::string_view text) const { return excerpt(redaction_.apply(std::string(text))); }

    void on_data(std::string_view topic, const v1::Header& header, std::string_view payload);
    void on_answer(std::string_view payload, bool binary);
    void on_event(const v1::ConnectionEvent& event);
    void on_gap(std::string_view topic, const v1::Gap& gap);
    void on_change(std::string_view state, const Fields& fields);
    void on_open(const Fields& fields);
    void look_at_sockets();
    void look_at_subscriptions();
    void note(const v1::SubscriptionStatus& status);
    void note_acknowledged(ProbeSubscription& subscription, core::Duration at);
    void end_login();

    const config::ConnectionConfig& config_;
    const seam::Clock& clock_;
    const Redaction redaction_;
    const Tell tell_;
    const core::SteadyTime start_;
    const core::WallTime wall_start_;
    const std::string data_prefix_;
    const bool has_login_;
    const relay::Supervisor* supervisor_ = nullptr;
    venue::Venue venue_;
    std::map<std::string, Channel, std::less<>> channels_;                 // by topic
    std::map<std::string, ProbeSubscription, std::less<>> subscriptions_;  // by name
    std::map<std::string, core::Duration> acknowledged_;                   // by the name that the venue says
    std::map<std::string, core::Duration> attempts_;                       // by socket
    std::map<std::uint32_t, std::vector<core::Duration>> pings_;           // by session
    std::uint64_t pings_told_ = 0;
    std::map<config::Meaning, std::uint64_t> answers_;
    std::uint64_t answers_told_ = 0;
    std::string unrouted_sample_;
    std::optional<core::Duration> opened_;
    std::optional<core::Duration> wait_began_;  // for a place
    core::Duration waited_{};                   // before
    std::optional<core::Duration> round_trip_;
    core::Duration looked_{};  // at the subscriptions
    core::Duration look_every_{};
    std::string last_problem_;
    std::uint32_t close_code_ = 0;  // of the change that is told next
    std::uint32_t http_status_ = 0;
    unsigned disconnects_ = 0;
    bool in_login_ = false;
    bool is_connected_ = false;
    bool has_given_up_ = false;
    bool is_over_ = false;
};

}  // namespace fairlead::app
