// SPDX-License-Identifier: Apache-2.0
#include "fhir/nearest_name.hpp"

#include <string>
#include <vector>

#include "embergate/core/nearest.hpp"

namespace embergate::fhir {
namespace {

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
  const std::vector<std::string> names = member_names(model, type);
  core::Nearest nearest(unknown, unknown.size() / 3 + 1);
  for (const std::string& name : names) nearest.offer(name);
  return std::string(nearest.name());
}

}  // namespace embergate::fhir
