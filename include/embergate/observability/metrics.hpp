// SPDX-License-Identifier: Apache-2.0
// The program's metrics, in Prometheus' text format (contract 6.1; the prefix is embergate_). A handle is got once and
// then costs an atomic add. Thread: any. Ownership: Metrics owns all series; handles are references that live as long
// as it does, unless remove() took them away: holders of destination handles ask again after that. Failure:
// none; at most 10,000 label sets per family, further ones share the label value "other".
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace embergate::observability {

using Labels = std::vector<std::pair<std::string, std::string>>;

class Counter {
 public:
  virtual ~Counter() = default;
  virtual void add(double amount = 1) = 0;
  [[nodiscard]] virtual double value() const = 0;
};
class Gauge {
 public:
  virtual ~Gauge() = default;
  virtual void set(double value) = 0;
  [[nodiscard]] virtual double value() const = 0;
};
class Histogram {
 public:
  virtual ~Histogram() = default;
  virtual void observe(double seconds) = 0;
};

class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // name without the prefix: counter("destination_messages_delivered_total", "...", {{"destination", id}, {"kind",
  // kind}}).
  std::shared_ptr<Counter> counter(std::string_view name, std::string_view help, const Labels& labels = {});
  std::shared_ptr<Gauge> gauge(std::string_view name, std::string_view help, const Labels& labels = {});
  std::shared_ptr<Histogram> histogram(std::string_view name, std::string_view help, const Labels& labels = {});
  // Removes every series whose label `label` has this value (a deleted destination). Handles stay usable and count
  // nothing visible.
  void remove(std::string_view label, std::string_view value);
  [[nodiscard]] std::string text() const;  // Prometheus exposition format 0.0.4

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace embergate::observability
