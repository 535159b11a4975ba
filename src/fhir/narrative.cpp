// SPDX-License-Identifier: Apache-2.0
#include "embergate/fhir/narrative.hpp"

#include <algorithm>

namespace embergate::fhir {
namespace {

constexpr std::string_view kSpace = " \t\r\n";

bool is_name_end(char c) { return kSpace.find(c) != std::string_view::npos || c == '=' || c == '>' || c == '/'; }

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  std::vector<std::string_view> links() {
    while (true) {
      at_ = text_.find('<', at_);
      if (at_ == std::string_view::npos) return std::move(links_);
      if (text_.substr(at_).starts_with("<!--")) {
        at_ = std::min(text_.find("-->", at_), text_.size());
      } else {
        ++at_;
        tag();
      }
    }
  }

 private:
  void tag() {
    const std::string_view element = name();
    while (at_ < text_.size() && text_[at_] != '>') {
      const std::string_view attribute = name();
      if (attribute.empty()) {
        ++at_;
        continue;
      }
      const std::string_view value = value_of_attribute();
      if ((element == "a" && attribute == "href") || (element == "img" && attribute == "src")) links_.push_back(value);
    }
  }

  std::string_view name() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && !is_name_end(text_[at_])) ++at_;
    return text_.substr(begin, at_ - begin);
  }

  void skip_space() { at_ = std::min(text_.find_first_not_of(kSpace, at_), text_.size()); }

  // Of an attribute without a value: empty.
  std::string_view value_of_attribute() {
    skip_space();
    if (at_ == text_.size() || text_[at_] != '=') return {};
    ++at_;
    skip_space();
    if (at_ == text_.size() || (text_[at_] != '"' && text_[at_] != '\'')) return {};
    const std::size_t begin = at_ + 1;
    const std::size_t end = std::min(text_.find(text_[at_], begin), text_.size());
    at_ = std::min(end + 1, text_.size());
    return text_.substr(begin, end - begin);
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<std::string_view> links_;
};

}  // namespace

std::vector<std::string_view> narrative_links(std::string_view xhtml) { return Scanner(xhtml).links(); }

}  // namespace embergate::fhir
