// SPDX-License-Identifier: Apache-2.0
#include "interaction/read_result.hpp"

#include <fmt/format.h>

#include "interaction/client_secret.hpp"

namespace embergate::interaction {

core::Error not_found(std::string_view type, std::string_view id) {
  return core::make_error(core::ErrorCode::kNotFound, fmt::format("Resource {}/{} not found", type, id));
}

InteractionResult result_of(int status, store::StoredVersion version) {
  InteractionResult result;
  result.status = status;
  result.body = presented(version.type, std::move(version.body));
  result.type = std::move(version.type);
  result.id = std::move(version.id);
  result.version_id = version.version_id;
  result.last_updated = version.last_updated;
  return result;
}

core::Result<InteractionResult> read_result(std::optional<store::StoredVersion> found, std::string_view type,
                                            std::string_view id) {
  if (!found) return not_found(type, id);
  if (found->interaction == store::Interaction::kDelete)
    return core::make_error(core::ErrorCode::kGone, fmt::format("Resource {}/{} is deleted", type, id));
  return result_of(200, *std::move(found));
}

core::Result<void> apply_preconditions(const Preconditions& preconditions, InteractionResult& result) {
  EG_TRY(const bool unchanged, check_read(preconditions, {result.version_id, result.last_updated}));
  if (!unchanged) return {};
  result.status = 304;
  result.body = std::string();
  return {};
}

Answer<InteractionResult> read_resource(store::Reader& reader, const ResourcePlace& place,
                                        const Preconditions& preconditions, AnswerMeter& meter) {
  const auto refuse = [](core::Error error) { return Refusal{std::move(error), {}}; };
  auto found = place.version ? reader.load_version(place.type, place.id, *place.version)
                             : reader.load_current(place.type, place.id);
  if (!found) return refuse(std::move(found).error());
  const std::string named =
      place.version ? fmt::format("{}/_history/{}", place.id, *place.version) : std::string(place.id);
  auto result = read_result(*std::move(found), place.type, named);
  if (!result) return refuse(std::move(result).error());
  if (auto checked = apply_preconditions(preconditions, *result); !checked) return refuse(std::move(checked).error());
  // A read without its resource would be none; a write is what it is.
  if (auto refusal = meter.add(result->body.size(), "read fewer resources in one bundle")) return *std::move(refusal);
  return *std::move(result);
}

}  // namespace embergate::interaction
