// SPDX-License-Identifier: Apache-2.0
// The rows a Model is made of, compiled in for R4 or read from a table file for another version.
// Thread: plain data. Ownership: ModelTables owns its rows and text; ModelRows borrows them. Failure: read_tables()
// gives kInvalid with the line that is wrong.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "embergate/core/result.hpp"
#include "embergate/fhir/model.hpp"

namespace embergate::fhir {

struct TypeRow {
  std::uint32_t name;  // offset in the text
  TypeId base;
  std::uint16_t first_element;
  std::uint16_t element_count;
  std::uint8_t name_length;
  TypeKind kind;
  SystemType system;
  bool is_abstract;
};

struct ElementRow {
  std::uint16_t name;
  std::uint16_t type_list;
  std::uint8_t name_length;
  std::uint8_t type_count;
  std::uint8_t flags;
};
inline constexpr std::uint8_t kIsChoice = 1;
inline constexpr std::uint8_t kIsList = 2;
inline constexpr std::uint8_t kIsRequired = 4;

struct ModelRows {
  const char* text;
  std::span<const TypeRow> types;
  std::span<const ElementRow> elements;
  std::span<const TypeId> type_lists;
};

struct ModelTables {
  std::string text;
  std::vector<TypeRow> types;
  std::vector<ElementRow> elements;
  std::vector<TypeId> type_lists;
  [[nodiscard]] ModelRows rows() const { return {text.data(), types, elements, type_lists}; }
};

// The format is told at the top of r4_model.tsv.
core::Result<ModelTables> read_tables(std::string_view table);

}  // namespace embergate::fhir
