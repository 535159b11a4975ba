// SPDX-License-Identifier: Apache-2.0
// The R4 type model as data: types, their bases, elements with cardinality and types. A second FHIR version is another
// table, not other code (decision 18). The table is generated (src/fhir/r4_model_data.inc) from the base
// StructureDefinitions of FHIR 4.0.1; scripts/generate-model makes it again. Thread: immutable, built once at first
// use; any thread. Ownership: process-wide. Failure: an unknown name gives kNoType or nullptr.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace embergate::fhir {

using TypeId = std::uint16_t;  // of a type or of a backbone element ("Patient.contact")
inline constexpr TypeId kNoType = 0xffff;

enum class TypeKind : std::uint8_t { kPrimitive, kComplex, kResource, kBackbone };
// What a FHIR primitive is to FHIRPath (System namespace).
enum class SystemType : std::uint8_t { kNone, kBoolean, kString, kInteger, kLong, kDecimal, kDate, kDateTime, kTime };

struct Element {
  std::string_view name;  // "value" for value[x]
  bool is_choice;
  bool is_list;                   // max > 1
  bool is_required;               // min >= 1
  std::span<const TypeId> types;  // one for most; several for a choice; a backbone's own id for a backbone element
};

class Model {
 public:
  static const Model& r4();

  [[nodiscard]] TypeId find_type(std::string_view name) const;  // "Patient", "boolean", "Patient.contact"
  [[nodiscard]] std::string_view name_of(TypeId type) const;
  [[nodiscard]] TypeKind kind_of(TypeId type) const;
  [[nodiscard]] bool is_abstract(TypeId type) const;
  [[nodiscard]] TypeId base_of(TypeId type) const;              // kNoType at the top
  [[nodiscard]] bool is_a(TypeId type, TypeId ancestor) const;  // itself included
  [[nodiscard]] SystemType system_type_of(TypeId type) const;
  [[nodiscard]] const Element* find_element(TypeId type, std::string_view name) const;  // own or inherited, by stem
  struct JsonElement {
    const Element* element = nullptr;  // nullptr: no such member
    TypeId type = kNoType;             // the type the JSON name decides ("valueQuantity" -> Quantity)
  };
  [[nodiscard]] JsonElement find_json_member(TypeId type, std::string_view json_name) const;
  [[nodiscard]] std::span<const Element* const> elements_of(TypeId type) const;  // inherited first, in model order
  [[nodiscard]] std::size_t type_count() const;

 private:
  Model();
  struct Impl;
  const Impl* impl_;
};

}  // namespace embergate::fhir
