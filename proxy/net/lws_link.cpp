#include "net/lws_link.hpp"

#include "core/close_code.hpp"
#include "core/duration_text.hpp"
#include "net/lws_transport.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace fairlead::net {
namespace {

using core::Cause;

constexpr std::size_t kMaxCredentialBytes = 95;
constexpr core::Duration kLeastPerAddress = std::chrono::seconds{1};

core::SteadyTime now() {
    return std::chrono::time_point_cast<core::Duration>(std::chrono::steady_clock::now());
}

struct ProxyAddress {
    std::string credentials;  // "user:password@" or empty
    core::HostPort target;
};

std::variant<ProxyAddress, std::string> parse_proxy(std::string_view text) {
    constexpr std::string_view kScheme = "http://";
    if (!text.starts_with(kScheme)) return std::string("the proxy is not of the form http://host:port");
    text.remove_prefix(kScheme.size());
    if (text.ends_with('/')) text.remove_suffix(1);
    const auto at = text.rfind('@');
    const auto credentials = at == std::string_view::npos ? std::string_view() : text.substr(0, at + 1);
    // With longer ones libwebsockets silently goes without the proxy.
    if (credentials.size() > kMaxCredentialBytes)
        return fmt::format("user and password of a proxy have at most {} characters", kMaxCredentialBytes - 2);
    auto target = core::parse_host_port(text.substr(credentials.size()), 3128);
    if (auto* problem = std::get_if<std::string>(&target)) return *problem;
    return ProxyAddress{std::string(credentials), std::get<core::HostPort>(target)};
}

}  // namespace

LwsLink::LwsLink(LwsTransport& transport, seam::ConnectRequest request, seam::LinkHandler& handler)
    : transport_(transport), request_(std::move(request)), handler_(&handler), self_(std::make_shared<bool>(true)) {
    next_turn_ = transport_.loop().create([this] { begin(); });
    address_timer_ = transport_.loop().create([this] { on_address_timeout(); });
    deadline_ = transport_.loop().create([this] { on_deadline(); });
    // A hundredth less than the owner's own patience, so that this side, which knows the phase, tells the reason.
    deadline_->arm(now() + request_.timeout - request_.timeout / 100);
    next_turn_->arm(now());
}

LwsLink::~LwsLink() {
    close(core::kCloseNormal, "");
}

void LwsLink::begin() {
    auto url = core::parse_url(request_.url);
    if (auto* problem = std::get_if<std::string>(&url))
        return finish({.cause = Cause::Config, .detail = "url: " + *problem});
    url_ = std::get<core::Url>(std::move(url));
    std::string host = url_.host;
    if (!request_.proxy.empty()) {
        auto proxy = parse_proxy(request_.proxy);
        if (auto* problem = std::get_if<std::string>(&proxy))
            return finish({.cause = Cause::Config, .detail = "proxy: " + *problem});
        const auto& parsed = std::get<ProxyAddress>(proxy);
        host = parsed.target.host;
        proxy_ = fmt::format("{}{{}}:{}", parsed.credentials, parsed.target.port);
        proxy_address_ = fmt::format("{}:{}", parsed.target.host, parsed.target.port);
    }
    // libwebsockets separates host and port of a proxy at the first colon.
    transport_.resolver().resolve(host, !proxy_.empty(), self_,
                                  [link = this](const Resolved& resolved) { link->on_resolved(resolved); });
}

void LwsLink::on_resolved(const Resolved& resolved) {
    if (phase_ != Phase::Resolving) return;
    if (const auto* problem = std::get_if<std::string>(&resolved)) {
        const auto& shown = request_.shown_host.empty() ? url_.host : request_.shown_host;
        const auto& host = proxy_.empty() ? shown : proxy_address_;
        return finish({.cause = Cause::ResolveFailed, .detail = fmt::format("{}: {}", host, *problem)});
    }
    addresses_ = std::get<Addresses>(resolved);
    phase_ = Phase::Connecting;
    next_turn_ = transport_.loop().create([this] { dial_next(); });
    dial_next();
}

void LwsLink::dial_next() {
    const std::string address = addresses_[next_address_++];
    std::string proxy = proxy_;
    if (!proxy.empty()) proxy.replace(proxy.rfind("{}"), 2, address);
    // libwebsockets cuts a host at its first colon.
    const auto& server_name = request_.server_name.empty() && url_.ipv6_literal ? url_.host : request_.server_name;
    auto vhost = transport_.vhost_for(request_, server_name, url_.tls, proxy);
    if (auto* problem = std::get_if<std::string>(&vhost)) return finish({.cause = Cause::Config, .detail = *problem});

    const bool default_port = url_.port == (url_.tls ? 443 : 80);
    const auto host = url_.ipv6_literal ? fmt::format("[{}]", url_.host) : url_.host;
    const DialTarget target{.address = proxy.empty() ? address : url_.host,
                            .port = url_.port,
                            .host_header = default_port ? host : fmt::format("{}:{}", host, url_.port),
                            .path = url_.path,
                            .tls = url_.tls};
    if (addresses_.size() > 1) {
        const auto share = request_.timeout / static_cast<std::int64_t>(addresses_.size());
        address_timer_->arm(now() + std::max(share, kLeastPerAddress));
    }
    auto& dial = transport_.add_dial(*this);
    dial_ = &dial;
    dial.start(target, std::get<lws_vhost*>(vhost));  // may have ended, and this link be gone, when it returns
}

void LwsLink::on_address_timeout() {
    if (phase_ != Phase::Connecting || next_address_ >= addresses_.size()) return;
    if (dial_ && dial_->tcp_up()) return;  // it has been answered: the rest of the time is its own
    if (dial_) std::exchange(dial_, nullptr)->abandon(0, "");
    dial_next();
}

void LwsLink::on_deadline() {
    const auto patience = core::duration_text(request_.timeout);
    if (phase_ == Phase::Resolving)
        return finish({.cause = Cause::Timeout, .detail = fmt::format("name lookup: no answer within {}", patience)});
    const auto phase = dial_ ? dial_->phase() : "connecting";
    finish({.cause = Cause::Timeout, .detail = fmt::format("{}: no answer within {}", phase, patience)});
}

// Only an address that did not even give a TCP connection makes the next one worth trying: an answer is an answer.
void LwsLink::on_ended(Dial& dial, bool tcp_up, seam::EndInfo info) {
    if (&dial != dial_) return;
    dial_ = nullptr;
    address_timer_->cancel();
    if (phase_ == Phase::Connecting && !tcp_up && next_address_ < addresses_.size()) {
        next_turn_->arm(now());
        return;
    }
    if (!tcp_up && info.cause == Cause::ConnectFailed) info.detail = refused_by();
    finish(info);
}

std::string LwsLink::refused_by() const {
    if (!proxy_.empty()) return fmt::format("the proxy {} accepts no connection", proxy_address_);
    if (!request_.shown_host.empty()) return request_.shown_host + " accepts no connection";
    const auto& last = addresses_[next_address_ - 1];
    const auto others =
        addresses_.size() > 1 ? fmt::format(" (the last of {} addresses of {})", addresses_.size(), url_.host) : "";
    const auto* form =
        last.find(':') == std::string::npos ? "{}:{} accepts no connection{}" : "[{}]:{} accepts no connection{}";
    return fmt::format(fmt::runtime(form), last, url_.port, others);
}

void LwsLink::finish(const seam::EndInfo& info) {
    if (phase_ == Phase::Ended) return;
    phase_ = Phase::Ended;
    if (dial_) std::exchange(dial_, nullptr)->abandon(0, "");
    next_turn_->cancel();
    address_timer_->cancel();
    deadline_->cancel();
    if (auto* handler = std::exchange(handler_, nullptr)) handler->on_end(info);  // may destroy this
}

void LwsLink::on_open(const seam::OpenInfo& info) {
    phase_ = Phase::Open;
    address_timer_->cancel();
    deadline_->cancel();
    handler_->on_open(info);
}

void LwsLink::close(std::uint16_t code, std::string_view reason) {
    handler_ = nullptr;
    if (phase_ == Phase::Ended) return;
    phase_ = Phase::Ended;
    next_turn_->cancel();
    address_timer_->cancel();
    deadline_->cancel();
    if (dial_) std::exchange(dial_, nullptr)->abandon(code, reason);
}

seam::SendResult LwsLink::send(std::string_view payload, bool binary) {
    if (phase_ != Phase::Open) return seam::SendResult::NotOpen;
    if (!outbox_.push(payload, binary)) return seam::SendResult::QueueFull;
    dial_->request_writable();
    return seam::SendResult::Accepted;
}

void LwsLink::ping(std::string_view payload) {
    if (phase_ != Phase::Open) return;
    outbox_.push_ping(payload);
    dial_->request_writable();
}

bool LwsLink::on_all_sent() {
    if (!outbox_.take_drained()) return false;
    handler_->on_drained();  // may destroy this
    return true;
}

}  // namespace fairlead::net
