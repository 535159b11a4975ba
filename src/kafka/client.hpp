// SPDX-License-Identifier: Apache-2.0
// One librdkafka producer that carries records: its queue of events, its topics, its count of records on their way.
// Thread: sink() and take() from any thread; serve() on the pump thread; warm(), wait_drained(), close() block: control
// threads only. Ownership: shared by its identity, its sinks and the pump; close() destroys the library's object, after
// the pump let go and every record has reported. Failure: errors of the connection go to the observer, failures of
// records to their batch.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "embergate/core/clock.hpp"
#include "embergate/core/result.hpp"
#include "embergate/kafka/settings.hpp"
#include "kafka/batch_state.hpp"
#include "kafka/connect_guard.hpp"
#include "kafka/credential.hpp"
#include "kafka/event_pump.hpp"
#include "kafka/failures.hpp"
#include "kafka/fault_codes.hpp"
#include "kafka/lane.hpp"
#include "kafka/partition_gate.hpp"
#include "kafka/producer_config.hpp"
#include "kafka/queue_use.hpp"
#include "kafka/rd_handles.hpp"

namespace embergate::kafka {

// Called on the pump thread; must be quick and call nothing of the library.
struct TopicTrouble {
  core::Fault fault = core::Fault::kNone;
  std::string text;
};

class ClientObserver {
 public:
  virtual ~ClientObserver() = default;
  virtual void answered() = 0;                         // a broker answered or acknowledged
  virtual void unanswered(ConnectionError error) = 0;  // the question of ask() failed
  virtual void broke(ConnectionFault fault, ConnectionError error) = 0;
  virtual void throttled(core::Milliseconds by) = 0;  // a quota holds answers back; 0: no longer
  // A broker may not be shown the login (S-02).
  virtual void objected(std::string text) = 0;
  virtual void died(std::string text) = 0;  // fatal: only another client helps
  virtual void came_back() = 0;             // records did, for their connection: only another client keeps the order
  virtual void made_room() = 0;             // reports came in
  virtual void token_wanted() = 0;          // the library's token is near its end
};

class Client final : public EventSource, public std::enable_shared_from_this<Client> {
 public:
  // Silent until speak(): its observer hears nothing.
  Client(OpenClient made, std::weak_ptr<ClientObserver> observer, const QueueLimits& limits);
  ~Client() override;

  [[nodiscard]] int descriptor() const override { return bell_.get(); }
  bool serve(std::size_t budget) override;

  core::Result<std::shared_ptr<RecordSink>> sink(const TopicSettings& topic);
  // Asks the cluster who it is, without waiting; the observer hears the answer.
  void ask(core::Milliseconds timeout);
  // Fetches the metadata of every topic that has a sink, so that the first records do not wait for it (kafka.md 3).
  // False when no broker answered.
  bool warm(core::Milliseconds timeout);
  // Why records may stay unanswered although brokers answer, by topic: partitions without a leader, or a topic that
  // cannot be seen. Only of topics that have a sink. None: no broker answered.
  [[nodiscard]] std::optional<std::map<std::string, TopicTrouble>> topic_troubles(core::Milliseconds timeout);
  // From the next connection on; lets a client that was refused knock again.
  core::Result<void> use(const Login& login);
  [[nodiscard]] rd_kafka_t* handle() const { return handle_.get(); }
  [[nodiscard]] std::size_t outstanding() const { return use_.now().records; }
  // The records that are not on the wire come back as failures, soon; and all records.
  void purge_queued();
  void purge();
  // True when every record has reported within the limit.
  bool wait_drained(core::Milliseconds limit);
  void close();
  void speak();
  void silence() { silent_.store(true); }  // the observer hears no more; reports still reach their batches
  // Why it may not be connected to where it is; nothing: it may.
  [[nodiscard]] std::optional<std::string> objection() const { return guard_->objection_now(); }
  [[nodiscard]] bool holding() const { return guard_->holding(); }  // it connects to no one after a refused login
  [[nodiscard]] bool has_delivered() const { return has_delivered_.load(); }  // at least one record
  [[nodiscard]] bool shut() const { return guard_->is_shut(); }               // and will never again: records came back
  void leave_to_the_system();  // instead of close(), when the library cannot be waited for

 private:
  class TopicSink;
  struct ReportedUse;
  bool serve_events(std::size_t budget, bool& reported);
  void serve_reports(rd_kafka_event_t* event);
  void serve_error(rd_kafka_event_t* event);
  void serve_answer(rd_kafka_event_t* event);
  RecordSink::Verdict take(rd_kafka_topic_t* topic, const Record& record, void* opaque, RecordFailure& failure);
  [[nodiscard]] bool may_take(PartitionGate& gate) const;
  void released(const ReportedUse& reported);
  void released(PartitionGate& gate, QueueUse::Amount amount);
  [[nodiscard]] std::shared_ptr<ClientObserver> observer() const;
  [[nodiscard]] std::string fatal_error() const;  // empty: none

  Descriptor bell_;  // the library rings it until it is gone
  std::shared_ptr<ConnectGuard> guard_;
  ClientHandle handle_;
  QueueHandle queue_;
  std::weak_ptr<ClientObserver> observer_;
  std::string ended_;  // why the last connection ended, by the library's log; of the thread that serves
  std::atomic<bool> silent_{true};
  const QueueUse::Amount limit_;
  QueueUse use_;
  std::atomic<bool> several_topics_{false};
  std::atomic<bool> has_delivered_{false};
  std::mutex mutex_;
  std::condition_variable drained_;
  std::vector<std::unique_ptr<PartitionGate>> gates_;  // of topics_; the library calls them until it is gone
  std::map<std::string, TopicHandle> topics_;
};

}  // namespace embergate::kafka
