// SPDX-License-Identifier: Apache-2.0
// What items mean as values: conversion of FHIR elements to System values, equality, equivalence, order.
// Thread: one evaluation. Ownership: quantities made from elements live in the arena. Failure: three-valued answers;
// order says kError for types that cannot be ordered.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "embergate/fhirpath/expression.hpp"
#include "fhirpath/arena.hpp"
#include "fhirpath/item.hpp"

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
  [[nodiscard]] std::uint64_t hash(const Item& item) const;  // equal items have equal hashes
  // Text of a System value as toString() gives it; nullopt for objects.
  [[nodiscard]] std::optional<std::string> text_of(const Item& item) const;
  // The quantity an item is or converts to: quantities, numbers (unit 1).
  [[nodiscard]] const Quantity* quantity_of(const Item& item) const;
  [[nodiscard]] bool is_quantity_type(fhir::TypeId type) const;

  // Nodes compared inside elements since the last call: the caller charges them as steps. Beyond kMaxContentWork
  // elements count as different, and the charge ends the evaluation.
  [[nodiscard]] std::uint64_t take_work() const;

  [[nodiscard]] const fhir::Model& model() const { return model_; }
  [[nodiscard]] Arena& arena() const { return arena_; }

 private:
  Conversion primitive(const Item& item, fhir::SystemType type, Item& out) const;
  Conversion untyped(const Item& item, Item& out) const;
  Conversion fhir_quantity(const Item& item, Item& out) const;
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

// A set of items under `=`: linear while small, hashed beyond sixteen. Lives in the arena.
class ItemSet {
 public:
  explicit ItemSet(const Values& values) : values_(values), items_(values.arena()) {}
  bool insert(const Item& item);  // false: was there
  [[nodiscard]] bool contains(const Item& item);
  [[nodiscard]] std::uint64_t take_work();  // comparisons made since the last call

 private:
  struct Slot {
    std::uint64_t hash;
    std::uint32_t position;  // in items_, plus one; 0: free
  };
  bool finds_in_line(const Item& item);
  bool finds(const Item& item, std::uint64_t hash);
  void rebuild(std::uint32_t slots);
  void place(std::uint64_t hash, std::uint32_t position);

  const Values& values_;
  Collection items_;
  Slot* slots_ = nullptr;
  std::uint32_t mask_ = 0;
  std::uint64_t work_ = 0;
};

}  // namespace embergate::fhirpath
