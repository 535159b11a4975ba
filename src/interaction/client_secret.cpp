// SPDX-License-Identifier: Apache-2.0
#include "interaction/client_secret.hpp"

#include "embergate/fhir/edit.hpp"
#include "embergate/fhir/outcome.hpp"
#include "embergate/fhir/stored.hpp"
#include "embergate/secretref/password_hash.hpp"
#include "embergate/secretref/secret_reference.hpp"
#include "embergate/vault/secret.hpp"

namespace embergate::interaction {
namespace {

constexpr std::string_view kMasked =
    R"("_secret":{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"masked"}]})";

// Of a stored text that cannot be read, and so cannot be masked.
constexpr std::string_view kNothingOfIt = R"({"resourceType":"Client"})";

// The member with its name, from the opening quote of the name to the end of the value.
fhir::Replacement whole_member(fhir::Node value, std::string text) {
  const std::string_view all = value.owner()->text();
  const std::size_t end = value.raw_offset() + value.raw().size();
  std::size_t colon = value.raw_offset();
  while (all[colon] != ':') --colon;
  const std::size_t name_end = all.rfind('"', colon);
  const std::size_t name_begin = all.rfind('"', name_end - 1);
  return {name_begin, end - name_begin, std::move(text)};
}

core::Result<fhir::ResourcePtr> replaced(const fhir::Resource& resource, fhir::Replacement replacement) {
  return fhir::parse_stored(fhir::replace(resource.text(), {std::move(replacement)}));
}

}  // namespace

core::Result<fhir::ResourcePtr> hashed(const fhir::ResourcePtr& client) {
  const fhir::Node secret = client->root().member("secret");
  if (!secret) return client;
  if (!secret.is_string() || secret.string().empty()) {
    return core::make_error(core::ErrorCode::kInvalid,
                            "Client.secret must be a non-empty string, or a secret reference in _secret",
                            "Client.secret");
  }
  std::string hash = fhir::json_string(secretref::hash_password(secret.string()));
  return replaced(*client, {secret.raw_offset(), secret.raw().size(), std::move(hash)});
}

bool keeps_stored_secret(const fhir::Resource& client) {
  const fhir::Node extensions = client.root().member("_secret").member("extension");
  if (extensions.size() != 1 || client.root().member("secret")) return false;
  const fhir::Node only = extensions.at(0);
  return only.member("url").string() == secretref::kDataAbsentReasonUrl &&
         only.member("valueCode").string() == "masked";
}

core::Result<fhir::ResourcePtr> with_stored_secret(const fhir::ResourcePtr& client, std::string_view stored_body) {
  EG_TRY(const fhir::ResourcePtr stored, fhir::parse_stored(std::string(stored_body)));
  const fhir::Node secret = stored->root().member("secret");
  if (!secret) return client;
  return replaced(*client, whole_member(client->root().member("_secret"), "\"secret\":" + std::string(secret.raw())));
}

// The tree decides and not the text: JSON may spell a member's name with escapes, and the stored text is the client's.
std::string presented(std::string_view type, std::string body) {
  if (type != kClientType) return body;
  auto resource = fhir::parse_stored(body);
  if (!resource) return std::string(kNothingOfIt);
  const fhir::Node secret = (*resource)->root().member("secret");
  if (!secret) return body;
  return fhir::replace(body, {whole_member(secret, std::string(kMasked))});
}

}  // namespace embergate::interaction
