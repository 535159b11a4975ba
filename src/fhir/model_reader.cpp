// SPDX-License-Identifier: Apache-2.0
// Reads a model table at run time, as scripts/generate-model does for the built-in one.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <limits>
#include <map>
#include <optional>
#include <sstream>
#include <unordered_map>

#include "fhir/model_tables.hpp"

namespace embergate::fhir {
namespace {

constexpr std::size_t kMaxTableBytes = 4U << 20U;

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::optional<SystemType> system_type(std::string_view name) {
  static constexpr std::array<std::string_view, 9> kNames = {"-",       "Boolean", "String",   "Integer", "Long",
                                                             "Decimal", "Date",    "DateTime", "Time"};
  const auto* const found = std::find(kNames.begin(), kNames.end(), name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<SystemType>(found - kNames.begin());
}

std::optional<TypeKind> type_kind(std::string_view letter) {
  if (letter == "P") return TypeKind::kPrimitive;
  if (letter == "C") return TypeKind::kComplex;
  if (letter == "R") return TypeKind::kResource;
  return std::nullopt;
}

class TableReader {
 public:
  core::Result<ModelTables> read(std::string_view table) {
    std::size_t number = 0;
    for (std::string_view line : split(table, '\n')) {
      ++number;
      if (line.ends_with('\r')) line.remove_suffix(1);
      if (line.empty() || line.front() == '#') continue;
      if (const std::string fault = take(line); !fault.empty()) return error(number, fault);
    }
    if (types_.empty()) return error(number, "no types");
    if (std::string fault = build(); !fault.empty()) return error(number, fault);
    return std::move(tables_);
  }

 private:
  struct Type {
    std::string_view name;
    std::string_view base;
    TypeKind kind;
    SystemType system;
    bool is_abstract;
  };
  struct Row {
    std::string_view name;
    std::string_view least;
    std::string_view most;
    std::string_view types;
  };

  static core::Error error(std::size_t line, std::string_view fault) {
    return core::make_error(core::ErrorCode::kInvalid, fmt::format("model table, line {}: {}", line, fault));
  }

  std::string take(std::string_view line) {
    const auto fields = split(line, '\t');
    if (fields.front() == "T" && fields.size() == 6) return take_type(fields);
    if (fields.front() == "E" && fields.size() == 5) return take_element(fields);
    return "expected T with 5 fields or E with 4";
  }

  std::string take_type(const std::vector<std::string_view>& fields) {
    const auto kind = type_kind(fields[2]);
    const auto system = system_type(fields[5]);
    if (!kind || !system || fields[1].empty()) return "the kind or the System type is not known";
    return add_type({fields[1], fields[4], *kind, *system, fields[3] == "1"});
  }

  std::string add_type(const Type& type) {
    if (types_.size() >= kNoType - 1U || type.name.size() > std::numeric_limits<std::uint8_t>::max())
      return "too many types, or a name that is too long";
    if (!ids_.emplace(type.name, static_cast<TypeId>(types_.size())).second)
      return fmt::format("{} is there twice", type.name);
    types_.push_back(type);
    return {};
  }

  std::string take_element(const std::vector<std::string_view>& fields) {
    const std::size_t dot = fields[1].rfind('.');
    if (dot == std::string_view::npos || dot + 1 == fields[1].size()) return "an element needs a path with a dot";
    const std::string_view owner = fields[1].substr(0, dot);
    const Row row{fields[1].substr(dot + 1), fields[2], fields[3], fields[4]};
    if (!ids_.contains(owner)) {
      if (std::string fault = add_backbone(owner); !fault.empty()) return fault;
    }
    elements_[owner].push_back(row);
    return {};
  }

  // The owner of an element that is no type of its own: "Patient.contact".
  std::string add_backbone(std::string_view path) {
    const std::size_t dot = path.rfind('.');
    if (dot == std::string_view::npos) return fmt::format("{} is not known", path);
    const auto parent = elements_.find(path.substr(0, dot));
    if (parent == elements_.end()) return fmt::format("{} is not known", path);
    for (const Row& row : parent->second) {
      if (row.name == path.substr(dot + 1))
        return add_type({path, row.types, TypeKind::kBackbone, SystemType::kNone, false});
    }
    return fmt::format("{} is not known", path);
  }

  std::string build() {
    // Element names first: their offsets have 16 bits.
    for (const auto& [owner, rows] : elements_) {
      for (const Row& row : rows) text_of(row.name.substr(0, row.name.find('[')));
    }
    if (tables_.text.size() > std::numeric_limits<std::uint16_t>::max()) return "too many element names";
    for (const Type& type : types_) {
      if (std::string fault = build_type(type); !fault.empty()) return fault;
    }
    return check_bases();
  }

  std::string build_type(const Type& type) {
    const std::size_t first = tables_.elements.size();
    const auto rows = elements_.find(type.name);
    if (rows != elements_.end()) {
      for (const Row& row : rows->second) {
        if (std::string fault = build_element(type, row); !fault.empty()) return fault;
      }
    }
    if (tables_.elements.size() > std::numeric_limits<std::uint16_t>::max()) return "too many elements";
    TypeId base = kNoType;
    if (type.base != "-") {
      const auto found = ids_.find(type.base);
      if (found == ids_.end()) return fmt::format("the base {} of {} is not known", type.base, type.name);
      base = found->second;
    }
    tables_.types.push_back({text_of(type.name), base, static_cast<std::uint16_t>(first),
                             static_cast<std::uint16_t>(tables_.elements.size() - first),
                             static_cast<std::uint8_t>(type.name.size()), type.kind, type.system, type.is_abstract});
    return {};
  }

  std::string build_element(const Type& owner, const Row& row) {
    const bool is_choice = row.name.ends_with("[x]");
    const std::string_view stem = row.name.substr(0, row.name.size() - (is_choice ? 3 : 0));
    std::vector<TypeId> types;
    for (const std::string_view entry : split(row.types, '|')) {
      const auto type = type_of(owner, stem, entry);
      if (!type) return fmt::format("the type {} of {}.{} is not known", entry, owner.name, stem);
      if (std::find(types.begin(), types.end(), *type) == types.end()) types.push_back(*type);
    }
    const auto [list, is_new] = lists_.emplace(types, tables_.type_lists.size());
    if (is_new) tables_.type_lists.insert(tables_.type_lists.end(), types.begin(), types.end());
    if (stem.size() > 0xff || types.size() > 0xff || list->second > 0xffff) return "too many types of elements";
    const int flags =
        (is_choice ? kIsChoice : 0) | (row.most != "1" ? kIsList : 0) | (row.least != "0" ? kIsRequired : 0);
    tables_.elements.push_back({static_cast<std::uint16_t>(text_of(stem)), static_cast<std::uint16_t>(list->second),
                                static_cast<std::uint8_t>(stem.size()), static_cast<std::uint8_t>(types.size()),
                                static_cast<std::uint8_t>(flags)});
    return {};
  }

  [[nodiscard]] std::optional<TypeId> type_of(const Type& owner, std::string_view stem, std::string_view entry) const {
    if (entry.starts_with('@')) return id_of(entry.substr(1));
    const std::string_view bare = entry.substr(0, entry.find('('));  // targets of references are not checked
    if (bare == "BackboneElement" || bare == "Element") {
      if (const auto backbone = id_of(fmt::format("{}.{}", owner.name, stem))) return backbone;
    }
    return id_of(bare);
  }

  [[nodiscard]] std::optional<TypeId> id_of(std::string_view name) const {
    const auto found = ids_.find(name);
    return found == ids_.end() ? std::nullopt : std::optional(found->second);
  }

  // Every chain of bases must end.
  [[nodiscard]] std::string check_bases() const {
    for (std::size_t i = 0; i < tables_.types.size(); ++i) {
      TypeId type = tables_.types[i].base;
      for (std::size_t hops = 0; type != kNoType; ++hops) {
        if (hops > tables_.types.size()) return fmt::format("{} is its own base", types_[i].name);
        type = tables_.types[type].base;
      }
    }
    return {};
  }

  std::uint32_t text_of(std::string_view name) {
    const auto [place, is_new] = offsets_.emplace(name, static_cast<std::uint32_t>(tables_.text.size()));
    if (is_new) tables_.text += name;
    return place->second;
  }

  ModelTables tables_;
  std::vector<Type> types_;
  std::unordered_map<std::string_view, TypeId> ids_;
  std::unordered_map<std::string_view, std::vector<Row>> elements_;  // by owner
  std::unordered_map<std::string_view, std::uint32_t> offsets_;
  std::map<std::vector<TypeId>, std::size_t> lists_;
};

}  // namespace

core::Result<ModelTables> read_tables(std::string_view table) {
  if (table.size() > kMaxTableBytes) {
    return core::make_error(core::ErrorCode::kTooLarge,
                            fmt::format("a model table has at most {} bytes", kMaxTableBytes));
  }
  return TableReader().read(table);
}

core::Result<std::shared_ptr<const Model>> Model::load(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return core::make_error(
        core::ErrorCode::kNotFound,
        fmt::format("the model table {} cannot be read; tables are made by scripts/generate-model", path));
  }
  std::ostringstream text;
  text << file.rdbuf();
  return parse(std::move(text).str());
}

}  // namespace embergate::fhir
