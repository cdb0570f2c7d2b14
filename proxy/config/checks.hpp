// What single texts of the configuration must look like. Each check returns what is wrong and what to do, or nothing.
// None of the answers repeats a part of the text that may hold a password.
#pragma once

#include "config/secret_text.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace fairlead::config {

using TextProblem = std::optional<std::string>;

// ASCII only.
std::string lower(std::string_view text);

TextProblem check_connection_id(const std::string& id);
// ipc:///absolute/path or tcp:// on loopback.
TextProblem check_endpoint(const std::string& endpoint);
// Equal for two endpoints that name the same socket.
std::string endpoint_identity(const std::string& endpoint);
// ws:// or wss://. Where ${…} stand in it, what surrounds them; nothing can be said if it begins with one.
TextProblem check_url(const SecretText& url);
// Certain to be ws://, whatever its secrets are.
bool is_plain_url(const SecretText& url);
// http://[user[:password]@]host:port
TextProblem check_proxy(const SecretText& proxy);
// http:// or https://
TextProblem check_webhook_url(const SecretText& url);
// RFC 6901
TextProblem check_json_pointer(const std::string& pointer);
TextProblem check_header_name(const std::string& name);
TextProblem check_header_value(const SecretText& value);
// One name or several with commas between them.
TextProblem check_subprotocol(const std::string& subprotocol);
// host:port; port 0 = any.
TextProblem check_listen(const std::string& address);
// Of an address that is in order: nobody from outside can reach it.
bool is_loopback(const std::string& address);

}  // namespace fairlead::config
