// The one place that includes toml++ and chooses how it is built: into the including file, and without exceptions. The
// distribution's compiled library has exceptions switched on and does not fit; its pkg-config flags are undone here.
//
// The library asserts, or with NDEBUG lets the compiler assume, conditions that a file can violate: a header such as
// [=] fails one although the code behind it handles the case. So its assertions are compiled to nothing.
#pragma once

#undef TOML_SHARED_LIB
#undef TOML_HEADER_ONLY
#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#define TOML_ASSERT(condition) static_assert(true)

#pragma push_macro("NDEBUG")
#undef NDEBUG
#include <toml++/toml.h>
#pragma pop_macro("NDEBUG")
