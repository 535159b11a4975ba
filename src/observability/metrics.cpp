// SPDX-License-Identifier: Apache-2.0
#include "embergate/observability/metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <map>
#include <mutex>

#include "embergate/core/assert.hpp"

namespace embergate::observability {
namespace {

constexpr std::string_view kPrefix = "embergate_";
constexpr std::size_t kMaxSeriesPerFamily = 10'000;  // seven states of more than a thousand destinations
constexpr std::string_view kOther = "other";

// Seconds; fine where a delivery within one machine ends, coarse up to the usual timeouts.
prometheus::Histogram::BucketBoundaries time_buckets() {
  return {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30};
}

// What text() reads from every kind of series.
class Series {
 public:
  virtual ~Series() = default;
  [[nodiscard]] virtual prometheus::ClientMetric collect() const = 0;
};

class CounterSeries final : public Counter, public Series {
 public:
  static constexpr auto kType = prometheus::MetricType::Counter;
  void add(double amount) override { counter_.Increment(amount); }
  [[nodiscard]] double value() const override { return counter_.Value(); }
  [[nodiscard]] prometheus::ClientMetric collect() const override { return counter_.Collect(); }

 private:
  prometheus::Counter counter_;
};

class GaugeSeries final : public Gauge, public Series {
 public:
  static constexpr auto kType = prometheus::MetricType::Gauge;
  void set(double value) override { gauge_.Set(value); }
  [[nodiscard]] double value() const override { return gauge_.Value(); }
  [[nodiscard]] prometheus::ClientMetric collect() const override { return gauge_.Collect(); }

 private:
  prometheus::Gauge gauge_;
};

class HistogramSeries final : public Histogram, public Series {
 public:
  static constexpr auto kType = prometheus::MetricType::Histogram;
  void observe(double seconds) override { histogram_.Observe(seconds); }
  [[nodiscard]] prometheus::ClientMetric collect() const override { return histogram_.Collect(); }

 private:
  prometheus::Histogram histogram_{time_buckets()};
};

struct Family {
  prometheus::MetricType type;
  std::string help;
  std::map<Labels, std::shared_ptr<Series>> series;
};

}  // namespace

struct Metrics::Impl {
  mutable std::mutex mutex;
  std::map<std::string, Family, std::less<>> families;

  template <class Kind>
  std::shared_ptr<Kind> get(std::string_view name, std::string_view help, Labels labels) {
    const std::lock_guard lock(mutex);
    auto found = families.find(name);
    if (found == families.end()) {
      found = families.emplace(std::string(name), Family{Kind::kType, std::string(help), {}}).first;
    }
    Family& family = found->second;
    EG_ASSERT(family.type == Kind::kType);
    std::sort(labels.begin(), labels.end());
    if (!family.series.contains(labels) && family.series.size() >= kMaxSeriesPerFamily) {
      for (auto& label : labels) label.second = kOther;
    }
    std::shared_ptr<Series>& series = family.series[labels];
    if (!series) series = std::make_shared<Kind>();
    return std::static_pointer_cast<Kind>(series);
  }
};

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {}
Metrics::~Metrics() = default;

std::shared_ptr<Counter> Metrics::counter(std::string_view name, std::string_view help, const Labels& labels) {
  return impl_->get<CounterSeries>(name, help, labels);
}

std::shared_ptr<Gauge> Metrics::gauge(std::string_view name, std::string_view help, const Labels& labels) {
  return impl_->get<GaugeSeries>(name, help, labels);
}

std::shared_ptr<Histogram> Metrics::histogram(std::string_view name, std::string_view help, const Labels& labels) {
  return impl_->get<HistogramSeries>(name, help, labels);
}

void Metrics::remove(std::string_view label, std::string_view value) {
  const auto concerns = [&](const auto& entry) {
    return std::any_of(entry.first.begin(), entry.first.end(),
                       [&](const auto& pair) { return pair.first == label && pair.second == value; });
  };
  const std::lock_guard lock(impl_->mutex);
  for (auto& [name, family] : impl_->families) std::erase_if(family.series, concerns);
}

std::string Metrics::text() const {
  std::vector<prometheus::MetricFamily> families;
  {
    const std::lock_guard lock(impl_->mutex);
    families.reserve(impl_->families.size());
    for (const auto& [name, family] : impl_->families) {
      prometheus::MetricFamily& out = families.emplace_back();
      out.name = std::string(kPrefix) + name;
      out.help = family.help;
      out.type = family.type;
      out.metric.reserve(family.series.size());
      for (const auto& [labels, series] : family.series) {
        prometheus::ClientMetric metric = series->collect();
        for (const auto& [label, value] : labels) metric.label.push_back({label, value});
        out.metric.push_back(std::move(metric));
      }
    }
  }
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace embergate::observability
