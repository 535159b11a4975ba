// SPDX-License-Identifier: Apache-2.0
#include "interaction/catalog_cache.hpp"

#include "embergate/observability/log.hpp"

namespace embergate::interaction {
namespace {

namespace log = observability::log;
constexpr std::size_t kMaxConfigured = 10'000;

void log_unusable(const store::StoredVersion& version, const std::vector<fhir::Issue>& issues) {
  const std::string why = issues.empty() ? std::string("it cannot be parsed") : issues.front().diagnostics;
  log::event(log::Level::kError, "topic-destination/init-failed", why,
             {{"type", std::string_view(version.type)}, {"id", std::string_view(version.id)}});
}

template <class Parsed, class Parse>
core::Result<std::vector<std::shared_ptr<const Parsed>>> load(store::Reader& reader, std::string_view type,
                                                              const Parse& parse) {
  EG_TRY(const auto versions, reader.list_current(type, kMaxConfigured));
  std::vector<std::shared_ptr<const Parsed>> all;
  for (const store::StoredVersion& version : versions) {
    std::vector<fhir::Issue> issues;
    std::shared_ptr<const Parsed> parsed;
    if (auto resource = fhir::Resource::parse(version.body)) parsed = parse(**resource, version, issues);
    if (parsed) {
      all.push_back(std::move(parsed));
    } else {
      log_unusable(version, issues);
    }
  }
  return all;
}

}  // namespace

core::Result<std::shared_ptr<const topic::Catalog>> CatalogCache::at(store::Reader& reader, std::int64_t epoch) {
  auto newest = newest_.load();
  if (newest && newest->epoch() == epoch) return newest;
  EG_TRY(auto topics,
         load<topic::SubscriptionTopic>(
             reader, kTopicType,
             [](const fhir::Resource& resource, const store::StoredVersion& version, std::vector<fhir::Issue>& issues) {
               return topic::SubscriptionTopic::parse(resource, version.id, issues);
             }));
  EG_TRY(auto destinations,
         load<topic::TopicDestination>(
             reader, kDestinationType,
             [](const fhir::Resource& resource, const store::StoredVersion& version, std::vector<fhir::Issue>& issues) {
               auto destination = topic::TopicDestination::parse(resource, version.id, issues);
               // A destination never changes, so its current version is the one that made it: the slot of its life.
               if (destination) destination->slot = version.version_id;
               return destination;
             }));
  auto fresh = std::make_shared<const topic::Catalog>(std::move(topics), std::move(destinations), epoch);
  newest_.store(fresh);
  return std::shared_ptr<const topic::Catalog>(fresh);
}

}  // namespace embergate::interaction
