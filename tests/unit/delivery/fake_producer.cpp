// SPDX-License-Identifier: Apache-2.0
#include "fake_producer.hpp"

namespace embergate::test {

void FakeKafka::answer_at_once(bool at_once) {
  std::lock_guard lock(mutex_);
  at_once_ = at_once;
}

void FakeKafka::judge_by(Judge judge) {
  std::lock_guard lock(mutex_);
  judge_ = std::move(judge);
}

void FakeKafka::set_status(kafka::ConnectionStatus status) {
  std::lock_guard lock(mutex_);
  status_ = std::move(status);
}

void FakeKafka::set_max_record_bytes(std::size_t bytes) {
  std::lock_guard lock(mutex_);
  max_bytes_ = bytes;
}

void FakeKafka::send(Batch batch) {
  bool at_once = false;
  bool broken = false;
  {
    std::lock_guard lock(mutex_);
    broken = broken_;
  }
  if (broken) return answer(batch, true);
  {
    std::lock_guard lock(mutex_);
    for (const kafka::Record& record : batch.batch->records) {
      seen_.push_back({std::string(record.key), record.key.data() == nullptr, std::string(record.value)});
    }
    at_once = at_once_;
    if (!at_once) waiting_.push_back(batch);
  }
  if (at_once) answer(batch, false);
}

void FakeKafka::answer(const Batch& batch, bool purged) {
  kafka::BatchReport report;
  Judge judge;
  {
    std::lock_guard lock(mutex_);
    judge = judge_;
  }
  for (std::size_t i = 0; i < batch.batch->records.size(); ++i) {
    const kafka::Record& record = batch.batch->records[i];
    if (purged) {
      report.failures.push_back({i, kafka::FailureScope::kConnection, false, "purged"});
    } else if (judge) {
      judge({std::string(record.key), record.key.data() == nullptr, std::string(record.value)}, i, report);
    }
  }
  for (const kafka::RecordFailure& failure : report.failures) {
    if (failure.scope == kafka::FailureScope::kRecord) continue;
    std::lock_guard lock(mutex_);
    broken_ = true;
  }
  batch.done(std::move(report));
}

void FakeKafka::resume() {
  std::lock_guard lock(mutex_);
  broken_ = false;
}

bool FakeKafka::answer_oldest() {
  Batch batch;
  {
    std::lock_guard lock(mutex_);
    if (waiting_.empty()) return false;
    batch = waiting_.front();
    waiting_.pop_front();
  }
  answer(batch, false);
  return true;
}

void FakeKafka::purge() {
  std::deque<Batch> waiting;
  {
    std::lock_guard lock(mutex_);
    ++purges_;
    waiting.swap(waiting_);
  }
  for (const Batch& batch : waiting) answer(batch, true);
}

std::vector<FakeKafka::Seen> FakeKafka::seen() const {
  std::lock_guard lock(mutex_);
  return seen_;
}

std::size_t FakeKafka::batches_waiting() const {
  std::lock_guard lock(mutex_);
  return waiting_.size();
}

std::size_t FakeKafka::purges() const {
  std::lock_guard lock(mutex_);
  return purges_;
}

std::size_t FakeKafka::inquiries() const {
  std::lock_guard lock(mutex_);
  return inquiries_;
}

void FakeProducer::inquire() {
  std::lock_guard lock(kafka_->mutex_);
  ++kafka_->inquiries_;
}

kafka::ConnectionStatus FakeProducer::status() const {
  std::lock_guard lock(kafka_->mutex_);
  return kafka_->status_;
}

std::size_t FakeProducer::max_record_bytes() const {
  std::lock_guard lock(kafka_->mutex_);
  return kafka_->max_bytes_;
}

}  // namespace embergate::test
