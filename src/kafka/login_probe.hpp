// SPDX-License-Identifier: Apache-2.0
// Proof of a credential before any traffic depends on it (R-39, kafka.md 5 step 2): a client of its own logs in and
// gets an answer from the cluster, at the broker that it logged in at or at one that the cluster names. The proven
// client comes back alive, so that the first one can carry traffic at once. Thread: blocks for at most `timeout`;
// control threads only. Ownership: the client is the caller's. Failure: `client` is null; `text` is remote text that
// has not passed the redactor yet (S-10).
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "embergate/core/clock.hpp"
#include "kafka/connect_guard.hpp"
#include "kafka/failures.hpp"
#include "kafka/fault_codes.hpp"
#include "kafka/rd_handles.hpp"
#include "kafka/token_source.hpp"

namespace embergate::kafka {

struct ProbeResult {
  OpenClient client;
  ConnectionFault fault = ConnectionFault::kUnreachable;
  ConnectionError error{RD_KAFKA_RESP_ERR__TIMED_OUT, {}, 0};
  std::string ended;      // why the last connection ended, by the library's log
  bool objected = false;  // a broker may not be shown the login (S-02)
  bool made = true;       // false: the library could make no client of what it was given
  // "host:port", as the cluster names them; empty when the login may be shown to none of these.
  std::vector<std::string> brokers;
};

// `token` null: the login takes none. `ends` is asked between two looks and ends the wait early. `accepted` becomes
// true when a broker has accepted the login, before any other broker is connected to.
ProbeResult probe_login(ConfHandle conf, const BearerToken* token, const BrokerObjection& objection,
                        core::Milliseconds timeout, const std::function<bool()>& ends,
                        std::atomic<bool>* accepted = nullptr);

}  // namespace embergate::kafka
