#include "chaos.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

namespace fairlead::soak {

using namespace std::chrono_literals;

Chaos::Chaos(std::uint64_t seed, std::vector<Place> places, Sidecar& sidecar, FaultLog& log)
    : random_(seed), places_(std::move(places)), sidecar_(sidecar), log_(log) {
    choices_ = {{8, &Chaos::close},       {8, &Chaos::reset},     {4, &Chaos::silence},        {4, &Chaos::half_open},
                {3, &Chaos::refuse},      {4, &Chaos::bad_frame}, {3, &Chaos::stop_listening}, {6, &Chaos::delay},
                {12, &Chaos::tamper},     {2, &Chaos::renumber},  {4, &Chaos::drain},          {12, &Chaos::rotate},
                {4, &Chaos::reconnect},   {2, &Chaos::pause},     {3, &Chaos::reload},         {2, &Chaos::subscribe},
                {1, &Chaos::kill_sidecar}};
}

void Chaos::step(Time now) {
    while (!ends_.empty() && ends_.begin()->first <= now)
        ends_.extract(ends_.begin()).mapped()();
    const unsigned all = std::accumulate(choices_.begin(), choices_.end(), 0U,
                                         [](unsigned sum, const Choice& choice) { return sum + choice.weight; });
    std::uint64_t ticket = below(all);
    for (const Choice& choice : choices_) {
        if (ticket < choice.weight) return (this->*choice.act)(now);
        ticket -= choice.weight;
    }
}

Chaos::Time Chaos::next_step(Time now) {
    const Time next = now + between(20, 400);
    return ends_.empty() ? next : std::min(next, std::max(now, ends_.begin()->first));
}

void Chaos::end_all() {
    for (auto& [when, end] : std::exchange(ends_, {}))
        end();
}

std::chrono::milliseconds Chaos::between(int least, int most) {
    return std::chrono::milliseconds{least + static_cast<int>(below(static_cast<std::uint64_t>(most - least)))};
}

// One that is open, or all of them.
std::uint64_t Chaos::some_socket(const Place& place) {
    if (below(4) == 0) return simulator::Venue::kEvery;
    std::vector<std::uint64_t> open;
    for (const simulator::SeenConnection& one : place.venue->stats().seen)
        if (!one.ended) open.push_back(one.number);
    return open.empty() ? simulator::Venue::kEvery : open[below(open.size())];
}

void Chaos::end_later(Time when, std::size_t fault, std::function<void()> end) {
    ends_.emplace(when, [this, fault, end = std::move(end)] {
        end();
        log_.end(fault);
    });
}

void Chaos::close(Time) {
    constexpr std::array<std::uint16_t, 4> kCodes = {1000, 1001, 1012, 4000};
    const Place& place = any_place();
    const auto socket = some_socket(place);
    log_.end(log_.begin(FaultKind::Close, place.connections, fmt::format("{}{}", place.name, socket)));
    place.venue->close(socket, kCodes[below(kCodes.size())], "soak");
}

void Chaos::reset(Time) {
    const Place& place = any_place();
    const auto socket = some_socket(place);
    log_.end(log_.begin(FaultKind::Reset, place.connections, fmt::format("{}{}", place.name, socket)));
    place.venue->reset(socket);
}

void Chaos::silence(Time now) {
    const Place place = any_place();
    const auto socket = some_socket(place);
    const auto fault = log_.begin(FaultKind::Silence, place.connections, fmt::format("{}{}", place.name, socket));
    place.venue->go_silent(true, socket);
    end_later(now + between(50, 800), fault, [place, socket] { place.venue->go_silent(false, socket); });
}

void Chaos::half_open(Time now) {
    const Place place = any_place();
    const auto socket = some_socket(place);
    const auto fault = log_.begin(FaultKind::HalfOpen, place.connections, fmt::format("{}{}", place.name, socket));
    place.venue->go_half_open(true, socket);
    end_later(now + between(100, 2500), fault, [place, socket] { place.venue->go_half_open(false, socket); });
}

void Chaos::refuse(Time now) {
    const Place place = any_place();
    const auto fault = log_.begin(FaultKind::RefuseUpgrades, place.connections, fmt::format("{}", place.name));
    place.venue->refuse_upgrades(503);
    end_later(now + between(100, 1500), fault, [place] { place.venue->refuse_upgrades(0); });
}

void Chaos::bad_frame(Time) {
    constexpr std::array<simulator::BadFrame, 5> kFrames = {
        simulator::BadFrame::ReservedBit, simulator::BadFrame::BadOpcode, simulator::BadFrame::BadUtf8,
        simulator::BadFrame::Oversize, simulator::BadFrame::Unfinished};
    const Place& place = any_place();
    const auto socket = some_socket(place);
    const auto frame = kFrames[below(kFrames.size())];
    log_.end(log_.begin(FaultKind::BadFrame, place.connections,
                        fmt::format("{} on {}{}", simulator::to_string(frame), place.name, socket)));
    place.venue->send_bad_frame(frame, socket);
}

void Chaos::stop_listening(Time now) {
    const Place place = any_place();
    const auto fault = log_.begin(FaultKind::StopListening, place.connections, fmt::format("{}", place.name));
    place.venue->stop_listening();
    end_later(now + between(50, 1500), fault, [place] { place.venue->start_listening(); });
}

void Chaos::delay(Time now) {
    const Place place = any_place();
    const auto socket = some_socket(place);
    const auto by = between(5, 300);
    const auto fault = log_.begin(FaultKind::Delay, place.connections,
                                  fmt::format("by {} ms on {}{}", by.count(), place.name, socket));
    place.venue->delay(by, socket);
    end_later(now + between(200, 3000), fault, [place, socket] { place.venue->delay({}, socket); });
}

void Chaos::tamper(Time) {
    struct Way {
        FaultKind kind;
        simulator::Tamper tamper;
    };
    constexpr std::array<Way, 3> kWays = {{{FaultKind::Skip, simulator::Tamper::Skip},
                                           {FaultKind::Repeat, simulator::Tamper::Repeat},
                                           {FaultKind::Swap, simulator::Tamper::Swap}}};
    const Place& place = any_place();
    const auto socket = some_socket(place);
    const Way way = kWays[below(kWays.size())];
    const std::string stream =
        symbols()[below(symbols().size())] + (below(2) == 0 ? std::string("@trade") : std::string("@bookTicker"));
    log_.end(log_.begin(way.kind, place.connections, fmt::format("{} on {}{}", stream, place.name, socket)));
    place.venue->tamper(stream, way.tamper, socket);
}

// Of quotes only: numbers that two venues begin anew at different times have no order that a consumer could be told.
void Chaos::renumber(Time) {
    const Place& place = any_place();
    const std::string stream = symbols()[below(symbols().size())] + "@bookTicker";
    log_.end(log_.begin(FaultKind::Renumber, place.connections & ~kRedundant, stream));
    place.venue->renumber(stream);
}

void Chaos::drain(Time) {
    const Place& place = any_place();
    const auto socket = some_socket(place);
    log_.end(log_.begin(FaultKind::Drain, place.connections, fmt::format("{}{}", place.name, socket)));
    place.venue->announce_drain(socket);
}

void Chaos::rotate(Time) {
    const Connections one = any_connection();
    v1::Request request;
    request.mutable_rotate()->set_connection(std::string(name_of(one)));
    log_.end(log_.begin(FaultKind::Rotate, one, {}));
    sidecar_.control().request(std::move(request));
}

void Chaos::reconnect(Time) {
    const Connections one = any_connection();
    if (below(2) == 0) {
        log_.end(log_.begin(FaultKind::SoftReconnect, one, {}));
        sidecar_.control().reconnect(name_of(one));
    } else {
        log_.end(log_.begin(FaultKind::HardReconnect, one, {}));
        sidecar_.control().reconnect_hard(name_of(one));
    }
}

void Chaos::pause(Time now) {
    const Connections one = any_connection();
    const auto fault = log_.begin(FaultKind::Pause, one, {});
    sidecar_.control().pause(name_of(one));
    end_later(now + between(50, 700), fault, [this, one] { sidecar_.control().resume(name_of(one)); });
}

// Another setting of the network, and a connection that comes or goes.
void Chaos::reload(Time) {
    if (!can_reload_) return;
    extra_ = !extra_;
    sidecar_.write_config(between(500, 1500), extra_);
    v1::Request request;
    request.mutable_reload();
    log_.end(log_.begin(FaultKind::Reload, kSingle | kRedundant | kSharded, extra_ ? "one more" : "one less"));
    const client::Answer answer = sidecar_.control().request(std::move(request));
    const auto* reply = std::get_if<client::Reply>(&answer);
    if (reply != nullptr && reply->code() == v1::CODE_INVALID) can_reload_ = false;
}

// One more on the pool, which never goes; or what a socket has already, by another text, so that only the intent
// changes.
void Chaos::subscribe(Time) {
    const bool grows = below(2) == 0 && added_ < late_symbols().size();
    const Connections one = grows ? kSharded : below(2) == 0 ? kSingle : kRedundant;
    const std::string& symbol = grows ? late_symbols()[added_++] : symbols()[below(symbols().size())];
    const std::string text = fmt::format(R"({{"method":"SUBSCRIBE","params":["{}@{}"],"id":{}}})", symbol,
                                         one == kRedundant ? "trade" : "bookTicker", grows ? 1 : 2 + below(3));
    log_.end(log_.begin(FaultKind::Subscribe, one, text));
    if (grows || below(2) == 0)
        sidecar_.control().subscribe(name_of(one), {text});
    else
        sidecar_.control().unsubscribe(name_of(one), {text});
}

void Chaos::kill_sidecar(Time) {
    log_.end(log_.begin(FaultKind::KillSidecar, kSingle | kRedundant | kSharded, {}));
    sidecar_.kill();
    sidecar_.start();
}

}  // namespace fairlead::soak
