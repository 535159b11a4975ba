// SPDX-License-Identifier: Apache-2.0
#include "embergate/topic/idle.hpp"

#include <fmt/format.h>

#include "embergate/core/nearest.hpp"
#include "embergate/core/text.hpp"

namespace embergate::topic {
namespace {

constexpr std::size_t kMostShown = 300;  // bytes of a url

}  // namespace

std::string why_idle(const Catalog& catalog, std::string_view topic_url) {
  const SubscriptionTopic* topic = catalog.topic_by_url(topic_url);
  const std::string shown = core::shortened(topic_url, kMostShown);
  if (topic != nullptr) {
    return topic->status == "active"
               ? std::string()
               : fmt::format("the AidboxSubscriptionTopic {} has status {}", shown, topic->status);
  }
  core::Nearest nearest(topic_url, topic_url.size() / 3 + 1);
  for (const auto& known : catalog.topics()) nearest.offer(known->url);
  std::string why = fmt::format("there is no AidboxSubscriptionTopic with url {}", shown);
  if (!nearest.name().empty()) why += fmt::format("; did you mean {}?", core::shortened(nearest.name(), kMostShown));
  return why;
}

}  // namespace embergate::topic
