// SPDX-License-Identifier: Apache-2.0
#include "http/registry.hpp"

#include <limits>

#include "http/networks.hpp"

namespace embergate::http {
namespace {

using std::chrono::steady_clock;

constexpr steady_clock::rep kWorks = std::numeric_limits<steady_clock::rep>::max();
constexpr steady_clock::rep kEnds = std::numeric_limits<steady_clock::rep>::min();

constexpr std::chrono::seconds kStallGrace{1};

steady_clock::rep now() { return steady_clock::now().time_since_epoch().count(); }

}  // namespace

Registry::Place::Place(std::shared_ptr<Registry> registry, boost::asio::ip::address address, Entries::iterator entry)
    : registry_(std::move(registry)), address_(std::move(address)), entry_(entry) {}

Registry::Place::~Place() {
  if (!registry_) return;
  std::lock_guard lock(registry_->mutex_);
  registry_->release(**entry_);
  registry_->entries_.erase(entry_);
}

void Registry::Place::occupy(const std::shared_ptr<Connection>& connection) {
  std::lock_guard lock(registry_->mutex_);
  (*entry_)->connection = connection;
}

void Registry::Place::waits() { (*entry_)->waits_since.store(now(), std::memory_order_relaxed); }

void Registry::Place::ends() { (*entry_)->waits_since.store(kEnds, std::memory_order_relaxed); }

void Registry::Place::stalls() {
  (*entry_)->waits_since.store((steady_clock::now() + kStallGrace).time_since_epoch().count(),
                               std::memory_order_relaxed);
}

void Registry::Place::works() { (*entry_)->waits_since.store(kWorks, std::memory_order_relaxed); }

std::optional<Registry::Admission> Registry::admit(const boost::asio::ip::address& peer, bool shared) {
  std::lock_guard lock(mutex_);
  const Address counted = shared ? Address() : Address(counted_address(peer));
  const auto known = counted ? per_address_.find(*counted) : per_address_.end();
  const bool address_full = known != per_address_.end() && known->second >= address_cap_;
  std::shared_ptr<Connection> displaced;
  if (address_full || total_ >= total_cap_) {
    Entry* const waiting = longest_waiting(address_full ? counted : Address());
    if (waiting == nullptr) return std::nullopt;
    displaced = displace(waiting);
  }
  auto entry = std::make_shared<Entry>();
  entry->address = counted;
  entry->waits_since = now();
  if (counted) ++per_address_[*counted];
  ++total_;
  const auto at = entries_.insert(entries_.end(), std::move(entry));
  return Admission{Place(shared_from_this(), peer, at), std::move(displaced)};
}

std::shared_ptr<Connection> Registry::displace_oldest() {
  std::lock_guard lock(mutex_);
  Entry* const waiting = longest_waiting({});
  return waiting == nullptr ? nullptr : displace(waiting);
}

Registry::Entry* Registry::longest_waiting(const Address& of) const {
  Entry* oldest = nullptr;
  steady_clock::rep since = now() + 1;  // later ones do not wait yet
  for (const auto& entry : entries_) {
    const steady_clock::rep here = entry->waits_since.load(std::memory_order_relaxed);
    if (!entry->counted || here >= since || (of && entry->address != of)) continue;
    oldest = entry.get();
    since = here;
  }
  return oldest;
}

std::shared_ptr<Connection> Registry::displace(Entry* entry) {
  release(*entry);
  return entry->connection.lock();
}

void Registry::release(Entry& entry) {
  if (!entry.counted) return;
  entry.counted = false;
  --total_;
  if (!entry.address) return;
  const auto found = per_address_.find(*entry.address);
  if (--found->second == 0) per_address_.erase(found);
}

std::vector<std::shared_ptr<Connection>> Registry::connections() const {
  std::vector<std::shared_ptr<Connection>> alive;
  std::lock_guard lock(mutex_);
  alive.reserve(entries_.size());
  for (const auto& entry : entries_) {
    if (auto connection = entry->connection.lock()) alive.push_back(std::move(connection));
  }
  return alive;
}

std::size_t Registry::count() const {
  std::lock_guard lock(mutex_);
  return entries_.size();
}

}  // namespace embergate::http
