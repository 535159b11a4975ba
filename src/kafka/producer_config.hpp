// SPDX-License-Identifier: Apache-2.0
// The one place where settings become librdkafka properties (kafka.md 2, decisions 12, 13, 28, 40). There is no free
// pass-through (S-05), and nothing here prints a configuration: the library's own dump shows passwords (S-23). Thread:
// pure, any. Ownership: the handle is the caller's. Failure: kInvalid naming the property and the library's reason; for
// a property that holds a secret the reason is thrown away, because it echoes the value.
#pragma once

#include <cstddef>

#include "embergate/core/result.hpp"
#include "embergate/kafka/settings.hpp"
#include "kafka/connect_guard.hpp"
#include "kafka/credential.hpp"
#include "kafka/rd_handles.hpp"

namespace embergate::kafka {

struct QueueLimits {
  std::size_t messages = 100'000;
  std::size_t kbytes = 262'144;
};

// Bytes of a record (key and value) that are sure to pass `max_request_size`, with room for the framing of a batch that
// holds it alone.
std::size_t max_record_bytes(const ConnectionSettings& settings);

core::Result<ConfHandle> make_producer_conf(const ConnectionSettings& settings, const Credential* credential,
                                            const QueueLimits& limits);
core::Result<void> set_topic_properties(rd_kafka_topic_conf_t* conf, const TopicSettings& topic);
// Both take effect at the next login of the running client, without a disconnect. The first is for user and
// password, the second for mechanisms with a token.
core::Result<void> apply_password(rd_kafka_t* client, const Credential& credential);
core::Result<void> apply_token(rd_kafka_t* client, const BearerToken& token);
// A client with its first token, or the library's reason (bad PEM, mismatched key), or kUnavailable for lack of
// descriptors. Its threads connect at once, unless
// they wait for a token.
core::Result<OpenClient> make_client(ConfHandle conf, const BearerToken* token, BrokerObjection objection = {},
                                     Trial trial = Trial::kNo);

}  // namespace embergate::kafka
