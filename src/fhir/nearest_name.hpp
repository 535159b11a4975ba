// SPDX-License-Identifier: Apache-2.0
// For messages: which element of a type someone may have meant. Called only when an issue is written, on names cut to
// 64 bytes. Thread: pure function. Failure: an empty text when nothing is near.
#pragma once

#include <string>
#include <string_view>

#include "embergate/fhir/model.hpp"

namespace embergate::fhir {

std::string nearest_member_name(const Model& model, TypeId type, std::string_view unknown);

}  // namespace embergate::fhir
