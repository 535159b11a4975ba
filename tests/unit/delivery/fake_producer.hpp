// SPDX-License-Identifier: Apache-2.0
// A producer that keeps every record it was given, and answers as the test says: at once, later, or with failures.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "embergate/kafka/producer.hpp"

namespace embergate::test {

// What the test and the relay share; outlives the FakeProducer that the relay owns.
class FakeKafka {
 public:
  FakeKafka() { status_.connected = true; }
  struct Seen {
    std::string key;
    bool null_key = false;
    std::string value;
  };
  using Judge = std::function<void(const Seen&, std::size_t index, kafka::BatchReport&)>;

  void answer_at_once(bool at_once);
  void judge_by(Judge judge);  // adds failures to the report of a batch
  void set_status(kafka::ConnectionStatus status);
  void set_max_record_bytes(std::size_t bytes);
  bool answer_oldest();  // false: nothing waits
  [[nodiscard]] std::vector<Seen> seen() const;
  [[nodiscard]] std::size_t batches_waiting() const;
  [[nodiscard]] std::size_t purges() const;
  [[nodiscard]] std::size_t inquiries() const;

 private:
  friend class FakeProducer;
  struct Batch {
    std::shared_ptr<const kafka::RecordBatch> batch;
    kafka::Producer::Done done;
  };
  void send(Batch batch);
  void resume();
  void answer(const Batch& batch, bool purged);
  void purge();

  mutable std::mutex mutex_;
  std::vector<Seen> seen_;
  std::deque<Batch> waiting_;
  Judge judge_;
  bool at_once_ = true;
  bool broken_ = false;  // by a failure that is not of a record; then nothing is taken until resume()
  kafka::ConnectionStatus status_;
  std::size_t max_bytes_ = 1'000'000;
  std::size_t purges_ = 0;
  std::size_t inquiries_ = 0;
};

class FakeProducer final : public kafka::Producer {
 public:
  explicit FakeProducer(std::shared_ptr<FakeKafka> kafka) : kafka_(std::move(kafka)) {}
  void send(std::shared_ptr<const kafka::RecordBatch> batch, Done done) override {
    kafka_->send({std::move(batch), std::move(done)});
  }
  [[nodiscard]] kafka::ConnectionStatus status() const override;
  [[nodiscard]] std::size_t max_record_bytes() const override;
  void purge() override { kafka_->purge(); }
  void resume() override { kafka_->resume(); }
  void inquire() override;

 private:
  std::shared_ptr<FakeKafka> kafka_;
};

}  // namespace embergate::test
