// SPDX-License-Identifier: Apache-2.0
#include "vault/notices.hpp"

#include <algorithm>

namespace embergate::vault {

class Notices::SlotWatch final : public Watch {
 public:
  SlotWatch(std::shared_ptr<Notices> notices, std::shared_ptr<Slot> slot)
      : notices_(std::move(notices)), slot_(std::move(slot)) {}
  SlotWatch(const SlotWatch&) = delete;
  SlotWatch& operator=(const SlotWatch&) = delete;
  ~SlotWatch() override { notices_->remove(slot_); }

 private:
  std::shared_ptr<Notices> notices_;
  std::shared_ptr<Slot> slot_;
};

std::unique_ptr<Watch> Notices::add(std::shared_ptr<Subject> subject, Changed changed) {
  auto slot = std::make_shared<Slot>();
  slot->subject = std::move(subject);
  slot->changed = std::move(changed);
  std::lock_guard lock(mutex_);
  slots_.push_back(slot);
  return std::make_unique<SlotWatch>(shared_from_this(), std::move(slot));
}

void Notices::remove(const std::shared_ptr<Slot>& slot) {
  std::unique_lock lock(mutex_);
  std::erase(slots_, slot);
  // From within its own callback a watch may be ended too.
  if (slot->runs_on == std::this_thread::get_id()) return;
  finished_.wait(lock, [&] { return !slot->running; });
}

bool Notices::note(const Subject& subject) {
  std::lock_guard lock(mutex_);
  bool watched = false;
  for (const auto& slot : slots_) {
    if (slot->subject.get() != &subject) continue;
    slot->due = true;
    watched = true;
  }
  return watched;
}

void Notices::deliver() {
  std::unique_lock lock(mutex_);
  while (!closed_) {
    const auto found =
        std::find_if(slots_.begin(), slots_.end(), [](const auto& slot) { return slot->due && !slot->running; });
    if (found == slots_.end()) return;
    // NOLINTNEXTLINE(performance-unnecessary-copy-initialization): it must stay alive while the lock is not held
    const auto slot = *found;
    slot->due = false;
    slot->running = true;
    slot->runs_on = std::this_thread::get_id();
    lock.unlock();
    slot->changed(slot->subject->generation());
    lock.lock();
    slot->running = false;
    slot->runs_on = {};
    finished_.notify_all();
  }
}

std::vector<std::shared_ptr<Subject>> Notices::watched() const {
  std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<Subject>> subjects;
  subjects.reserve(slots_.size());
  for (const auto& slot : slots_) subjects.push_back(slot->subject);
  return subjects;
}

void Notices::close() {
  std::unique_lock lock(mutex_);
  closed_ = true;
  finished_.wait(lock, [&] {
    return std::none_of(slots_.begin(), slots_.end(),
                        [](const auto& slot) { return slot->running && slot->runs_on != std::this_thread::get_id(); });
  });
}

}  // namespace embergate::vault
