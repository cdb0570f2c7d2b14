#include "metrics/render.hpp"

#include "metrics/table.hpp"

#include <prometheus/text_serializer.h>

#include <algorithm>
#include <cassert>
#include <utility>

namespace fairlead::metrics {
namespace {

prometheus::MetricType type_of(Type type) {
    switch (type) {
        case Type::Counter:
            return prometheus::MetricType::Counter;
        case Type::Gauge:
            return prometheus::MetricType::Gauge;
        case Type::Histogram:
            return prometheus::MetricType::Histogram;
    }
    return prometheus::MetricType::Untyped;
}

}  // namespace

prometheus::ClientMetric& Samples::add(const std::vector<std::string>& values) {
    prometheus::ClientMetric& sample = family_.metric.emplace_back();
    std::size_t label = 0;
    if (connection_) sample.label.push_back({labels_[label++], *connection_});
    assert(label + values.size() == labels_.size());
    for (const auto& value : values)
        sample.label.push_back({labels_[label++], value});
    return sample;
}

void Samples::add(const std::vector<std::string>& values, double value) {
    prometheus::ClientMetric& sample = add(values);
    if (family_.type == prometheus::MetricType::Counter)
        sample.counter.value = value;
    else
        sample.gauge.value = value;
}

void Samples::add(const std::vector<std::string>& values, const v1::Histogram& histogram) {
    auto& result = add(values).histogram;
    result.sample_sum = histogram.sum();
    for (int i = 0; i < histogram.counts_size(); ++i) {
        result.sample_count += histogram.counts(i);
        if (i < histogram.bounds_size()) result.bucket.push_back({result.sample_count, histogram.bounds(i)});
    }
}

// Carries the table out, one metric after the other.
class Rendering {
public:
    explicit Rendering(const Source& source) : source_(source) {}

    void add(const Metric& metric) {
        prometheus::MetricFamily family{metric.name, metric.help, type_of(metric.type), {}};
        Samples samples(family, metric.labels);
        std::visit([&](auto value) { collect(value, samples); }, metric.value);
        if (!family.metric.empty()) families_.push_back(std::move(family));
    }
    std::vector<prometheus::MetricFamily> take() { return std::move(families_); }

private:
    void collect(ConnectionValue value, Samples& samples) const {
        for (const Connection& connection : source_.snapshot.connections.connections()) {
            samples.connection_ = &connection.id();
            samples.add({}, value(connection));
        }
    }
    void collect(ConnectionSamples add, Samples& samples) const {
        for (const Connection& connection : source_.snapshot.connections.connections()) {
            samples.connection_ = &connection.id();
            add(connection, samples);
        }
    }
    void collect(ProcessValue value, Samples& samples) const { samples.add({}, value(source_)); }
    void collect(ProcessSamples add, Samples& samples) const { add(source_, samples); }

    const Source source_;
    std::vector<prometheus::MetricFamily> families_;
};

std::vector<prometheus::MetricFamily> render(const Snapshot& snapshot, const ProcessNumbers& process) {
    Rendering rendering({snapshot, process});
    for (const auto* half : {&connection_metrics(), &process_metrics()})
        for (const Metric& metric : *half)
            rendering.add(metric);
    return rendering.take();
}

std::string to_text(const std::vector<prometheus::MetricFamily>& families) {
    const prometheus::Serializer& serializer = prometheus::TextSerializer();
    return serializer.Serialize(families);
}

std::vector<prometheus::MetricFamily> Collector::Collect() const {
    const auto snapshot = snapshots_.get();
    if (!snapshot) return {};
    return render(*snapshot, read_process());
}

}  // namespace fairlead::metrics
