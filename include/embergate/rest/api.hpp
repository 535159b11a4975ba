// SPDX-License-Identifier: Apache-2.0
// URL -> interaction, error -> OperationOutcome (contract 5). The order is that of S-29: headers, authentication,
// authorization, body. Thread: handle() is the http::Handler; it runs on the connection's strand. Ownership: everything
// it refers to outlives it. Failure: every error becomes an OperationOutcome with the status of contract 5.5; an
// unexpected exception becomes 500.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <string>

#include "embergate/auth/authenticator.hpp"
#include "embergate/core/fair_pool.hpp"
#include "embergate/delivery/deliveries.hpp"
#include "embergate/http/server.hpp"
#include "embergate/interaction/interactions.hpp"
#include "embergate/kafka/producer_pool.hpp"
#include "embergate/observability/health.hpp"
#include "embergate/observability/metrics.hpp"
#include "embergate/vault/target_bindings.hpp"

namespace embergate::rest {

struct ApiOptions {
  std::string base_url = "http://localhost:8080";
  std::size_t max_body = 20'971'520;  // BOX_WEB_MAX_BODY (S-30)
  std::string correlation_id_header =
      "x-topic-correlation-id";         // BOX_MODULE_TOPICS_CORRELATION_ID_HEADER (contract 2.10)
  bool skip_reference_allowed = false;  // BOX_FHIR_VALIDATION_SKIP_REFERENCE
  std::string version;
  std::string commit;
  std::string build_time;
};

struct ApiParts {
  interaction::Interactions& interactions;
  delivery::Deliveries& deliveries;
  auth::Authenticator& authenticator;
  vault::SecretCache& secrets;
  vault::TargetBindings& bindings;
  kafka::ProducerPool& producers;  // told when a secret's target changed
  core::FairPool& pool;            // for what blocks
  const observability::HealthMonitor& health;
  observability::Metrics& metrics;
  const core::Clock& clock;
};

class Api {
 public:
  Api(ApiOptions options, ApiParts parts);
  ~Api();
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;

  boost::asio::awaitable<http::Response> handle(http::Exchange& exchange);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The handler of the metrics port (contract 5.6): GET / and GET /metrics.
http::Handler metrics_handler(const observability::Metrics& metrics);

}  // namespace embergate::rest
