// SPDX-License-Identifier: Apache-2.0
#include "delivery/destination_health.hpp"

#include "delivery/destination_report.hpp"
#include "embergate/observability/faults.hpp"
#include "relay_fixture.hpp"
#include "support/fake_clock.hpp"

namespace embergate::delivery {
namespace {

using core::Fault;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class UnprovenValue : public RelayTest {
 protected:
  UnprovenValue() {
    status_.connected = true;
    status_.unproven = {now_.steady_now(), {"events-jaas"}};
    show();
    start();
    health_.attach(relay_);
  }
  void show() { kafka_->set_status(status_); }
  [[nodiscard]] std::vector<Fault> codes() const { return DestinationHealth::result_of(health_.condition()).faults; }

  test::FakeClock now_;
  kafka::ConnectionStatus status_;
  DestinationHealth health_{errors_, now_};
};

TEST_F(UnprovenValue, IsAFaultOfTheDestinationWhenItHasWaitedForLongAndUntilItIsInUse) {
  now_.advance(DestinationHealth::kUnprovenPatience - core::Milliseconds(1));
  EXPECT_THAT(codes(), IsEmpty()) << "a login takes its time";
  EXPECT_EQ(health_.condition().text, "");
  now_.advance(core::Milliseconds(1));
  const DestinationHealth::Condition condition = health_.condition();
  EXPECT_EQ(condition.state, DeliveryState::kIdle);
  EXPECT_EQ(condition.fault, Fault::kSecretUnproven);
  EXPECT_THAT(condition.text, HasSubstr("secret 'events-jaas' for 30 s"));
  EXPECT_EQ(DestinationHealth::result_of(condition).status, observability::HealthStatus::kWarn);
  EXPECT_THAT(codes(), ElementsAre(Fault::kSecretUnproven));
  status_.unproven.reset();
  show();
  EXPECT_THAT(codes(), IsEmpty());
}

TEST_F(UnprovenValue, IsSaidAfterABrokerThatCannotBeReached) {
  status_.connected = false;
  status_.last_error = "no broker answers";
  status_.fault = Fault::kKafkaUnreachable;
  show();
  now_.advance(DestinationHealth::kUnprovenPatience);
  const DestinationHealth::Condition condition = health_.condition();
  EXPECT_EQ(condition.state, DeliveryState::kWaiting);
  EXPECT_EQ(condition.fault, Fault::kKafkaUnreachable);
  EXPECT_THAT(condition.text, testing::StartsWith("not connected: no broker answers; no broker has accepted"));
  EXPECT_THAT(codes(), ElementsAre(Fault::kKafkaUnreachable, Fault::kSecretUnproven));
}

TEST_F(UnprovenValue, IsNotSaidOfOneThatIsRefusedOrKeptFromTheBrokers) {
  now_.advance(DestinationHealth::kUnprovenPatience);
  status_.refusal = kafka::CredentialRefusal{{}, "login-refused", {"events-jaas"}};
  show();
  EXPECT_THAT(codes(), ElementsAre(Fault::kKafkaAuthRefused));
  status_.refusal.reset();
  status_.connected = false;
  status_.last_error = "another target";
  status_.fault = Fault::kSecretTargetChanged;
  show();
  EXPECT_THAT(codes(), ElementsAre(Fault::kSecretTargetChanged));
}

TEST_F(UnprovenValue, LastsInTheReportOfTheDestinationAndBeginsOnce) {
  observability::Faults faults(now_, metrics_);
  DestinationReport report("events", metrics_, &faults);
  now_.advance(DestinationHealth::kUnprovenPatience);
  const auto begun = report.is_in(health_.condition());
  ASSERT_EQ(begun.size(), 1U);
  EXPECT_EQ(begun[0].first, Fault::kSecretUnproven);
  EXPECT_THAT(report.is_in(health_.condition()), IsEmpty());
  EXPECT_THAT(metrics_.text(), HasSubstr("embergate_faults{code=\"secret.unproven\"} 1\n"));
  status_.unproven.reset();
  show();
  EXPECT_THAT(report.is_in(health_.condition()), IsEmpty());
  EXPECT_THAT(metrics_.text(), HasSubstr("embergate_faults{code=\"secret.unproven\"} 0\n"));
}

}  // namespace
}  // namespace embergate::delivery
