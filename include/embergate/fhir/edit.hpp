// SPDX-License-Identifier: Apache-2.0
// Changes to a resource's text by splicing: the client's own bytes stay as they are around the change.
// Thread: pure functions. Failure: none for stamp(); replace() needs ranges that do not overlap (EG_ASSERT).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "embergate/core/clock.hpp"
#include "embergate/fhir/resource.hpp"

namespace embergate::fhir {

struct Replacement {
  std::size_t begin;   // offset in the text
  std::size_t length;  // bytes taken away
  std::string text;    // put in their place
};
// Applies replacements in any order given; they must not overlap.
std::string replace(std::string_view text, std::vector<Replacement> replacements);

struct Stamp {
  std::string_view id;
  std::int64_t version_id;
  core::SystemTime last_updated;
  core::SystemTime created_at;
  std::string_view created_at_url;  // contract 5.8 fhir.validation.createdat-url, default "ex:createdAt"
};
// The text to store and to answer with: `id` and `meta.versionId`, `meta.lastUpdated`, createdAt extension in
// `meta.extension` set; the client's other meta members (profile, tag, security, source, other extensions) kept;
// everything else untouched. resourceType stays first.
std::string stamp(const Resource& resource, const Stamp& stamp);

}  // namespace embergate::fhir
