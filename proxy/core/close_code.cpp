#include "core/close_code.hpp"

namespace fairlead::core {

std::string_view close_code_name(std::uint16_t code) {
    switch (code) {
        case kCloseNormal:
            return "normal closure";
        case kCloseGoingAway:
            return "going away";
        case 1002:
            return "protocol error";
        case 1003:
            return "unsupported data";
        case 1004:
            return "reserved";
        case 1005:
            return "no status received";
        case 1006:
            return "abnormal closure";
        case 1007:
            return "invalid frame payload data";
        case 1008:
            return "policy violation";
        case 1009:
            return "message too big";
        case 1010:
            return "mandatory extension";
        case kCloseInternalError:
            return "internal error";
        case 1012:
            return "service restart";
        case 1013:
            return "try again later";
        case 1014:
            return "bad gateway";
        case 1015:
            return "tls handshake";
        case 3000:
            return "unauthorized";
        case 3003:
            return "forbidden";
        case 3008:
            return "timeout";
        default:
            return {};
    }
}

bool may_be_received(std::uint16_t code) {
    const bool is_protocol = (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014);
    const bool is_application = code >= 3000 && code <= 4999;
    return is_protocol || is_application;
}

}  // namespace fairlead::core
