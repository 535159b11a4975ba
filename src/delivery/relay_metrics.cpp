// SPDX-License-Identifier: Apache-2.0
#include "delivery/relay_metrics.hpp"

namespace embergate::delivery {

RelayMetrics::RelayMetrics(observability::Metrics& metrics, const std::string& destination, const std::string& kind) {
  const observability::Labels labels{{"destination", destination}, {"kind", kind}};
  delivered =
      metrics.counter("destination_messages_delivered_total", "Events that the destination acknowledged", labels);
  failed_attempts =
      metrics.counter("destination_failed_attempts_total", "Attempts to deliver an event that failed", labels);
  in_process = metrics.gauge("destination_in_process", "Events handed to the driver and not yet answered", labels);
  queued = metrics.gauge("destination_queued", "Events in the queue, waiting ones included", labels);
  waiting = metrics.gauge("destination_waiting", "Events that were refused or released, and are tried again", labels);
  superseded = metrics.gauge("destination_superseded",
                             "Events that could not be delivered before a later version of their resource was; they "
                             "wait for a release or a discard",
                             labels);
  undecided = metrics.gauge("destination_undecided", "Events of which it is not known whether they are wanted", labels);
  oldest_queued = metrics.gauge("destination_oldest_queued_seconds", "Age of the oldest event in the queue", labels);
  connected = metrics.gauge("destination_connected", "1 while a broker answers", labels);
  delivery = metrics.histogram("destination_delivery_seconds",
                               "From the commit to the acknowledgement, first event of each window", labels);
}

}  // namespace embergate::delivery
