#include "app/memory.hpp"

#include <dlfcn.h>

#include <cstddef>

// What jemalloc looks for by this name, when the process begins (jemalloc(3), TUNING). The relay thread and ZeroMQ's
// are all that allocate in earnest: two arenas. What is free for a second goes back to the system. Messages above 4 KiB
// are too rare to be kept by each thread.
extern "C" {
extern const char* malloc_conf;
const char* malloc_conf = "narenas:2,dirty_decay_ms:1000,muzzy_decay_ms:0,lg_tcache_max:12";
}

namespace fairlead::app {

void give_back_memory() {
    using Control = int (*)(const char* name, void* old, std::size_t* old_size, void* wanted, std::size_t wanted_size);
    const auto control = reinterpret_cast<Control>(dlsym(RTLD_DEFAULT, "mallctl"));
    if (!control) return;
    // 4096 = MALLCTL_ARENAS_ALL.
    control("thread.tcache.flush", nullptr, nullptr, nullptr, 0);
    control("arena.4096.purge", nullptr, nullptr, nullptr, 0);
}

}  // namespace fairlead::app
