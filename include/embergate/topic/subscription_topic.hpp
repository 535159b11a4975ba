// SPDX-License-Identifier: Apache-2.0
// AidboxSubscriptionTopic (contract 2.1): which changes matter. Parsed and compiled once, when the resource is written
// or loaded. Thread: immutable after parse(); share freely. Failure: parse() gives every issue found, each with its
// element path; criteria that cannot work are refused with line and column (decision 33).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "embergate/fhir/outcome.hpp"
#include "embergate/fhir/resource.hpp"
#include "embergate/fhirpath/expression.hpp"
#include "embergate/topic/criterion_watch.hpp"

namespace embergate::topic {

enum class Interaction : std::uint8_t { kCreate = 1, kUpdate = 2, kDelete = 3 };

struct Trigger {
  std::string resource;  // bare type name
  bool on_create = true;
  bool on_update = true;
  bool on_delete = true;
  std::shared_ptr<const fhirpath::Expression> criteria;  // nullptr: every change of the type
  std::shared_ptr<CriterionWatch> watch;                 // of the criteria; nullptr when there are none
};

struct SubscriptionTopic {
  std::string id;
  std::string url;
  std::string status;  // only "active" fires
  std::vector<Trigger> triggers;
  std::vector<std::string> warnings;  // of the static check, for log and dry run
  std::int64_t version = 0;           // of the stored resource; set by the code that loads it

  // Appends to `issues`; the pointer is null when there are any of severity error or fatal. `limits` are those that the
  // criteria are evaluated with.
  static std::shared_ptr<SubscriptionTopic> parse(const fhir::Resource& resource, std::string_view id,
                                                  std::vector<fhir::Issue>& issues,
                                                  const fhirpath::Limits& limits = {});
};

}  // namespace embergate::topic
