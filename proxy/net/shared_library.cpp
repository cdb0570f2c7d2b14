#include "net/shared_library.hpp"

#include <dlfcn.h>
#include <fmt/format.h>

namespace fairlead::net {

// Local: its own libraries' names are to meet nobody else's.
SharedLibrary::SharedLibrary(const char* name) : name_(name), library_(dlopen(name, RTLD_NOW | RTLD_LOCAL)) {
    if (library_) return;
    const char* why = dlerror();
    problem_ = fmt::format("{} cannot be loaded ({})", name, why ? why : "no reason is given");
}

void* SharedLibrary::symbol(const char* name) {
    void* found = library_ ? dlsym(library_, name) : nullptr;
    if (!found && problem_.empty()) problem_ = fmt::format("{} has no {}", name_, name);
    return found;
}

}  // namespace fairlead::net
