// A library that is loaded when it is first needed, because few sidecars need it and every start would pay for it.
#pragma once

#include <string>

namespace fairlead::net {

// Loaded for as long as the process lives: its threads and exit handlers may outlive any use of it. Any thread.
class SharedLibrary {
public:
    explicit SharedLibrary(const char* name);

    // Null where it is not there, which problem() tells from then on.
    template <typename Function>
    void find(const char* name, Function& function) {
        function = reinterpret_cast<Function>(symbol(name));
    }

    // What is missing first, one line for people: the library, or a function of it. Empty = all has been found.
    const std::string& problem() const { return problem_; }

private:
    void* symbol(const char* name);

    const std::string name_;
    void* library_;
    std::string problem_;
};

}  // namespace fairlead::net
