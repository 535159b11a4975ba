// SPDX-License-Identifier: Apache-2.0
#include "fhir/tree_builder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <limits>

#include "fhir/json_text.hpp"

namespace embergate::fhir {
namespace {

// Up to this many members are compared one by one; larger objects are sorted when they close.
constexpr std::uint32_t kFewMembers = 16;
constexpr std::size_t kShownChars = 40;
constexpr std::size_t kShownPathChars = 200;

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

std::uint64_t hash_bit(std::string_view name) {
  if (name.empty()) return 1;
  const auto first = static_cast<unsigned char>(name.front());
  const auto last = static_cast<unsigned char>(name.back());
  const auto middle = static_cast<unsigned char>(name[name.size() / 2]);
  return std::uint64_t{1} << ((first * 7U + last * 31U + middle * 13U + name.size()) & 63U);
}

// A piece of the client's text short enough for a message; never cut inside a character.
std::string_view shown(std::string_view text) {
  if (text.size() <= kShownChars) return text;
  std::size_t end = kShownChars;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return text.substr(0, end);
}

// By its name: R4's elements of type base64Binary, and choices of it (valueBase64Binary). The limit of strings is not
// theirs (FHIR R4 datatypes.html#string).
bool may_be_base64(std::string_view name) {
  constexpr std::string_view kNames[] = {"data", "hash", "query", "carrierAIDC"};
  return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames) || name.ends_with("Base64Binary");
}

}  // namespace

bool TreeBuilder::fail(core::ErrorCode code, const char* place, std::string what) {
  if (error_) return false;
  const std::string_view before(resource_.text_.data(), offset_of(place));
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const std::size_t line_begin = before.rfind('\n') + 1;  // npos + 1 is 0
  const std::string element = path();
  error_ = core::make_error(code,
                            fmt::format("{}{}{} (line {}, column {}, byte {})", what, element.empty() ? "" : " in ",
                                        element, line, before.size() - line_begin + 1, before.size()),
                            element);
  return false;
}

bool TreeBuilder::count_tokens(std::size_t count, const char* place) {
  tokens_ += count;
  if (tokens_ <= limits_.max_tokens) return true;
  return fail(core::ErrorCode::kTooLarge, place,
              fmt::format("more than {} JSON tokens; send less at once", limits_.max_tokens));
}

bool TreeBuilder::add(NodeKind kind, const char* begin, std::size_t length) {
  const auto index = static_cast<std::uint32_t>(nodes_.size());
  nodes_.push_back(NodeRecord{offset_of(begin), static_cast<std::uint32_t>(length), name_.begin, index + 1, 0,
                              name_.length, kind, name_.flags});
  name_ = {};
  if (!open_.empty()) ++nodes_[open_.back().node].extra;
  return true;
}

bool TreeBuilder::open(NodeKind kind, const char* place) {
  if (!count_tokens(2, place)) return false;
  if (open_.size() >= limits_.max_depth) {
    return fail(core::ErrorCode::kTooLarge, place,
                fmt::format("JSON is nested deeper than {} levels", limits_.max_depth));
  }
  const auto index = static_cast<std::uint32_t>(nodes_.size());
  add(kind, place, 0);
  open_.push_back({index, 0});
  return true;
}

bool TreeBuilder::close(const char* after) {
  const std::uint32_t index = open_.back().node;
  while (is_space(after[-1])) --after;
  NodeRecord& record = nodes_[index];
  if (record.kind == NodeKind::kObject && record.extra > kFewMembers && !check_many_members(index, after)) return false;
  record.raw_length = offset_of(after) - record.raw_begin;
  record.next = static_cast<std::uint32_t>(nodes_.size());
  open_.pop_back();
  return true;
}

bool TreeBuilder::name(const char* begin) {
  const char* end = begin;
  bool has_escape = false;
  while (*end != '"') {
    if (*end == '\\') {
      has_escape = true;
      ++end;
    }
    ++end;
  }
  const auto length = static_cast<std::size_t>(end - begin);
  if (!count_tokens(1, begin)) return false;
  if (length > std::numeric_limits<std::uint16_t>::max()) {
    return fail(core::ErrorCode::kTooLarge, begin, "a member's name is longer than 65535 bytes");
  }
  name_ = {offset_of(begin), static_cast<std::uint16_t>(length), 0};
  if (has_escape) {
    const std::size_t decoded_begin = resource_.decoded_.size();
    if (!append_unescaped(resource_.decoded_, {begin, length})) {
      return fail(core::ErrorCode::kMalformed, begin, "a member's name has an invalid escape sequence");
    }
    name_ = {static_cast<std::uint32_t>(decoded_begin),
             static_cast<std::uint16_t>(resource_.decoded_.size() - decoded_begin), kNameDecoded};
  }
  return check_new_member(begin);
}

bool TreeBuilder::check_new_member(const char* place) {
  Open& object = open_.back();
  const std::uint32_t members = nodes_[object.node].extra;
  if (members >= limits_.max_members) {
    return fail(core::ErrorCode::kTooLarge, place,
                fmt::format("an object has more than {} members", limits_.max_members));
  }
  if (members >= kFewMembers) return true;
  NodeRecord candidate{};
  candidate.name_begin = name_.begin;
  candidate.name_length = name_.length;
  candidate.flags = name_.flags;
  const std::string_view text = name_of(candidate);
  const std::uint64_t bit = hash_bit(text);
  if (object.names_seen & bit) {
    for (std::size_t i = object.node + 1; i < nodes_.size(); i = nodes_[i].next) {
      if (name_of(nodes_[i]) == text) return fail_duplicate(object.node, text, place);
    }
  }
  object.names_seen |= bit;
  return true;
}

bool TreeBuilder::check_many_members(std::uint32_t object, const char* place) {
  std::vector<std::string_view> names;
  names.reserve(nodes_[object].extra);
  for (std::size_t i = object + 1; i < nodes_.size(); i = nodes_[i].next) names.push_back(name_of(nodes_[i]));
  std::sort(names.begin(), names.end());
  const auto twin = std::adjacent_find(names.begin(), names.end());
  return twin == names.end() || fail_duplicate(object, *twin, place);
}

bool TreeBuilder::fail_duplicate(std::uint32_t object, std::string_view duplicate, const char* place) {
  while (open_.back().node != object) open_.pop_back();
  return fail(core::ErrorCode::kMalformed, place, fmt::format("duplicate member \"{}\"", shown(duplicate)));
}

bool TreeBuilder::scalar(std::string_view token) {
  const char* const place = token.data();
  while (!token.empty() && is_space(token.back())) token.remove_suffix(1);
  if (!count_tokens(1, place)) return false;
  if (token.empty()) return fail(core::ErrorCode::kMalformed, place, "a value is missing");
  switch (token.front()) {
    case '"':
      return string(token);
    case 't':
      if (token == "true") return add(NodeKind::kTrue, place, token.size());
      break;
    case 'f':
      if (token == "false") return add(NodeKind::kFalse, place, token.size());
      break;
    case 'n':
      if (token == "null") return null(place);
      break;
    default:
      return number(token);
  }
  return fail(core::ErrorCode::kMalformed, place, fmt::format("\"{}\" is no JSON value", shown(token)));
}

bool TreeBuilder::null(const char* place) {
  if (!open_.empty()) nodes_[open_.back().node].flags |= kHoldsNull;
  return add(NodeKind::kNull, place, 4);
}

bool TreeBuilder::string(std::string_view token) {
  const char* const place = token.data();
  if (token.size() < 2 || token.back() != '"') {
    return fail(core::ErrorCode::kMalformed, place, "a string is not closed");
  }
  if (token.size() - 2 > limits_.max_string_bytes) {
    NodeRecord holder{};
    holder.name_begin = name_.begin;
    holder.name_length = name_.length;
    holder.flags = name_.flags;
    if (!may_be_base64(name_of(holder))) {
      return fail(
          core::ErrorCode::kTooLarge, place,
          fmt::format("a string is longer than {} bytes; only elements of type base64Binary (data, valueBase64Binary) "
                      "may be",
                      limits_.max_string_bytes));
    }
  }
  add(NodeKind::kString, place, token.size());
  if (!std::memchr(place, '\\', token.size())) return true;
  const std::size_t begin = resource_.decoded_.size();
  if (!append_unescaped(resource_.decoded_, token.substr(1, token.size() - 2))) {
    return fail(core::ErrorCode::kMalformed, place, "a string has an invalid escape sequence");
  }
  NodeRecord& record = nodes_.back();
  record.flags |= kDecoded;
  record.extra = static_cast<std::uint32_t>(resource_.side_.size());
  resource_.side_.emplace_back(static_cast<std::uint32_t>(begin),
                               static_cast<std::uint32_t>(resource_.decoded_.size() - begin));
  return true;
}

bool TreeBuilder::number(std::string_view token) {
  const char* const place = token.data();
  if (token.size() > limits_.max_number_chars && is_json_number(token)) {
    return fail(core::ErrorCode::kTooLarge, place,
                fmt::format("a number is longer than {} characters", limits_.max_number_chars));
  }
  if (!is_json_number(token)) {
    return fail(core::ErrorCode::kMalformed, place, fmt::format("\"{}\" is no JSON value", shown(token)));
  }
  return add(NodeKind::kNumber, place, token.size());
}

void TreeBuilder::finish(bool take_scratch) {
  if (take_scratch) {
    resource_.nodes_ = std::move(nodes_);
  } else {
    resource_.nodes_.assign(nodes_.begin(), nodes_.end());
  }
  resource_.decoded_.shrink_to_fit();
}

std::string_view TreeBuilder::name_of(const NodeRecord& record) const {
  const std::string& source = (record.flags & kNameDecoded) ? resource_.decoded_ : resource_.text_;
  return {source.data() + record.name_begin, record.name_length};
}

std::string TreeBuilder::path() const {
  std::string place;
  for (std::size_t level = 0; level < open_.size(); ++level) {
    const NodeRecord& record = nodes_[open_[level].node];
    if (level == 0) {
      for (std::size_t i = 1; i < nodes_.size() && place.empty(); i = nodes_[i].next) {
        if (name_of(nodes_[i]) != "resourceType" || nodes_[i].kind != NodeKind::kString) continue;
        place = shown({resource_.text_.data() + nodes_[i].raw_begin + 1, nodes_[i].raw_length - 2});
      }
      continue;
    }
    if (place.size() > kShownPathChars) return place + "...";
    const NodeRecord& parent = nodes_[open_[level - 1].node];
    if (parent.kind == NodeKind::kArray) {
      place += fmt::format("[{}]", parent.extra - 1);
    } else {
      if (!place.empty()) place += '.';
      place += shown(name_of(record));
    }
  }
  return place;
}

}  // namespace embergate::fhir
