#include "net/tls_context.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <chrono>
#include <ctime>

namespace fairlead::net {
namespace {

std::string last_error() {
    const unsigned long code = ERR_get_error();
    ERR_clear_error();
    const char* reason = code ? ERR_reason_error_string(code) : nullptr;
    return reason ? reason : "unknown error";
}

void free_name(void* /*parent*/, void* name, CRYPTO_EX_DATA* /*data*/, int /*index*/, long /*argl*/, void* /*argp*/) {
    delete static_cast<std::string*>(name);
}

int name_index() {
    static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, &free_name);
    return index;
}

// libwebsockets takes SNI, the name to verify and the Host header from one field. Where they differ, the first two are
// set right when the handshake begins, which is after it has set them.
void on_handshake(const SSL* ssl, int where, int /*result*/) {
    if (!(where & SSL_CB_HANDSHAKE_START)) return;
    const auto* name = static_cast<const std::string*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), name_index()));
    if (!name) return;
    SSL* mutable_ssl = const_cast<SSL*>(ssl);  // NOLINT(cppcoreguidelines-pro-type-const-cast): OpenSSL's signature
    X509_VERIFY_PARAM* checked = SSL_get0_param(mutable_ssl);
    // An address is compared with addresses of the certificate, a name with names, and only names are sent as SNI.
    X509_VERIFY_PARAM_set1_host(checked, nullptr, 0);
    X509_VERIFY_PARAM_set1_ip(checked, nullptr, 0);
    if (X509_VERIFY_PARAM_set1_ip_asc(checked, name->c_str()) == 1) {
        SSL_set_tlsext_host_name(mutable_ssl, nullptr);
        return;
    }
    X509_VERIFY_PARAM_set1_host(checked, name->c_str(), name->size());
    SSL_set_tlsext_host_name(mutable_ssl, name->c_str());
}

std::string load_files(SSL_CTX* context, const TlsSettings& settings) {
    if (settings.ca_file.empty()) {
        if (SSL_CTX_set_default_verify_paths(context) != 1) return "the system's certificates: " + last_error();
    } else if (SSL_CTX_load_verify_file(context, settings.ca_file.c_str()) != 1) {
        return "tls.ca_file " + settings.ca_file + ": " + last_error();
    }
    if (settings.cert_file.empty()) return {};
    if (SSL_CTX_use_certificate_chain_file(context, settings.cert_file.c_str()) != 1)
        return "tls.cert_file " + settings.cert_file + ": " + last_error();
    const std::string& key = settings.key_file.empty() ? settings.cert_file : settings.key_file;
    if (SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) != 1)
        return "tls.key_file " + key + ": " + last_error();
    if (SSL_CTX_check_private_key(context) != 1) return "tls.key_file " + key + ": does not belong to the certificate";
    return {};
}

}  // namespace

void FreeTlsContext::operator()(ssl_ctx_st* context) const {
    SSL_CTX_free(context);
}

std::variant<TlsContext, std::string> make_tls_context(const TlsSettings& settings) {
    ERR_clear_error();
    TlsContext context(SSL_CTX_new(TLS_client_method()));
    if (!context) return "OpenSSL: " + last_error();
    SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    // Never SSL_CTX_set_read_ahead: libwebsockets relies on SSL_pending, and whole records would stay unread.
    SSL_CTX_set_mode(context.get(),
                     SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    if (auto problem = load_files(context.get(), settings); !problem.empty()) return problem;
    if (!settings.server_name.empty()) {
        SSL_CTX_set_ex_data(context.get(), name_index(), new std::string(settings.server_name));
        SSL_CTX_set_info_callback(context.get(), &on_handshake);
    }
    return context;
}

std::string certificate_problem(long verify_error) {
    return X509_verify_cert_error_string(verify_error);
}

std::optional<core::WallTime> certificate_expiry(const ssl_st* ssl) {
    const std::unique_ptr<X509, decltype(&X509_free)> certificate(SSL_get1_peer_certificate(ssl), &X509_free);
    std::tm when{};
    if (!certificate || ASN1_TIME_to_tm(X509_get0_notAfter(certificate.get()), &when) != 1) return {};
    return core::WallTime(std::chrono::seconds{timegm(&when)});
}

}  // namespace fairlead::net
