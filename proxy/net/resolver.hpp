// Name lookup off the relay thread: getaddrinfo blocks, for many seconds where the name server does not answer. Each
// lookup has a thread of its own while it runs, at most kMaxThreads at once; the others wait in a bounded queue, so
// that one dead name server cannot hold up more than that.
#pragma once

#include "net/loop.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace fairlead::net {

// Numeric addresses in the order in which they are to be tried, without duplicates, never empty; or why there are none.
using Addresses = std::vector<std::string>;
using Resolved = std::variant<Addresses, std::string>;

// Relay thread only.
class Resolver {
public:
    // The loop outlives it.
    explicit Resolver(Loop& loop);
    // Does not wait for lookups that are under way.
    ~Resolver();

    // `done` is called on the relay thread in a later turn, unless the Resolver has gone by then. A numeric address
    // needs no thread. `ipv4_only` for those who can use nothing else.
    void resolve(const std::string& host, bool ipv4_only, std::function<void(const Resolved&)> done);

    static constexpr unsigned kMaxThreads = 16;
    static constexpr std::size_t kMaxQueued = 2'000;

private:
    struct Shared;
    std::shared_ptr<Shared> shared_;
};

}  // namespace fairlead::net
