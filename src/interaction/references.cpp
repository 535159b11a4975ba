// SPDX-License-Identifier: Apache-2.0
#include "interaction/references.hpp"

#include <fmt/format.h>

#include "embergate/core/text.hpp"
#include "embergate/fhir/bundle_references.hpp"
#include "embergate/fhir/reference.hpp"

namespace embergate::interaction {
namespace {

using Kind = fhir::Reference::Kind;
using BundleTarget = fhir::BundleReferences::Target;

core::Result<void> may(const RequestContext& context, std::string_view interaction, std::string_view type,
                       fhir::Node place) {
  auto allowed = context.may(interaction, type);
  if (allowed) return {};
  return core::make_error(allowed.error().code, allowed.error().diagnostics, fhir::path_of(place));
}

}  // namespace

core::Result<std::string> resolve_conditional(fhir::Node place, const FindMatches& find,
                                              const RequestContext& context) {
  const std::string_view text = place.string();
  const fhir::Reference reference = fhir::parse_reference(text);
  EG_CHECK(may(context, "search-type", reference.type, place));
  auto condition = parse_condition(reference.query);
  if (!condition)
    return core::make_error(core::ErrorCode::kPreconditionFailed, condition.error().diagnostics, fhir::path_of(place));
  EG_TRY(const auto ids, find(reference.type, *condition));
  if (ids.size() == 1) return fmt::format("{}/{}", reference.type, ids.front());
  const auto code = ids.empty() ? core::ErrorCode::kPreconditionFailed : core::ErrorCode::kMultipleMatches;
  return core::make_error(
      code,
      fmt::format("the conditional reference \"{}\" matches {}; it must match exactly one",
                  core::whole_characters(text, 300), ids.empty() ? "no resource" : "several resources"),
      fhir::path_of(place));
}

core::Result<void> check_references(const fhir::Resource& resource, std::string_view base, store::Reader& reader,
                                    const RequestContext& context, const ExistsAfter& exists_after) {
  const fhir::BundleReferences stored_entries(resource.root());
  std::optional<core::Error> failed;
  fhir::for_each_reference(resource.root(), [&](fhir::Node place) {
    if (failed) return;
    const auto target = stored_entries.target_of(place, place.string(), base);
    if (target == BundleTarget::kInside || target == BundleTarget::kElsewhere) return;
    const fhir::Reference reference = fhir::parse_reference(place.string(), base);
    if (reference.kind == Kind::kConditional) {
      failed =
          core::make_error(core::ErrorCode::kInvalid, "conditional references are resolved in transaction bundles only",
                           fhir::path_of(place));
      return;
    }
    if (reference.kind != Kind::kLocal) return;
    const std::optional<bool> decided = exists_after(reference.type, reference.id);
    if (decided.value_or(false)) return;
    if (fhir::is_system_type(reference.type)) {
      if (auto allowed = may(context, "read", reference.type, place); !allowed) {
        failed = std::move(allowed).error();
        return;
      }
    }
    auto present = decided ? core::Result<bool>(*decided) : reader.exists(reference.type, reference.id);
    if (!present) {
      failed = std::move(present).error();
    } else if (!*present) {
      failed = core::make_error(core::ErrorCode::kInvalid,
                                fmt::format("Referenced resource {}/{} does not exist", reference.type, reference.id),
                                fhir::path_of(place));
    }
  });
  if (failed) return *std::move(failed);
  return {};
}

}  // namespace embergate::interaction
