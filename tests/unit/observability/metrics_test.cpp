// SPDX-License-Identifier: Apache-2.0
#include "embergate/observability/metrics.hpp"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace embergate::observability {
namespace {

bool has(const std::string& text, const std::string& piece) { return text.find(piece) != std::string::npos; }

TEST(Metrics, WritePrometheusTextWithThePrefix) {
  Metrics metrics;
  metrics.counter("destination_messages_delivered_total", "Delivered.", {{"destination", "d1"}, {"kind", "kafka"}})
      ->add(3);
  metrics.gauge("destination_queued", "Waiting.", {{"destination", "d\"1\n"}})->set(7);
  metrics.histogram("destination_delivery_seconds", "Time.")->observe(0.02);
  const std::string text = metrics.text();
  EXPECT_TRUE(has(text, "# TYPE embergate_destination_messages_delivered_total counter")) << text;
  EXPECT_TRUE(has(text, "embergate_destination_messages_delivered_total{destination=\"d1\",kind=\"kafka\"} 3")) << text;
  EXPECT_TRUE(has(text, "embergate_destination_queued{destination=\"d\\\"1\\n\"} 7")) << text;
  EXPECT_TRUE(has(text, "embergate_destination_delivery_seconds_bucket{le=\"0.01\"} 0")) << text;
  EXPECT_TRUE(has(text, "embergate_destination_delivery_seconds_bucket{le=\"0.025\"} 1")) << text;
  EXPECT_TRUE(has(text, "embergate_destination_delivery_seconds_count 1")) << text;
}

TEST(Metrics, GiveTheSameSeriesForTheSameLabelsInAnyOrder) {
  Metrics metrics;
  const auto one = metrics.counter("c_total", "", {{"a", "1"}, {"b", "2"}});
  const auto two = metrics.counter("c_total", "", {{"b", "2"}, {"a", "1"}});
  one->add();
  two->add();
  EXPECT_EQ(one->value(), 2);
}

TEST(Metrics, ForgetTheSeriesOfADeletedDestinationButKeepItsHandlesUsable) {
  Metrics metrics;
  const auto kept = metrics.counter("c_total", "", {{"destination", "d1"}});
  const auto removed = metrics.counter("c_total", "", {{"destination", "d2"}});
  metrics.remove("destination", "d2");
  removed->add();
  kept->add();
  EXPECT_TRUE(has(metrics.text(), "d1"));
  EXPECT_FALSE(has(metrics.text(), "d2"));
  EXPECT_EQ(metrics.counter("c_total", "", {{"destination", "d2"}})->value(), 0);
}

TEST(Metrics, FoldLabelSetsBeyondTheBoundIntoOther) {
  Metrics metrics;
  for (int i = 0; i < 10'500; ++i) metrics.counter("c_total", "", {{"topic", std::to_string(i)}})->add();
  const std::string text = metrics.text();
  EXPECT_TRUE(has(text, "embergate_c_total{topic=\"9999\"} 1"));
  EXPECT_FALSE(has(text, "embergate_c_total{topic=\"10000\"}"));
  EXPECT_TRUE(has(text, "embergate_c_total{topic=\"other\"} 500"));
}

TEST(Metrics, CountFromManyThreads) {
  Metrics metrics;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&metrics] {
      for (int i = 0; i < 1000; ++i) metrics.counter("c_total", "", {{"t", std::to_string(i % 5)}})->add();
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(metrics.counter("c_total", "", {{"t", "3"}})->value(), 800);
}

}  // namespace
}  // namespace embergate::observability
