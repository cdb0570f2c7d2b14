// `--name value` pairs, for programs that only run.py starts.
#pragma once

#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>

namespace fairlead::bench {

class Arguments {
public:
    Arguments(int count, char** values) : count_(count), values_(values) {}

    std::string text(std::string_view name, const char* otherwise = nullptr) const {
        for (int index = 1; index + 1 < count_; index += 2)
            if (name == values_[index]) return values_[index + 1];
        if (!otherwise) throw std::runtime_error(std::string{name} + " is missing");
        return otherwise;
    }
    int number(std::string_view name, const char* otherwise = nullptr) const {
        return std::atoi(text(name, otherwise).c_str());
    }

private:
    int count_;
    char** values_;
};

}  // namespace fairlead::bench
