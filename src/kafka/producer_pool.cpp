// SPDX-License-Identifier: Apache-2.0
#include "embergate/kafka/producer_pool.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <utility>
#include <vector>

#include "embergate/observability/log.hpp"
#include "kafka/identity.hpp"
#include "kafka/pool_context.hpp"
#include "kafka/producer_config.hpp"
#include "kafka/transport_warnings.hpp"

namespace embergate::kafka {

namespace {

constexpr core::Milliseconds kCloseStep{50};
constexpr core::Milliseconds kLingerLimit{10'000};  // how long an unused identity may take to deliver what it has
constexpr core::Milliseconds kDestructorLimit{5'000};
constexpr std::string_view kStopping = "the program is stopping";

// Why a destination cannot have a connection at all; empty when it can.
std::string objection(const ConnectionSettings& settings) {
  if (uses_sasl(settings)) {
    if (settings.sasl_mechanism == SaslMechanism::kNone) return "the connection needs saslMechanism";
    if (!settings.sasl_jaas_config && settings.sasl_jaas_text.empty() && !settings.sasl_password) {
      return "the connection needs saslJaasConfig or saslPassword as a reference to a secret";
    }
  }
  return {};
}

}  // namespace

struct ProducerPool::Impl : std::enable_shared_from_this<ProducerPool::Impl> {
  Impl(const Options& options, vault::SecretCache& secrets, const core::Clock& clock, observability::Metrics& metrics)
      : context(options, secrets, clock, metrics) {}

  std::shared_ptr<Identity> find_or_make(const ConnectionSettings& connection, const TopicSettings& topic);
  void config_changed();
  void left(const std::shared_ptr<Identity>& identity);
  void close_when_idle(const std::shared_ptr<Identity>& identity, core::SteadyTime deadline);
  bool wait_until(core::SteadyTime deadline, const std::function<bool()>& condition);

  PoolContext context;
  std::mutex mutex;
  std::vector<std::shared_ptr<Identity>> identities;
  std::vector<std::shared_ptr<Identity>> closing;  // told to end, perhaps not there yet
  bool shut_down = false;
  std::unique_ptr<vault::Watch> config_watch;
};

namespace {

// A destination that can have no connection: every batch fails with the reason.
class RefusedProducer final : public Producer {
 public:
  RefusedProducer(PoolContext& context, std::string reason, std::size_t max_bytes)
      : context_(context), reason_(std::move(reason)), max_bytes_(max_bytes), since_(context.clock.system_now()) {}
  void send(std::shared_ptr<const RecordBatch> batch, Done done) override {
    auto* state = new BatchState(std::move(batch), std::move(done), context_.batches, broken_);
    state->failed_from(0, RecordFailure{.reason = reason_});
    context_.finish({state});
  }
  [[nodiscard]] ConnectionStatus status() const override {
    return ConnectionStatus{.has_credential = false, .last_error = reason_, .last_error_at = since_};
  }
  [[nodiscard]] std::size_t max_record_bytes() const override { return max_bytes_; }
  void purge() override {}
  void resume() override {}
  void inquire() override {}

 private:
  PoolContext& context_;
  std::string reason_;
  std::size_t max_bytes_;
  core::SystemTime since_;
  const std::shared_ptr<std::atomic<bool>> broken_ = std::make_shared<std::atomic<bool>>(true);
};

}  // namespace

class PooledProducer final : public Producer {
 public:
  PooledProducer(std::function<void(const std::shared_ptr<Identity>&)> left, std::shared_ptr<Identity> identity,
                 Identity::Member member)
      : left_(std::move(left)), identity_(std::move(identity)), member_(std::move(member)) {}
  ~PooledProducer() override {
    member_.listener->clear();
    identity_->leave(member_.lane);
    left_(identity_);
  }
  void send(std::shared_ptr<const RecordBatch> batch, Done done) override {
    identity_->send(*member_.lane, std::move(batch), std::move(done));
  }
  [[nodiscard]] ConnectionStatus status() const override { return identity_->status(member_); }
  void inquire() override { identity_->inquire(); }
  [[nodiscard]] std::size_t max_record_bytes() const override { return kafka::max_record_bytes(identity_->settings()); }
  void purge() override { identity_->purge(*member_.lane); }
  void resume() override { member_.lane->resume(); }

 private:
  std::function<void(const std::shared_ptr<Identity>&)> left_;
  std::shared_ptr<Identity> identity_;
  Identity::Member member_;
};

ProducerPool::ProducerPool(const Options& options, vault::SecretCache& secrets, const core::Clock& clock,
                           observability::Metrics& metrics)
    : impl_(std::make_shared<Impl>(options, secrets, clock, metrics)) {
  impl_->config_watch = secrets.watch_config([weak = std::weak_ptr(impl_)] {
    if (const auto impl = weak.lock()) impl->config_changed();
  });
}

ProducerPool::~ProducerPool() { shutdown(kDestructorLimit); }

// Under the pool's mutex.
std::shared_ptr<Identity> ProducerPool::Impl::find_or_make(const ConnectionSettings& connection,
                                                           const TopicSettings& topic) {
  for (const auto& identity : identities) {
    if (identity->settings() == connection && identity->fits(topic)) return identity;
  }
  warn_of_weak_transport(connection);
  auto made = std::make_shared<Identity>(context, connection);
  identities.push_back(made);
  context.producers->set(static_cast<double>(identities.size()));
  return made;
}

std::unique_ptr<Producer> ProducerPool::acquire(const ConnectionSettings& connection, const TopicSettings& topic,
                                                const vault::Requester& requester, Listener listener) {
  std::string reason = objection(connection);
  std::lock_guard lock(impl_->mutex);
  if (impl_->shut_down) reason = kStopping;
  if (!reason.empty()) {
    return std::make_unique<RefusedProducer>(impl_->context, std::move(reason), kafka::max_record_bytes(connection));
  }
  Identity::Member member{topic, requester, std::make_shared<ListenerSlot>(std::move(listener)),
                          std::make_shared<Lane>()};
  const std::size_t before = impl_->identities.size();
  auto identity = impl_->find_or_make(connection, topic);
  identity->join(member);
  if (impl_->identities.size() > before) identity->start();
  return std::make_unique<PooledProducer>([impl = impl_.get()](const auto& left) { impl->left(left); },
                                          std::move(identity), std::move(member));
}

void ProducerPool::Impl::left(const std::shared_ptr<Identity>& identity) {
  std::lock_guard lock(mutex);
  if (shut_down || !identity->unused()) return;
  context.control.post([this, identity, deadline = std::chrono::steady_clock::now() + kLingerLimit] {
    close_when_idle(identity, deadline);
  });
}

// A destination that comes back in the meantime finds the identity and keeps it (no two clients for the same keys).
void ProducerPool::Impl::close_when_idle(const std::shared_ptr<Identity>& identity, core::SteadyTime deadline) {
  {
    std::lock_guard lock(mutex);
    if (shut_down || !identity->unused()) return;
    if (identity->idle() || std::chrono::steady_clock::now() >= deadline) {
      std::erase(identities, identity);
      context.producers->set(static_cast<double>(identities.size()));
      std::erase_if(closing, [](const auto& one) { return one->ended(); });
      closing.push_back(identity);
      identity->end("no destination uses the connection any more");
      return;
    }
  }
  context.control.post_after(kCloseStep, [this, identity, deadline] { close_when_idle(identity, deadline); });
}

bool ProducerPool::Impl::wait_until(core::SteadyTime deadline, const std::function<bool()>& condition) {
  std::mutex own;
  std::condition_variable never_notified;
  std::unique_lock lock(own);
  while (!condition()) {
    const auto now = std::chrono::steady_clock::now();
    if (now >= deadline) return false;
    never_notified.wait_until(lock, std::min(deadline, now + core::Milliseconds(5)));
  }
  return true;
}

void ProducerPool::Impl::config_changed() {
  std::lock_guard lock(mutex);
  for (const auto* all : {&identities, &closing}) {
    for (const auto& identity : *all) identity->config_changed();
  }
}

void ProducerPool::shutdown(core::Milliseconds limit) {
  impl_->config_watch.reset();
  std::vector<std::shared_ptr<Identity>> ending;
  {
    std::lock_guard lock(impl_->mutex);
    if (impl_->shut_down) return;
    impl_->shut_down = true;
    ending = impl_->identities;
    ending.insert(ending.end(), impl_->closing.begin(), impl_->closing.end());
    impl_->identities.clear();
    impl_->closing.clear();
  }
  const auto begin = std::chrono::steady_clock::now();
  const std::string reason(kStopping);
  PoolContext& context = impl_->context;
  context.stopping.store(true);
  for (const auto& identity : ending) identity->refuse(reason);
  const auto all_idle = [&] {
    return std::all_of(ending.begin(), ending.end(), [](const auto& identity) { return identity->idle(); });
  };
  impl_->wait_until(begin + limit / 2, all_idle);
  for (const auto& identity : ending) identity->end(reason);
  // In this order: an identity that has ended has put its client on the list of the retired.
  const auto all_closed = [&] {
    return std::all_of(ending.begin(), ending.end(), [](const auto& one) { return one->ended(); }) &&
           context.all_retired_closed();
  };
  impl_->wait_until(begin + limit, all_closed);
  context.replacements.forget_all();
  context.control.stop();
  context.leave_retired_to_the_system();
  context.pump.stop();
  context.batches.abandon_all(reason);
}

void ProducerPool::targets_changed() {
  std::lock_guard lock(impl_->mutex);
  for (const auto& identity : impl_->identities) identity->target_changed();
}

std::size_t ProducerPool::identities() const {
  std::lock_guard lock(impl_->mutex);
  return impl_->identities.size();
}

}  // namespace embergate::kafka
