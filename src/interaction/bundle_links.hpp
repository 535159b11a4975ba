// SPDX-License-Identifier: Apache-2.0
// Links between the entries of a transaction (FHIR R4 http.html#trules, decision 21): references, elements of type uri,
// url, oid and uuid, and links in the narrative that name the fullUrl of an entry get the place where its resource is
// stored. Canonicals stay, and so does what names a thing rather than leads to it: the `url` that canonicals and
// extensions go by, and every `system`. Thread: pure; any. Failure: kInvalid names the element of a reference to an
// entry that is not there.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "embergate/core/result.hpp"
#include "embergate/fhir/resource.hpp"

namespace embergate::interaction {

// fullUrl -> Type/id. Empty: a conditional create, whose resource is known inside the transaction only.
class LinkTargets {
 public:
  void put(std::string_view full_url, std::string place);
  // No answer: no entry of a resource has this fullUrl.
  [[nodiscard]] const std::string* find(std::string_view full_url) const;
  // The same for "<base>/<Type/id>", where `base` is known by its number: it may be as long as a string can be, and
  // stand before every reference.
  using BaseNumber = std::size_t;
  [[nodiscard]] std::optional<BaseNumber> number_of_base(std::string_view base) const;
  [[nodiscard]] const std::string* find_beside(BaseNumber base, std::string_view type_and_id) const;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  template <class Value>
  using ByText = std::unordered_map<std::string, Value, Hash, std::equal_to<>>;
  ByText<std::string> places_;
  ByText<BaseNumber> bases_;      // of the fullUrls that end in Type/id
  ByText<std::string> by_names_;  // "<number of the base> Type/id" -> as in places_
};

struct ResolvedLinks {
  fhir::ResourcePtr resource;
  bool complete = true;  // false: a conditional reference, or a link to what is not known yet; nothing is replaced
};
// What can be said before the store is asked. `full_url`: of the entry that holds the resource; relative references
// mean what lies beside it.
core::Result<ResolvedLinks> resolve_links(const fhir::ResourcePtr& resource, std::string_view full_url,
                                          const LinkTargets& targets);

// The text of a conditional reference -> Type/id.
using ResolveConditional = std::function<core::Result<std::string>(fhir::Node reference)>;
// Inside the transaction, where all targets are known.
core::Result<fhir::ResourcePtr> resolve_all_links(const fhir::ResourcePtr& resource, std::string_view full_url,
                                                  const LinkTargets& targets, const ResolveConditional& conditional);

}  // namespace embergate::interaction
