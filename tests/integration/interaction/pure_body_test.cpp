// SPDX-License-Identifier: Apache-2.0
// The body of a transaction may run twice and may be undone: neither may change what later writes do.
#include <gmock/gmock.h>

#include "forwarding_store.hpp"
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

// More than 64 KiB of Patients with 101 names.
std::string too_many_reads() {
  std::string entries;
  for (int i = 0; i < 60; ++i) {
    entries += std::string(i == 0 ? "" : ",") + R"({"request":{"method":"GET","url":"Patient/costly)" +
               std::to_string(i % 12) + R"("}})";
  }
  return R"({"resourceType":"Bundle","type":"transaction","entry":[)" + entries + "]}";
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
class TwiceStore final : public test::ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;
  void transact(Body body, Done done) override {
    auto undone = [body](store::Transaction& transaction) -> core::Result<void> {
      static_cast<void>(body(transaction));
      return core::make_error(core::ErrorCode::kUnavailable, "undone");
    };
    auto second = [this, body](store::Transaction& transaction) -> core::Result<void> {
      if (meanwhile) EG_CHECK(meanwhile(transaction));
      return body(transaction);
    };
    inner_.transact(undone, [this, second, done](const core::Result<store::CommitReceipt>& first) {
      EXPECT_FALSE(first);
      inner_.transact(second, done);
    });
  }
  Body meanwhile;  // what another write does before the second run
};

class InteractionsTwiceTest : public InteractionsTest {
 protected:
  InteractionsTwiceTest() { use(*store_); }
  ~InteractionsTwiceTest() override { interactions_.reset(); }

  void run_bodies_twice() {
    twice_ = std::make_unique<TwiceStore>(*store_);
    use(*twice_);
  }
  void use(store::Store& store) {
    Options options;
    options.max_answer_bytes = 64 * 1024;
    options.on_committed = [this](const store::CommitReceipt& receipt) {
      std::lock_guard lock(mutex_);
      receipts_.push_back(receipt);
    };
    interactions_ = std::make_unique<Interactions>(options, store, vault_, pool_, dry_runs_, metrics_);
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
    note(bundle(too_many_reads()));
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

  std::unique_ptr<TwiceStore> twice_;

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
  EXPECT_THAT(expected, HasSubstr("read fewer resources in one bundle"));
}

TEST_F(InteractionsTwiceTest, ABundleIsRefusedForWhatItsLastRunMet) {
  run_bodies_twice();
  const std::string text(40 * 1024, 'x');
  ASSERT_TRUE(update("Patient", "large", R"({"resourceType":"Patient","name":[{"text":")" + text + R"("}]})"));
  const std::string twice = R"({"resourceType":"Bundle","type":"transaction","entry":[
    {"request":{"method":"GET","url":"Patient/large"}},{"request":{"method":"GET","url":"Patient/large"}}]})";
  const auto refused = bundle(twice);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().error.diagnostics, HasSubstr("read fewer resources in one bundle"));
  twice_->meanwhile = [](store::Transaction& tx) -> core::Result<void> {
    EG_TRY(const auto current, tx.load_current("Patient", "large"));
    store::NewVersion deletion;
    deletion.type = "Patient";
    deletion.id = "large";
    deletion.version_id = tx.next_version_id();
    deletion.previous_version_id = current->version_id;
    deletion.interaction = store::Interaction::kDelete;
    return tx.put_version(deletion);
  };
  EXPECT_EQ(code_of(bundle(twice)), core::ErrorCode::kGone);
}

}  // namespace
}  // namespace embergate::interaction
