// The one table of metrics: name, type, help, labels, and where the value comes from. README.md lists the same for
// people; the `lint` suite holds the two together.
#pragma once

#include "metrics/process.hpp"
#include "metrics/snapshot.hpp"

#include <prometheus/metric_family.h>

#include <string>
#include <variant>
#include <vector>

namespace fairlead::metrics {

enum class Type { Counter, Gauge, Histogram };

// What there is to tell.
struct Source {
    const Snapshot& snapshot;
    const ProcessNumbers& process;
};

// The samples of one metric. `values` are those of its labels, without `connection` where that is the first.
class Samples {
public:
    void add(const std::vector<std::string>& values, double value);
    void add(const std::vector<std::string>& values, const v1::Histogram& histogram);

private:
    friend class Rendering;
    Samples(prometheus::MetricFamily& family, const std::vector<std::string>& labels)
        : family_(family), labels_(labels) {}
    prometheus::ClientMetric& add(const std::vector<std::string>& values);

    prometheus::MetricFamily& family_;
    const std::vector<std::string>& labels_;
    const std::string* connection_ = nullptr;
};

using Connection = v1::ConnectionStatus;
using ConnectionValue = double (*)(const Connection&);  // one sample for each connection
using ConnectionSamples = void (*)(const Connection&, Samples&);
using ProcessValue = double (*)(const Source&);
using ProcessSamples = void (*)(const Source&, Samples&);

struct Metric {
    std::string name;
    Type type;
    std::string help;
    std::vector<std::string> labels;
    std::variant<ConnectionValue, ConnectionSamples, ProcessValue, ProcessSamples> value;
};

// Its two halves.
const std::vector<Metric>& connection_metrics();
const std::vector<Metric>& process_metrics();

}  // namespace fairlead::metrics
