#include "net/lws_transport.hpp"

#include "net/lws_dial.hpp"
#include "net/lws_link.hpp"
#include "net/native_dial.hpp"

#include <fmt/format.h>
#include <libwebsockets.h>
#include <sys/stat.h>

#include <array>

namespace fairlead::net {
namespace {

constexpr std::size_t kReceiveBufferBytes = 65536;   // above one TLS record, see loop.cpp
constexpr unsigned kHeadSeconds = 10 * 365 * 86400;  // a link of ours keeps the head of its answer for its whole life
constexpr unsigned kPhaseTimeoutSeconds = 2 * 3600;  // links have deadlines of their own, of an hour at most

int on_event(lws* wsi, lws_callback_reasons reason, void* user, void* in, size_t len) {
    return Dial::on_event(wsi, reason, user, in, len);
}

constexpr std::array<lws_protocols, 2> kProtocols{
    {{"ws", &on_event, 0, kReceiveBufferBytes, 0, nullptr, kReceiveBufferBytes},
     {nullptr, nullptr, 0, 0, 0, nullptr, 0}}};

// A file that was replaced by another is another setting: a renewed certificate is used from the next attempt on.
std::string stamp(const std::string& path) {
    if (path.empty()) return "-";
    struct stat info {};
    if (stat(path.c_str(), &info) != 0) return path;
    return fmt::format("{}@{}.{}", path, info.st_mtim.tv_sec, info.st_mtim.tv_nsec);
}

}  // namespace

LwsTransport::LwsTransport(Loop& loop, Resolver& resolver) : loop_(loop), resolver_(resolver) {}

// The last callbacks of libwebsockets come to the dials that are still here.
LwsTransport::~LwsTransport() {
    loop_.close();
}

std::unique_ptr<seam::Link> LwsTransport::open(const seam::ConnectRequest& request, seam::LinkHandler& handler) {
    return std::make_unique<LwsLink>(*this, request, handler);
}

std::variant<lws_vhost*, std::string> LwsTransport::vhost_for(const seam::ConnectRequest& request,
                                                              const std::string& server_name, bool tls,
                                                              const std::string& proxy) {
    std::string key = proxy + "|plain";
    if (tls)
        key = fmt::format("{}|{}|{}|{}|{}", proxy, stamp(request.ca_file), stamp(request.cert_file),
                          stamp(request.key_file), server_name);
    if (const auto found = vhosts_.find(key); found != vhosts_.end()) return found->second;
    if (vhosts_.size() >= kMaxVhosts) return std::string("too many different TLS and proxy settings: restart fairlead");

    lws_context_creation_info info{};
    info.port = CONTEXT_PORT_NO_LISTEN;
    // The certificates are in the context that is provided, or there is no TLS.
    info.options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT | LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS;
    info.protocols = kProtocols.data();
    info.connect_timeout_secs = kPhaseTimeoutSeconds;
    info.timeout_secs_ah_idle = kHeadSeconds;
    info.ka_time = 30;
    info.ka_interval = 5;
    info.ka_probes = 3;
    TlsContext tls_context;
    if (tls) {
        auto made = make_tls_context({request.ca_file, request.cert_file, request.key_file, server_name});
        if (auto* problem = std::get_if<std::string>(&made)) return *problem;
        tls_context = std::get<TlsContext>(std::move(made));
        info.provided_client_ssl_ctx = tls_context.get();
    }
    names_.push_back(std::make_unique<std::string>(fmt::format("venues-{}", vhosts_.size())));
    info.vhost_name = names_.back()->c_str();
    if (!proxy.empty()) {
        names_.push_back(std::make_unique<std::string>(proxy));
        info.http_proxy_address = names_.back()->c_str();
    }
    lws_vhost* vhost = lws_create_vhost(loop_.context(), &info);
    if (!vhost) return std::string("libwebsockets refuses the TLS or proxy settings");
    vhosts_.emplace(std::move(key), vhost);
    if (tls_context) tls_contexts_.push_back(std::move(tls_context));
    return vhost;
}

Dial& LwsTransport::add_dial(LwsLink& link) {
    std::unique_ptr<Dial> dial;
    if (link.request().protocol == seam::Protocol::Native)
        dial = std::make_unique<NativeDial>(*this, link);
    else
        dial = std::make_unique<LwsDial>(*this, link);
    Dial& added = *dial;
    dials_.emplace(&added, std::move(dial));
    return added;
}

void LwsTransport::remove_dial(Dial& dial) {
    dials_.erase(&dial);
    loop_.turn_again();  // a turn goes on waiting after libwebsockets' own timers, which may have brought this about
}

}  // namespace fairlead::net
