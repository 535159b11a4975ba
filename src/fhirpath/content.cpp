// SPDX-License-Identifier: Apache-2.0
// Whole elements compared, and sets of items.
#include <algorithm>
#include <unordered_map>
#include <vector>

#include "fhirpath/values.hpp"

namespace embergate::fhirpath {
namespace {

constexpr std::size_t kLinear = 16;

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

bool alike_lists(fhir::Node left, fhir::Node right, std::uint64_t& work) {
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

}  // namespace

bool equivalent_text(std::string_view left, std::string_view right) {
  if (left.size() != right.size()) return false;
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (folded(left[i]) != folded(right[i])) return false;
  }
  return true;
}

bool same_content(fhir::Node left, fhir::Node right, std::uint64_t& work) {
  if (++work > kMaxContentWork) return false;
  if (left == right) return true;
  if (!left || !right || left.kind() != right.kind() || left.size() != right.size()) return false;
  if (left.is_object()) {
    for (fhir::Node member = left.first_child(); member; member = member.next_sibling(left)) {
      if (!same_content(member, right.member(member.name()), work)) return false;
    }
    return true;
  }
  if (!left.is_array()) return same_scalar(left, right);
  fhir::Node other = right.first_child();
  for (fhir::Node item = left.first_child(); item; item = item.next_sibling(left), other = other.next_sibling(right)) {
    if (!same_content(item, other, work)) return false;
  }
  return true;
}

bool alike_content(fhir::Node left, fhir::Node right, std::uint64_t& work) {
  if (++work > kMaxContentWork) return false;
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
  if (left.is_string()) return equivalent_text(left.string(), right.string());
  if (!left.is_number()) return true;
  const auto a = Decimal::parse(left.number_text());
  const auto b = Decimal::parse(right.number_text());
  return a && b && equivalent(*a, *b);
}

std::uint64_t Values::take_work() const {
  const std::uint64_t work = work_;
  work_ = 0;
  return work;
}

std::uint64_t Values::hash(const Item& item) const {
  Item value;
  const Conversion conversion = to_system(item, value);
  if (conversion == Conversion::kEmpty) return 1;
  if (conversion == Conversion::kObject) return mix(item.node().size() + 2);
  switch (value.tag()) {
    case Tag::kBoolean:
      return value.as_boolean() ? 3 : 4;
    case Tag::kString:
      return std::hash<std::string_view>{}(value.as_string());
    case Tag::kInteger:
    case Tag::kLong:
    case Tag::kDecimal:
      return hash_number(value.as_decimal());
    case Tag::kQuantity:
      return value.as_quantity().unit == "1" ? hash_number(value.as_quantity().value) : 5;
    default:
      return 6;  // equal dates may be written in different zones
  }
}

struct ItemSet::Table {
  std::unordered_multimap<std::uint64_t, std::uint32_t> positions;
};

ItemSet::ItemSet(const Values& values) : values_(values) {}
ItemSet::~ItemSet() = default;

void ItemSet::build() {
  table_ = std::make_unique<Table>();
  for (std::uint32_t i = 0; i < items_.size(); ++i) table_->positions.emplace(values_.hash(items_[i]), i);
}

bool ItemSet::contains(const Item& item) {
  if (!table_) {
    work_ += items_.size();
    return std::any_of(items_.begin(), items_.end(),
                       [&](const Item& known) { return values_.equal(item, known) == Truth::kTrue; });
  }
  const auto [begin, end] = table_->positions.equal_range(values_.hash(item));
  for (auto at = begin; at != end; ++at) {
    ++work_;
    if (values_.equal(item, items_[at->second]) == Truth::kTrue) return true;
  }
  return false;
}

bool ItemSet::insert(const Item& item) {
  if (contains(item)) return false;
  items_.push_back(item);
  if (table_) {
    table_->positions.emplace(values_.hash(item), static_cast<std::uint32_t>(items_.size() - 1));
  } else if (items_.size() > kLinear) {
    build();
  }
  return true;
}

std::uint64_t ItemSet::take_work() {
  const std::uint64_t work = work_;
  work_ = 0;
  return work + 1 + values_.take_work();
}

}  // namespace embergate::fhirpath
