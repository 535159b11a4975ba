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

// Nodes compared inside elements, and texts by their length. Beyond `most` elements count as different.
struct ContentWork {
  std::uint64_t most = 0;
  std::uint64_t done = 0;
  void compare_text(std::size_t bytes) { done += bytes / 64; }
};

class Values {
 public:
  // `most_work` must be more than the evaluation has steps.
  Values(const fhir::Model& model, Arena& arena, std::uint64_t most_work)
      : model_(model), arena_(arena), work_{most_work, 0} {}

  Conversion to_system(const Item& item, Item& out) const;
  [[nodiscard]] Truth equal(const Item& left, const Item& right) const;  // kTrue, kFalse, kEmpty
  [[nodiscard]] Truth equal(Items left, Items right) const;
  [[nodiscard]] bool equivalent(const Item& left, const Item& right) const;
  [[nodiscard]] bool equivalent(Items left, Items right) const;
  [[nodiscard]] Compared order(const Item& left, const Item& right) const;
  [[nodiscard]] std::uint64_t hash(const Item& item) const {  // equal items have equal hashes
    const auto text = plain_text(item);
    if (!text) return hash_value(item);
    work_.compare_text(text->size());
    return hash_text(*text);
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
  // Is it a FHIR primitive with a value? That the value is well formed, or fits into a System value, is not asked.
  [[nodiscard]] bool has_value(const Item& item) const;
  // The text of a decimal that to_system() finds too large, as written; empty for all else.
  [[nodiscard]] std::string_view text_of_huge(const Item& item) const;

  // What was compared since the last call: the caller charges it as steps. Work beyond its bound makes elements look
  // different, and the charge then ends the evaluation.
  [[nodiscard]] std::uint64_t take_work() const { return std::exchange(work_.done, 0); }

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
  [[nodiscard]] bool same_huge(const Item& left, const Item& right) const;

  const fhir::Model& model_;
  Arena& arena_;
  mutable ContentWork work_;
};

// JSON content compared as elements are: members by name, lists in order, numbers by value.
bool same_content(fhir::Node left, fhir::Node right, ContentWork& work);
// The same for `~`: text without case, lists in any order, `id` left out.
bool alike_content(fhir::Node left, fhir::Node right, ContentWork& work);
bool equivalent_text(std::string_view left, std::string_view right);

}  // namespace embergate::fhirpath
