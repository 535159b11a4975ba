// SPDX-License-Identifier: Apache-2.0
#include "rest/pretty.hpp"

#include <algorithm>

namespace embergate::rest {
namespace {

constexpr std::size_t kMost = 1'048'576;
// Deeper parts get no deeper indentation, which could be most of an answer.
constexpr std::size_t kDeepest = 50;

bool is_blank(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

// The end of the text that begins with the quote at `at`.
std::size_t end_of_text(std::string_view json, std::size_t at) {
  for (++at; at < json.size() && json[at] != '"'; ++at) {
    if (json[at] == '\\') ++at;
  }
  return std::min(json.size(), at + 1);
}

class Layout {
 public:
  std::string of(std::string_view json) {
    out_.reserve(2 * json.size());
    for (std::size_t at = 0; at < json.size();) {
      const std::size_t next = json[at] == '"' ? end_of_text(json, at) : at + 1;
      if (json[at] == '"') {
        add(json.substr(at, next - at));
      } else if (!is_blank(json[at])) {
        add_sign(json[at]);
      }
      at = next;
    }
    return std::move(out_) + '\n';
  }

 private:
  void add(std::string_view text) {
    if (begins_) new_line();
    begins_ = false;
    out_ += text;
  }

  void add_sign(char c) {
    if (c == '}' || c == ']') {
      if (depth_ > 0) --depth_;
      if (!begins_) new_line();  // what is empty stays on its line
      begins_ = false;
      out_ += c;
      return;
    }
    add(std::string_view(&c, 1));
    if (c == '{' || c == '[') {
      ++depth_;
      begins_ = true;
    } else if (c == ',') {
      new_line();
    } else if (c == ':') {
      out_ += ' ';
    }
  }

  void new_line() {
    out_ += '\n';
    out_.append(2 * std::min(depth_, kDeepest), ' ');
  }

  std::string out_;
  std::size_t depth_ = 0;
  bool begins_ = false;  // an object or array, and nothing in it yet
};

}  // namespace

std::string pretty(std::string_view json) { return Layout().of(json); }

void make_pretty(const Call& call, http::Response& response) {
  if (call.query("_pretty") != "true" || response.body.size() > kMost || !response.more.empty()) return;
  response.body = pretty(response.body);
}

}  // namespace embergate::rest
