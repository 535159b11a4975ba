// SPDX-License-Identifier: Apache-2.0
#include "kafka/client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "embergate/core/assert.hpp"
#include "embergate/observability/log.hpp"
#include "kafka/producer_config.hpp"

namespace embergate::kafka {

namespace {

namespace log = observability::log;

constexpr std::chrono::seconds kLately{2};
constexpr std::uint64_t kOne = 1;  // what librdkafka writes to the eventfd; must outlive every client

// Success without an offset is what the library makes of DUPLICATE_SEQUENCE_NUMBER, and that need not mean stored: the
// first records for a topic that was made a moment before were reported as delivered and are missing, as when a broker
// refuses a client's first request, takes the second, and holds the repetition of the first for an old one.
bool is_confirmed(const rd_kafka_message_t& message) {
  return message.err == RD_KAFKA_RESP_ERR_NO_ERROR && message.offset >= 0;
}

RecordFailure failure_of(const rd_kafka_message_t& message, std::size_t index) {
  RecordFailure failure;
  failure.index = index;
  failure.maybe_persisted = rd_kafka_message_status(&message) != RD_KAFKA_MSG_STATUS_NOT_PERSISTED;
  if (message.err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    failure.reason = describe(RD_KAFKA_RESP_ERR_DUPLICATE_SEQUENCE_NUMBER);
  } else {
    failure.fault = fault_of_record(message.err);
    failure.scope = scope_of(message.err);
    failure.reason = failure.scope == FailureScope::kTopic && message.rkt != nullptr
                         ? said_of_topic(rd_kafka_topic_name(message.rkt), message.err)
                         : describe(message.err);
    failure.too_long = is_size_refusal(message.err);
  }
  return failure;
}

// The library's own lines are for operators who look for trouble: broker texts in them are remote text (S-23), so they
// stay at debug level.
void serve_log(rd_kafka_event_t* event) {
  if (!log::enabled(log::Level::kDebug)) return;
  const char* facility = nullptr;
  const char* text = nullptr;
  int level = 0;
  if (rd_kafka_event_log(event, &facility, &text, &level) != 0) return;
  log::event(log::Level::kDebug, "kafka/client", text, {{"facility", std::string_view(facility)}});
}

QueueUse::Amount size_of(const Record& record) { return {1, record.key.size() + record.value.size()}; }

// Empty: all is well with it.
TopicTrouble trouble_of(const rd_kafka_metadata_topic_t& topic) {
  const auto leaderless = std::count_if(topic.partitions, topic.partitions + topic.partition_cnt,
                                        [](const rd_kafka_metadata_partition& one) { return one.leader < 0; });
  if (leaderless > 0) {
    return {core::Fault::kKafkaNoLeader, fmt::format("Kafka topic {}: {} of {} partitions have no leader", topic.topic,
                                                     leaderless, topic.partition_cnt)};
  }
  if (topic.err == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
  return {fault_of_record(topic.err), said_of_topic(topic.topic, topic.err)};
}

}  // namespace

// Reports come in runs of one topic; a run is taken off the account at once.
struct Client::ReportedUse {
  PartitionGate* gate = nullptr;
  QueueUse::Amount amount;
  bool answered = false;

  // The run before, when this record begins another one.
  std::optional<ReportedUse> add(PartitionGate& of, QueueUse::Amount record) {
    std::optional<ReportedUse> before;
    if (gate != &of) {
      if (gate != nullptr) before = *this;
      *this = {&of, {}, false};
    }
    amount.records += record.records;
    amount.bytes += record.bytes;
    return before;
  }
};

class Client::TopicSink final : public RecordSink {
 public:
  TopicSink(std::shared_ptr<Client> client, rd_kafka_topic_t* topic) : client_(std::move(client)), topic_(topic) {}
  Verdict take(const Record& record, void* opaque, RecordFailure& failure) override {
    return client_->take(topic_, record, opaque, failure);
  }

 private:
  std::shared_ptr<Client> client_;
  rd_kafka_topic_t* topic_;
};

Client::Client(OpenClient made, std::weak_ptr<ClientObserver> observer, const QueueLimits& limits)
    : bell_(std::move(made.bell)),
      guard_(std::move(made.guard)),
      handle_(std::move(made.handle)),
      queue_(rd_kafka_queue_get_main(handle_.get())),
      observer_(std::move(observer)),
      limit_{limits.messages, std::uint64_t{limits.kbytes} * 1'024} {
  EG_ASSERT(bell_.valid());
  rd_kafka_queue_io_event_enable(queue_.get(), bell_.get(), &kOne, sizeof kOne);
}

Client::~Client() { close(); }

void Client::close() {
  if (!handle_) return;
  guard_->read_reports_by(nullptr);
  rd_kafka_queue_io_event_enable(queue_.get(), -1, nullptr, 0);
  queue_.reset();
  topics_.clear();
  handle_.reset();
  gates_.clear();
}

// The library's threads go on, and what objects to brokers for them ends with the program.
void Client::leave_to_the_system() {
  struct Parts {
    Descriptor bell;  // closed, its number could become another file that the library writes to
    std::shared_ptr<ConnectGuard> guard;
    ClientHandle handle;
    QueueHandle queue;
    std::vector<std::unique_ptr<PartitionGate>> gates;
    std::map<std::string, TopicHandle> topics;
  };
  guard_->shut();
  guard_->read_reports_by(nullptr);
  // Never destroyed, not even when the program ends: the library's threads may still call the guard and the gates.
  static auto& mutex = *new std::mutex;
  static auto& left = *new std::vector<Parts>;
  std::lock_guard lock(mutex);
  left.push_back({std::move(bell_), std::move(guard_), std::move(handle_), std::move(queue_), std::move(gates_),
                  std::move(topics_)});
}

// What happened before someone listened is over: a candidate's first failed try says nothing of the client at work.
// But a fatal error stays, and the library tells of it once.
void Client::speak() {
  while (serve(EventPump::kBudget)) {
  }
  silent_.store(false);
  guard_->read_reports_by([descriptor = bell_.get()] { ring(descriptor); });
  const std::string fatal = fatal_error();
  const auto listener = observer();
  if (!fatal.empty() && listener) listener->died(fatal);
}

std::string Client::fatal_error() const {
  std::array<char, 512> reason{};
  const rd_kafka_resp_err_t cause = rd_kafka_fatal_error(handle_.get(), reason.data(), reason.size());
  if (cause == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
  return fmt::format("{}: {}", rd_kafka_err2name(cause), reason.data());
}

core::Result<void> Client::use(const Login& login) {
  if (login.token) {
    EG_CHECK(apply_token(handle_.get(), *login.token));
  } else {
    EG_CHECK(apply_password(handle_.get(), *login.credential));
  }
  guard_->release();
  return {};
}

std::shared_ptr<ClientObserver> Client::observer() const { return silent_.load() ? nullptr : observer_.lock(); }

bool Client::serve(std::size_t budget) {
  clear(bell_.get());
  const std::uint64_t asked = guard_->asked();
  bool reported = false;
  const bool more = serve_events(budget, reported);
  if (!more) guard_->have_read(asked);
  if (const auto throttle = guard_->throttle_news()) {
    if (const auto listener = observer()) listener->throttled(*throttle);
  }
  // Only now: the library frees a record's place in its queue when the event that reported it is destroyed.
  if (reported) {
    if (const auto listener = observer()) listener->made_room();
  }
  return more;
}

bool Client::serve_events(std::size_t budget, bool& reported) {
  for (std::size_t served = 0; served < budget; ++served) {
    const EventHandle event(rd_kafka_queue_poll(queue_.get(), 0));
    if (!event) return false;
    switch (rd_kafka_event_type(event.get())) {
      case RD_KAFKA_EVENT_DR:
        serve_reports(event.get());
        reported = true;
        break;
      case RD_KAFKA_EVENT_ERROR:
        serve_error(event.get());
        break;
      case RD_KAFKA_EVENT_LOG:
        if (std::string ended = end_of_connection(event.get()); !ended.empty()) ended_ = std::move(ended);
        serve_log(event.get());
        break;
      case RD_KAFKA_EVENT_DESCRIBECLUSTER_RESULT:
        serve_answer(event.get());
        break;
      case RD_KAFKA_EVENT_OAUTHBEARER_TOKEN_REFRESH:
        if (const auto listener = observer()) listener->token_wanted();
        break;
      default:
        break;
    }
  }
  return true;
}

void Client::serve_reports(rd_kafka_event_t* event) {
  ReportedUse reported;
  bool acknowledged = false;
  bool failed = false;
  while (const rd_kafka_message_t* message = rd_kafka_event_message_next(event)) {
    std::size_t index = 0;
    BatchState& batch = BatchState::of(message->_private, index);
    bool last = false;
    const bool confirmed = is_confirmed(*message);
    PartitionGate& gate = PartitionGate::of(message->rkt);
    gate.reported(*message, confirmed);
    if (const auto whole = reported.add(gate, size_of(batch.record(index)))) released(*whole);
    if (confirmed) reported.answered = true;
    if (confirmed) {
      acknowledged = true;
      last = batch.delivered(index);
    } else {
      failed = true;
      if (is_connection_failure(message->err)) guard_->shut();
      last = batch.failed(failure_of(*message, index));
    }
    if (last) batch.finish();
  }
  if (reported.gate != nullptr) released(reported);
  if (acknowledged) has_delivered_.store(true);
  const auto listener = observer();
  if (!listener) return;
  if (acknowledged) listener->answered();
  if (failed && guard_->is_shut()) listener->came_back();
}

void Client::serve_error(rd_kafka_event_t* event) {
  const auto listener = observer();
  if (!listener) return;
  const rd_kafka_resp_err_t error = rd_kafka_event_error(event);
  const char* text = rd_kafka_event_error_string(event);
  if (rd_kafka_event_error_is_fatal(event) != 0) return listener->died(fatal_error());
  const ConnectionFault fault = fault_of(error, text);
  if (fault == ConnectionFault::kLoginRefused) {
    guard_->hold();  // until there is something better to log in with
  } else if (is_our_own(text) || (fault == ConnectionFault::kUnreachable && (guard_->holding() || guard_->is_shut()))) {
    return;
  }
  const std::string objected = guard_->objection();
  const bool ours =
      !objected.empty() && std::string_view(text).find("Permission denied") != std::string_view::npos;  // EACCES
  if (ours) return listener->objected(objected);
  const bool of_all = error == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN && !ended_.empty();
  listener->broke(fault, guard_->described(error, of_all ? ended_ : std::string_view(text)));
}

void Client::serve_answer(rd_kafka_event_t* event) {
  const auto listener = observer();
  if (!listener) return;
  if (rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR_NO_ERROR) {
    listener->answered();
  } else {
    const rd_kafka_resp_err_t error = rd_kafka_event_error(event);
    listener->unanswered({error, describe(error)});
  }
}

void Client::released(const ReportedUse& reported) {
  if (reported.answered) reported.gate->note_answer(std::chrono::steady_clock::now());
  released(*reported.gate, reported.amount);
}

void Client::released(PartitionGate& gate, QueueUse::Amount amount) {
  gate.use().remove(amount);
  if (use_.remove(amount).records != 0) return;
  {
    std::lock_guard lock(mutex_);
  }  // a waiter is either before its check or asleep
  drained_.notify_all();
}

bool Client::may_take(PartitionGate& gate) const {
  if (!several_topics_.load(std::memory_order_relaxed)) return true;
  const QueueUse::Amount topic = gate.use().now();
  const QueueUse::Amount all = use_.now();
  return has_share(topic, all, without_reserve(limit_)) ||
         (gate.answered_since(std::chrono::steady_clock::now() - kLately) && has_share(topic, all, limit_));
}

RecordSink::Verdict Client::take(rd_kafka_topic_t* topic, const Record& record, void* opaque, RecordFailure& failure) {
  PartitionGate& gate = PartitionGate::of(topic);
  if (!may_take(gate)) return RecordSink::Verdict::kFull;
  if (!gate.admits(topic, record, opaque)) return RecordSink::Verdict::kFull;
  const QueueUse::Amount amount = size_of(record);
  gate.use().add(amount);
  use_.add(amount);
  // Neither copied nor freed by the library: the batch owns the bytes until the report.
  const int result = rd_kafka_produce(topic, RD_KAFKA_PARTITION_UA, 0, const_cast<char*>(record.value.data()),
                                      record.value.size(), record.key.data(), record.key.size(), opaque);
  if (result == 0) return RecordSink::Verdict::kTaken;
  const rd_kafka_resp_err_t error = rd_kafka_last_error();
  released(gate, amount);
  gate.not_taken(opaque);
  if (error == RD_KAFKA_RESP_ERR__QUEUE_FULL) return RecordSink::Verdict::kFull;
  failure.scope = scope_of(error);
  failure.fault = fault_of_record(error);
  failure.reason =
      failure.scope == FailureScope::kTopic ? said_of_topic(rd_kafka_topic_name(topic), error) : describe(error);
  return RecordSink::Verdict::kRefused;
}

core::Result<std::shared_ptr<RecordSink>> Client::sink(const TopicSettings& topic) {
  std::lock_guard lock(mutex_);
  auto found = topics_.find(topic.topic);
  if (found == topics_.end()) {
    TopicConfHandle conf(rd_kafka_default_topic_conf_dup(handle_.get()));
    EG_CHECK(set_topic_properties(conf.get(), topic));
    gates_.push_back(std::make_unique<PartitionGate>());
    gates_.back()->install(conf.get());
    TopicHandle made(rd_kafka_topic_new(handle_.get(), topic.topic.c_str(), conf.get()));
    if (!made) {
      return core::make_error(core::ErrorCode::kInvalid,
                              fmt::format("Kafka topic: {}", describe(rd_kafka_last_error())));
    }
    static_cast<void>(conf.release());  // the topic owns it now
    found = topics_.emplace(topic.topic, std::move(made)).first;
    several_topics_.store(topics_.size() > 1);
  }
  return std::shared_ptr<RecordSink>(std::make_shared<TopicSink>(shared_from_this(), found->second.get()));
}

void Client::ask(core::Milliseconds timeout) {
  const AdminOptionsHandle options(rd_kafka_AdminOptions_new(handle_.get(), RD_KAFKA_ADMIN_OP_DESCRIBECLUSTER));
  rd_kafka_AdminOptions_set_request_timeout(options.get(), static_cast<int>(timeout.count()), nullptr, 0);
  rd_kafka_DescribeCluster(handle_.get(), options.get(), queue_.get());
}

bool Client::warm(core::Milliseconds timeout) {
  const rd_kafka_metadata_t* metadata = nullptr;
  if (rd_kafka_metadata(handle_.get(), 0, nullptr, &metadata, static_cast<int>(timeout.count())) !=
      RD_KAFKA_RESP_ERR_NO_ERROR) {
    return false;
  }
  rd_kafka_metadata_destroy(metadata);
  return true;
}

std::optional<std::map<std::string, TopicTrouble>> Client::topic_troubles(core::Milliseconds timeout) {
  const rd_kafka_metadata_t* metadata = nullptr;
  if (rd_kafka_metadata(handle_.get(), 0, nullptr, &metadata, static_cast<int>(timeout.count())) !=
      RD_KAFKA_RESP_ERR_NO_ERROR) {
    return std::nullopt;  // the connection's trouble shows by itself
  }
  const std::unique_ptr<const rd_kafka_metadata_t, void (*)(const rd_kafka_metadata_t*)> owner(
      metadata, &rd_kafka_metadata_destroy);
  std::map<std::string, TopicTrouble> troubles;
  for (int i = 0; i < metadata->topic_cnt; ++i) {
    if (TopicTrouble trouble = trouble_of(metadata->topics[i]); trouble.fault != core::Fault::kNone)
      troubles.emplace(metadata->topics[i].topic, std::move(trouble));
  }
  return troubles;
}

void Client::purge_queued() { rd_kafka_purge(handle_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_NON_BLOCKING); }

void Client::purge() {
  rd_kafka_purge(handle_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING);
}

bool Client::wait_drained(core::Milliseconds limit) {
  std::unique_lock lock(mutex_);
  return drained_.wait_for(lock, limit, [this] { return outstanding() == 0; });
}

}  // namespace embergate::kafka
