// SPDX-License-Identifier: Apache-2.0
#include "vault/refusals.hpp"

#include <algorithm>
#include <utility>

namespace embergate::vault {

class Refusals::Note final : public RefusalNote {
 public:
  Note(std::shared_ptr<Refusals> refusals, std::uint64_t id) : refusals_(std::move(refusals)), id_(id) {}
  ~Note() override { refusals_->forget(id_); }
  Note(const Note&) = delete;
  Note& operator=(const Note&) = delete;

 private:
  std::shared_ptr<Refusals> refusals_;
  std::uint64_t id_;
};

std::unique_ptr<RefusalNote> Refusals::note(const std::vector<SecretName>& names, Refusal refusal) {
  std::lock_guard lock(mutex_);
  entries_[++last_id_] = {names, std::move(refusal)};
  changed_ = true;
  return std::make_unique<Note>(shared_from_this(), last_id_);
}

void Refusals::forget(std::uint64_t id) {
  std::lock_guard lock(mutex_);
  entries_.erase(id);
  changed_ = true;
}

std::optional<Refusal> Refusals::of(const SecretName& name) const {
  std::lock_guard lock(mutex_);
  const Refusal* oldest = nullptr;
  for (const auto& [id, entry] : entries_) {
    if (std::find(entry.names.begin(), entry.names.end(), name) == entry.names.end()) continue;
    if (!oldest || entry.refusal.since < oldest->since) oldest = &entry.refusal;
  }
  return oldest == nullptr ? std::nullopt : std::optional(*oldest);
}

bool Refusals::take_changed() {
  std::lock_guard lock(mutex_);
  return std::exchange(changed_, false);
}

}  // namespace embergate::vault
