// SPDX-License-Identifier: Apache-2.0
#include "auth/grant.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "embergate/auth/rights.hpp"
#include "embergate/core/nearest.hpp"
#include "embergate/core/text.hpp"
#include "embergate/fhir/model.hpp"
#include "embergate/fhir/reference.hpp"

namespace embergate::auth {
namespace {

constexpr std::string_view kTypes = "resource_types";
constexpr std::string_view kInteractions = "interactions";
constexpr std::size_t kMaxShown = 64;

// The codes of http://hl7.org/fhir/restful-interaction in R4; some stand for several.
struct Code {
  std::string_view name;
  std::array<std::string_view, 3> stands_for;
};
constexpr std::array<Code, 17> kCodes{{{"read", {"read"}},
                                       {"vread", {"vread"}},
                                       {"update", {"update"}},
                                       {"patch", {"patch"}},
                                       {"delete", {"delete"}},
                                       {"history", {"history-instance", "history-type", "history-system"}},
                                       {"history-instance", {"history-instance"}},
                                       {"history-type", {"history-type"}},
                                       {"history-system", {"history-system"}},
                                       {"create", {"create"}},
                                       {"search", {"search-type", "search-system"}},
                                       {"search-type", {"search-type"}},
                                       {"search-system", {"search-system"}},
                                       {"capabilities", {"capabilities"}},
                                       {"transaction", {"transaction"}},
                                       {"batch", {"batch"}},
                                       {"operation", {"operation"}}}};

// Own types that can be stored; the others are refused for themselves.
constexpr std::array<std::string_view, 4> kOwnTypes{"AccessPolicy", "AidboxSubscriptionTopic", "AidboxTopicDestination",
                                                    "Client"};

const Code* find_code(std::string_view name) {
  const auto* const found =
      std::find_if(kCodes.begin(), kCodes.end(), [&](const Code& code) { return code.name == name; });
  return found == kCodes.end() ? nullptr : found;
}

bool is_list_of_names(fhir::Node list) {
  if (!list.is_array() || list.size() == 0) return false;
  for (fhir::Node item = list.first_child(); item; item = item.next_sibling(list)) {
    if (!item.is_string()) return false;
  }
  return true;
}

std::string nearest_type(std::string_view unknown) {
  core::Nearest nearest(unknown, unknown.size() / 3 + 1);
  const fhir::Model& model = fhir::Model::r4();
  for (std::size_t number = 0; number < model.type_count(); ++number) {
    const auto type = static_cast<fhir::TypeId>(number);
    if (model.kind_of(type) == fhir::TypeKind::kResource && !model.is_abstract(type))
      nearest.offer(model.name_of(type));
  }
  for (const std::string_view own : kOwnTypes) nearest.offer(own);
  return std::string(nearest.name());
}

std::string nearest_code(std::string_view unknown) {
  core::Nearest nearest(unknown, unknown.size() / 3 + 1);
  for (const Code& code : kCodes) nearest.offer(code.name);
  return std::string(nearest.name());
}

std::string hint(const std::string& nearest) {
  return nearest.empty() ? "" : fmt::format("; the nearest is \"{}\"", nearest);
}

void refuse(std::vector<fhir::Issue>& issues, std::string diagnostics, std::string expression) {
  issues.push_back({"fatal", "invalid", std::move(diagnostics), std::move(expression)});
}

// `problem_of`: what is wrong with one name, empty when nothing is.
template <class Problem>
void check_list(fhir::Node policy, std::string_view name, const Problem& problem_of, std::vector<fhir::Issue>& issues) {
  const fhir::Node list = policy.member(name);
  if (!list) return;
  const std::string place = fmt::format("AccessPolicy.{}", name);
  if (!is_list_of_names(list)) {
    return refuse(issues, fmt::format("{} must be a list of one name at least; leave it out to allow all", place),
                  place);
  }
  std::size_t index = 0;
  for (fhir::Node item = list.first_child(); item; item = item.next_sibling(list), ++index) {
    std::string problem = problem_of(item.string());
    if (!problem.empty()) refuse(issues, std::move(problem), fmt::format("{}[{}]", place, index));
  }
}

std::string plain(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c != '_' && c != '-') out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return out;
}

// A list under a name that is almost right would leave the policy without it, and so open.
void check_spelling(fhir::Node policy, std::vector<fhir::Issue>& issues) {
  for (fhir::Node member = policy.first_child(); member; member = member.next_sibling(policy)) {
    const std::string_view name = member.name();
    if (name == kTypes || name == kInteractions || name == "resourceType") continue;
    const std::string spelled = plain(name);
    core::Nearest nearest(spelled, 3);
    for (const std::string_view meant : {"resourcetypes", "interactions"}) nearest.offer(meant);
    if (nearest.name().empty()) continue;
    const std::string_view meant = nearest.name() == "interactions" ? kInteractions : kTypes;
    refuse(issues,
           fmt::format("AccessPolicy has no element \"{}\"; the nearest is \"{}\"",
                       core::whole_characters(name, kMaxShown), meant),
           fmt::format("AccessPolicy.{}", core::whole_characters(name, kMaxShown)));
  }
}

}  // namespace

std::optional<Grant> Grant::of(fhir::Node policy) {
  Grant grant;
  if (const fhir::Node types = policy.member(kTypes)) {
    if (!is_list_of_names(types)) return std::nullopt;
    grant.types_.emplace();
    for (fhir::Node item = types.first_child(); item; item = item.next_sibling(types))
      grant.types_->emplace(item.string());
  }
  if (const fhir::Node interactions = policy.member(kInteractions)) {
    if (!is_list_of_names(interactions)) return std::nullopt;
    grant.interactions_.emplace();
    for (fhir::Node item = interactions.first_child(); item; item = item.next_sibling(interactions)) {
      const Code* code = find_code(item.string());
      if (code == nullptr) continue;
      for (const std::string_view one : code->stands_for) grant.interactions_->emplace(one);
    }
  }
  return grant;
}

bool Grant::allows(std::string_view interaction, std::string_view type) const {
  if (is_unrestricted()) return true;
  if (interactions_ && !interactions_->contains(interaction)) return false;
  const bool names_interaction = interactions_.has_value();
  const bool names_type = types_ && types_->contains(type);
  if (type.empty()) return interaction != "operation" || names_interaction;
  if (fhir::is_system_type(type)) return names_type;
  if (interaction == "operation" && !names_interaction) return names_type;
  return !types_ || names_type;
}

void check_lists(fhir::Node policy, std::vector<fhir::Issue>& issues) {
  check_spelling(policy, issues);
  check_list(
      policy, kTypes,
      [](std::string_view name) {
        if (fhir::is_resource_type(name)) return std::string();
        return fmt::format("\"{}\" is not a resource type{}", core::whole_characters(name, kMaxShown),
                           hint(nearest_type(name)));
      },
      issues);
  check_list(
      policy, kInteractions,
      [](std::string_view name) {
        if (find_code(name) != nullptr) return std::string();
        return fmt::format("\"{}\" is not an interaction{}; the codes are those of FHIR's restful-interaction",
                           core::whole_characters(name, kMaxShown), hint(nearest_code(name)));
      },
      issues);
}

std::shared_ptr<const Rights> Rights::of_administrator() {
  static const std::shared_ptr<const Rights> all = [] {
    auto rights = std::make_shared<Rights>();
    rights->add(std::make_shared<const Grant>());
    return rights;
  }();
  return all;
}

bool Rights::are_unrestricted() const {
  return std::any_of(grants_.begin(), grants_.end(), [](const auto& grant) { return grant->is_unrestricted(); });
}

bool Rights::allow(std::string_view interaction, std::string_view type) const {
  return std::any_of(grants_.begin(), grants_.end(),
                     [&](const auto& grant) { return grant->allows(interaction, type); });
}

}  // namespace embergate::auth
