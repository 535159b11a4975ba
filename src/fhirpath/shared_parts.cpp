// SPDX-License-Identifier: Apache-2.0
#include "fhirpath/shared_parts.hpp"

#include <algorithm>
#include <optional>
#include <string>

#include "fhirpath/function_table.hpp"

namespace embergate::fhirpath {
namespace {

constexpr std::size_t kMaxParts = 64;       // of one expression
constexpr std::uint32_t kLeastWeight = 2;   // below, looking it up costs as much as finding it
constexpr std::uint32_t kTreeWeight = 100;  // of what visits the whole resource

// A path in words that are the same for the same path, however it was written.
struct Path {
  std::string words;
  std::uint32_t weight = 0;
};

class Marker {
 public:
  explicit Marker(Program& program) : program_(program) {}

  // `rooted`: $this is the root here.
  void visit(NodeId id, bool rooted) {
    if (id == kNoNode) return;
    if (const auto path = path_of(id, rooted)) {
      if (path->weight >= kLeastWeight) mark(id, path->words);
      return;
    }
    if (const auto path = path_of_typed_filter(id, rooted); path && path->weight >= kLeastWeight)
      program_.nodes[id].typed_part = mark(id, path->words);
    const AstNode& node = program_.node(id);
    switch (node.op) {
      case Op::kThis:
      case Op::kIndex:
      case Op::kTotal:
      case Op::kConstant:
      case Op::kVariable:
      case Op::kResource:
      case Op::kSlot:
      case Op::kInstance:
      case Op::kElementValue:
        return;
      case Op::kMember:
      case Op::kRootType:
      case Op::kNegate:
      case Op::kPlus:
      case Op::kIs:
      case Op::kAs:
        return visit(node.a, rooted);
      case Op::kFunction:
        return visit_function(node, rooted);
      default:
        visit(node.a, rooted);
        visit(node.b, rooted);
    }
  }

 private:
  void visit_function(const AstNode& node, bool rooted) {
    visit(node.a, rooted);
    const Arguments arguments = info_of(node.function).arguments;
    if (arguments == Arguments::kType || arguments == Arguments::kSort) return;
    for (std::uint32_t i = 0; i < node.count; ++i)
      visit(program_.arguments[node.b + i], rooted && arguments == Arguments::kPlain);
  }

  bool mark(NodeId id, const std::string& words) {
    const auto known = std::find(program_.parts.begin(), program_.parts.end(), words);
    const auto number = static_cast<std::size_t>(known - program_.parts.begin());
    if (known == program_.parts.end()) {
      if (program_.parts.size() == kMaxParts) return false;
      program_.parts.push_back(words);
    }
    program_.nodes[id].part = static_cast<std::uint16_t>(number + 1);
    return true;
  }

  // Nothing when the node is more than a path, or begins at a $this that is not the root.
  std::optional<Path> path_of(NodeId id, bool rooted) const {
    if (id == kNoNode) return std::nullopt;
    const AstNode& node = program_.node(id);
    switch (node.op) {
      case Op::kThis:
        return rooted ? std::optional<Path>({"$this", 0}) : std::nullopt;
      case Op::kResource:
        return Path{"%resource", 0};
      case Op::kVariable:
        return Path{"%" + program_.host_variables[node.a], 0};
      case Op::kRootType:
        return longer(path_of(node.a, rooted), ".is(" + std::to_string(node.extra) + ")", 0);
      case Op::kMember:
        return longer(path_of(node.a, rooted), "." + std::string(program_.members[node.b].name), 1);
      case Op::kFunction:
        return path_of_function(node, rooted);
      default:
        return std::nullopt;
    }
  }

  std::optional<Path> path_of_function(const AstNode& node, bool rooted) const {
    switch (node.function) {
      case Function::kChildren:
      case Function::kDescendants:
        return longer(path_of(node.a, rooted), "." + std::string(info_of(node.function).name) + "()", kTreeWeight);
      case Function::kOfType:
        return longer(path_of(node.a, rooted), ".ofType(" + program_.types[node.extra].name + ")", 1);
      case Function::kExtension:
        return path_of_extension(node, rooted);
      case Function::kRepeat:
      case Function::kRepeatAll: {
        const auto projection = path_of(program_.arguments[node.b], true);
        if (!projection || !projection->words.starts_with("$this")) return std::nullopt;
        return longer(path_of(node.a, rooted),
                      "." + std::string(info_of(node.function).name) + "(" + projection->words + ")", kTreeWeight);
      }
      default:
        return std::nullopt;
    }
  }

  std::optional<Path> path_of_extension(const AstNode& node, bool rooted) const {
    const AstNode& url = program_.node(program_.arguments[node.b]);
    if (url.op != Op::kConstant || url.b != 1 || program_.constants[url.a].tag() != Tag::kString) return std::nullopt;
    const std::string text(program_.constants[url.a].as_string());
    // The length keeps the words of another path from being hidden in the text.
    return longer(path_of(node.a, rooted), ".extension(" + std::to_string(text.size()) + ":" + text + ")", 1);
  }

  // The part before `and` in `where($this is T and …)`. What follows sees fewer items, so it must not ask for $index.
  std::optional<Path> path_of_typed_filter(NodeId id, bool rooted) const {
    const AstNode& node = program_.node(id);
    if (node.op != Op::kFunction || node.function != Function::kWhere) return std::nullopt;
    const AstNode& both = program_.node(program_.arguments[node.b]);
    if (both.op != Op::kAnd) return std::nullopt;
    const AstNode& type = program_.node(both.a);
    if (type.op != Op::kIs || program_.node(type.a).op != Op::kThis || asks_for_index(both.b)) return std::nullopt;
    return longer(path_of(node.a, rooted), ".where($this is " + program_.types[type.b].name + ")", 1);
  }

  [[nodiscard]] bool asks_for_index(NodeId id) const {
    const SourceRange range = program_.ranges[id];
    return std::any_of(program_.nodes.begin(), program_.nodes.end(), [&](const AstNode& node) {
      return node.op == Op::kIndex && node.position >= range.begin && node.position < range.end;
    });
  }

  static std::optional<Path> longer(std::optional<Path> path, const std::string& step, std::uint32_t weight) {
    if (!path) return path;
    path->words += step;
    path->weight += weight;
    return path;
  }

  Program& program_;
};

}  // namespace

SharedParts::SharedParts(std::size_t count) : impl_(std::make_unique<Impl>(count)) {}
SharedParts::~SharedParts() = default;

bool SharedParts::Impl::keep(Part& part, Items items) {
  const bool places = std::all_of(items.begin(), items.end(), [](const Item& item) { return item.is_element(); });
  if (!places || kept + items.size > kMaxItems) return false;
  auto* const copy = static_cast<Item*>(arena.allocate(items.size * sizeof(Item)));
  std::copy(items.begin(), items.end(), copy);
  part.items = {copy, items.size};
  kept += items.size;
  return true;
}

void mark_parts(Program& program) { Marker(program).visit(program.root, true); }

}  // namespace embergate::fhirpath
