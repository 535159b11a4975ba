// SPDX-License-Identifier: Apache-2.0
// References of a resource that is about to be written: conditional ones of a transaction become local ones (decision
// 21), and every local one must exist (contract 5.1), but for what a Bundle that is stored as it is holds itself.
// Thread: runs inside a store transaction. Failure: kInvalid "Referenced resource T/id does not exist",
// kPreconditionFailed or kMultipleMatches for a conditional reference that does not match exactly one resource;
// `expression` names the element.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "embergate/core/result.hpp"
#include "embergate/fhir/resource.hpp"
#include "embergate/interaction/interactions.hpp"
#include "embergate/store/store.hpp"
#include "interaction/condition.hpp"

namespace embergate::interaction {

// The ids that a condition meets; two are enough to tell one from several.
using FindMatches =
    std::function<core::Result<std::vector<std::string>>(std::string_view type, const Condition& condition)>;
// The place of the one resource that a conditional reference matches. A condition is a search, for which the caller
// needs the right. `reference`: the string.
core::Result<std::string> resolve_conditional(fhir::Node reference, const FindMatches& find,
                                              const RequestContext& context);
// What the transaction makes of Type/id; absent: it leaves it as it is.
using ExistsAfter = std::function<std::optional<bool>(std::string_view type, std::string_view id)>;
// Looking for a resource of the server's own types is a read, for which the caller needs the right. `base`:
// <base>/fhir.
core::Result<void> check_references(const fhir::Resource& resource, std::string_view base, store::Reader& reader,
                                    const RequestContext& context, const ExistsAfter& exists_after);

}  // namespace embergate::interaction
