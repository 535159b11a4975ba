// SPDX-License-Identifier: Apache-2.0
// A FHIR resource as one immutable tree over the text it came as. Numbers and strings stay slices of that text, so 1.50
// is still 1.50 and a stored resource is never printed again from a model of it. One parse checks what S-19, S-30 and
// S-33 ask: duplicate members, depth, sizes, UTF-8. Thread: immutable after parse(); share freely as shared_ptr<const
// Resource>. Ownership: Resource owns text and nodes; a Node is a pointer pair into it and must not outlive it.
// Failure: parse() returns kMalformed (bad JSON, duplicate member: 400) or kTooLarge (a limit of S-30), with the
// position.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "embergate/core/result.hpp"

namespace embergate::fhir {

enum class NodeKind : std::uint8_t { kNull, kFalse, kTrue, kNumber, kString, kArray, kObject };

// Limits of S-30 (decision 21), in the units their names say.
struct ParseLimits {
  std::size_t max_bytes = 20'971'520;
  std::size_t max_depth = 128;
  std::size_t max_members = 10'000;  // of one object
  std::size_t max_tokens = 2'000'000;
  std::size_t max_string_bytes = 1'048'576;  // but for `data` of Attachment and Binary
  std::size_t max_number_chars = 64;
};

// One node: 24 bytes. Nodes lie in document order; the children of a container follow it directly.
struct NodeRecord {
  std::uint32_t raw_begin;   // first byte of the value in the text (a string's opening quote)
  std::uint32_t raw_length;  // of the whole value, with quotes or brackets
  std::uint32_t name_begin;  // of the member's name in the text, without quotes; in the side buffer when kNameDecoded
  std::uint32_t next;        // index of the next sibling position (own index + size of the subtree)
  std::uint32_t extra;       // containers: number of children; decoded strings: index into the side table
  std::uint16_t name_length;
  NodeKind kind;
  std::uint8_t flags;  // kDecoded, kNameDecoded, kHoldsNull
};
inline constexpr std::uint8_t kDecoded = 1;
inline constexpr std::uint8_t kNameDecoded = 2;
inline constexpr std::uint8_t kHoldsNull = 4;  // of a container: a child is null, so it has fewer values than children

class Resource;

// A position in a Resource. Default-constructed: no node; every accessor of no node gives an empty answer, so paths can
// be chained.
class Node {
 public:
  Node() = default;
  Node(const Resource* owner, std::uint32_t index) : owner_(owner), index_(index) {}
  explicit operator bool() const { return owner_ != nullptr; }
  friend bool operator==(const Node&, const Node&) = default;

  [[nodiscard]] NodeKind kind() const;  // kNull for no node
  [[nodiscard]] bool is_object() const { return owner_ && kind() == NodeKind::kObject; }
  [[nodiscard]] bool is_array() const { return owner_ && kind() == NodeKind::kArray; }
  [[nodiscard]] bool is_string() const { return owner_ && kind() == NodeKind::kString; }
  [[nodiscard]] bool is_number() const { return owner_ && kind() == NodeKind::kNumber; }
  [[nodiscard]] bool is_bool() const { return owner_ && (kind() == NodeKind::kTrue || kind() == NodeKind::kFalse); }
  [[nodiscard]] bool is_null() const { return owner_ && kind() == NodeKind::kNull; }

  [[nodiscard]] std::string_view name() const;         // member name; empty for array items and the root
  [[nodiscard]] std::string_view string() const;       // decoded text of a string; empty for other kinds
  [[nodiscard]] std::string_view number_text() const;  // as written
  [[nodiscard]] bool boolean() const { return owner_ && kind() == NodeKind::kTrue; }
  [[nodiscard]] std::string_view raw() const;    // the value's JSON exactly as it came
  [[nodiscard]] std::size_t raw_offset() const;  // of raw() in Resource::text()
  [[nodiscard]] std::size_t size() const;        // children of a container, else 0

  [[nodiscard]] Node member(std::string_view member_name) const;  // no node when absent or not an object
  [[nodiscard]] Node at(std::size_t position) const;              // array item
  [[nodiscard]] Node first_child() const;
  // Next sibling inside `parent`, or no node after the last: for (Node c = p.first_child(); c; c = c.next_sibling(p)).
  [[nodiscard]] Node next_sibling(Node parent) const;

  [[nodiscard]] const Resource* owner() const { return owner_; }
  [[nodiscard]] std::uint32_t index() const { return index_; }

 private:
  const Resource* owner_ = nullptr;
  std::uint32_t index_ = 0;
};

class Resource {
 public:
  // Any JSON object; resourceType is not checked here (see check_shape in validate.hpp).
  static core::Result<std::shared_ptr<const Resource>> parse(std::string text, const ParseLimits& limits = {});

  [[nodiscard]] Node root() const { return Node(this, 0); }
  [[nodiscard]] std::string_view text() const { return text_; }
  [[nodiscard]] std::string_view type() const { return root().member("resourceType").string(); }
  [[nodiscard]] std::string_view id() const { return root().member("id").string(); }
  [[nodiscard]] const NodeRecord& record(std::uint32_t index) const { return nodes_[index]; }
  [[nodiscard]] std::string_view decoded(std::uint32_t side_index) const {
    return {decoded_.data() + side_[side_index].first, side_[side_index].second};
  }
  [[nodiscard]] std::size_t node_count() const { return nodes_.size(); }

 private:
  friend class Node;
  friend class TreeBuilder;
  Resource() = default;
  std::string text_;  // without the parser's padding
  std::vector<NodeRecord> nodes_;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> side_;  // offset and length in decoded_
  std::string decoded_;                                        // strings and names that had escapes
};

using ResourcePtr = std::shared_ptr<const Resource>;

inline NodeKind Node::kind() const { return owner_ ? owner_->nodes_[index_].kind : NodeKind::kNull; }

inline std::string_view Node::name() const {
  if (!owner_) return {};
  const NodeRecord& r = owner_->nodes_[index_];
  const std::string& source = (r.flags & kNameDecoded) ? owner_->decoded_ : owner_->text_;
  return {source.data() + r.name_begin, r.name_length};
}

inline std::string_view Node::string() const {
  if (!is_string()) return {};
  const NodeRecord& r = owner_->nodes_[index_];
  if (r.flags & kDecoded) return owner_->decoded(r.extra);
  return {owner_->text_.data() + r.raw_begin + 1, r.raw_length - 2};
}

inline std::string_view Node::raw() const {
  if (!owner_) return {};
  const NodeRecord& r = owner_->nodes_[index_];
  return {owner_->text_.data() + r.raw_begin, r.raw_length};
}

inline std::string_view Node::number_text() const { return is_number() ? raw() : std::string_view(); }
inline std::size_t Node::raw_offset() const { return owner_ ? owner_->nodes_[index_].raw_begin : 0; }
inline std::size_t Node::size() const { return is_object() || is_array() ? owner_->nodes_[index_].extra : 0; }
inline Node Node::first_child() const { return size() ? Node(owner_, index_ + 1) : Node(); }

inline Node Node::next_sibling(Node parent) const {
  if (!owner_) return {};
  const std::uint32_t next = owner_->nodes_[index_].next;
  return next < owner_->nodes_[parent.index_].next ? Node(owner_, next) : Node();
}

}  // namespace embergate::fhir
