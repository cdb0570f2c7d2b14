// Name lookup off the relay thread: getaddrinfo blocks, for many seconds where the name server does not answer. Lookups
// run on threads of their own, at most kMaxThreads at once and one for each name; who asks for a name that is being
// looked up shares the answer, and what nobody waits for any more is not begun. So a dead name server holds up the
// names that are asked of it, one thread each, and no others until there are kMaxThreads such names.
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

    // `done` is called on the relay thread in a later turn, unless the Resolver or what `wanted` watches has gone by
    // then. A numeric address needs no thread. `ipv4_only` for those who can use nothing else.
    void resolve(const std::string& host, bool ipv4_only, std::weak_ptr<void> wanted,
                 std::function<void(const Resolved&)> done);

    static constexpr unsigned kMaxThreads = 16;
    static constexpr std::size_t kMaxQueued = 2'000;

private:
    struct Shared;
    std::shared_ptr<Shared> shared_;
};

}  // namespace fairlead::net
