// How the process keeps its memory: what the allocator is told, and giving back what only the start needed.
#pragma once

namespace fairlead::app {

// To be called once all is started. Without jemalloc (sanitizers bring an allocator of their own) nothing happens.
void give_back_memory();

}  // namespace fairlead::app
