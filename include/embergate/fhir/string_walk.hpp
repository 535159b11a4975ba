// SPDX-License-Identifier: Apache-2.0
// All strings of a resource in document order, each with the R4 type of its element when it is asked for. Thread: one
// at a time. Ownership: borrows the resource. Failure: none; what the model does not know has no type.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "embergate/fhir/model.hpp"
#include "embergate/fhir/resource.hpp"

namespace embergate::fhir {

class StringWalk {
 public:
  explicit StringWalk(Node root);

  // To the next string; false after the last.
  bool next();
  [[nodiscard]] Node node() const { return Node(resource_, at_); }
  // "uri", "canonical", "xhtml"; empty when it is not known. Types are found on the way down once each.
  [[nodiscard]] std::string_view type();

 private:
  struct Open {  // a container that holds the position
    Node node;
    std::uint32_t end;
    TypeId type = kNoType;
    bool is_typed = false;
  };
  TypeId type_of_open(std::size_t depth);
  [[nodiscard]] TypeId type_of_child(TypeId parent_type, Node parent, Node child) const;

  const Resource* resource_;
  std::uint32_t at_;
  std::uint32_t end_;
  std::vector<Open> open_;
};

}  // namespace embergate::fhir
