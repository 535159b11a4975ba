// SPDX-License-Identifier: Apache-2.0
// Whole elements compared, and hashes of items.
#include <algorithm>
#include <vector>

#include "fhirpath/text.hpp"
#include "fhirpath/text_bytes.hpp"
#include "fhirpath/values.hpp"

namespace embergate::fhirpath {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
char folded(char c) {
  if (is_space(c)) return ' ';
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool same_number(std::string_view left, std::string_view right) {
  if (left == right) return true;
  const auto a = Decimal::parse(left);
  const auto b = Decimal::parse(right);
  return a && b && compare(*a, *b) == 0;
}

bool same_scalar(fhir::Node left, fhir::Node right) {
  if (left.kind() != right.kind()) return false;
  if (left.is_string()) return left.string() == right.string();
  return !left.is_number() || same_number(left.number_text(), right.number_text());
}

std::size_t members_without_id(fhir::Node object) { return object.size() - (object.member("id") ? 1 : 0); }

bool alike_lists(fhir::Node left, fhir::Node right, ContentWork& work) {
  std::vector<fhir::Node> rest;
  for (fhir::Node item = right.first_child(); item; item = item.next_sibling(right)) rest.push_back(item);
  std::vector<bool> used(rest.size());
  std::size_t first_unused = 0;
  for (fhir::Node item = left.first_child(); item; item = item.next_sibling(left)) {
    std::size_t at = first_unused;
    while (at < rest.size() && (used[at] || !alike_content(item, rest[at], work))) ++at;
    if (at == rest.size()) return false;
    used[at] = true;
    while (first_unused < rest.size() && used[first_unused]) ++first_unused;
  }
  return true;
}

std::uint64_t mix(std::uint64_t hash) {
  hash ^= hash >> 33U;
  hash *= 0xff51afd7ed558ccdULL;
  return hash ^ hash >> 33U;
}

std::uint64_t hash_number(const Decimal& value) {
  const Decimal plain = value.normalized();
  return mix(static_cast<std::uint64_t>(plain.mantissa) * 31 + static_cast<std::uint64_t>(plain.scale));
}

// By the value in base units: equal quantities may be written in different units, and numbers equal quantities of
// unit 1.
std::uint64_t hash_quantity(const Quantity& quantity) {
  constexpr std::uint64_t kUnknown = 5;
  const auto measure = measure_of(quantity);
  if (!measure) return hash_text(quantity.unit);
  const auto factor = ratio(*measure, Measure{});
  const auto moved = add(quantity.value, measure->offset);
  const auto base = factor && moved ? scaled(*moved, *factor) : std::nullopt;
  return base ? hash_number(*base) : kUnknown;
}

}  // namespace

bool equivalent_text(std::string_view left, std::string_view right) {
  const auto is_plain = [](std::string_view text) {
    return std::none_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
  };
  if (left == right) return true;
  if (!is_plain(left) || !is_plain(right)) {
    std::string a = changed_case(left, false);
    std::string b = changed_case(right, false);
    for (std::string* text : {&a, &b}) std::replace_if(text->begin(), text->end(), is_space, ' ');
    return a == b;
  }
  return left.size() == right.size() &&
         std::equal(left.begin(), left.end(), right.begin(), [](char a, char b) { return folded(a) == folded(b); });
}

bool same_content(fhir::Node left, fhir::Node right, ContentWork& work) {
  if (++work.done > work.most) return false;
  if (left == right) return true;
  if (!left || !right || left.kind() != right.kind() || left.size() != right.size()) return false;
  if (left.is_object()) {
    for (fhir::Node member = left.first_child(); member; member = member.next_sibling(left)) {
      if (!same_content(member, right.member(member.name()), work)) return false;
    }
    return true;
  }
  if (!left.is_array()) {
    work.compare_text(left.is_string() ? left.string().size() : 0);
    return same_scalar(left, right);
  }
  fhir::Node other = right.first_child();
  for (fhir::Node item = left.first_child(); item; item = item.next_sibling(left), other = other.next_sibling(right)) {
    if (!same_content(item, other, work)) return false;
  }
  return true;
}

bool alike_content(fhir::Node left, fhir::Node right, ContentWork& work) {
  if (++work.done > work.most) return false;
  if (left == right) return true;
  if (!left || !right || left.kind() != right.kind()) return false;
  if (left.is_object()) {
    if (members_without_id(left) != members_without_id(right)) return false;
    for (fhir::Node member = left.first_child(); member; member = member.next_sibling(left)) {
      if (member.name() != "id" && !alike_content(member, right.member(member.name()), work)) return false;
    }
    return true;
  }
  if (left.is_array()) return left.size() == right.size() && alike_lists(left, right, work);
  if (left.is_string()) {
    work.compare_text(left.string().size() + right.string().size());
    return equivalent_text(left.string(), right.string());
  }
  if (!left.is_number() || left.number_text() == right.number_text()) return true;
  const auto a = Decimal::parse(left.number_text());
  const auto b = Decimal::parse(right.number_text());
  return a && b && equivalent(*a, *b);
}

std::uint64_t Values::hash_value(const Item& item) const {
  Item value;
  const Conversion conversion = to_system(item, value);
  if (conversion == Conversion::kEmpty) return 1;
  if (conversion == Conversion::kObject) return mix(item.node().size() + 2);
  switch (value.tag()) {
    case Tag::kBoolean:
      return value.as_boolean() ? 3 : 4;
    case Tag::kString:
      return hash_text(value.as_string());
    case Tag::kInteger:
    case Tag::kLong:
    case Tag::kDecimal:
      return hash_number(value.as_decimal());
    case Tag::kQuantity:
      return hash_quantity(value.as_quantity());
    default:
      return 6;  // equal dates may be written in different zones
  }
}

}  // namespace embergate::fhirpath
