// SPDX-License-Identifier: Apache-2.0
#include "embergate/interaction/preconditions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "embergate/core/ascii.hpp"

namespace embergate::interaction {
namespace {

using core::trimmed;

constexpr std::string_view kMismatch = "Version Id mismatch";

// Only the text that this server gives to a version is that version's tag: "007" is not "7".
std::optional<store::VersionId> version_of(std::string_view tag) {
  store::VersionId version = 0;
  const auto [end, error] = std::from_chars(tag.data(), tag.data() + tag.size(), version);
  if (error != std::errc() || end != tag.data() + tag.size() || version <= 0 || tag.front() == '0') return std::nullopt;
  return version;
}

bool is_tag_character(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte == 0x21 || (byte >= 0x23 && byte != 0x7f);
}

// Takes one tag from the front: its text without the quotes (RFC 9110 8.8.3), or a bare number.
std::optional<std::string_view> take_tag(std::string_view& rest) {
  if (rest.starts_with("W/\"")) rest.remove_prefix(2);
  if (!rest.starts_with('"')) {
    const std::size_t end = std::min(rest.find_first_not_of("0123456789"), rest.size());
    const std::string_view tag = rest.substr(0, end);
    rest.remove_prefix(end);
    return tag.empty() ? std::nullopt : std::optional(tag);
  }
  const std::size_t close = rest.find('"', 1);
  if (close == std::string_view::npos) return std::nullopt;
  const std::string_view tag = rest.substr(1, close - 1);
  if (!std::all_of(tag.begin(), tag.end(), is_tag_character)) return std::nullopt;
  rest.remove_prefix(close + 1);
  return tag;
}

core::Error malformed(std::string_view name) {
  return core::make_error(core::ErrorCode::kMalformed,
                          fmt::format("{} must be *, W/\"<versionId>\", or a list of such tags", name));
}

// HTTP dates have whole seconds; an instant of a bundle may say more.
bool changed_after(const CurrentVersion& current, core::SystemTime date) {
  const auto second = std::chrono::floor<std::chrono::seconds>(current.last_updated);
  return second > date || (current.last_updated > date && date > second);
}

core::Error failed(std::string_view why) {
  return core::make_error(core::ErrorCode::kPreconditionFailed, std::string(why));
}

core::Result<void> check_match(const Preconditions& preconditions, const std::optional<CurrentVersion>& current) {
  if (preconditions.if_match.asked()) {
    const auto version = current ? std::optional(current->version_id) : std::nullopt;
    if (!preconditions.if_match.meet(version)) return failed(kMismatch);
    return {};
  }
  if (preconditions.if_unmodified_since && current && changed_after(*current, *preconditions.if_unmodified_since))
    return failed("the resource was changed after the time in If-Unmodified-Since");
  return {};
}

}  // namespace

core::Result<EntityTags> EntityTags::parse(std::string_view text, std::string_view name) {
  std::string_view rest = trimmed(text);
  if (rest.empty()) return EntityTags();
  if (rest == "*") return any();
  EntityTags tags;
  while (!rest.empty()) {
    if (rest.starts_with(',')) {  // an element of a list may be empty (RFC 9110 5.6.1)
      rest = trimmed(rest.substr(1));
      continue;
    }
    const auto tag = take_tag(rest);
    if (!tag) return malformed(name);
    tags.asked_ = true;
    if (const auto version = version_of(*tag)) tags.versions_.push_back(*version);
    rest = trimmed(rest);
    if (rest.empty()) break;
    if (!rest.starts_with(',')) return malformed(name);
    rest = trimmed(rest.substr(1));
  }
  if (!tags.asked_) return malformed(name);
  return tags;
}

EntityTags EntityTags::of(store::VersionId version) {
  EntityTags tags;
  tags.asked_ = true;
  tags.versions_.push_back(version);
  return tags;
}

EntityTags EntityTags::any() {
  EntityTags tags;
  tags.asked_ = true;
  tags.any_ = true;
  return tags;
}

bool EntityTags::meet(std::optional<store::VersionId> version) const {
  if (!version) return false;
  return any_ || std::find(versions_.begin(), versions_.end(), *version) != versions_.end();
}

core::Result<void> check_write(const Preconditions& preconditions, const std::optional<CurrentVersion>& current) {
  EG_CHECK(check_match(preconditions, current));
  const auto version = current ? std::optional(current->version_id) : std::nullopt;
  if (preconditions.if_none_match.meet(version))
    return failed("the resource exists, in a version that If-None-Match excludes");
  return {};
}

core::Result<bool> check_read(const Preconditions& preconditions, const CurrentVersion& current) {
  EG_CHECK(check_match(preconditions, current));
  if (preconditions.if_none_match.asked()) return preconditions.if_none_match.meet(current.version_id);
  return preconditions.if_modified_since && !changed_after(current, *preconditions.if_modified_since);
}

}  // namespace embergate::interaction
