// The TLS settings of a connection as an OpenSSL context: certificates are verified, always; TLS 1.2 at least.
#pragma once

#include "core/time.hpp"

#include <memory>
#include <optional>
#include <string>
#include <variant>

struct ssl_ctx_st;
struct ssl_st;

namespace fairlead::net {

struct TlsSettings {
    std::string ca_file;      // PEM; empty = the system's store
    std::string cert_file;    // client certificate chain, PEM
    std::string key_file;     // its key, PEM; empty = in cert_file
    std::string server_name;  // SNI and certificate name, where not the host that is dialled
};

struct FreeTlsContext {
    void operator()(ssl_ctx_st* context) const;
};
using TlsContext = std::unique_ptr<ssl_ctx_st, FreeTlsContext>;

// A text = which file cannot be used, and why.
std::variant<TlsContext, std::string> make_tls_context(const TlsSettings& settings);

// "certificate has expired" and the like, for an X509_V_ERR number.
std::string certificate_problem(long verify_error);

// Until when the peer's certificate is valid; empty = it has sent none.
std::optional<core::WallTime> certificate_expiry(const ssl_st* ssl);

}  // namespace fairlead::net
