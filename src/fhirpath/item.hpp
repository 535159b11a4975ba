// SPDX-License-Identifier: Apache-2.0
// One item of a collection, 24 bytes by value: a FHIR element (a place in a resource with its type) or a System value.
// Thread: plain values. Ownership: texts, quantities and resources are borrowed from the resource, the expression or
// the evaluation's arena.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "embergate/fhir/model.hpp"
#include "embergate/fhir/resource.hpp"
#include "fhirpath/decimal.hpp"
#include "fhirpath/temporal.hpp"
#include "fhirpath/units.hpp"

namespace embergate::fhirpath {

enum class Tag : std::uint8_t {
  kElement,
  kBoolean,
  kString,
  kInteger,
  kLong,
  kDecimal,
  kDate,
  kDateTime,
  kTime,
  kQuantity,
  kTypeInfo
};
inline constexpr std::uint32_t kNoIndex = 0xffff'ffff;

std::string_view system_name(Tag tag);  // "Boolean"; empty for elements

class Item {
 public:
  Item() = default;

  static Item element(const fhir::Resource* owner, std::uint32_t index, std::uint32_t sibling, fhir::TypeId type) {
    Item item;
    item.type_ = type;
    item.element_ = {owner, index, sibling};
    return item;
  }
  static Item boolean(bool value) { return number(Tag::kBoolean, value ? 1 : 0); }
  static Item integer(std::int64_t value) { return number(Tag::kInteger, value); }
  static Item long_integer(std::int64_t value) { return number(Tag::kLong, value); }
  static Item string(std::string_view value) {
    Item item;
    item.tag_ = Tag::kString;
    item.text_ = {value.data(), value.size()};
    return item;
  }
  static Item decimal(const Decimal& value) {
    Item item;
    item.tag_ = Tag::kDecimal;
    item.scale_ = static_cast<std::uint8_t>(value.scale);
    std::memcpy(item.bytes_, &value.mantissa, sizeof value.mantissa);
    return item;
  }
  static Item temporal(TemporalKind kind, const Temporal& value) {
    Item item;
    item.tag_ =
        kind == TemporalKind::kDate ? Tag::kDate : (kind == TemporalKind::kDateTime ? Tag::kDateTime : Tag::kTime);
    std::memcpy(item.bytes_, &value, sizeof value);
    return item;
  }
  static Item quantity(const Quantity* value) {
    Item item;
    item.tag_ = Tag::kQuantity;
    item.quantity_ = value;
    return item;
  }
  // Of a System value (`system` set) or of an element of `type`.
  static Item type_info(Tag system, fhir::TypeId type) {
    Item item = number(Tag::kTypeInfo, static_cast<std::int64_t>(system));
    item.type_ = type;
    return item;
  }

  [[nodiscard]] Tag tag() const { return tag_; }
  [[nodiscard]] bool is_element() const { return tag_ == Tag::kElement; }
  [[nodiscard]] bool is_temporal() const { return tag_ == Tag::kDate || tag_ == Tag::kDateTime || tag_ == Tag::kTime; }
  [[nodiscard]] bool is_number() const { return tag_ == Tag::kInteger || tag_ == Tag::kLong || tag_ == Tag::kDecimal; }
  [[nodiscard]] fhir::TypeId type() const { return type_; }  // of elements and type infos
  [[nodiscard]] const fhir::Resource* owner() const { return element_.owner; }
  [[nodiscard]] std::uint32_t index() const {
    return element_.index;
  }  // kNoIndex: a primitive that has only extensions
  [[nodiscard]] std::uint32_t sibling() const { return element_.sibling; }  // of the `_name` object; kNoIndex: none
  [[nodiscard]] fhir::Node node() const {
    return element_.index == kNoIndex ? fhir::Node() : fhir::Node(element_.owner, element_.index);
  }
  [[nodiscard]] fhir::Node sibling_node() const {
    return element_.sibling == kNoIndex ? fhir::Node() : fhir::Node(element_.owner, element_.sibling);
  }
  [[nodiscard]] bool as_boolean() const { return integer_ != 0; }
  [[nodiscard]] std::int64_t as_integer() const { return integer_; }
  [[nodiscard]] std::string_view as_string() const { return {text_.data, text_.size}; }
  [[nodiscard]] const Quantity& as_quantity() const { return *quantity_; }
  [[nodiscard]] Tag type_info_tag() const { return static_cast<Tag>(integer_); }
  [[nodiscard]] Decimal as_decimal() const {  // of any number
    if (tag_ != Tag::kDecimal) return Decimal::from_integer(integer_);
    Decimal value;
    std::memcpy(&value.mantissa, bytes_, sizeof value.mantissa);
    value.scale = scale_;
    return value;
  }
  [[nodiscard]] Temporal as_temporal() const {
    Temporal value;
    std::memcpy(&value, bytes_, sizeof value);
    return value;
  }
  [[nodiscard]] TemporalKind temporal_kind() const {
    return tag_ == Tag::kDate ? TemporalKind::kDate
                              : (tag_ == Tag::kDateTime ? TemporalKind::kDateTime : TemporalKind::kTime);
  }

 private:
  static Item number(Tag tag, std::int64_t value) {
    Item item;
    item.tag_ = tag;
    item.integer_ = value;
    return item;
  }
  struct Place {
    const fhir::Resource* owner;
    std::uint32_t index;
    std::uint32_t sibling;
  };
  struct Text {
    const char* data;
    std::size_t size;
  };

  Tag tag_ = Tag::kElement;
  std::uint8_t scale_ = 0;
  fhir::TypeId type_ = fhir::kNoType;
  union {
    Place element_{nullptr, kNoIndex, kNoIndex};
    Text text_;
    std::int64_t integer_;
    const Quantity* quantity_;
    unsigned char bytes_[16];
  };
};
static_assert(sizeof(Item) == 24);
static_assert(sizeof(Temporal) == 16);

}  // namespace embergate::fhirpath
