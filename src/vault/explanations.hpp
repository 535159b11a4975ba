// SPDX-License-Identifier: Apache-2.0
// For people: what a reason code of R-48 means and what to do about it. Names neither path nor content. Pure function.
#pragma once

#include <string_view>

namespace embergate::vault {

std::string_view explanation_of(std::string_view reason);

}  // namespace embergate::vault
