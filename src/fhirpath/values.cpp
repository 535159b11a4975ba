// SPDX-License-Identifier: Apache-2.0
#include "fhirpath/values.hpp"

#include <algorithm>
#include <charconv>

namespace embergate::fhirpath {
namespace {

constexpr std::string_view kUcum = "http://unitsofmeasure.org";

std::optional<std::int64_t> read_integer(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Conversion set_integer(std::string_view text, Item& out) {
  const auto value = read_integer(text);
  if (!value) return Conversion::kEmpty;
  out = *value >= INT32_MIN && *value <= INT32_MAX ? Item::integer(*value) : Item::long_integer(*value);
  return Conversion::kValue;
}

Conversion set_decimal(std::string_view text, Item& out) {
  const auto value = Decimal::parse(text);
  if (!value) return Conversion::kEmpty;
  out = Item::decimal(*value);
  return Conversion::kValue;
}

Conversion set_temporal(TemporalKind kind, const std::optional<Temporal>& value, Item& out) {
  if (!value) return Conversion::kEmpty;
  out = Item::temporal(kind, *value);
  return Conversion::kValue;
}

Truth truth_of(bool value) { return value ? Truth::kTrue : Truth::kFalse; }

Truth truth_of(Order order) { return order == Order::kUnknown ? Truth::kEmpty : truth_of(order == Order::kEqual); }

bool dates(const Item& left, const Item& right) {
  return left.is_temporal() && right.is_temporal() && (left.tag() == Tag::kTime) == (right.tag() == Tag::kTime);
}

Compared compared(int sign) { return sign < 0 ? Compared::kLess : (sign > 0 ? Compared::kGreater : Compared::kEqual); }

}  // namespace

bool Values::is_quantity_type(fhir::TypeId type) const {
  if (type == fhir::kNoType) return false;
  // Quantity and the types that only narrow it: Age, Count, Distance, Duration.
  for (; type != fhir::kNoType; type = model_.base_of(type)) {
    if (model_.name_of(type) == "Quantity") return true;
  }
  return false;
}

bool Values::has_value(const Item& item) const {
  if (!item.is_element()) return false;
  if (item.type() != fhir::kNoType && model_.kind_of(item.type()) != fhir::TypeKind::kPrimitive) return false;
  const fhir::Node node = item.node();
  return node.is_string() || node.is_number() || node.is_bool();
}

std::string_view Values::text_of_huge(const Item& item) const {
  if (!item.is_element()) return {};
  const bool may_be_decimal =
      item.type() == fhir::kNoType || model_.system_type_of(item.type()) == fhir::SystemType::kDecimal;
  const std::string_view text = may_be_decimal ? item.node().number_text() : std::string_view();
  return text.empty() || Decimal::parse(text) ? std::string_view() : text;
}

// Other forms of one such number are not distinguished from other numbers.
bool Values::same_huge(const Item& left, const Item& right) const {
  const std::string_view text = text_of_huge(left);
  return !text.empty() && text == text_of_huge(right);
}

Conversion Values::to_system(const Item& item, Item& out) const {
  if (!item.is_element()) {
    out = item;
    return Conversion::kValue;
  }
  const fhir::TypeId type = item.type();
  if (type == fhir::kNoType) return untyped(item, out);
  const fhir::SystemType system = model_.system_type_of(type);
  if (system != fhir::SystemType::kNone) return primitive(item, system, out);
  if (is_quantity_type(type)) return fhir_quantity(item, out);
  if (model_.kind_of(type) == fhir::TypeKind::kPrimitive) return untyped(item, out);
  out = item;
  return Conversion::kObject;
}

Conversion Values::primitive(const Item& item, fhir::SystemType type, Item& out) const {
  const fhir::Node node = item.node();
  switch (type) {
    case fhir::SystemType::kBoolean:
      if (!node.is_bool()) return Conversion::kEmpty;
      out = Item::boolean(node.boolean());
      return Conversion::kValue;
    case fhir::SystemType::kInteger:
      return node.is_number() ? set_integer(node.number_text(), out) : Conversion::kEmpty;
    case fhir::SystemType::kLong: {
      const auto value = read_integer(node.is_string() ? node.string() : node.number_text());
      if (!value) return Conversion::kEmpty;
      out = Item::long_integer(*value);
      return Conversion::kValue;
    }
    case fhir::SystemType::kDecimal:
      return node.is_number() ? set_decimal(node.number_text(), out) : Conversion::kEmpty;
    default:
      break;
  }
  if (!node.is_string()) return Conversion::kEmpty;
  const std::string_view text = node.string();
  switch (type) {
    case fhir::SystemType::kDate:
      return set_temporal(TemporalKind::kDate, parse_date(text), out);
    case fhir::SystemType::kDateTime:
      return set_temporal(TemporalKind::kDateTime, parse_date_time(text), out);
    case fhir::SystemType::kTime:
      return set_temporal(TemporalKind::kTime, parse_time(text), out);
    default:
      out = Item::string(text);
      return Conversion::kValue;
  }
}

// An element that the model does not know: its JSON kind decides.
Conversion Values::untyped(const Item& item, Item& out) const {
  const fhir::Node node = item.node();
  switch (node.kind()) {
    case fhir::NodeKind::kTrue:
    case fhir::NodeKind::kFalse:
      out = Item::boolean(node.boolean());
      return Conversion::kValue;
    case fhir::NodeKind::kString:
      out = Item::string(node.string());
      return Conversion::kValue;
    case fhir::NodeKind::kNumber:
      if (set_integer(node.number_text(), out) == Conversion::kValue) return Conversion::kValue;
      return set_decimal(node.number_text(), out);
    case fhir::NodeKind::kObject:
      out = item;
      return Conversion::kObject;
    default:
      return Conversion::kEmpty;
  }
}

Conversion Values::fhir_quantity(const Item& item, Item& out) const {
  const fhir::Node node = item.node();
  const std::string_view code = node.member("code").string();
  const auto value = Decimal::parse(node.member("value").number_text());
  if (code.empty() || !value || node.member("system").string() != kUcum) {
    out = item;
    return Conversion::kObject;
  }
  out = Item::quantity(arena_.make(Quantity{*value, code, calendar_unit_of_ucum(code)}));
  return Conversion::kValue;
}

const Quantity* Values::quantity_of(const Item& item) const {
  if (item.tag() == Tag::kQuantity) return &item.as_quantity();
  if (item.is_number()) return arena_.make(Quantity{item.as_decimal(), "1", std::nullopt});
  return nullptr;
}

Truth Values::equal(const Item& left, const Item& right) const {
  if (const auto text = plain_text(left)) {
    if (const auto other = plain_text(right)) {
      work_.compare_text(std::min(text->size(), other->size()));
      return truth_of(same_text(*text, *other));
    }
  }
  Item a;
  Item b;
  const Conversion of_left = to_system(left, a);
  const Conversion of_right = to_system(right, b);
  if (of_left == Conversion::kValue && of_right == Conversion::kValue) return equal_values(a, b);
  if (of_left == Conversion::kObject && of_right == Conversion::kObject)
    return truth_of(same_content(left.node(), right.node(), work_));
  if (of_left == Conversion::kEmpty && of_right == Conversion::kEmpty && left.is_element() && right.is_element() &&
      !left.node() && !right.node()) {
    return truth_of(same_content(left.sibling_node(), right.sibling_node(), work_));
  }
  if (same_huge(left, right)) return Truth::kTrue;
  if (of_left == Conversion::kEmpty || of_right == Conversion::kEmpty) return Truth::kEmpty;
  // One is an object. A quantity without a UCUM code cannot be told equal or different from one with a unit.
  const Item& value = of_left == Conversion::kValue ? a : b;
  const Item& object = of_left == Conversion::kValue ? right : left;
  if (value.tag() == Tag::kQuantity && is_quantity_type(object.type())) return Truth::kEmpty;
  return Truth::kFalse;
}

Truth Values::equal_values(const Item& left, const Item& right) const {
  if (left.tag() == Tag::kString && right.tag() == Tag::kString) return truth_of(left.as_string() == right.as_string());
  if (left.is_number() && right.is_number()) {
    if (left.tag() != Tag::kDecimal && right.tag() != Tag::kDecimal)
      return truth_of(left.as_integer() == right.as_integer());
    return truth_of(fhirpath::compare(left.as_decimal(), right.as_decimal()) == 0);
  }
  if (dates(left, right))
    return truth_of(
        fhirpath::compare(left.as_temporal(), right.as_temporal(), left.temporal_kind(), right.temporal_kind()));
  if (left.tag() == Tag::kQuantity || right.tag() == Tag::kQuantity) {
    const Quantity* a = quantity_of(left);
    const Quantity* b = quantity_of(right);
    if (!a || !b) return Truth::kFalse;
    const auto sign = fhirpath::compare(*a, *b);
    return sign ? truth_of(*sign == 0) : Truth::kEmpty;
  }
  if (left.tag() != right.tag()) return Truth::kFalse;
  return truth_of(left.as_integer() == right.as_integer() && left.type() == right.type());  // Boolean, TypeInfo
}

Truth Values::equal(Items left, Items right) const {
  if (left.empty() || right.empty()) return Truth::kEmpty;
  if (left.size != right.size) return Truth::kFalse;
  Truth result = Truth::kTrue;
  for (std::uint32_t i = 0; i < left.size; ++i) {
    const Truth here = equal(left[i], right[i]);
    if (here == Truth::kFalse) return Truth::kFalse;
    if (here == Truth::kEmpty) result = Truth::kEmpty;
  }
  return result;
}

bool Values::equivalent(const Item& left, const Item& right) const {
  Item a;
  Item b;
  const Conversion of_left = to_system(left, a);
  const Conversion of_right = to_system(right, b);
  if (of_left == Conversion::kEmpty && of_right == Conversion::kEmpty)
    return same_huge(left, right) || (text_of_huge(left).empty() && text_of_huge(right).empty());
  if (of_left != of_right) return false;
  return of_left == Conversion::kValue ? equivalent_values(a, b) : equivalent_objects(left, right);
}

bool Values::equivalent_values(const Item& left, const Item& right) const {
  if (left.tag() == Tag::kString && right.tag() == Tag::kString) {
    work_.compare_text(left.as_string().size() + right.as_string().size());
    return equivalent_text(left.as_string(), right.as_string());
  }
  if (left.is_number() && right.is_number()) return fhirpath::equivalent(left.as_decimal(), right.as_decimal());
  if (left.tag() == Tag::kQuantity || right.tag() == Tag::kQuantity) {
    const Quantity* a = quantity_of(left);
    const Quantity* b = quantity_of(right);
    return a && b && fhirpath::equivalent(*a, *b);
  }
  return equal_values(left, right) == Truth::kTrue;
}

bool Values::equivalent_objects(const Item& left, const Item& right) const {
  if (left.type() == right.type() && left.type() != fhir::kNoType) {
    const std::string_view name = model_.name_of(left.type());
    const auto same_coding = [](fhir::Node a, fhir::Node b) {
      return a.member("system").string() == b.member("system").string() &&
             a.member("code").string() == b.member("code").string();
    };
    if (name == "Coding") return same_coding(left.node(), right.node());
    const fhir::Node a = left.node().member("coding");
    const fhir::Node b = right.node().member("coding");
    if (name == "CodeableConcept" && a && b) {
      for (fhir::Node x = a.first_child(); x; x = x.next_sibling(a)) {
        for (fhir::Node y = b.first_child(); y; y = y.next_sibling(b)) {
          if (same_coding(x, y)) return true;
        }
      }
      return false;
    }
  }
  return alike_content(left.node(), right.node(), work_);
}

bool Values::equivalent(Items left, Items right) const {
  if (left.size != right.size) return false;
  if (left.size == 1) return equivalent(left[0], right[0]);
  bool* const used = static_cast<bool*>(arena_.allocate(right.size));
  std::fill_n(used, right.size, false);
  for (const Item& item : left) {
    bool found = false;
    for (std::uint32_t i = 0; i < right.size && !found; ++i) {
      if (used[i] || !equivalent(item, right[i])) continue;
      used[i] = true;
      found = true;
    }
    if (!found) return false;
  }
  return true;
}

Compared Values::order(const Item& left, const Item& right) const {
  Item a;
  Item b;
  const Conversion of_left = to_system(left, a);
  const Conversion of_right = to_system(right, b);
  if (of_left == Conversion::kEmpty || of_right == Conversion::kEmpty) return Compared::kEmpty;
  const auto quantity_like = [this](Conversion conversion, const Item& item) {
    return item.tag() == Tag::kQuantity || (conversion == Conversion::kObject && is_quantity_type(item.type()));
  };
  if (of_left == Conversion::kObject || of_right == Conversion::kObject) {
    const bool fits = (quantity_like(of_left, a) || a.is_number()) && (quantity_like(of_right, b) || b.is_number());
    return fits ? Compared::kEmpty : Compared::kError;
  }
  if (a.is_number() && b.is_number()) {
    if (a.tag() != Tag::kDecimal && b.tag() != Tag::kDecimal)
      return compared(a.as_integer() < b.as_integer() ? -1 : a.as_integer() > b.as_integer());
    return compared(fhirpath::compare(a.as_decimal(), b.as_decimal()));
  }
  if (a.tag() == Tag::kString && b.tag() == Tag::kString) {
    work_.compare_text(std::min(a.as_string().size(), b.as_string().size()));
    return compared(a.as_string().compare(b.as_string()));
  }
  if (dates(a, b)) {
    switch (fhirpath::compare(a.as_temporal(), b.as_temporal(), a.temporal_kind(), b.temporal_kind())) {
      case Order::kLess:
        return Compared::kLess;
      case Order::kGreater:
        return Compared::kGreater;
      case Order::kEqual:
        return Compared::kEqual;
      case Order::kUnknown:
        return Compared::kEmpty;
    }
  }
  if (a.tag() == Tag::kQuantity || b.tag() == Tag::kQuantity) {
    const Quantity* x = quantity_of(a);
    const Quantity* y = quantity_of(b);
    if (!x || !y) return Compared::kError;
    const auto sign = fhirpath::compare(*x, *y);
    return sign ? compared(*sign) : Compared::kEmpty;
  }
  return Compared::kError;
}

std::optional<std::string> Values::text_of(const Item& item) const {
  Item value;
  if (to_system(item, value) != Conversion::kValue) return std::nullopt;
  switch (value.tag()) {
    case Tag::kBoolean:
      return value.as_boolean() ? "true" : "false";
    case Tag::kString:
      return std::string(value.as_string());
    case Tag::kInteger:
    case Tag::kLong:
      return std::to_string(value.as_integer());
    case Tag::kDecimal:
      return value.as_decimal().to_string();
    case Tag::kDate:
    case Tag::kDateTime:
    case Tag::kTime:
      return to_string(value.as_temporal(), value.temporal_kind());
    case Tag::kQuantity:
      return to_string(value.as_quantity());
    default:
      return std::nullopt;
  }
}

}  // namespace embergate::fhirpath
