// SPDX-License-Identifier: Apache-2.0
#include "embergate/auth/authenticator.hpp"

#include <atomic>
#include <functional>
#include <list>
#include <mutex>
#include <set>

#include "auth/basic_credentials.hpp"
#include "auth/constant_time.hpp"
#include "auth/directory.hpp"
#include "auth/throttle.hpp"
#include "embergate/core/blocking.hpp"
#include "embergate/core/snapshot.hpp"
#include "embergate/observability/log.hpp"

namespace embergate::auth {
namespace {

namespace asio = boost::asio;
namespace log = observability::log;

core::Error unauthenticated() {
  return core::make_error(core::ErrorCode::kUnauthenticated, "Authentication is required");
}

// Hashes that were verified not long ago, so that scrypt is paid once and not at every request (decision 24).
class VerifiedHashes {
 public:
  explicit VerifiedHashes(std::size_t limit) : limit_(limit) {}
  bool contains(const Mac& mac) {
    std::lock_guard lock(mutex_);
    return known_.contains(mac);
  }
  void insert(const Mac& mac) {
    std::lock_guard lock(mutex_);
    if (!known_.insert(mac).second) return;
    order_.push_back(mac);
    if (order_.size() <= limit_) return;
    known_.erase(order_.front());
    order_.pop_front();
  }
  void clear() {
    std::lock_guard lock(mutex_);
    known_.clear();
    order_.clear();
  }

 private:
  std::size_t limit_;
  std::mutex mutex_;
  std::set<Mac> known_;
  std::list<Mac> order_;
};

enum class Verdict { kGranted, kDenied };

}  // namespace

struct Authenticator::Impl : std::enable_shared_from_this<Impl> {
  Impl(AuthOptions given, RootClient a_root, store::Store& a_store, vault::SecretCache& a_secrets,
       asio::thread_pool& a_pool, const core::Clock& clock, observability::Metrics& a_metrics)
      : options(given),
        root(std::move(a_root)),
        store(a_store),
        secrets(a_secrets),
        pool(a_pool),
        throttle(given.failures_per_minute, given.max_tracked, clock),
        verified(given.hash_cache),
        granted(a_metrics.counter("auth_total", "Authentications by method and outcome",
                                  {{"method", "basic"}, {"outcome", "granted"}})),
        denied(a_metrics.counter("auth_total", "Authentications by method and outcome",
                                 {{"method", "basic"}, {"outcome", "denied"}})) {}

  asio::awaitable<core::Result<std::shared_ptr<const Directory>>> directory() {
    auto known = directory_.load();
    if (known && known->epoch == store.committed_catalog_epoch()) co_return known;
    auto load = [self = shared_from_this()] { return load_directory(self->store); };
    auto loaded = co_await core::run_blocking(pool, std::move(load));
    if (loaded) directory_.store(*loaded);
    co_return loaded;
  }

  // On the pool: a file may have to be read, and a candidate value waited for.
  Verdict verify_reference(const ClientRecord& client, const vault::Secret& presented) {
    const vault::Requester requester{"Client", client.id, "secret"};
    const auto kind = vault::ContentKind::kSingleLine;
    auto value = secrets.resolve(*client.reference, requester, kind, vault::Use::kInbound);
    if (value && equal_in_constant_time(*value->secret, presented)) return Verdict::kGranted;
    if (matches_previous(client, presented)) return Verdict::kGranted;
    // The caller may know the new value before this process has looked at the file; at most once a second for
    // each file.
    const std::uint64_t used = value ? value->generation : 0;
    auto fresh = secrets.refresh(*client.reference, requester, kind, vault::Use::kInbound, used);
    if (fresh && fresh->generation != used && equal_in_constant_time(*fresh->secret, presented))
      return Verdict::kGranted;
    return Verdict::kDenied;
  }

  bool matches_previous(const ClientRecord& client, const vault::Secret& presented) {
    const auto previous = secrets.previous(*client.reference);
    return previous && equal_in_constant_time(*previous, presented);
  }

  Verdict verify_hash(const std::string& hash, const vault::Secret& presented, const Mac& mac) {
    if (!matches_hash(presented, hash)) return Verdict::kDenied;
    verified.insert(mac);
    return Verdict::kGranted;
  }

  asio::awaitable<core::Result<Verdict>> check_hash(ClientRecord client,
                                                    std::shared_ptr<const vault::Secret> presented) {
    const Mac mac = keyed_mac(client.id + "/" + std::to_string(client.version_id), *presented);
    if (verified.contains(mac)) co_return Verdict::kGranted;
    if (hashing.fetch_add(1) >= options.hash_queue) {
      --hashing;
      co_return core::make_retriable(core::ErrorCode::kThrottled,
                                     "too many authentications are being verified; try again in a second");
    }
    auto verify = [self = shared_from_this(), client, presented, mac]() -> core::Result<Verdict> {
      const Verdict verdict = self->verify_hash(client.hash, *presented, mac);
      --self->hashing;
      return verdict;
    };
    co_return co_await core::run_blocking(hash_pool, std::move(verify));
  }

  asio::awaitable<core::Result<Verdict>> check_secret(const ClientRecord& client,
                                                      std::shared_ptr<const vault::Secret> presented) {
    if (!client.reference) co_return co_await check_hash(client, presented);
    auto verify = [self = shared_from_this(), client, presented]() -> core::Result<Verdict> {
      return self->verify_reference(client, *presented);
    };
    co_return co_await core::run_blocking(pool, std::move(verify));
  }

  // An unknown or unusable client costs what a wrong password of a real one costs: always of the same one, or its time
  // would change from call to call (S-28). What is checked is noise, so that a right guess of the real one's password
  // does not show by what is remembered of it.
  asio::awaitable<core::Result<Verdict>> check_nobody(const Directory& known, const std::string& id,
                                                      const vault::Secret& presented) {
    if (known.stand_ins.empty()) co_return Verdict::kDenied;
    const ClientRecord& stand_in = *known.stand_ins[std::hash<std::string>{}(id) % known.stand_ins.size()];
    auto checked = co_await check_secret(stand_in, std::make_shared<const vault::Secret>(noise_like(presented)));
    if (!checked) co_return std::move(checked).error();
    co_return Verdict::kDenied;
  }

  asio::awaitable<core::Result<Verdict>> check_client(std::string id, std::shared_ptr<const Directory> known,
                                                      std::shared_ptr<const vault::Secret> presented) {
    const auto found = known->clients.find(id);
    if (found != known->clients.end() && found->second.may_log_in() && !presented->empty())
      co_return co_await check_secret(found->second, presented);
    co_return co_await check_nobody(*known, id, *presented);
  }

  AuthOptions options;
  RootClient root;
  store::Store& store;
  vault::SecretCache& secrets;
  asio::thread_pool& pool;
  Throttle throttle;
  VerifiedHashes verified;
  std::shared_ptr<observability::Counter> granted;
  std::shared_ptr<observability::Counter> denied;
  core::Snapshot<Directory> directory_;
  std::atomic<std::size_t> hashing{0};
  asio::thread_pool hash_pool{1};
};

Authenticator::Authenticator(AuthOptions options, RootClient root, store::Store& store, vault::SecretCache& secrets,
                             asio::thread_pool& pool, const core::Clock& clock, observability::Metrics& metrics)
    : impl_(std::make_shared<Impl>(options, std::move(root), store, secrets, pool, clock, metrics)) {}

Authenticator::~Authenticator() { impl_->hash_pool.join(); }

asio::awaitable<core::Result<Principal>> Authenticator::authenticate(std::string authorization,
                                                                     std::string remote_address) {
  if (authorization.empty()) co_return Principal{};
  auto credential = parse_basic(authorization);
  vault::wipe(authorization);
  if (!credential)
    co_return core::make_error(core::ErrorCode::kMalformed,
                               "the Authorization header must be \"Basic <base64 of id:secret>\"");
  const std::string key = credential->client_id + "\n" + remote_address;
  if (impl_->throttle.blocked(key)) {
    co_return core::make_retriable(core::ErrorCode::kThrottled,
                                   "too many failed authentications; try again in a minute");
  }
  auto presented = std::make_shared<const vault::Secret>(std::move(credential->secret));
  const bool names_root = !impl_->root.secret.empty() && credential->client_id == impl_->root.id;
  const bool is_root = names_root && equal_in_constant_time(impl_->root.secret, *presented);
  Verdict verdict = Verdict::kGranted;
  std::shared_ptr<const Directory> directory;
  if (!is_root) {
    auto known = co_await impl_->directory();
    if (!known) co_return std::move(known).error();
    directory = *std::move(known);
    // A wrong secret of the root client goes on as one of a client whom nobody knows: its id is not to be found out.
    auto checked = co_await impl_->check_client(credential->client_id, directory, presented);
    if (!checked) co_return std::move(checked).error();
    verdict = names_root ? Verdict::kDenied : *checked;
  }
  if (verdict == Verdict::kDenied) {
    impl_->throttle.failed(key);
    impl_->denied->add();
    log::event(log::Level::kWarn, "auth/warn", "authentication failed",
               {{"err", std::string_view("wrong_credentials")}, {"w_addr", std::string_view(remote_address)}});
    co_return unauthenticated();
  }
  impl_->throttle.succeeded(key);
  impl_->granted->add();
  co_return Principal{is_root ? Principal::Kind::kRoot : Principal::Kind::kClient, credential->client_id,
                      std::move(directory)};
}

core::Result<void> Authenticator::authorize(const Principal& principal) const {
  if (principal.kind == Principal::Kind::kRoot) return {};
  if (principal.kind == Principal::Kind::kAnonymous) return unauthenticated();
  if (principal.directory && principal.directory->allowed_clients.contains(principal.client_id)) return {};
  return core::make_error(core::ErrorCode::kForbidden, "Forbidden");
}

void Authenticator::drop_caches() {
  impl_->verified.clear();
  impl_->directory_.store(nullptr);
}

}  // namespace embergate::auth
