// SPDX-License-Identifier: Apache-2.0
// What items mean as values: conversion of FHIR elements to System values, equality, equivalence, order.
// Thread: one evaluation. Ownership: quantities made from elements live in the arena. Failure: three-valued answers;
// order says kError for types that cannot be ordered.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "embergate/fhirpath/expression.hpp"
#include "fhirpath/arena.hpp"
#include "fhirpath/item.hpp"
#include "fhirpath/text_bytes.hpp"

namespace embergate::fhirpath {

enum class Conversion : std::uint8_t {
  kValue,   // a System value
  kEmpty,   // a primitive without a value, or one that is not well formed
  kObject,  // an element with children: stays what it is
};
enum class Compared : std::uint8_t { kLess, kEqual, kGreater, kEmpty, kError };

class Values {
 public:
  Values(const fhir::Model& model, Arena& arena) : model_(model), arena_(arena) {}

  Conversion to_system(const Item& item, Item& out) const;
  [[nodiscard]] Truth equal(const Item& left, const Item& right) const;  // kTrue, kFalse, kEmpty
  [[nodiscard]] Truth equal(Items left, Items right) const;
  [[nodiscard]] bool equivalent(const Item& left, const Item& right) const;
  [[nodiscard]] bool equivalent(Items left, Items right) const;
  [[nodiscard]] Compared order(const Item& left, const Item& right) const;
  [[nodiscard]] std::uint64_t hash(const Item& item) const {  // equal items have equal hashes
    const auto text = plain_text(item);
    return text ? hash_text(*text) : hash_value(item);
  }
  // Of a string that needs no conversion, in the tree or a System value.
  [[nodiscard]] std::optional<std::string_view> plain_text(const Item& item) const {
    if (item.tag() == Tag::kString) return item.as_string();
    if (!item.is_element() || model_.system_type_of(item.type()) != fhir::SystemType::kString) return std::nullopt;
    const fhir::Node node = item.node();
    return node.is_string() ? std::optional(node.string()) : std::nullopt;
  }
  // Text of a System value as toString() gives it; nullopt for objects.
  [[nodiscard]] std::optional<std::string> text_of(const Item& item) const;
  // The quantity an item is or converts to: quantities, numbers (unit 1).
  [[nodiscard]] const Quantity* quantity_of(const Item& item) const;
  [[nodiscard]] bool is_quantity_type(fhir::TypeId type) const;

  // Nodes compared inside elements since the last call: the caller charges them as steps. Beyond kMaxContentWork
  // elements count as different, and the charge ends the evaluation.
  [[nodiscard]] std::uint64_t take_work() const { return std::exchange(work_, 0); }

  [[nodiscard]] const fhir::Model& model() const { return model_; }
  [[nodiscard]] Arena& arena() const { return arena_; }

 private:
  Conversion primitive(const Item& item, fhir::SystemType type, Item& out) const;
  Conversion untyped(const Item& item, Item& out) const;
  Conversion fhir_quantity(const Item& item, Item& out) const;
  [[nodiscard]] std::uint64_t hash_value(const Item& item) const;
  [[nodiscard]] Truth equal_values(const Item& left, const Item& right) const;
  [[nodiscard]] bool equivalent_values(const Item& left, const Item& right) const;
  [[nodiscard]] bool equivalent_objects(const Item& left, const Item& right) const;

  const fhir::Model& model_;
  Arena& arena_;
  mutable std::uint64_t work_ = 0;
};

inline constexpr std::uint64_t kMaxContentWork = 2'000'000;

// `work` counts the nodes compared.
// JSON content compared as elements are: members by name, lists in order, numbers by value.
bool same_content(fhir::Node left, fhir::Node right, std::uint64_t& work);
// The same for `~`: text without case, lists in any order, `id` left out.
bool alike_content(fhir::Node left, fhir::Node right, std::uint64_t& work);
bool equivalent_text(std::string_view left, std::string_view right);

}  // namespace embergate::fhirpath
