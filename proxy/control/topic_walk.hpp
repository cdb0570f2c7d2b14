// The open topics under some prefixes, each once, in the order of their names. Between two steps topics may open and
// close.
#pragma once

#include "publish/publisher.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace fairlead::control {

class TopicWalk {
public:
    // None = every topic.
    explicit TopicWalk(std::vector<std::string> prefixes);

    // The first that sorts behind `after`; null = there is none.
    const publish::Topic* next(const publish::Publisher& publisher, std::string_view after) const;

private:
    std::vector<std::string> prefixes_;  // sorted; none begins with another
};

}  // namespace fairlead::control
