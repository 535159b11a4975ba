// SPDX-License-Identifier: Apache-2.0
#include "delivery/relay.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "embergate/core/assert.hpp"
#include "embergate/core/blocking.hpp"

namespace embergate::delivery {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kJobsAtOnce = 256;
constexpr core::Milliseconds kShortestWait{1};
constexpr core::Milliseconds kGaugeInterval{5'000};
constexpr core::Milliseconds kLongWait{5'000};  // of records for their answer: from here on health tells

Trouble trouble_of_wait(const kafka::ConnectionStatus& status) {
  if (status.topic_trouble.empty()) return {core::Fault::kKafkaTimeout, "the brokers acknowledge nothing"};
  return {status.topic_fault, status.topic_trouble};
}

}  // namespace

Relay::Relay(RelayOptions options, const asio::any_io_executor& executor, asio::thread_pool& pool,
             store::Outbox& outbox, std::unique_ptr<kafka::Producer> producer, WindowSource source,
             std::shared_ptr<ErrorLog> errors, const core::Clock& clock, RelayMetrics metrics)
    : options_(std::move(options)),
      strand_(asio::make_strand(executor)),
      timer_(strand_),
      finished_timer_(strand_),
      pool_(pool),
      outbox_(outbox),
      producer_(std::move(producer)),
      source_(std::move(source)),
      errors_(std::move(errors)),
      clock_(clock),
      metrics_(std::move(metrics)),
      pipeline_(options_.slot, options_.windows_in_flight, options_.retry, options_.ordered, options_.max_held),
      random_(static_cast<std::uint32_t>(options_.slot.value())) {}

void Relay::start() {
  finished_timer_.expires_at(asio::steady_timer::time_point::max());
  asio::co_spawn(
      strand_, [self = shared_from_this()]() -> asio::awaitable<void> { return self->run(); },
      [](const std::exception_ptr& thrown) { EG_ASSERT(thrown == nullptr); });
}

void Relay::wake() {
  if (woken_.exchange(true)) return;
  asio::post(strand_, [self = shared_from_this()] { self->signal(); });
}

void Relay::retry_now() {
  asio::post(strand_, [self = shared_from_this()] {
    if (!self->pause_is_for_topic_) self->paused_until_ = {};
    self->signal();
  });
}

void Relay::signal() {
  signalled_ = true;
  timer_.cancel();
}

void Relay::note(const Trouble& trouble) {
  if (!trouble.message.empty()) errors_->add(trouble, clock_.system_now());
}

void Relay::note_lasting(const Trouble& trouble) {
  if (!trouble.message.empty()) errors_->lasts(trouble, clock_.system_now());
}

asio::awaitable<void> Relay::run() {
  co_await load();
  while (stop_ == Stop::kNo) {
    const bool progress = co_await step();
    if (!progress && stop_ == Stop::kNo) co_await wait();
  }
  co_await drain();
  set_unanswered(std::nullopt);
  finish();
}

// The producer goes now, no matter who else holds the relay: it must not outlive its pool.
void Relay::finish() {
  std::unique_ptr<kafka::Producer> producer;
  {
    std::lock_guard lock(producer_mutex_);
    producer = std::move(producer_);
  }
  producer.reset();
  finished_ = true;
  finished_timer_.cancel();
}

kafka::ConnectionStatus Relay::connection() const {
  std::lock_guard lock(producer_mutex_);
  return producer_ != nullptr ? producer_->status() : kafka::ConnectionStatus{};
}

// One thing at a time, most urgent first. True: look again at once.
asio::awaitable<bool> Relay::step() {
  looked_at_ = clock_.steady_now();
  co_await absorb_reports();
  absorb_settled();
  if (pipeline_.may_load() && clock_.steady_now() >= refill_at_) co_await refill();
  absorb_decisions();
  settle();
  const core::SteadyTime at = clock_.steady_now();
  if (at - last_gauges_ >= kGaugeInterval) co_await refresh_gauges();
  watch_the_wait(at);
  if (pipeline_.failure()) co_return end_pause_after_failure(at);
  if (woken_.exchange(false) || at - last_read_ >= options_.idle_poll) more_ = true;
  if (!can_send(at)) co_return false;
  auto jobs = pipeline_.ready_jobs(now(), kJobsAtOnce);
  settle();  // pauses that were put off
  if (!jobs.empty()) co_return co_await send_jobs(std::move(jobs));
  if (more_ && pipeline_.may_read_on()) co_return co_await send_next();
  co_return false;
}

bool Relay::end_pause_after_failure(core::SteadyTime at) {
  if (!pipeline_.drained()) return false;
  const bool for_topic = pipeline_.failed_for_topic();
  Trouble trouble = *pipeline_.failure();
  const kafka::ConnectionStatus status = producer_->status();
  if (trouble.message == status.last_error) trouble = {status.fault, status.last_error, status.peer, true};
  note(trouble);
  errors_->stopped_by(trouble, clock_.system_now());
  pipeline_.rewind();
  producer_->resume();
  more_ = true;
  paused_until_ = at;
  pause();
  pause_is_for_topic_ = for_topic;
  return true;
}

void Relay::pause() {
  pause_is_for_topic_ = false;
  const core::Milliseconds wait = options_.retry.after(++failures_in_a_row_);
  // Up to a fifth more, so that destinations that failed together do not come back together.
  const auto jitter = core::Milliseconds(std::uniform_int_distribution<std::int64_t>(0, wait.count() / 5)(random_));
  paused_until_ = clock_.steady_now() + wait + jitter;
}

bool Relay::can_send(core::SteadyTime at) {
  if (at < paused_until_) return false;
  const kafka::ConnectionStatus status = producer_->status();
  if (status.has_credential) return true;
  note_lasting({status.fault, status.last_error, status.peer, true});
  pause();
  return false;
}

void Relay::send(const Window& window, std::uint64_t sequence) {
  if (window.rows.empty()) return;
  producer_->send(window.batch, [self = shared_from_this(), sequence](kafka::BatchReport report) {
    asio::post(self->strand_, [self, sequence, moved = std::move(report)]() mutable {
      self->reports_.push_back({sequence, std::move(moved)});
      self->signal();
    });
  });
}

asio::awaitable<bool> Relay::send_next() {
  last_read_ = clock_.steady_now();
  const std::uint64_t sequence = pipeline_.next_sequence();
  auto work = [self = shared_from_this(), sequence]() -> core::Result<WindowSource::ReadOn> {
    EG_TRY(WindowSource::ReadOn read, self->source_.read_on(self->books()));
    self->send(read.window, sequence);
    return read;
  };
  auto read = co_await core::run_blocking(pool_, std::move(work));
  if (!read) {
    note(trouble_of(read.error()));
    pause();
    co_return false;
  }
  more_ = read->more;
  if (read->window.rows.empty() && !more_ && pipeline_.drained()) errors_->goes_on();  // nothing is left to deliver
  pipeline_.add_read(std::move(read->window), read->cursor, now());
  pipeline_.decided(read->decided);
  metrics_.in_process->set(static_cast<double>(pipeline_.records_in_flight()));
  co_return true;
}

asio::awaitable<bool> Relay::send_jobs(std::vector<HeldResources::Job> jobs) {
  const std::uint64_t sequence = pipeline_.next_sequence();
  auto work = [self = shared_from_this(), sequence, held = std::move(jobs)]() -> core::Result<WindowSource::Jobs> {
    EG_TRY(WindowSource::Jobs built, self->source_.run(held, self->books()));
    self->send(built.window, sequence);
    return built;
  };
  auto built = co_await core::run_blocking(pool_, std::move(work));
  if (!built) {
    note(trouble_of(built.error()));
    pause();
    co_return false;
  }
  pipeline_.add_jobs(std::move(built->window), built->progress, now());
  co_return true;
}

asio::awaitable<void> Relay::refresh_gauges() {
  last_gauges_ = clock_.steady_now();
  auto read = [self = shared_from_this(), parked = pipeline_.some_parked()] { return self->read_counts(parked); };
  auto counts = co_await core::run_blocking(pool_, std::move(read));
  if (!counts) co_return;
  add_refusals_in_memory(*counts);
  const store::SlotCounters* const counters = &counts->slot;
  set_held(*counts);
  is_busy_ = counters->queued > 0;
  metrics_.queued->set(static_cast<double>(counters->queued));
  metrics_.waiting->set(static_cast<double>(counters->waiting));
  metrics_.superseded->set(static_cast<double>(counters->superseded));
  metrics_.undecided->set(static_cast<double>(counters->undecided));
  const auto age =
      counters->oldest_queued ? clock_.system_now() - *counters->oldest_queued : core::SystemTime::duration::zero();
  metrics_.oldest_queued->set(std::chrono::duration<double>(age).count());
  metrics_.connected->set(producer_->status().connected ? 1 : 0);
}

asio::awaitable<void> Relay::absorb_reports() {
  while (!reports_.empty()) {
    std::vector<Report> reports = std::exchange(reports_, {});
    for (Report& one : reports) {
      const Window* window = pipeline_.window(one.sequence);
      EG_ASSERT(window != nullptr);
      if (options_.log_attempts) {
        auto log = [self = shared_from_this(), window, &one]() -> core::Result<void> {
          self->log_attempts(*window, one.report);
          return {};
        };
        co_await core::run_blocking(pool_, std::move(log));
      }
      const auto age = clock_.system_now() - window->rows.front().commit_time;
      metrics_.delivery->observe(std::chrono::duration<double>(age).count());
      pipeline_.report(one.sequence, std::move(one.report));
    }
    metrics_.in_process->set(static_cast<double>(pipeline_.records_in_flight()));
  }
}

void Relay::settle() {
  const core::SteadyTime at = clock_.steady_now();
  if (!settlement_) {
    settlement_ = pipeline_.take_settlement(now());
    if (const auto& refusal = pipeline_.last_refusal()) {
      last_gauges_ = {};  // it is held from now on
      note(*refusal);
      pipeline_.clear_last_refusal();
    }
  } else if (settlement_sent_ || at < settle_again_) {
    return;
  }
  if (!settlement_) return;
  settlement_sent_ = true;
  outbox_.settle(*settlement_, [self = shared_from_this()](core::Result<void> result) {
    asio::post(self->strand_, [self, moved = std::move(result)]() mutable {
      if (!self->settlement_ || self->finished_) return;
      self->settled_ = std::move(moved);
      self->signal();
    });
  });
}

// Not at once, since the pool may be reading the books: what a settlement parks would vanish under it, and what it has
// read would count for books that are not true any more. A settlement that failed is sent again as it is until it
// holds: its rows were acknowledged, and nothing else may delete them.
void Relay::absorb_settled() {
  if (!settled_) return;
  const core::Result<void> result = *std::exchange(settled_, std::nullopt);
  settlement_sent_ = false;
  if (result) {
    if (settlement_->delivered_count > 0) {
      failures_in_a_row_ = 0;
      errors_->goes_on();
    }
    metrics_.delivered->add(static_cast<double>(settlement_->delivered_count));
    metrics_.failed_attempts->add(static_cast<double>(settlement_->failed_attempts));
    settlement_.reset();
    pipeline_.settled(clock_.steady_now());
  } else {
    note(trouble_of(result.error()));
    settle_again_ = clock_.steady_now() + options_.retry.min;
  }
}

void Relay::watch_the_wait(core::SteadyTime at) {
  const Window* oldest = pipeline_.oldest_unreported();
  inquire(oldest, at);
  if (oldest == nullptr) return;
  const auto age = at - oldest->sent_at;
  const kafka::ConnectionStatus status = producer_->status();
  if (!status.connected) return;  // the connection says why
  if (age >= std::min(kLongWait, options_.delivery_timeout) && !(errors_->stopped() && status.topic_trouble.empty())) {
    errors_->stopped_by(trouble_of_wait(status), clock_.system_now());
    if (status.topic_trouble.empty()) note_lasting(trouble_of_wait(status));
  }
  if (age < options_.delivery_timeout) return;
  note_lasting({core::Fault::kKafkaTimeout,
                status.last_error.empty()
                    ? std::string("the broker has not answered within deliveryTimeoutMs; the records stay queued")
                    : "no answer within deliveryTimeoutMs: " + status.last_error});
}

// Kafka tells by itself nothing of a partition that has no leader: it is asked.
void Relay::inquire(const Window* oldest, core::SteadyTime at) {
  if (oldest == nullptr || at - oldest->sent_at < options_.inquire_after) {
    inquire_again_ = {};
    set_unanswered(std::nullopt);
    return;
  }
  if (at >= inquire_again_) {
    producer_->inquire();
    inquire_again_ = at + options_.inquire_after;
  }
  const kafka::ConnectionStatus status = producer_->status();
  const auto since = std::chrono::floor<std::chrono::seconds>(
      clock_.system_now() - std::chrono::duration_cast<core::SystemTime::duration>(at - oldest->sent_at));
  set_unanswered(Unanswered{since, status.topic_trouble, trouble_of_wait(status).fault});
  if (!status.topic_trouble.empty()) {
    note_lasting(
        {status.topic_fault, status.topic_trouble + "; records wait in the Kafka client until that is mended"});
  }
}

void Relay::set_unanswered(std::optional<Unanswered> unanswered) {
  std::lock_guard lock(producer_mutex_);
  unanswered_ = std::move(unanswered);
}

std::optional<Relay::Unanswered> Relay::unanswered() const {
  std::lock_guard lock(producer_mutex_);
  return unanswered_;
}

void Relay::log_attempts(const Window& window, const kafka::BatchReport& report) const {
  std::vector<const kafka::RecordFailure*> failure_of(window.rows.size(), nullptr);
  for (const kafka::RecordFailure& failure : report.failures) failure_of[failure.index] = &failure;
  for (std::size_t i = 0; i < window.rows.size(); ++i) {
    const std::string_view error =
        failure_of[i] != nullptr ? std::string_view(failure_of[i]->reason) : std::string_view();
    observability::log::event_with_json(options_.log_level, "topic-destination/status", "status",
                                        source_.writer().attempt_status(window.rows[i].number, error));
  }
}

asio::awaitable<void> Relay::wait() {
  if (std::exchange(signalled_, false)) co_return;
  const core::SteadyTime at = clock_.steady_now();
  core::SteadyTime until = at + options_.idle_poll;
  // What became due since the last look is due now; what was due at that look was seen by it.
  const auto sooner = [&](core::SteadyTime moment) {
    if (moment > looked_at_) until = std::min(until, moment);
  };
  if (const Window* oldest = pipeline_.oldest_unreported())
    sooner(std::max(oldest->sent_at + options_.inquire_after, inquire_again_));
  sooner(paused_until_);
  if (pipeline_.some_parked()) sooner(refill_at_);
  sooner(settle_again_);
  sooner(purge_at_);
  sooner(give_up_at_);
  if (const auto due = pipeline_.held().next_due(looked_at_)) sooner(*due);
  timer_.expires_after(std::max<core::SteadyTime::duration>(until - at, kShortestWait));
  boost::system::error_code ignored;
  co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  signalled_ = false;
}

// Records on their way get their time, then they are called back; what was acknowledged is settled.
asio::awaitable<void> Relay::drain() {
  bool purged = false;
  while (!pipeline_.drained()) {
    const core::SteadyTime at = looked_at_ = clock_.steady_now();
    if (stop_ == Stop::kDrop || at >= give_up_at_) {
      producer_->purge();
      break;
    }
    if (!purged && at >= purge_at_) {
      producer_->purge();
      purged = true;
    }
    co_await absorb_reports();
    absorb_settled();
    settle();
    if (!pipeline_.drained()) co_await wait();
  }
}

asio::awaitable<void> Relay::stop(core::Milliseconds limit, bool settle) {
  co_await asio::co_spawn(strand_, stop_on_strand(limit, settle), asio::use_awaitable);
}

asio::awaitable<void> Relay::stop_on_strand(core::Milliseconds limit, bool settle) {
  const auto self = shared_from_this();
  if (stop_ == Stop::kNo) {
    stop_ = settle ? Stop::kSettle : Stop::kDrop;
    purge_at_ = clock_.steady_now() + limit / 2;
    give_up_at_ = clock_.steady_now() + limit;
    signal();
  }
  boost::system::error_code ignored;
  while (!finished_) co_await finished_timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

}  // namespace embergate::delivery
