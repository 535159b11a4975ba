// SPDX-License-Identifier: Apache-2.0
// References in the entries of a Bundle that is a resource by itself, not a request: a document, a collection, a
// message (FHIR R4 bundle.html#references). They mean resources of the same Bundle first, and only what is left can
// mean one of this server. Thread: immutable; any. Ownership: borrows the resource.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "embergate/fhir/resource.hpp"

namespace embergate::fhir {

// The part of a fullUrl before "/Type/id" ("http://ehr.example/fhir"); empty when it does not end in that.
std::string_view base_of_full_url(std::string_view full_url);

class BundleReferences {
 public:
  // Of every Bundle that `root` is, or holds as the resource of an entry. Costs nothing for other resources.
  explicit BundleReferences(Node root);

  enum class Target {
    kNoEntry,    // the reference is not in an entry of a Bundle
    kInside,     // it names an entry of the same Bundle
    kServer,     // it may name a resource of this server
    kElsewhere,  // it names one of another server, or a condition of the Bundle's own request
  };
  // `place`: the string that is the reference, or that has it in it. `base`: the server's own, with "/fhir".
  [[nodiscard]] Target target_of(Node place, std::string_view reference, std::string_view base) const;
  // What relative references at this place are relative to: the base of the fullUrl of the entry around it, which may
  // be empty. Absent where no entry with a fullUrl is around it.
  [[nodiscard]] std::optional<std::string_view> base_at(Node place) const;

 private:
  struct Entry {
    std::uint32_t begin;  // nodes of its resource
    std::uint32_t end;
    std::size_t bundle;
    std::string_view full_url;
    std::string_view base;    // of the fullUrl
    std::size_t base_number;  // of that base in its Bundle
  };
  // A base may be as long as a string can be and stand before every reference, so it is looked at once for each entry.
  struct Bundle {
    std::size_t outer;                                        // entry that holds it, or kNone
    std::unordered_set<std::string_view> addresses;           // fullUrls, without a version
    std::unordered_map<std::string_view, std::size_t> bases;  // each with its number
    std::unordered_set<std::string> names;                    // "<number of the base> Type/id"
  };
  static constexpr std::size_t kNone = ~std::size_t{0};

  void collect(Node bundle, std::size_t outer);
  [[nodiscard]] const Entry* entry_of(std::uint32_t node) const;
  [[nodiscard]] bool is_inside(const Entry& entry, std::string_view reference) const;

  std::vector<Entry> entries_;  // in document order; those of an inner Bundle follow the entry that holds it
  std::vector<Bundle> bundles_;
};

}  // namespace embergate::fhir
