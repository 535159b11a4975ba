// SPDX-License-Identifier: Apache-2.0
#include "embergate/core/text.hpp"

namespace embergate::core {

std::string_view whole_characters(std::string_view text, std::size_t most) {
  if (text.size() <= most) return text;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0U) == 0x80U) --most;
  return text.substr(0, most);
}

std::string shortened(std::string_view text, std::size_t most) {
  std::string begin(whole_characters(text, most));
  if (begin.size() < text.size()) begin += "...";
  return begin;
}

}  // namespace embergate::core
