// SPDX-License-Identifier: Apache-2.0
#include "http/registry.hpp"

#include <algorithm>
#include <boost/asio/ip/address_v6.hpp>

namespace embergate::http {
namespace {

// Whoever has one IPv6 address has the whole /64 to choose from: it counts as one peer.
boost::asio::ip::address counted_as(const boost::asio::ip::address& peer) {
  if (!peer.is_v6()) return peer;
  auto bytes = peer.to_v6().to_bytes();
  std::fill(bytes.begin() + 8, bytes.end(), static_cast<unsigned char>(0));
  return boost::asio::ip::address_v6(bytes);
}

}  // namespace

Registry::Place::Place(std::shared_ptr<Registry> registry, boost::asio::ip::address address)
    : registry_(std::move(registry)), address_(std::move(address)) {}

Registry::Place::~Place() {
  if (!registry_) return;
  std::lock_guard lock(registry_->mutex_);
  registry_->connections_.erase(connection_);
  --registry_->total_;
  const auto entry = registry_->per_address_.find(counted_as(address_));
  if (--entry->second == 0) registry_->per_address_.erase(entry);
}

void Registry::Place::occupy(const std::shared_ptr<Connection>& connection) {
  std::lock_guard lock(registry_->mutex_);
  connection_ = connection.get();
  registry_->connections_.emplace(connection_, connection);
}

std::optional<Registry::Place> Registry::admit(const boost::asio::ip::address& peer) {
  std::lock_guard lock(mutex_);
  if (total_ >= total_cap_) return std::nullopt;
  std::size_t& of_address = per_address_[counted_as(peer)];
  // A cap is at least 1, so a refused address has an entry already.
  if (of_address > 0 && of_address >= address_cap_) return std::nullopt;
  ++of_address;
  ++total_;
  return Place(shared_from_this(), peer);
}

std::vector<std::shared_ptr<Connection>> Registry::connections() const {
  std::vector<std::shared_ptr<Connection>> alive;
  std::lock_guard lock(mutex_);
  alive.reserve(connections_.size());
  for (const auto& [key, weak] : connections_) {
    if (auto connection = weak.lock()) alive.push_back(std::move(connection));
  }
  return alive;
}

std::size_t Registry::count() const {
  std::lock_guard lock(mutex_);
  return total_;
}

}  // namespace embergate::http
