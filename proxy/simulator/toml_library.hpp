// The one place of this room that includes toml++, built as everywhere in the project: into the including file, and
// without exceptions. The distribution's compiled library has them switched on; its pkg-config flags are undone here.
#pragma once

#undef TOML_SHARED_LIB
#undef TOML_HEADER_ONLY
#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>
