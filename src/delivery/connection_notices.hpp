// SPDX-License-Identifier: Apache-2.0
// Notices of the producer's connection for a destination; they may come before the relay is there and after it has
// gone. Thread: any; a mutex held for the copy of a pointer. Ownership: shared with the producer; the clock outlives
// it. Failure: none.
#pragma once

#include <memory>
#include <mutex>

#include "delivery/error_log.hpp"
#include "delivery/relay.hpp"
#include "embergate/core/clock.hpp"
#include "embergate/kafka/producer_pool.hpp"

namespace embergate::delivery {

class ConnectionNotices {
 public:
  ConnectionNotices(std::shared_ptr<ErrorLog> errors, const core::Clock& clock)
      : errors_(std::move(errors)), clock_(clock) {}
  void attach(const std::shared_ptr<Relay>& relay) {
    std::lock_guard lock(mutex_);
    relay_ = relay;
  }
  void notice(const kafka::ProducerPool::Event& event) {
    using Kind = kafka::ProducerPool::Event::Kind;
    if (event.kind == Kind::kError || event.kind == Kind::kCredentialRefused) {
      if (!event.message.empty()) errors_->add({event.fault, event.message, event.peer, true}, clock_.system_now());
      return;
    }
    std::shared_ptr<Relay> relay;
    {
      std::lock_guard lock(mutex_);
      relay = relay_.lock();
    }
    if (relay != nullptr) relay->retry_now();
  }

 private:
  std::shared_ptr<ErrorLog> errors_;
  const core::Clock& clock_;
  std::mutex mutex_;
  std::weak_ptr<Relay> relay_;
};

}  // namespace embergate::delivery
