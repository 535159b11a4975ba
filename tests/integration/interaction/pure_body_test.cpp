// SPDX-License-Identifier: Apache-2.0
// The body of a transaction may run twice and may be undone: neither may change what later writes do.
#include <gmock/gmock.h>

#include "interactions_fixture.hpp"
#include "support/eventually.hpp"

namespace embergate::interaction {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// Exceeds the steps of a write for many names, and is true at once for an active Patient without any.
constexpr const char* kCostly =
    "name.exists(%resource.name.exists(%resource.name.exists(family = 'none'))) or active = true";

std::string patient_with_names(int count) {
  std::string names;
  for (int i = 0; i < count; ++i) names += (i == 0 ? "" : ",") + std::string(R"({"family":"f"})");
  return R"({"resourceType":"Patient","active":true,"name":[)" + names + "]}";
}

// Twelve costly entries, and one whose reference leads nowhere: refused within the transaction.
std::string refused_bundle() {
  std::string entries;
  for (int i = 0; i < 12; ++i) {
    entries += R"({"resource":)" + patient_with_names(101) + R"(,"request":{"method":"PUT","url":"Patient/undone)" +
               std::to_string(i) + R"("}},)";
  }
  return R"({"resourceType":"Bundle","type":"transaction","entry":[)" + entries +
         R"({"resource":{"resourceType":"Patient","generalPractitioner":[{"reference":"Practitioner/nobody"}]},
         "request":{"method":"PUT","url":"Patient/last"}}]})";
}

TEST_F(InteractionsTest, RefusedBundlesDoNotCostLaterWritesTheirEvents) {
  const auto slot = add_patient_destination(kCostly);
  for (int i = 0; i < 3; ++i) {
    const auto refused = bundle(refused_bundle());
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().error.diagnostics, HasSubstr("Practitioner/nobody does not exist"));
  }
  for (int i = 0; i < 200; ++i)
    ASSERT_TRUE(update("Patient", "p" + std::to_string(i), R"({"resourceType":"Patient","active":true})"));
  EXPECT_EQ(events_of(slot).size(), 200U);
  EXPECT_THAT(metrics_.text(), Not(HasSubstr("embergate_topic_criteria_")));
}

TEST_F(InteractionsTest, ABundleThatIsUndoneLeavesTheCatalogAsItWas) {
  const auto slot = add_patient_destination("active = true");
  const auto before = interactions_->catalog().value();
  // A topic for all Patients, used by a write of the same bundle, and then a fault.
  const auto refused = bundle(R"({"resourceType":"Bundle","type":"transaction","entry":[
    {"request":{"method":"DELETE","url":"AidboxSubscriptionTopic/patients"}},
    {"resource":{"resourceType":"AidboxSubscriptionTopic","url":"urn:topic:patients","status":"active",
      "trigger":[{"resource":"Patient"}]},"request":{"method":"PUT","url":"AidboxSubscriptionTopic/all"}},
    {"resource":{"resourceType":"Patient","active":false},"request":{"method":"PUT","url":"Patient/p1"}},
    {"resource":{"resourceType":"Patient","generalPractitioner":[{"reference":"Practitioner/nobody"}]},
      "request":{"method":"PUT","url":"Patient/p2"}}]})");
  ASSERT_FALSE(refused);
  EXPECT_EQ(interactions_->catalog().value(), before) << "not even loaded again";
  ASSERT_TRUE(update("Patient", "p3", R"({"resourceType":"Patient","active":false})"));
  ASSERT_TRUE(update("Patient", "p4", R"({"resourceType":"Patient","active":true})"));
  ASSERT_EQ(events_of(slot).size(), 1U);
  EXPECT_EQ(events_of(slot)[0].reference, "Patient/p4");
  EXPECT_EQ(interactions_->catalog().value(), before);
}

// Runs every body once for nothing: it is undone, and runs again.
class TwiceStore final : public store::Store {
 public:
  explicit TwiceStore(store::Store& inner) : inner_(inner) {}
  void transact(Body body, Done done) override {
    auto undone = [body](store::Transaction& transaction) -> core::Result<void> {
      static_cast<void>(body(transaction));
      return core::make_error(core::ErrorCode::kUnavailable, "undone");
    };
    inner_.transact(undone, [this, body, done](const core::Result<store::CommitReceipt>& first) {
      EXPECT_FALSE(first);
      inner_.transact(body, done);
    });
  }
  core::Result<void> read(const ReadBody& body) override { return inner_.read(body); }
  [[nodiscard]] std::int64_t committed_catalog_epoch() const override { return inner_.committed_catalog_epoch(); }
  [[nodiscard]] store::Outbox& outbox() override { return inner_.outbox(); }
  [[nodiscard]] core::Milliseconds last_commit_time() const override { return inner_.last_commit_time(); }
  core::Result<void> ping() override { return inner_.ping(); }
  [[nodiscard]] store::WritingState writing() const override { return inner_.writing(); }
  void probe_writing() override { inner_.probe_writing(); }
  void stop() override { inner_.stop(); }

 private:
  store::Store& inner_;
};

class InteractionsTwiceTest : public InteractionsTest {
 protected:
  void run_bodies_twice() {
    twice_ = std::make_unique<TwiceStore>(*store_);
    Options options;
    options.on_committed = [this](const store::CommitReceipt& receipt) {
      std::lock_guard lock(mutex_);
      receipts_.push_back(receipt);
    };
    interactions_ = std::make_unique<Interactions>(options, *twice_, vault_, pool_, metrics_);
  }
  // What a mixed script answers and leaves behind, in words.
  std::string run_script() {
    const auto slot = add_patient_destination(kCostly);
    std::string said;
    const auto note = [&](const Answer<InteractionResult>& answer) {
      said += (answer ? std::to_string(answer->status) : answer.error().error.diagnostics) + "\n";
    };
    for (int i = 0; i < 12; ++i) note(update("Patient", "costly" + std::to_string(i), patient_with_names(101)));
    for (int i = 0; i < 3; ++i) note(update("Patient", "p", R"({"resourceType":"Patient","active":true})"));
    note(bundle(refused_bundle()));
    Preconditions only_new;
    only_new.if_none_exist = "_id=p";
    note(create("Patient", R"({"resourceType":"Patient","id":"p","active":true})", only_new));
    note(create("AidboxSubscriptionTopic",
                R"({"resourceType":"AidboxSubscriptionTopic","url":"urn:topic:patients","status":"active"})"));
    note(bundle(R"({"resourceType":"Bundle","type":"transaction","entry":[
      {"request":{"method":"DELETE","url":"AidboxSubscriptionTopic/patients"}},
      {"resource":{"resourceType":"AidboxSubscriptionTopic","url":"urn:topic:patients","status":"active",
        "trigger":[{"resource":"Patient"}]},"request":{"method":"PUT","url":"AidboxSubscriptionTopic/all"}},
      {"resource":{"resourceType":"Patient"},"request":{"method":"PUT","url":"Patient/in-bundle"}}]})"));
    note(remove("Patient", "p"));
    for (const Event& event : events_of(slot)) {
      said += std::to_string(event.number) + " " + event.reference + " " +
              std::string(store::to_string(event.interaction)) + "\n";
    }
    // What was undecided counts when it is decided, at the latest when the thread that decides has ended.
    EXPECT_TRUE(
        test::eventually([&] { return store_->outbox().counters(slot)->undecided == 0; }, std::chrono::minutes(1)));
    interactions_.reset();
    std::lock_guard lock(mutex_);
    for (const store::CommitReceipt& receipt : receipts_) said += std::to_string(receipt.slots.size());
    return said + "\n" + topic_metrics();
  }

 private:
  [[nodiscard]] std::string topic_metrics() const {
    std::string lines;
    const std::string text = metrics_.text();
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = std::min(text.find('\n', at), text.size());
      const std::string line = text.substr(at, end - at);
      if (line.starts_with("embergate_topic_")) lines += line + "\n";
      at = end + 1;
    }
    return lines;
  }

  std::unique_ptr<TwiceStore> twice_;
};

class InteractionsOnce : public InteractionsTwiceTest {
 public:
  void TestBody() override {}
  using InteractionsTwiceTest::run_script;
};

TEST_F(InteractionsTwiceTest, ABodyThatRunsTwiceDoesWhatOneDoes) {
  InteractionsOnce once;
  const std::string expected = once.run_script();
  run_bodies_twice();
  EXPECT_EQ(run_script(), expected);
}

}  // namespace
}  // namespace embergate::interaction
