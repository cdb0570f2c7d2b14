// A core::Histogram in the words of the published contract.
#pragma once

#include "core/histogram.hpp"
#include "fairlead/v1/control.pb.h"

#include <chrono>

namespace fairlead::relay {

template <std::size_t Size>
void to_proto(const core::Histogram<Size>& histogram, v1::Histogram& result) {
    using Seconds = std::chrono::duration<double>;
    for (const auto bound : histogram.bounds())
        result.add_bounds(Seconds(bound).count());
    for (const auto count : histogram.counts())
        result.add_counts(count);
    result.set_sum(Seconds(histogram.sum()).count());
}

}  // namespace fairlead::relay
