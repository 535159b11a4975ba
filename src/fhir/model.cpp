// SPDX-License-Identifier: Apache-2.0
#include "embergate/fhir/model.hpp"

#include <bit>
#include <deque>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "embergate/core/assert.hpp"
#include "fhir/model_tables.hpp"

namespace embergate::fhir {
namespace {

#include "fhir/r4_model_data.inc"

constexpr ModelRows kR4{static_cast<const char*>(kText), kTypes, kElements, kTypeLists};

std::uint32_t hash_of(std::string_view name) {
  std::uint32_t hash = 2166136261U;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  return hash ^ (hash >> 15U);
}

// A member name that a type knows. The stem of a choice is for find_element only.
struct Member {
  std::string_view name;
  const Element* element;
  TypeId type;
  bool is_stem;
};

constexpr std::size_t kNotFound = static_cast<std::size_t>(-1);

// Names to numbers below 65535: open addressing, at most half full; a slot holds a number plus one, 0 is free.
class NameTable {
 public:
  explicit NameTable(std::size_t count) : mask_(std::bit_ceil(count * 2 + 1) - 1), slots_(mask_ + 1) {}
  void insert(std::string_view name, std::size_t number) {
    EG_ASSERT(number < 0xffff);
    std::size_t slot = hash_of(name);
    while (slots_[slot & mask_] != 0) ++slot;
    slots_[slot & mask_] = static_cast<std::uint16_t>(number + 1);
  }
  // The first number under this hash for which `matches` is true.
  template <class Matches>
  std::size_t find(std::string_view name, const Matches& matches) const {
    for (std::size_t slot = hash_of(name);; ++slot) {
      const std::size_t entry = slots_[slot & mask_];
      if (entry == 0) return kNotFound;
      if (matches(entry - 1)) return entry - 1;
    }
  }

 private:
  std::size_t mask_;
  std::vector<std::uint16_t> slots_;
};

struct TypeMembers {
  std::vector<const Element*> elements;  // inherited first
  std::vector<Member> members;
  NameTable table{0};
};

std::string json_name(std::string_view stem, std::string_view type) {
  std::string name(stem);
  const std::size_t capital = name.size();
  name += type;
  if (name[capital] >= 'a' && name[capital] <= 'z') name[capital] = static_cast<char>(name[capital] - 'a' + 'A');
  return name;
}

}  // namespace

struct Model::Impl {
  ModelTables own;  // of a loaded model; empty for the built-in one
  ModelRows rows;
  std::vector<Element> elements;         // in the order of rows.elements
  std::deque<std::string> choice_names;  // "valueQuantity"; members look into it
  std::vector<TypeMembers> types;
  NameTable type_table;

  explicit Impl(const ModelRows& built_in) : rows(built_in), type_table(rows.types.size()) { build(); }
  explicit Impl(ModelTables&& tables) : own(std::move(tables)), rows(own.rows()), type_table(rows.types.size()) {
    build();
  }
  void build();
  TypeMembers make_members(TypeId type);
  [[nodiscard]] std::vector<TypeId> chain_of(TypeId type) const;
  [[nodiscard]] std::string_view name_of(TypeId type) const {
    const TypeRow& row = rows.types[type];
    return {rows.text + row.name, row.name_length};
  }
};

void Model::Impl::build() {
  elements.reserve(rows.elements.size());
  for (const ElementRow& row : rows.elements) {
    elements.push_back({{rows.text + row.name, row.name_length},
                        (row.flags & kIsChoice) != 0,
                        (row.flags & kIsList) != 0,
                        (row.flags & kIsRequired) != 0,
                        rows.type_lists.subspan(row.type_list, row.type_count)});
  }
  types.reserve(rows.types.size());
  for (std::size_t i = 0; i < rows.types.size(); ++i) {
    type_table.insert(name_of(static_cast<TypeId>(i)), i);
    types.push_back(make_members(static_cast<TypeId>(i)));
  }
}

// The types above `type`, the topmost first, and itself.
std::vector<TypeId> Model::Impl::chain_of(TypeId type) const {
  std::vector<TypeId> chain;
  for (; type != kNoType; type = rows.types[type].base) chain.insert(chain.begin(), type);
  return chain;
}

TypeMembers Model::Impl::make_members(TypeId type) {
  TypeMembers result;
  for (const TypeId ancestor : chain_of(type)) {
    const TypeRow& row = rows.types[ancestor];
    for (std::size_t i = row.first_element; i < row.first_element + std::size_t{row.element_count}; ++i) {
      const Element& element = elements[i];
      result.elements.push_back(&element);
      result.members.push_back({element.name, &element, element.types.front(), element.is_choice});
      if (!element.is_choice) continue;
      for (const TypeId choice : element.types) {
        choice_names.push_back(json_name(element.name, name_of(choice)));
        result.members.push_back({choice_names.back(), &element, choice, false});
      }
    }
  }
  result.table = NameTable(result.members.size());
  for (std::size_t i = 0; i < result.members.size(); ++i) result.table.insert(result.members[i].name, i);
  return result;
}

Model::Model(std::unique_ptr<const Impl> impl) : impl_(std::move(impl)) {
  facts_.reserve(impl_->rows.types.size());
  for (const TypeRow& row : impl_->rows.types) facts_.push_back({row.kind, row.system});
}
Model::~Model() = default;

const Model& Model::r4() {
  static const Model model(std::make_unique<const Impl>(kR4));
  return model;
}

core::Result<std::shared_ptr<const Model>> Model::parse(std::string_view table) {
  auto tables = read_tables(table);
  if (!tables) return tables.error();
  return std::shared_ptr<const Model>(new Model(std::make_unique<const Impl>(std::move(*tables))));
}

TypeId Model::find_type(std::string_view name) const {
  const std::size_t found =
      impl_->type_table.find(name, [&](std::size_t i) { return impl_->name_of(static_cast<TypeId>(i)) == name; });
  return found == kNotFound ? kNoType : static_cast<TypeId>(found);
}

std::string_view Model::name_of(TypeId type) const {
  return type < type_count() ? impl_->name_of(type) : std::string_view();
}

bool Model::is_abstract(TypeId type) const { return type < type_count() && impl_->rows.types[type].is_abstract; }

TypeId Model::base_of(TypeId type) const { return type < type_count() ? impl_->rows.types[type].base : kNoType; }

bool Model::is_a(TypeId type, TypeId ancestor) const {
  if (ancestor == kNoType) return false;
  while (type != kNoType && type != ancestor) type = impl_->rows.types[type].base;
  return type == ancestor;
}

const Element* Model::find_element(TypeId type, std::string_view name) const {
  if (type >= type_count()) return nullptr;
  const TypeMembers& known = impl_->types[type];
  const std::size_t found = known.table.find(name, [&](std::size_t i) {
    const Member& member = known.members[i];
    return member.name == name && member.element->is_choice == member.is_stem;
  });
  return found == kNotFound ? nullptr : known.members[found].element;
}

Model::JsonElement Model::find_json_member(TypeId type, std::string_view json_name) const {
  if (type >= type_count()) return {};
  const TypeMembers& known = impl_->types[type];
  const std::size_t found = known.table.find(
      json_name, [&](std::size_t i) { return !known.members[i].is_stem && known.members[i].name == json_name; });
  if (found == kNotFound) return {};
  return {known.members[found].element, known.members[found].type};
}

std::span<const Element* const> Model::elements_of(TypeId type) const {
  if (type >= type_count()) return {};
  return impl_->types[type].elements;
}

std::size_t Model::type_count() const { return impl_->rows.types.size(); }

}  // namespace embergate::fhir
