// SPDX-License-Identifier: Apache-2.0
// A FHIR version's type model as data: types, their bases, elements with cardinality and types. R4 is compiled in
// (src/fhir/r4_model_data.inc); another version is another table, not other code (decision 18): config/models/*.tsv.
// scripts/generate-model makes all of them from the base StructureDefinitions. Thread: immutable; R4 is built once at
// first use; any thread. Ownership: R4 process-wide, others by shared_ptr; whatever was compiled against a model needs
// it alive. Failure: an unknown name gives kNoType or nullptr; a bad table kInvalid with its line.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "embergate/core/assert.hpp"
#include "embergate/core/result.hpp"

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
  static core::Result<std::shared_ptr<const Model>> load(const std::string& path);  // kNotFound: no such file
  static core::Result<std::shared_ptr<const Model>> parse(std::string_view table);
  ~Model();
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  [[nodiscard]] TypeId find_type(std::string_view name) const;  // "Patient", "boolean", "Patient.contact"
  [[nodiscard]] std::string_view name_of(TypeId type) const;
  [[nodiscard]] TypeKind kind_of(TypeId type) const {
    EG_ASSERT(type < facts_.size());
    return facts_[type].kind;
  }
  [[nodiscard]] bool is_abstract(TypeId type) const;
  [[nodiscard]] TypeId base_of(TypeId type) const;              // kNoType at the top
  [[nodiscard]] bool is_a(TypeId type, TypeId ancestor) const;  // itself included
  [[nodiscard]] SystemType system_type_of(TypeId type) const {
    return type < facts_.size() ? facts_[type].system : SystemType::kNone;
  }
  [[nodiscard]] const Element* find_element(TypeId type, std::string_view name) const;  // own or inherited, by stem
  struct JsonElement {
    const Element* element = nullptr;  // nullptr: no such member
    TypeId type = kNoType;             // the type the JSON name decides ("valueQuantity" -> Quantity)
  };
  [[nodiscard]] JsonElement find_json_member(TypeId type, std::string_view json_name) const;
  [[nodiscard]] std::span<const Element* const> elements_of(TypeId type) const;  // inherited first, in model order
  [[nodiscard]] std::size_t type_count() const;

 private:
  struct Impl;
  struct Facts {  // what evaluations ask for at each element, so it lies here and not behind impl_
    TypeKind kind;
    SystemType system;
  };
  explicit Model(std::unique_ptr<const Impl> impl);
  std::unique_ptr<const Impl> impl_;
  std::vector<Facts> facts_;
};

}  // namespace embergate::fhir
