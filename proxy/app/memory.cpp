#include "app/memory.hpp"

#include <dlfcn.h>
#include <jemalloc/jemalloc.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstddef>

// What jemalloc looks for by this name, when the process begins (jemalloc(3), TUNING). The relay thread and ZeroMQ's
// are all that allocate in earnest: two arenas. What is free for a second goes back to the system. Messages above 4 KiB
// are too rare to be kept by each thread.
extern "C" {
const char* malloc_conf = "narenas:2,dirty_decay_ms:1000,muzzy_decay_ms:0,lg_tcache_max:12";
}

namespace fairlead::app {
namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20;

// jemalloc's mallctl(3); null where the allocator is another one.
decltype(&mallctl) control() {
    static const auto found = reinterpret_cast<decltype(&mallctl)>(dlsym(RTLD_DEFAULT, "mallctl"));
    return found;
}

// jemalloc's own way to get memory from the system.
extent_hooks_t* system_hooks = nullptr;

void* huge_pages(extent_hooks_t* /*hooks*/, void* at, std::size_t size, std::size_t alignment, bool* zero, bool* commit,
                 unsigned arena) {
    const auto aligned = at ? alignment : std::max(alignment, kHugePage);
    void* memory = system_hooks->alloc(system_hooks, at, size, aligned, zero, commit, arena);
    // Without them it is slower, and works all the same.
    if (memory) madvise(memory, size, MADV_HUGEPAGE);
    return memory;
}

}  // namespace

void give_back_memory() {
    if (!control()) return;
    // 4096 = MALLCTL_ARENAS_ALL.
    control()("thread.tcache.flush", nullptr, nullptr, nullptr, 0);
    control()("arena.4096.purge", nullptr, nullptr, nullptr, 0);
}

void use_huge_pages() {
    if (!control()) return;
    std::size_t size = sizeof(extent_hooks_t*);
    if (control()("arena.0.extent_hooks", &system_hooks, &size, nullptr, 0) != 0) return;
    static extent_hooks_t hooks = *system_hooks;
    hooks.alloc = &huge_pages;
    extent_hooks_t* wanted = &hooks;
    unsigned arena = 0;
    size = sizeof arena;
    if (control()("arenas.create", &arena, &size, &wanted, sizeof(extent_hooks_t*)) != 0) return;
    control()("thread.arena", nullptr, nullptr, &arena, sizeof arena);
}

}  // namespace fairlead::app
