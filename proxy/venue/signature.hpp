// Signatures as venues want them for a login: HMAC with a SHA-2 hash, in one of the usual spellings.
#pragma once

#include "config/profile.hpp"

#include <string>
#include <string_view>
#include <variant>

namespace fairlead::venue {

// Why a text could not be made, one line for people, without any secret in it.
struct Problem {
    std::string text;
    bool operator==(const Problem&) const = default;
};

struct SignatureForm {
    config::Hash hash = config::Hash::Sha256;
    config::Encoding encoding = config::Encoding::Hex;  // of the result; hexadecimal digits are lower case
    config::KeyForm key = config::KeyForm::Text;        // how `secret` is spelled
};

// A problem is a secret that is empty or not spelled in its form. Base64 is that of RFC 4648, section 4; its padding
// may be left out.
std::variant<std::string, Problem> sign(const SignatureForm& form, std::string_view secret, std::string_view text);

}  // namespace fairlead::venue
