// SPDX-License-Identifier: Apache-2.0
// Record in, acknowledgement out. A Producer is one destination's hold on the producer of its connection identity
// (kafka.md 1), for one topic. Thread: send() from one thread at a time for each Producer (order of calls = order of
// records per key); callbacks come on the pool's pump thread and must only post. Ownership: the batch is shared until
// its last record was reported; destroying the Producer gives up its hold, records on their way still report. Failure:
// nothing is lost silently: each record of a batch ends in exactly one of delivered or failed.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "embergate/core/clock.hpp"
#include "embergate/core/fault.hpp"

namespace embergate::kafka {

struct Record {
  std::string_view key;  // into memory that the batch owns; data()==nullptr: null key
  std::string_view value;
};

// Records that are sent and settled together. `memory` owns all bytes that the records point to.
struct RecordBatch {
  std::vector<std::string> memory;
  std::vector<Record> records;
};

// Whom a failure concerns: this record only (too large), the topic (unknown, not authorised), the connection (purged,
// fatal).
enum class FailureScope { kRecord, kTopic, kConnection };

struct RecordFailure {
  std::size_t index = 0;  // in the batch
  FailureScope scope = FailureScope::kConnection;
  bool maybe_persisted = false;  // sending again may make a duplicate
  std::string reason;            // librdkafka's name and text; redacted, never a value
  bool too_long = false;  // a broker found the batch that the record travelled in too long; alone it may be taken
  core::Fault fault = core::Fault::kKafkaFailed;
};

struct BatchReport {
  std::vector<RecordFailure> failures;  // by index; every other record was acknowledged
};

// The brokers, or the token endpoint, refuse what the secrets hold, or it cannot be shown to them. A login that was
// accepted before may still be at work.
struct CredentialRefusal {
  core::SystemTime since{};
  std::string reason;                // a code of R-48
  std::vector<std::string> secrets;  // the names that it is about
  std::string detail{};              // what is wrong, where it is known; redacted
  core::Fault fault = core::Fault::kKafkaAuthRefused;
};

// A newer value than the one in use stands in files, and no broker has accepted it so far.
struct UnprovenCredential {
  core::SteadyTime since{};
  std::vector<std::string> secrets;  // the names whose value is newer
};

// What $status and health show of a connection (decision 23, contract 2.14).
struct ConnectionStatus {
  bool connected = false;      // a broker answered since the last error
  bool has_credential = true;  // false: no usable secret yet, nothing can be sent
  // How many credentials were proven since the connection was made; 0: none yet, or none needed.
  std::uint64_t credential_generation = 0;
  // The generation of each secret's file that the credential in use was made of (decision 22), by the secret's name.
  std::map<std::string, std::uint64_t> file_generations{};
  std::optional<CredentialRefusal> refusal{};
  std::optional<UnprovenCredential> unproven{};  // also while a refusal says why
  std::string last_error;
  core::SystemTime last_error_at{};
  core::Fault fault = core::Fault::kNone;  // of last_error
  std::string peer{};                      // the broker that it is about, "host:port"; empty: none in particular
  core::Milliseconds throttled{0};         // for so long a quota held the last answer back
  // What the last inquire() found of the topic; empty: nothing, or no one asked.
  std::string topic_trouble{};
  core::Fault topic_fault = core::Fault::kNone;  // of topic_trouble
};

class Producer {
 public:
  using Done = std::function<void(BatchReport)>;
  virtual ~Producer() = default;
  // Never blocks for long: what the local queue cannot take waits in order. Without a connection records wait in the
  // queue of the library. With no credential yet the whole batch fails at once with kConnection.
  virtual void send(std::shared_ptr<const RecordBatch> batch, Done done) = 0;
  // After a failure that is not of a record alone every batch fails until this is called, so that nothing can overtake
  // what came back (decision 19). For the thread that sends, when all batches have reported and before what failed is
  // sent again. Never waits, never fails; without such a failure it does nothing.
  virtual void resume() = 0;
  [[nodiscard]] virtual ConnectionStatus status() const = 0;
  // For records that stay unanswered: asks the cluster what is wrong with the topic. Never waits; the answer shows in
  // status(). Asked again within three seconds, or without a connection, it does nothing.
  virtual void inquire() = 0;
  [[nodiscard]] virtual std::size_t max_record_bytes()
      const = 0;  // key + value + framing that the library would refuse (checked before sending)
  // Gives back everything that is queued or in flight as failures (shutdown, deletion of the destination with its
  // identity unused by others).
  virtual void purge() = 0;
};

}  // namespace embergate::kafka
