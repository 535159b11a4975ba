// SPDX-License-Identifier: Apache-2.0
#include "interaction/references.hpp"

#include <fmt/format.h>

#include "embergate/core/text.hpp"
#include "embergate/fhir/edit.hpp"
#include "embergate/fhir/outcome.hpp"
#include "embergate/fhir/reference.hpp"
#include "embergate/fhir/stored.hpp"

namespace embergate::interaction {
namespace {

using Kind = fhir::Reference::Kind;

fhir::Replacement put(fhir::Node reference, std::string_view target) {
  return {reference.raw_offset(), reference.raw().size(), fhir::json_string(target)};
}

core::Result<fhir::ResourcePtr> apply(const fhir::ResourcePtr& resource, std::vector<fhir::Replacement> replacements) {
  if (replacements.empty()) return resource;
  return fhir::parse_stored(fhir::replace(resource->text(), std::move(replacements)));
}

core::Result<void> may(const RequestContext& context, std::string_view interaction, std::string_view type,
                       fhir::Node place) {
  auto allowed = context.may(interaction, type);
  if (allowed) return {};
  return core::make_error(allowed.error().code, allowed.error().diagnostics, fhir::path_of(place));
}

core::Result<std::string> resolve_conditional(const fhir::Reference& reference, std::string_view text, fhir::Node place,
                                              const FindMatches& find, const RequestContext& context) {
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

core::Result<std::string> resolve_one(fhir::Node place, const UrnTargets& targets, const FindMatches& find,
                                      const RequestContext& context) {
  const std::string_view text = place.string();
  const fhir::Reference reference = fhir::parse_reference(text);
  if (reference.kind == Kind::kConditional) return resolve_conditional(reference, text, place, find, context);
  if (reference.kind != Kind::kUrn) return std::string();
  const auto target = targets.find(text);
  if (target != targets.end()) return target->second;
  return core::make_error(
      core::ErrorCode::kInvalid,
      fmt::format("no entry of the bundle has the fullUrl \"{}\"", core::whole_characters(text, 300)),
      fhir::path_of(place));
}

}  // namespace

core::Result<ResolvedReferences> rewrite_urn_references(const fhir::ResourcePtr& resource, const UrnTargets& targets) {
  ResolvedReferences resolved;
  std::vector<fhir::Replacement> replacements;
  fhir::for_each_reference(resource->root(), [&](fhir::Node place) {
    const Kind kind = fhir::parse_reference(place.string()).kind;
    if (kind != Kind::kUrn && kind != Kind::kConditional) return;
    const auto target = targets.find(place.string());
    if (target != targets.end()) {
      replacements.push_back(put(place, target->second));
    } else {
      resolved.complete = false;
    }
  });
  EG_TRY(resolved.resource, apply(resource, std::move(replacements)));
  return resolved;
}

core::Result<fhir::ResourcePtr> rewrite_all_references(const fhir::ResourcePtr& resource, const UrnTargets& targets,
                                                       const FindMatches& find, const RequestContext& context) {
  std::vector<fhir::Replacement> replacements;
  std::optional<core::Error> failed;
  fhir::for_each_reference(resource->root(), [&](fhir::Node place) {
    if (failed) return;
    auto target = resolve_one(place, targets, find, context);
    if (!target) {
      failed = std::move(target).error();
    } else if (!target->empty()) {
      replacements.push_back(put(place, *target));
    }
  });
  if (failed) return *std::move(failed);
  return apply(resource, std::move(replacements));
}

core::Result<void> check_references(const fhir::Resource& resource, std::string_view base, store::Reader& reader,
                                    const RequestContext& context, const ExistsAfter& exists_after) {
  std::optional<core::Error> failed;
  fhir::for_each_reference(resource.root(), [&](fhir::Node place) {
    if (failed) return;
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
