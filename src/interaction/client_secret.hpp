// SPDX-License-Identifier: Apache-2.0
// The inline secret of a Client at rest and in answers (decision 3, contract 1.8): stored only as a slow hash, shown
// only as the masked extension. Thread: pure; hashed() is slow (scrypt), run it on a pool. Failure: kInvalid names the
// element.
#pragma once

#include <string>
#include <string_view>

#include "embergate/core/result.hpp"
#include "embergate/fhir/resource.hpp"

namespace embergate::interaction {

inline constexpr std::string_view kClientType = "Client";

// The same resource with an inline `secret` replaced by its hash.
core::Result<fhir::ResourcePtr> hashed(const fhir::ResourcePtr& client);
// Whether `_secret` is the bare masked placeholder, which keeps the stored value on update.
bool keeps_stored_secret(const fhir::Resource& client);
// The same resource with the placeholder replaced by the `secret` that `stored` holds; unchanged when there is none.
core::Result<fhir::ResourcePtr> with_stored_secret(const fhir::ResourcePtr& client, std::string_view stored_body);
// The body as callers may see it: a hash becomes the masked extension. Other types come back as they are.
std::string presented(std::string_view type, std::string body);

}  // namespace embergate::interaction
