// SPDX-License-Identifier: Apache-2.0
#include "vault/config_json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <vector>

namespace embergate::vault {
namespace {

using nlohmann::json;

constexpr int kMaxDepth = 16;
constexpr std::size_t kMaxShownPart = 128;

// What nlohmann's parser drops silently: a member that comes twice (the last would win) and the depth.
class Strictness {
 public:
  bool on_event(int depth, json::parse_event_t event, const json& parsed) {
    if (!problem_.empty()) return true;
    if (depth > kMaxDepth) {
      problem_ = fmt::format("vault config: nested deeper than {} levels", kMaxDepth);
      return true;
    }
    switch (event) {
      case json::parse_event_t::object_start:
        enter();
        places_.push_back({true, {}, {}, 0});
        break;
      case json::parse_event_t::array_start:
        enter();
        places_.push_back({false, {}, {}, 0});
        break;
      case json::parse_event_t::key:
        on_key(parsed.get_ref<const std::string&>());
        break;
      case json::parse_event_t::value:
        enter();
        break;
      case json::parse_event_t::object_end:
      case json::parse_event_t::array_end:
        places_.pop_back();
        break;
    }
    return true;
  }
  [[nodiscard]] const std::string& problem() const { return problem_; }

 private:
  struct Place {
    bool is_object;
    std::set<std::string> members;
    std::string current;
    std::size_t count;
  };

  void enter() {
    if (!places_.empty() && !places_.back().is_object) places_.back().current = std::to_string(places_.back().count++);
  }

  void on_key(const std::string& key) {
    places_.back().current = key;
    if (places_.back().members.insert(key).second) return;
    std::string pointer;
    for (const auto& place : places_) pointer = config_pointer(pointer, place.current);
    problem_ = fmt::format("vault config {}: the member occurs twice", pointer);
  }

  std::vector<Place> places_;
  std::string problem_;
};

// Counted in characters, from 1, as editors show it.
std::string place_of(std::string_view text, std::size_t byte) {
  const std::string_view before = text.substr(0, byte == 0 ? 0 : byte - 1);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const std::size_t last = before.rfind('\n');
  const std::string_view in_line = last == std::string_view::npos ? before : before.substr(last + 1);
  const auto column = 1 + std::count_if(in_line.begin(), in_line.end(),
                                        [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; });
  return fmt::format("line {}, column {}", line, column);
}

}  // namespace

core::Error config_refusal(std::string_view pointer, std::string_view reason) {
  return core::make_error(core::ErrorCode::kInvalid,
                          fmt::format("vault config {}: {}", pointer.empty() ? "/" : pointer, reason));
}

std::string config_pointer(std::string_view parent, std::string_view part) {
  const bool plain = !part.empty() && part.size() <= kMaxShownPart && std::all_of(part.begin(), part.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '.';
  });
  return fmt::format("{}/{}", parent, plain ? part : std::string_view("?"));
}

core::Result<void> parse_config_json(std::string_view text, json& document) {
  const auto refused = [](std::string reason) {
    return core::make_error(core::ErrorCode::kInvalid, std::move(reason));
  };
  // The parser would skip it.
  if (text.starts_with("\xEF\xBB\xBF"))
    return refused("vault config: starts with a byte order mark; save it as plain UTF-8");
  Strictness strictness;
  try {
    document = json::parse(text.begin(), text.end(), [&](int depth, json::parse_event_t event, json& parsed) {
      return strictness.on_event(depth, event, parsed);
    });
    if (!strictness.problem().empty()) return refused(strictness.problem());
    return {};
  } catch (const json::parse_error& error) {
    // what() quotes the text around the fault.
    if (!strictness.problem().empty()) return refused(strictness.problem());
    return refused(fmt::format("vault config: is not valid JSON at {}", place_of(text, error.byte)));
  } catch (const json::exception&) {
    return refused("vault config: is not valid JSON");
  }
}

}  // namespace embergate::vault
