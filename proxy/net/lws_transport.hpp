// seam::Transport on libwebsockets, with its own WebSocket role or with ours on its HTTP role, as each request says.
//
// Facts about libwebsockets 4.1.6 that shape this room, each of them seen:
//  - it looks names up while it blocks: it is only ever given addresses, or the name behind an HTTP CONNECT proxy;
//  - the TLS context and the proxy belong to a virtual host: there is one for each distinct pair of them, for the life
//    of the process;
//  - an attempt can end in five ways (a null return, CLIENT_CONNECTION_ERROR, CLIENT_CLOSED, CLOSED_CLIENT_HTTP,
//    WSI_DESTROY), some of them together: Dial turns them into one;
//  - its own keep-alive pings have whole seconds and can corrupt a pong: they are switched off;
//  - its permessage-deflate can loop for ever and can abort the process: its role offers no extension.
#pragma once

#include "core/url.hpp"
#include "net/loop.hpp"
#include "net/resolver.hpp"
#include "net/secure_random.hpp"
#include "net/tls_context.hpp"
#include "seam/transport.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

struct lws;
struct lws_vhost;

namespace fairlead::net {

class Dial;
class LwsLink;

// Relay thread only.
class LwsTransport final : public seam::Transport {
public:
    // Both outlive it. Its destruction closes the loop, so it goes after every link and before the loop itself.
    LwsTransport(Loop& loop, Resolver& resolver);
    ~LwsTransport() override;

    std::unique_ptr<seam::Link> open(const seam::ConnectRequest& request, seam::LinkHandler& handler) override;

    // Sockets that exist, those that are being closed in the background included.
    std::size_t sockets() const { return dials_.size(); }

    // For the links. A text = why there is none.
    std::variant<lws_vhost*, std::string> vhost_for(const seam::ConnectRequest& request, const std::string& server_name,
                                                    bool tls, const std::string& proxy);
    Dial& add_dial(LwsLink& link);
    void remove_dial(Dial& dial);
    websocket::MaskKeys& mask_keys() { return mask_keys_; }
    Loop& loop() { return loop_; }
    Resolver& resolver() { return resolver_; }

    static constexpr std::size_t kMaxVhosts = 4'096;

private:
    Loop& loop_;
    Resolver& resolver_;
    std::map<std::string, lws_vhost*> vhosts_;  // by their settings
    std::vector<TlsContext> tls_contexts_;
    std::vector<std::unique_ptr<std::string>> names_;  // libwebsockets keeps pointers to them
    SecureMaskKeys mask_keys_;
    std::unordered_map<const Dial*, std::unique_ptr<Dial>> dials_;
};

}  // namespace fairlead::net
