// From a snapshot to the text that Prometheus scrapes.
#pragma once

#include "metrics/process.hpp"
#include "metrics/snapshot.hpp"

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <string>
#include <vector>

namespace fairlead::metrics {

// Pure. In the order of the table; a metric without a sample is left out.
std::vector<prometheus::MetricFamily> render(const Snapshot& snapshot, const ProcessNumbers& process);

// The text format 0.0.4.
std::string to_text(const std::vector<prometheus::MetricFamily>& families);

// The latest snapshot, and the process as it is now. Any thread; nothing before the first snapshot.
class Collector final : public prometheus::Collectable {
public:
    explicit Collector(const SnapshotExchange& snapshots) : snapshots_(snapshots) {}
    std::vector<prometheus::MetricFamily> Collect() const override;

private:
    const SnapshotExchange& snapshots_;
};

}  // namespace fairlead::metrics
