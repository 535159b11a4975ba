// SPDX-License-Identifier: Apache-2.0
// Why no topic gives a destination its events, in words for those who wrote it. Thread: pure function. Failure: none.
#pragma once

#include <string>
#include <string_view>

#include "embergate/topic/catalog.hpp"

namespace embergate::topic {

// Empty when an active topic has the url. The nearest url of a topic is named: most often one of both is misspelt.
std::string why_idle(const Catalog& catalog, std::string_view topic_url);

}  // namespace embergate::topic
