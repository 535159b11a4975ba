// SPDX-License-Identifier: Apache-2.0
#include "vault/json_string.hpp"

#include <nlohmann/json.hpp>

#include "embergate/vault/secret.hpp"

namespace embergate::vault {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxDepth = 64;

// Follows one path through the text. Nothing becomes a tree, whose strings no one would wipe.
class Finder final : public nlohmann::json_sax<json> {
 public:
  explicit Finder(const PointerTokens& pointer) : pointer_(pointer) {}
  Finder(const Finder&) = delete;
  Finder& operator=(const Finder&) = delete;
  ~Finder() override {
    if (found_) wipe(*found_);
  }

  std::optional<std::string> take() {
    if (times_ != 1) return std::nullopt;
    return std::move(found_);
  }

  bool null() override { return on_value(); }
  bool boolean(bool) override { return on_value(); }
  bool number_integer(number_integer_t) override { return on_value(); }
  bool number_unsigned(number_unsigned_t) override { return on_value(); }
  bool number_float(number_float_t, const string_t&) override { return on_value(); }
  bool binary(binary_t&) override { return on_value(); }
  bool string(string_t& text) override {
    on_value();
    if (is_here()) {
      ++times_;
      found_ = text;
    }
    wipe(text);
    return true;
  }
  bool key(string_t& name) override {
    auto& place = places_.back();
    place.on_path = place.parent_on_path && depth_in_pointer() && pointer_[places_.size() - 1] == name;
    // The second of two equal members would win silently (S-19).
    if (place.on_path && ++place.matches > 1) times_ += 2;
    wipe(name);
    return true;
  }
  bool start_object(std::size_t) override { return open(false); }
  bool end_object() override { return close(); }
  bool start_array(std::size_t) override { return open(true); }
  bool end_array() override { return close(); }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override { return false; }

 private:
  struct Place {
    bool is_array;
    bool parent_on_path;
    bool on_path = false;
    std::size_t index = 0;
    int matches = 0;
  };

  [[nodiscard]] bool depth_in_pointer() const { return places_.size() <= pointer_.size(); }
  [[nodiscard]] bool is_here() const {
    return !places_.empty() && places_.size() == pointer_.size() && places_.back().on_path;
  }
  bool on_value() {
    if (places_.empty() || !places_.back().is_array) return true;
    auto& place = places_.back();
    place.on_path =
        place.parent_on_path && depth_in_pointer() && pointer_[places_.size() - 1] == std::to_string(place.index++);
    return true;
  }
  bool open(bool is_array) {
    on_value();
    const bool on_path = places_.empty() || places_.back().on_path;
    places_.push_back({is_array, on_path});
    return places_.size() <= kMaxDepth;
  }
  bool close() {
    places_.pop_back();
    return true;
  }

  const PointerTokens& pointer_;
  std::vector<Place> places_;
  std::optional<std::string> found_;
  int times_ = 0;
};

}  // namespace

std::optional<PointerTokens> tokens_of_pointer(std::string_view pointer) {
  if (pointer.empty() || pointer.front() != '/') return std::nullopt;
  PointerTokens tokens;
  for (std::size_t i = 0; i < pointer.size(); ++i) {
    const char c = pointer[i];
    if (c == '/') {
      tokens.emplace_back();
    } else if (c != '~') {
      tokens.back() += c;
    } else if (i + 1 < pointer.size() && (pointer[i + 1] == '0' || pointer[i + 1] == '1')) {
      tokens.back() += pointer[++i] == '0' ? '~' : '/';
    } else {
      return std::nullopt;
    }
  }
  return tokens;
}

std::optional<std::string> string_at(std::string_view text, const PointerTokens& pointer) {
  Finder finder(pointer);
  if (!json::sax_parse(text.begin(), text.end(), &finder)) return std::nullopt;
  return finder.take();
}

}  // namespace embergate::vault
