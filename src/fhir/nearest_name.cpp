// SPDX-License-Identifier: Apache-2.0
#include "fhir/nearest_name.hpp"

#include <algorithm>
#include <vector>

namespace embergate::fhir {
namespace {

constexpr std::size_t kMaxLength = 64;

// Levenshtein's distance with one row of memory.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j < row.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row.back();
}

// The JSON names of a type's elements.
std::vector<std::string> member_names(const Model& model, TypeId type) {
  std::vector<std::string> names;
  for (const Element* element : model.elements_of(type)) {
    if (!element->is_choice) {
      names.emplace_back(element->name);
      continue;
    }
    for (const TypeId choice : element->types) {
      std::string suffix(model.name_of(choice));
      if (suffix.front() >= 'a' && suffix.front() <= 'z')
        suffix.front() = static_cast<char>(suffix.front() - 'a' + 'A');
      names.push_back(std::string(element->name) + suffix);
    }
  }
  return names;
}

}  // namespace

std::string nearest_member_name(const Model& model, TypeId type, std::string_view unknown) {
  unknown = unknown.substr(0, kMaxLength);
  std::size_t best = unknown.size() / 3 + 2;  // farther away is no help
  std::string nearest;
  for (std::string& name : member_names(model, type)) {
    const std::size_t far = distance(unknown, name);
    if (far >= best) continue;
    best = far;
    nearest = std::move(name);
  }
  return nearest;
}

}  // namespace embergate::fhir
