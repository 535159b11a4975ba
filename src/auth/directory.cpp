// SPDX-License-Identifier: Apache-2.0
#include "auth/directory.hpp"

#include "auth/grant.hpp"
#include "embergate/fhir/reference.hpp"
#include "embergate/fhir/stored.hpp"
#include "embergate/secretref/password_hash.hpp"
#include "embergate/secretref/secret_reference.hpp"

namespace embergate::auth {
namespace {

constexpr std::size_t kMaxClients = 10'000;

ClientRecord client_of(const fhir::Resource& resource, const store::StoredVersion& version) {
  ClientRecord client;
  client.id = version.id;
  client.version_id = version.version_id;
  const fhir::Node root = resource.root();
  client.active = !root.member("active").is_bool() || root.member("active").boolean();
  const fhir::Node grants = root.member("grant_types");
  for (fhir::Node grant = grants.first_child(); grant; grant = grant.next_sibling(grants))
    client.may_use_basic |= grant.string() == "basic";
  client.reference = secretref::reference_in(root.member("_secret"));
  const std::string_view secret = root.member("secret").string();
  if (secretref::is_password_hash(secret)) client.hash = std::string(secret);
  return client;
}

void add_grants(const fhir::Resource& policy, Directory& directory) {
  if (policy.root().member("engine").string() != "allow") return;
  std::optional<Grant> given = Grant::of(policy.root());
  if (!given) return;
  const auto grant = std::make_shared<const Grant>(*std::move(given));
  const auto add = [&directory, &grant](std::string_view client) {
    auto& rights = directory.rights[std::string(client)];
    if (!rights) rights = std::make_shared<Rights>();
    rights->add(grant);
  };
  const fhir::Node links = policy.root().member("link");
  for (fhir::Node link = links.first_child(); link; link = link.next_sibling(links)) {
    if (link.member("resourceType").string() == "Client") add(link.member("id").string());
    const fhir::Reference reference = fhir::parse_reference(link.member("reference").string());
    if (reference.kind == fhir::Reference::Kind::kLocal && reference.type == "Client") add(reference.id);
  }
}

}  // namespace

Mac mark_of_client(std::string_view id) { return keyed_mark("client\n" + std::string(id)); }

const ClientRecord* Directory::stand_in_of(const Mac& mark) const {
  if (stand_ins.empty()) return nullptr;
  const auto next = stand_ins.lower_bound(mark);
  return next == stand_ins.end() ? stand_ins.begin()->second : next->second;
}

core::Result<std::shared_ptr<const Directory>> load_directory(store::Store& store) {
  auto directory = std::make_shared<Directory>();
  // Read before the content: a change in between makes this copy look old, and it is loaded once more.
  directory->epoch = store.committed_catalog_epoch();
  EG_CHECK(store.read([&directory](store::Reader& reader) -> core::Result<void> {
    EG_TRY(const auto clients, reader.list_current("Client", kMaxClients));
    for (const store::StoredVersion& version : clients) {
      auto resource = fhir::parse_stored(version.body);
      if (!resource) continue;
      ClientRecord client = client_of(**resource, version);
      const auto added = directory->clients.emplace(version.id, std::move(client)).first;
      if (added->second.may_log_in()) directory->add_stand_in(added->second);
    }
    EG_TRY(const auto policies, reader.list_current("AccessPolicy", kMaxClients));
    for (const store::StoredVersion& version : policies) {
      if (auto resource = fhir::parse_stored(version.body)) add_grants(**resource, *directory);
    }
    return {};
  }));
  return std::shared_ptr<const Directory>(directory);
}

}  // namespace embergate::auth
