// SPDX-License-Identifier: Apache-2.0
#include "embergate/fhir/edit.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "embergate/core/assert.hpp"
#include "embergate/fhir/outcome.hpp"

namespace embergate::fhir {
namespace {

void append_digits(std::string& out, std::int64_t value, int digits) {
  std::array<char, 20> buffer;
  for (int i = digits - 1; i >= 0; --i) {
    buffer[static_cast<std::size_t>(i)] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
  out.append(buffer.data(), static_cast<std::size_t>(digits));
}

// As core::format_instant_micros, without a string in between: this runs once or twice for every write.
void append_instant(std::string& out, core::SystemTime time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  append_digits(out, static_cast<int>(date.year()), 4);
  out += '-';
  append_digits(out, static_cast<unsigned>(date.month()), 2);
  out += '-';
  append_digits(out, static_cast<unsigned>(date.day()), 2);
  out += 'T';
  append_digits(out, clock.hours().count(), 2);
  out += ':';
  append_digits(out, clock.minutes().count(), 2);
  out += ':';
  append_digits(out, clock.seconds().count(), 2);
  out += '.';
  append_digits(out, clock.subseconds().count(), 6);
  out += 'Z';
}

void append_number(std::string& out, std::int64_t value) {
  std::array<char, 24> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
  out.append(buffer.data(), end);
}

bool is_ours(std::string_view meta_member) {
  return meta_member == "versionId" || meta_member == "lastUpdated" || meta_member == "extension" ||
         meta_member == "_versionId" || meta_member == "_lastUpdated";
}

// The member as it came: name, colon and value without the white space between them.
void append_member(std::string& out, Node member) {
  out += ",\"";
  append_json_escaped(out, member.name());
  out += "\":";
  out += member.raw();
}

// `old` may be no node, or (in an invalid resource) something else than an object: then nothing of it is kept.
void append_meta(std::string& out, Node old, const Stamp& stamp) {
  out += R"({"versionId":")";
  append_number(out, stamp.version_id);
  out += R"(","lastUpdated":")";
  append_instant(out, stamp.last_updated);
  out += R"(","extension":[{"url":")";
  append_json_escaped(out, stamp.created_at_url);
  out += R"(","valueInstant":")";
  append_instant(out, stamp.created_at);
  out += "\"}";
  if (!old.is_object()) {
    out += "]}";
    return;
  }
  const Node extensions = old.member("extension");
  if (extensions.is_array()) {
    for (Node item = extensions.first_child(); item; item = item.next_sibling(extensions)) {
      if (item.member("url").string() == stamp.created_at_url) continue;
      out += ',';
      out += item.raw();
    }
  }
  out += ']';
  for (Node member = old.first_child(); member; member = member.next_sibling(old)) {
    if (!is_ours(member.name())) append_member(out, member);
  }
  out += '}';
}

void append_id(std::string& out, std::string_view id) {
  out += '"';
  append_json_escaped(out, id);
  out += '"';
}

}  // namespace

std::string replace(std::string_view text, std::vector<Replacement> replacements) {
  std::sort(replacements.begin(), replacements.end(),
            [](const Replacement& a, const Replacement& b) { return a.begin < b.begin; });
  std::size_t size = text.size();
  for (const Replacement& r : replacements) size += r.text.size();
  std::string out;
  out.reserve(size);
  std::size_t done = 0;
  for (const Replacement& r : replacements) {
    EG_ASSERT(r.begin >= done && r.begin <= text.size() && r.length <= text.size() - r.begin);
    out.append(text.substr(done, r.begin - done));
    out.append(r.text);
    done = r.begin + r.length;
  }
  out.append(text.substr(done));
  return out;
}

std::string stamp(const Resource& resource, const Stamp& stamp) {
  constexpr std::size_t kStampBytes = 200;  // what id, meta and two instants add at most, but for long URLs
  const std::string_view text = resource.text();
  const Node root = resource.root();
  Node type;
  Node id;
  Node meta;
  for (Node member = root.first_child(); member; member = member.next_sibling(root)) {
    const std::string_view name = member.name();
    if (name == "id") {
      id = member;
    } else if (name == "meta") {
      meta = member;
    } else if (name == "resourceType") {
      type = member;
    }
  }

  std::string out;
  out.reserve(text.size() + kStampBytes + stamp.created_at_url.size());
  std::size_t done = 0;
  const auto copy_to = [&](std::size_t end) {
    out.append(text.substr(done, end - done));
    done = end;
  };
  const auto end_of = [](Node node) { return node.raw_offset() + node.raw().size(); };
  const auto put_meta = [&] {
    copy_to(meta.raw_offset());
    append_meta(out, meta, stamp);
    done = end_of(meta);
  };

  std::size_t id_place = root.raw_offset() + 1;
  if (id) {
    id_place = id.raw_offset();
  } else if (type) {
    id_place = end_of(type);
  }
  const bool meta_is_first = meta && meta.raw_offset() < id_place;
  if (meta_is_first) put_meta();
  copy_to(id_place);
  if (!id) out += type ? R"(,"id":)" : R"("id":)";
  append_id(out, stamp.id);
  if (id) done = end_of(id);
  if (!meta) {
    out += R"(,"meta":)";
    append_meta(out, meta, stamp);
  }
  if (!id && !type && root.size() > 0) out += ',';
  if (meta && !meta_is_first) put_meta();
  copy_to(text.size());
  return out;
}

}  // namespace embergate::fhir
