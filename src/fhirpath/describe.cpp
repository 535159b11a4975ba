// SPDX-License-Identifier: Apache-2.0
#include "fhirpath/describe.hpp"

#include <fmt/format.h>

#include "fhirpath/function_table.hpp"

namespace embergate::fhirpath {
namespace {

constexpr std::size_t kPlaceWidth = 8;
constexpr std::size_t kShownTypeBytes = 60;

class TreeWriter {
 public:
  explicit TreeWriter(const Program& program) : program_(program) {}

  std::string write() {
    part(program_.root, 0);
    return std::move(out_);
  }

 private:
  void part(NodeId id, std::size_t depth) {
    const AstNode& node = program_.node(id);
    if (node.op == Op::kThis && node.flag) return;
    line(node, depth, label(id));
    if (is_plain_path(id)) return;
    switch (node.op) {
      case Op::kMember:
      case Op::kNegate:
      case Op::kPlus:
      case Op::kIs:
      case Op::kAs:
      case Op::kElementValue:
        part(node.a, depth + 1);
        break;
      case Op::kInstance:
        for (std::uint32_t i = 0; i < node.count; ++i) part(program_.arguments[node.b + i], depth + 1);
        break;
      case Op::kFunction:
        part(node.a, depth + 1);
        for (std::uint32_t i = 0; i < node.count; ++i) argument(node, program_.arguments[node.b + i], depth + 1);
        break;
      default:
        if (!is_binary(node.op)) break;
        part(node.a, depth + 1);
        part(node.b, depth + 1);
    }
  }

  // The direction of a sort key is a node around it.
  void argument(const AstNode& call, NodeId id, std::size_t depth) {
    const AstNode& node = program_.node(id);
    if (call.function != Function::kSort) return part(id, depth);
    if (node.flag) line(node, depth, "descending");
    part(node.a, depth + (node.flag ? 1 : 0));
  }

  void line(const AstNode& node, std::size_t depth, std::string_view text) {
    const Place place = place_of(program_.text, node.position);
    out_ += fmt::format("{:<{}}{:{}}{}\n", fmt::format("{}:{}", place.line, place.column), kPlaceWidth, "", depth * 2,
                        text);
  }

  [[nodiscard]] bool is_plain_path(NodeId id) const {
    const AstNode* node = &program_.node(id);
    if (node->op != Op::kMember) return false;
    while (node->op == Op::kMember) node = &program_.node(node->a);
    return node->op == Op::kThis || node->op == Op::kVariable || node->op == Op::kResource ||
           node->op == Op::kRootType || node->op == Op::kSlot;
  }

  [[nodiscard]] std::string label(NodeId id) const {
    const AstNode& node = program_.node(id);
    const std::string_view source = source_of(program_, id);
    switch (node.op) {
      case Op::kConstant:
        return node.b == 1 ? fmt::format("literal {}", source) : fmt::format("{} literals {}", node.b, source);
      case Op::kMember:
        return member_label(node, is_plain_path(id) ? source : std::string_view());
      case Op::kRootType:
        return fmt::format("type {}", program_.members[node.b].name);
      case Op::kVariable:
      case Op::kResource:
      case Op::kSlot:
        return fmt::format("variable {}", source);
      case Op::kElementAt:
        return "[ ]";
      case Op::kInstance:
        return fmt::format("{} {{ }}", program_.types[node.extra].name);
      case Op::kElementValue:
        return fmt::format("{}:", program_.members[node.b].name);
      case Op::kFunction:
        if (info_of(node.function).arguments != Arguments::kType)
          return fmt::format("{}()", info_of(node.function).name);
        return fmt::format("{}({})", info_of(node.function).name, program_.types[node.extra].name);
      case Op::kIs:
      case Op::kAs:
        return fmt::format("{} {}", symbol_of(node.op), program_.types[node.b].name);
      default:
        return std::string(symbol_of(node.op).empty() ? source : symbol_of(node.op));
    }
  }

  [[nodiscard]] std::string member_label(const AstNode& node, std::string_view path) const {
    const Member& member = program_.members[node.b];
    std::string name = path.empty() ? fmt::format(".{}", member.name) : fmt::format("path {}", path);
    if (!member.element) return name;
    std::string types;
    for (const fhir::TypeId type : member.element->types) {
      if (!types.empty()) types += ", ";
      if (types.size() > kShownTypeBytes) {
        types += "...";
        break;
      }
      types += program_.model->name_of(type);
    }
    return fmt::format("{} : {}", name, types);
  }

  const Program& program_;
  std::string out_;
};

}  // namespace

std::string_view source_of(const Program& program, NodeId id) {
  const SourceRange& range = program.ranges[id];
  if (range.end <= range.begin) return {};
  return std::string_view(program.text).substr(range.begin, range.end - range.begin);
}

std::string tree_of(const Program& program) { return TreeWriter(program).write(); }

std::string_view symbol_of(Op op) {
  switch (op) {
    case Op::kThis:
      return "$this";
    case Op::kIndex:
      return "$index";
    case Op::kTotal:
      return "$total";
    case Op::kNegate:
    case Op::kSubtract:
      return "-";
    case Op::kPlus:
    case Op::kAdd:
      return "+";
    case Op::kMultiply:
      return "*";
    case Op::kDivide:
      return "/";
    case Op::kDiv:
      return "div";
    case Op::kMod:
      return "mod";
    case Op::kConcatenate:
      return "&";
    case Op::kIs:
      return "is";
    case Op::kAs:
      return "as";
    case Op::kUnion:
      return "|";
    case Op::kLessOrEqual:
      return "<=";
    case Op::kLess:
      return "<";
    case Op::kGreater:
      return ">";
    case Op::kGreaterOrEqual:
      return ">=";
    case Op::kEqual:
      return "=";
    case Op::kEquivalent:
      return "~";
    case Op::kNotEqual:
      return "!=";
    case Op::kNotEquivalent:
      return "!~";
    case Op::kIn:
      return "in";
    case Op::kContains:
      return "contains";
    case Op::kAnd:
      return "and";
    case Op::kOr:
      return "or";
    case Op::kXor:
      return "xor";
    case Op::kImplies:
      return "implies";
    default:
      return {};
  }
}

bool is_binary(Op op) {
  return op == Op::kElementAt || (op >= Op::kMultiply && op <= Op::kConcatenate) || op >= Op::kUnion;
}

}  // namespace embergate::fhirpath
