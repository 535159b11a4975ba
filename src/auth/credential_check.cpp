// SPDX-License-Identifier: Apache-2.0
#include "auth/credential_check.hpp"

#include <functional>

#include "embergate/core/blocking.hpp"

namespace embergate::auth {

bool VerifiedHashes::contains(const Mac& mac) {
  std::lock_guard lock(mutex_);
  return known_.contains(mac);
}

void VerifiedHashes::insert(const Mac& mac) {
  std::lock_guard lock(mutex_);
  if (!known_.insert(mac).second) return;
  order_.push_back(mac);
  if (order_.size() <= limit_) return;
  known_.erase(order_.front());
  order_.pop_front();
}

void VerifiedHashes::clear() {
  std::lock_guard lock(mutex_);
  known_.clear();
  order_.clear();
}

// On the pool: a file may have to be read, and a candidate value waited for.
Verdict CredentialCheck::verify_reference(const ClientRecord& client, const vault::Secret& presented) {
  const vault::Requester requester{"Client", client.id, "secret"};
  const auto kind = vault::ContentKind::kSingleLine;
  auto value = secrets_.resolve(*client.reference, requester, kind, vault::Use::kInbound);
  if (value && equal_in_constant_time(*value->secret, presented)) return Verdict::kGranted;
  // Out of scope, or out of the config: what was valid before does not count either.
  if (!value && !value.error().retriable) return Verdict::kDenied;
  if (matches_previous(client, presented)) return Verdict::kGranted;
  // The caller may know the new value before this process has looked at the file; at most once a second for
  // each file.
  const std::uint64_t used = value ? value->generation : 0;
  auto fresh = secrets_.refresh(*client.reference, requester, kind, vault::Use::kInbound, used);
  if (fresh && fresh->generation != used && equal_in_constant_time(*fresh->secret, presented)) return Verdict::kGranted;
  return Verdict::kDenied;
}

bool CredentialCheck::matches_previous(const ClientRecord& client, const vault::Secret& presented) {
  const auto previous = secrets_.previous(*client.reference);
  return previous && equal_in_constant_time(*previous, presented);
}

CredentialCheck::Answer CredentialCheck::check_hash(ClientRecord client, SecretPtr presented, core::Turn turn) {
  const Mac mac = keyed_mac(client.id + "/" + std::to_string(client.version_id), *presented);
  if (verified_.contains(mac)) co_return Verdict::kGranted;
  std::function<bool()> work = [hash = client.hash, presented] { return matches_hash(*presented, hash); };
  const auto matches = co_await desk_->run(std::move(turn), std::move(work));
  if (!matches) co_return matches.error();
  if (!*matches) co_return Verdict::kDenied;
  verified_.insert(mac);
  co_return Verdict::kGranted;
}

CredentialCheck::Answer CredentialCheck::check(ClientRecord client, SecretPtr presented, core::Turn turn) {
  if (!client.reference) co_return co_await check_hash(std::move(client), std::move(presented), std::move(turn));
  auto verify = [self = shared_from_this(), client, presented]() -> core::Result<Verdict> {
    return self->verify_reference(client, *presented);
  };
  std::string owner = core::FairPool::owner_of_address(turn.source);
  co_return co_await core::run_blocking(pool_, std::move(owner), std::move(verify));
}

// The cost is always that of the same client, or its time would change from call to call. What is checked is noise, so
// that a right guess of that client's password does not show by what is remembered of it.
CredentialCheck::Answer CredentialCheck::check_nobody(std::shared_ptr<const Directory> known, Mac mark,
                                                      SecretPtr presented, core::Turn turn) {
  const ClientRecord* stand_in = known->stand_in_of(mark);
  if (stand_in == nullptr) co_return Verdict::kDenied;
  auto noise = std::make_shared<const vault::Secret>(noise_like(*presented));
  auto checked = co_await check(*stand_in, std::move(noise), std::move(turn));
  if (!checked) co_return std::move(checked).error();
  co_return Verdict::kDenied;
}

}  // namespace embergate::auth
