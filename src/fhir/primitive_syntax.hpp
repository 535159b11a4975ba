// SPDX-License-Identifier: Apache-2.0
// The written form of R4's primitive types (FHIR R4 datatypes, regular expressions there), as far as a gateway must
// insist on it. Thread: pure functions. Failure: the fault as words that follow "must be ", empty when the value is
// good.
#pragma once

#include <string_view>

#include "embergate/fhir/model.hpp"
#include "embergate/fhir/resource.hpp"

namespace embergate::fhir {

enum class PrimitiveForm : std::uint8_t {
  kText,  // any text
  kBoolean,
  kInteger,
  kPositiveInt,
  kUnsignedInt,
  kDecimal,
  kId,
  kCode,
  kUri,
  kOid,
  kUuid,
  kBase64,
  kDate,
  kDateTime,
  kInstant,
  kTime
};

// Of a primitive type, by its name ("positiveInt").
PrimitiveForm form_of(std::string_view primitive_type);

// `value` is no object, array or null.
std::string_view fault_of(Node value, PrimitiveForm form);

}  // namespace embergate::fhir
