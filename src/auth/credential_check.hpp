// SPDX-License-Identifier: Apache-2.0
// Whether a presented secret is that of a client: by reference from the vault, or against a slow hash (decision 24). An
// unknown client costs what a wrong secret of a known one costs (S-28).
// Thread: coroutines for io executors; files are read on the pool given. Ownership: SecretCache and pool outlive it;
// join() before destroying. Failure: kThrottled where too many wait for the hash.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <list>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "auth/constant_time.hpp"
#include "auth/directory.hpp"
#include "auth/hash_desk.hpp"
#include "embergate/auth/authenticator.hpp"
#include "embergate/vault/cache.hpp"

namespace embergate::auth {

enum class Verdict { kGranted, kDenied };

// Hashes that were verified not long ago, so that scrypt is paid once and not at every request (decision 24).
class VerifiedHashes {
 public:
  explicit VerifiedHashes(std::size_t limit) : limit_(limit) {}
  bool contains(const Mac& mac);
  void insert(const Mac& mac);
  void clear();

 private:
  std::size_t limit_;
  std::mutex mutex_;
  std::set<Mac> known_;
  std::list<Mac> order_;
};

class CredentialCheck : public std::enable_shared_from_this<CredentialCheck> {
 public:
  using SecretPtr = std::shared_ptr<const vault::Secret>;
  using Answer = boost::asio::awaitable<core::Result<Verdict>>;

  CredentialCheck(const AuthOptions& options, vault::SecretCache& secrets, core::FairPool& pool)
      : secrets_(secrets),
        pool_(pool),
        verified_(options.hash_cache),
        desk_(std::make_shared<HashDesk>(options.hash_queue, options.hash_queue_per_address)) {}

  Answer check(ClientRecord client, SecretPtr presented, core::Turn turn);
  // Of a client that is not there or cannot log in: always denied, at the same cost. `mark`: mark_of_client().
  Answer check_nobody(std::shared_ptr<const Directory> known, Mac mark, SecretPtr presented, core::Turn turn);
  void forget_hashes() { verified_.clear(); }
  void join() { desk_->join(); }

 private:
  Verdict verify_reference(const ClientRecord& client, const vault::Secret& presented);
  bool matches_previous(const ClientRecord& client, const vault::Secret& presented);
  Answer check_hash(ClientRecord client, SecretPtr presented, core::Turn turn);

  vault::SecretCache& secrets_;
  core::FairPool& pool_;
  VerifiedHashes verified_;
  std::shared_ptr<HashDesk> desk_;
};

}  // namespace embergate::auth
