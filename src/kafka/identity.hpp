// SPDX-License-Identifier: Apache-2.0
// One connection identity (kafka.md 1): its client, the lanes of the destinations that share it, and its life from
// first proof through rotation and rebuild to the end (kafka.md 5). A new password or token of the same principal goes
// into the running client; for anything else a proven and warmed client takes over after the old one has drained
// or given its records back, and never are there more than the two. Thread: public calls from any
// thread; ClientObserver on the pump thread; everything else on the identity's strand. Locks: mutex_ is a leaf, but for
// a lane's own. Ownership: shared by the pool and the Producers. Failure: shows in status() and to the members'
// listeners.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "kafka/credential_keeper.hpp"
#include "kafka/fault_codes.hpp"
#include "kafka/lane.hpp"
#include "kafka/pool_context.hpp"

namespace embergate::kafka {

// A listener that can be cut off: after clear() it is not called and no call is running.
class ListenerSlot {
 public:
  explicit ListenerSlot(ProducerPool::Listener listener) : listener_(std::move(listener)) {}
  void call(const ProducerPool::Event& event);
  void clear();

 private:
  std::mutex mutex_;
  ProducerPool::Listener listener_;
};

class Identity final : public ClientObserver, public CredentialHost, public std::enable_shared_from_this<Identity> {
 public:
  struct Denial {
    std::string text;
    core::SystemTime since{};
  };
  struct Member {
    TopicSettings topic;
    vault::Requester requester;
    std::shared_ptr<ListenerSlot> listener;
    std::shared_ptr<Lane> lane;
    std::optional<Denial> denial = {};  // why the secrets are kept from it; its lane takes nothing then
  };

  Identity(PoolContext& context, ConnectionSettings settings);
  void start();
  void join(const Member& member);
  void leave(const std::shared_ptr<Lane>& lane);
  void send(Lane& lane, std::shared_ptr<const RecordBatch> batch, Producer::Done done);
  void purge(Lane& lane);
  [[nodiscard]] ConnectionStatus status(const Member& member) const;
  void inquire();  // what is wrong with the topics, for status()
  [[nodiscard]] const ConnectionSettings& settings() const { return settings_; }
  // One client takes one compression for a topic; a destination that wants another one needs an identity of its own
  // (kafka.md 2).
  [[nodiscard]] bool fits(const TopicSettings& topic) const;
  [[nodiscard]] bool unused() const;  // no members
  [[nodiscard]] bool idle() const;    // nothing queued, waiting or in flight
  void refuse(const std::string& reason);
  void end(const std::string& reason);  // asynchronous: the client is retired on the strand
  [[nodiscard]] bool ended() const { return retired_.load(); }
  [[nodiscard]] std::shared_ptr<Client> client() const;  // null: none now

  void answered() override;
  void unanswered(ConnectionError error) override;
  void broke(ConnectionFault fault, ConnectionError error) override;
  void objected(std::string text) override;
  void throttled(core::Milliseconds by) override;
  void died(std::string text) override;
  void came_back() override;
  void made_room() override;

  void token_wanted() override;

  std::optional<vault::Requester> requester() const override;
  std::optional<std::string> denial() const override;
  std::optional<std::string> objection() const override;
  bool has_room_for_candidate() const override { return previous_.expired(); }
  void adopt(Proven proven) override;
  void renew(const Login& login) override;
  void credential_failed(CredentialFailure failure) override;
  void withdraw(const std::string& why) override;
  void target_changed();
  void config_changed();  // any thread: what its destinations may use is in force when this returns
  void refusal_begins(vault::Refusal refusal) override;
  void refusal_ends() override;
  void newer_waits(std::vector<std::string> secrets) override;

 private:
  static constexpr core::Milliseconds kThrottleLapse{60'000};  // without another answer that was held back
  static constexpr core::Milliseconds kFirstQuestion{1'000};   // whether brokers answer, after a connection broke
  using Members = std::vector<Member>;
  // A client that takes over from another one; steps() says where it stands.
  struct Replacement {
    std::shared_ptr<Client> next;
    Proven proven;  // without its client
    std::shared_ptr<Turns::Turn> turn;
    std::shared_ptr<Client> old;
    enum class Phase { kDraining, kRecallingQueued, kRecallingAll } phase = Phase::kDraining;
    core::SteadyTime phase_ends{};
    core::SteadyTime patience_ends{};  // of a drain whose brokers refuse the login
  };

  void open_without_login();
  std::shared_ptr<Client> make_silent_client(OpenClient made);
  void install(const std::shared_ptr<Client>& client);
  [[nodiscard]] std::optional<Denial> denial_of(const Member& member) const;
  [[nodiscard]] bool take_config_locked();  // true when it says something else of the connection's secrets
  bool judge_locked(Member& member, Lane::Finished& finished);
  void forget_orphans_locked();
  // The lane of a member, or of all: refused by its right, open to the client, refused or held without one.
  Lane::Finished set_valve_locked(const Member& member);
  Lane::Finished set_valves_locked();
  Lane::Finished open_lane(const Member& member, Client& client);
  void look_for_room();
  bool warm_candidate(Client& candidate);
  void begin_replacement(Proven proven);
  [[nodiscard]] bool is_replaced_by(const std::weak_ptr<Client>& next) const;
  void begin_drain(std::shared_ptr<Turns::Turn> turn);
  void plan_replacement_step();
  void replacement_step();
  void enter_phase(Replacement::Phase phase, core::Milliseconds limit);
  void finish_replacement();
  void give_up_replacement();
  void in_use(const Proven& proven);
  void plan_end_of_login(const std::shared_ptr<Client>& client);
  void rebuild(std::string_view why);
  core::Milliseconds pause_before_rebuild(const Client& broken);
  void make_again();
  void suspend();
  void suspend_if_still_refused();
  bool give_up_client(std::string_view why);    // until the keeper has a login again
  void suspend_client(std::string_view why);    // the same, with or without one
  void drop_client(const std::string& reason);  // what it holds goes back
  void give_back(std::shared_ptr<Client> old);
  // From now on there is no client: lanes refuse with the reason, or hold when there is none.
  std::shared_ptr<Client> take_client(const std::optional<std::string>& refusal);
  void warm_and_announce();
  void ask_first();
  void plan_question(core::Milliseconds delay);
  struct Trouble {
    core::Fault fault = core::Fault::kNone;
    std::string peer;
    std::string text;  // redacted
  };
  void note_error(const Trouble& trouble);
  void came_apart(ConnectionFault fault, Trouble trouble);
  [[nodiscard]] bool is_known_to_be_down() const;
  void fault_happens(const Trouble& trouble, std::string_view event, bool is_news, core::Milliseconds patience);
  void faults_end();
  [[nodiscard]] std::string fault_key() const;
  [[nodiscard]] std::string quota_key() const;
  void emit(ProducerPool::Event event);
  [[nodiscard]] Members members() const;  // and orphans
  [[nodiscard]] std::string destinations() const;

  PoolContext& context_;
  const ConnectionSettings settings_;
  const std::shared_ptr<Strand> strand_;
  std::shared_ptr<CredentialKeeper> keeper_;  // strand; null when there is nothing to prove

  mutable std::mutex mutex_;
  std::shared_ptr<const vault::VaultConfig> config_;  // the one that was looked at last
  Members members_;
  Members orphans_;  // destinations that are gone, with batches that still wait; without members also the last one
  std::shared_ptr<Client> client_;
  std::shared_ptr<Client> draining_;    // the one before it, while its records come in
  std::optional<std::string> refusal_;  // why nothing can be sent; none: lanes hold until there is a client
  ConnectionStatus status_;
  std::map<std::string, TopicTrouble> topic_troubles_;
  core::SteadyTime inquire_again_{};
  core::SteadyTime throttled_at_{};
  bool ended_ = false;

  std::atomic<bool> retired_{false};
  std::atomic<bool> connected_{false};
  std::atomic<bool> login_failing_{false};
  std::atomic<bool> lanes_wait_{false};
  // All of these: strand.
  core::SteadyTime login_failing_since_{};
  Login login_;                                       // at work
  std::unique_ptr<vault::RefusalNote> refusal_note_;  // while the brokers refuse what the files hold
  std::unique_ptr<Replacement> replacement_;
  std::weak_ptr<Client> previous_;  // replaced, and perhaps not gone yet
  RetrySchedule retry_;             // of open_without_login and the question
  RetrySchedule rebuild_retry_;     // of clients that fail before they have delivered anything
  core::SteadyTime rebuilt_at_{};
  bool rebuild_planned_ = false;
  bool question_planned_ = false;
};

}  // namespace embergate::kafka
