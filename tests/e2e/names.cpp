// Answers the lookup of one name from a file, so that a test decides what a host has for an address, and when. To be
// preloaded; every other name goes to the C library. FAIRLEAD_TEST_HOST is the name, FAIRLEAD_TEST_ADDRESS the file:
// one numeric address, or nothing for a lookup that fails.
#include <dlfcn.h>
#include <netdb.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>

extern "C" int getaddrinfo(const char* node, const char* service, const addrinfo* hints, addrinfo** found) {
    using Real = int (*)(const char*, const char*, const addrinfo*, addrinfo**);
    static const auto real = reinterpret_cast<Real>(dlsym(RTLD_NEXT, "getaddrinfo"));
    const char* host = std::getenv("FAIRLEAD_TEST_HOST");
    const char* file = std::getenv("FAIRLEAD_TEST_ADDRESS");
    if (!node || !host || !file || std::strcmp(node, host) != 0) return real(node, service, hints, found);
    if (hints && (hints->ai_flags & AI_NUMERICHOST) != 0) return EAI_NONAME;
    std::string address;
    std::ifstream(file) >> address;
    if (address.empty()) return EAI_AGAIN;
    return real(address.c_str(), service, hints, found);
}
