// SPDX-License-Identifier: Apache-2.0
// A consumer that hands over each new record of a topic the moment it has it. Thread: the callback runs on a thread of
// the tail's own. Failure: ends the program when the topic cannot be read.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <string_view>
#include <thread>

#include "support/topic_reader.hpp"

namespace embergate::bench {

class TopicTail {
 public:
  using OnRecord = std::function<void(std::string_view key, std::string_view value)>;
  TopicTail(const std::string& bootstrap, const std::string& topic,
            OnRecord on_record);  // from the end of the topic on
  ~TopicTail();
  TopicTail(const TopicTail&) = delete;
  TopicTail& operator=(const TopicTail&) = delete;

 private:
  test::TopicReader reader_;
  std::atomic<bool> stopped_{false};
  std::thread thread_;
};

}  // namespace embergate::bench
