// SPDX-License-Identifier: Apache-2.0
#include "embergate/auth/authenticator.hpp"

#include <fmt/format.h>

#include "auth/basic_credentials.hpp"
#include "auth/constant_time.hpp"
#include "auth/credential_check.hpp"
#include "auth/directory.hpp"
#include "auth/flights.hpp"
#include "auth/throttle.hpp"
#include "embergate/core/blocking.hpp"
#include "embergate/core/snapshot.hpp"
#include "embergate/http/trusted_proxies.hpp"
#include "embergate/observability/log.hpp"

namespace embergate::auth {
namespace {

namespace asio = boost::asio;
namespace log = observability::log;
using SecretPtr = CredentialCheck::SecretPtr;

// How long a caller that was let in is known at its address.
constexpr core::Milliseconds kLately = std::chrono::hours(24);
// Checks of others that a caller waits for, one after the other, when none of them says anything of its own.
constexpr int kMostTurns = 16;

core::Error unauthenticated() {
  return core::make_error(core::ErrorCode::kUnauthenticated, "Authentication is required");
}

core::Error throttled(std::chrono::seconds wait) {
  return core::make_retriable(
      core::ErrorCode::kThrottled,
      fmt::format("too many failed logins with this id or from this address; try again in {} s, with the right secret. "
                  "Callers behind one proxy share an address unless the gateway knows the proxy "
                  "(BOX_WEB_TRUSTED_PROXIES)",
                  wait.count()));
}

// No id of a client has parentheses.
constexpr std::string_view kNoSuchClient = "(no such client)";

bool is_throttled(const core::Result<Verdict>& verdict) {
  return !verdict && verdict.error().code == core::ErrorCode::kThrottled;
}

std::shared_ptr<const Rights> rights_in(const Directory& directory, const std::string& client) {
  static const auto none = std::make_shared<const Rights>();
  const auto found = directory.rights.find(client);
  return found == directory.rights.end() ? none : found->second;
}

// One login on its way.
struct Login {
  std::string client_id;
  std::string source;  // the address as it is counted
  SecretPtr presented;
  Mac mark;  // of what was presented: made once, for it runs with every request
  std::chrono::seconds* retry_after = nullptr;
  bool suspect = false;  // wrong guesses came from its address lately, and it is not proven itself

  [[nodiscard]] Mac caller() const { return keyed_mac(client_id + "\n" + source, mark); }
  [[nodiscard]] Mac guess() const { return keyed_mac(client_id, mark); }
  [[nodiscard]] Mac address() const { return keyed_mark("address\n" + source); }
  [[nodiscard]] Throttle::Attempt attempt() const {
    Throttle::Attempt attempt{keyed_mark("caller\n" + client_id + "\n" + source), address(), mark_of_client(client_id)};
    if (const std::string site = http::counted_site(source); !site.empty())
      attempt.site = Throttle::Site{keyed_mark("caller at\n" + client_id + "\n" + site), keyed_mark("site\n" + site)};
    return attempt;
  }
};

}  // namespace

struct Authenticator::Impl : std::enable_shared_from_this<Impl> {
  using Verified = asio::awaitable<core::Result<Verdict>>;

  Impl(AuthOptions options, RootClient a_root, store::Store& a_store, vault::SecretCache& secrets,
       core::FairPool& a_pool, const core::Clock& clock, observability::Metrics& metrics)
      : root(std::move(a_root)),
        root_mark(mark_of(root.secret)),
        store(a_store),
        pool(a_pool),
        throttle({options.failures_per_minute, options.failures_per_address, options.failures_per_client,
                  options.max_tracked},
                 clock),
        proven(options.max_proven, kLately, clock),
        check(std::make_shared<CredentialCheck>(options, secrets, a_pool)),
        granted(counter(metrics, "granted")),
        denied(counter(metrics, "denied")),
        blocked(counter(metrics, "throttled")) {}

  static std::shared_ptr<observability::Counter> counter(observability::Metrics& metrics, const char* outcome) {
    return metrics.counter("auth_total", "Authentications by method and outcome",
                           {{"method", "basic"}, {"outcome", outcome}});
  }

  asio::awaitable<core::Result<std::shared_ptr<const Directory>>> directory(const Login& login) {
    auto known = directory_.load();
    if (known && known->epoch == store.committed_catalog_epoch()) co_return known;
    auto load = [self = shared_from_this()] { return load_directory(self->store); };
    std::string owner = core::FairPool::owner_of_address(login.source);
    auto loaded = co_await core::run_blocking(pool, std::move(owner), std::move(load));
    if (loaded) directory_.store(*loaded);
    co_return loaded;
  }

  [[nodiscard]] bool names_root(const Login& login) const { return !root.secret.empty() && login.client_id == root.id; }
  [[nodiscard]] bool is_root(const Login& login) const {
    return names_root(login) && equal_in_constant_time(root_mark, login.mark);
  }

  // `attempt`: null for a caller that is not counted. A wrong secret of the root client goes on as one of a client that
  // does not exist: its id is not to be found out.
  Verified verify(Login login, std::shared_ptr<const Throttle::Attempt> attempt) {
    if (is_root(login)) co_return Verdict::kGranted;
    auto known = co_await directory(login);
    if (!known) co_return std::move(known).error();
    const auto found = (*known)->clients.find(login.client_id);
    const bool usable = found != (*known)->clients.end() && found->second.may_log_in() && !login.presented->empty() &&
                        !names_root(login);
    // Several clients may share a secret, so guesses are counted for the secret too. Where there were too many, the
    // answer is that of a wrong guess, at its cost: another one would tell that the client exists and shares its
    // secret.
    const bool shares = usable && found->second.reference;
    Mac secret{};
    if (attempt)
      secret = keyed_mark(shares ? "secret\n" + found->second.reference->value() : "own\n" + login.client_id);
    const bool counted = attempt && throttle.reserve_secret(secret, *attempt);
    const bool hopeless = attempt && !counted;
    if (hopeless) login.presented = std::make_shared<const vault::Secret>(noise_like(*login.presented));
    core::Result<Verdict> verdict = Verdict::kDenied;
    core::Turn turn{login.source, login.suspect};
    if (usable) {
      verdict = co_await check->check(found->second, login.presented, std::move(turn));
    } else {
      const Mac mark = attempt ? attempt->client : mark_of_client(login.client_id);
      verdict = co_await check->check_nobody(*known, mark, login.presented, std::move(turn));
    }
    if (hopeless) co_return Verdict::kDenied;
    if (counted && (!verdict || *verdict == Verdict::kGranted)) throttle.give_back_secret(secret);
    co_return verdict;
  }

  // As the log names it: what was typed for an id that no client has may be a password.
  [[nodiscard]] std::string name_of(const std::string& client_id) const {
    if (!root.secret.empty() && client_id == root.id) return root.id;
    const auto known = directory_.load();
    return known && known->clients.contains(client_id) ? client_id : std::string(kNoSuchClient);
  }

  // The right secret is refused too, so the log says it, once a minute for each address: a line for each id would have
  // those that exist take longer (S-28), or let callers fill the log.
  core::Error refusal(const Login& login, std::chrono::seconds wait) {
    if (throttle.is_news(keyed_mark("refused\n" + login.source))) {
      const std::string name = name_of(login.client_id);
      log::event(
          log::Level::kWarn, "auth/throttled",
          "logins are refused after too many failures; where many callers share the address, name their proxy in "
          "BOX_WEB_TRUSTED_PROXIES",
          {{"client", std::string_view(name)},
           {"w_addr", std::string_view(login.source)},
           {"seconds", static_cast<std::int64_t>(wait.count())}});
    }
    *login.retry_after = wait;
    return throttled(wait);
  }

  // Of a caller that is not known: counted before it is checked.
  Verified verify_counted(Login login) {
    auto attempt = std::make_shared<const Throttle::Attempt>(login.attempt());
    if (throttle.blocked_here(*attempt)) co_return refusal(login, throttle.wait_of(*attempt));
    const Mac guess = login.guess();
    for (int turn = 0; turn < kMostTurns; ++turn) {
      auto landing = flights->begin(guess);
      if (landing) {
        auto verdict = co_await verify_reserved(std::move(login), std::move(attempt));
        landing->finish(verdict);
        co_return verdict;
      }
      auto start = [flights = flights, guess](const auto& done) {
        auto waiter = [done](Flights::Result result) { done(std::optional<Flights::Result>(std::move(result))); };
        if (!flights->wait(guess, std::move(waiter))) done(std::nullopt);
      };
      auto landed = co_await core::await_callback<std::optional<Flights::Result>>(std::move(start));
      // Too many failures are those of the other one's address.
      if (!landed || is_throttled(*landed)) continue;
      if (*landed && **landed == Verdict::kDenied) throttle.count_at_address(*attempt);
      co_return *std::move(landed);
    }
    co_return co_await verify_reserved(std::move(login), std::move(attempt));
  }

  Verified verify_reserved(Login login, std::shared_ptr<const Throttle::Attempt> attempt) {
    if (!throttle.reserve(*attempt)) co_return refusal(login, throttle.wait_of(*attempt));
    login.suspect = throttle.is_suspect(*attempt);
    auto verdict = co_await verify(std::move(login), attempt);
    if (!verdict || *verdict == Verdict::kGranted) {
      throttle.give_back(*attempt);
    } else {
      throttle.failed(*attempt);
    }
    co_return verdict;
  }

  // Of a caller that was let in lately with this very secret: no guess, right or not.
  Verified verify_known(Login login, Proven::State state) {
    login.suspect = state == Proven::State::kRefusedSince;
    if (login.suspect && throttle.address_blocked(login.address()))
      co_return refusal(login, throttle.wait_of_address(login.address()));
    auto verdict = co_await verify(login, nullptr);
    if (verdict && *verdict == Verdict::kDenied) throttle.count_address(login.address());
    co_return verdict;
  }

  Verified judge(Login login) {
    const Mac caller = login.caller();
    const Proven::State state = proven.state_of(caller);
    core::Result<Verdict> verdict = Verdict::kDenied;
    if (state == Proven::State::kUnknown) {
      verdict = co_await verify_counted(std::move(login));
    } else {
      verdict = co_await verify_known(std::move(login), state);
    }
    if (verdict && *verdict == Verdict::kGranted) proven.granted(caller);
    if (verdict && *verdict == Verdict::kDenied) proven.refused(caller);
    co_return verdict;
  }

  // The root client, where it was let in lately: nothing to wait for, and its requests are most of many servers'.
  bool is_known_root(const Login& login) {
    if (!is_root(login)) return false;
    const Mac caller = login.caller();
    if (proven.state_of(caller) != Proven::State::kProven) return false;
    proven.granted(caller);
    return true;
  }

  [[nodiscard]] static Principal root_principal(const Login& login) {
    return Principal{Principal::Kind::kRoot, login.client_id, Rights::of_administrator()};
  }

  static asio::awaitable<core::Result<Principal>> at_once(core::Result<Principal> answer) { co_return answer; }

  static asio::awaitable<core::Result<Principal>> let_in(std::shared_ptr<Impl> self, Login login,
                                                         std::string remote_address) {
    const auto verdict = co_await self->judge(login);
    self->note(verdict, login.client_id, remote_address);
    if (!verdict) co_return verdict.error();
    if (*verdict == Verdict::kDenied) co_return unauthenticated();
    co_return co_await self->principal_of(std::move(login));
  }

  // Of one that was let in: as the root client only with its secret.
  asio::awaitable<core::Result<Principal>> principal_of(Login login) {
    if (names_root(login)) co_return root_principal(login);
    auto known = co_await directory(login);
    if (!known) co_return std::move(known).error();
    co_return Principal{Principal::Kind::kClient, login.client_id, rights_in(**known, login.client_id)};
  }

  void note(const core::Result<Verdict>& verdict, const std::string& client_id, std::string_view remote_address) {
    if (is_throttled(verdict)) blocked->add();
    if (!verdict) return;
    if (*verdict == Verdict::kGranted) return granted->add();
    denied->add();
    const std::string name = name_of(client_id);
    log::event(log::Level::kWarn, "auth/warn", "authentication failed",
               {{"err", std::string_view("wrong_credentials")},
                {"client", std::string_view(name)},
                {"w_addr", remote_address}});
  }

  RootClient root;
  const Mac root_mark;
  store::Store& store;
  core::FairPool& pool;
  Throttle throttle;
  Proven proven;
  std::shared_ptr<Flights> flights = std::make_shared<Flights>();
  std::shared_ptr<CredentialCheck> check;
  std::shared_ptr<observability::Counter> granted;
  std::shared_ptr<observability::Counter> denied;
  std::shared_ptr<observability::Counter> blocked;
  core::Snapshot<Directory> directory_;
};

Authenticator::Authenticator(AuthOptions options, RootClient root, store::Store& store, vault::SecretCache& secrets,
                             core::FairPool& pool, const core::Clock& clock, observability::Metrics& metrics)
    : impl_(std::make_shared<Impl>(options, std::move(root), store, secrets, pool, clock, metrics)) {}

Authenticator::~Authenticator() { impl_->check->join(); }

asio::awaitable<core::Result<Principal>> Authenticator::authenticate(std::string authorization,
                                                                     std::string remote_address,
                                                                     std::chrono::seconds& retry_after) {
  if (authorization.empty()) return Impl::at_once(Principal{});
  auto credential = parse_basic(authorization);
  vault::wipe(authorization);
  if (!credential)
    return Impl::at_once(core::make_error(core::ErrorCode::kMalformed,
                                          "the Authorization header must be \"Basic <base64 of id:secret>\""));
  const Mac mark = mark_of(credential->secret);
  Login login{std::move(credential->client_id), http::counted_peer(remote_address),
              std::make_shared<const vault::Secret>(std::move(credential->secret)), mark, &retry_after};
  if (impl_->is_known_root(login)) {
    impl_->granted->add();
    return Impl::at_once(Impl::root_principal(login));
  }
  return Impl::let_in(impl_, std::move(login), std::move(remote_address));
}

core::Result<void> authorize_any(const Principal& principal) {
  if (!principal.rights) return unauthenticated();
  if (principal.rights->empty()) return core::make_error(core::ErrorCode::kForbidden, "Forbidden");
  return {};
}

core::Result<void> authorize(const Principal& principal, std::string_view interaction, std::string_view type) {
  EG_CHECK(authorize_any(principal));
  if (principal.rights->allow(interaction, type)) return {};
  return core::make_error(core::ErrorCode::kForbidden,
                          fmt::format("Forbidden: no AccessPolicy of this client allows the interaction \"{}\"{}{}",
                                      interaction, type.empty() ? "" : " on ", type));
}

core::Result<void> authorize_administrator(const Principal& principal) {
  EG_CHECK(authorize_any(principal));
  if (principal.is_administrator()) return {};
  return core::make_error(core::ErrorCode::kForbidden,
                          "Forbidden: this needs the root client, or an AccessPolicy without resource_types and "
                          "interactions");
}

void Authenticator::drop_caches() {
  impl_->check->forget_hashes();
  impl_->directory_.store(nullptr);
}

}  // namespace embergate::auth
