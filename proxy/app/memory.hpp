// How the process keeps its memory: what the allocator is told, and giving back what only the start needed. Without
// jemalloc (sanitizers bring an allocator of their own) nothing of it happens.
#pragma once

namespace fairlead::app {

// To be called once all is started.
void give_back_memory();

// What this thread allocates from here on lies in pages of 2 MiB, where the system has them. A journal goes round in as
// much memory as it may hold, and with pages of 4 KiB nearly each message would begin with a walk through tables that
// are in no cache: in a virtual machine that costs more than the copy itself. It takes up to 4 MiB more. At most once.
void use_huge_pages();

}  // namespace fairlead::app
