// SPDX-License-Identifier: Apache-2.0
// Under which keys faults of criteria last (observability::Faults): one for each trigger of a topic, so that a
// destination can show those of its topic. topic.criterion-error ends when the trigger had none for an hour,
// topic.switched-off when the criterion is let in again, both when writes evaluate it no more: its topic is written or
// deleted, or has lost its last destination. A criterion that topics share is that of the first of them.
// Thread: pure. Failure: none.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace embergate::topic {

// What the keys of all triggers of a topic begin with.
inline std::string fault_key_prefix(std::string_view topic_url) {
  return "topic " + std::string(topic_url) + " trigger[";
}
inline std::string topic_fault_key(std::string_view topic_url, std::size_t trigger) {
  return fault_key_prefix(topic_url) + std::to_string(trigger) + "]";
}

}  // namespace embergate::topic
