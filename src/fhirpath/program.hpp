// SPDX-License-Identifier: Apache-2.0
// The compiled form of an expression: a flat array of nodes with every name resolved as far as it can be, constants,
// regular expressions, slots. Thread: built by one, then immutable. Ownership: Program owns everything its nodes and
// constants point to.
#pragma once

#include <re2/re2.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "embergate/fhirpath/expression.hpp"
#include "fhirpath/item.hpp"

namespace embergate::fhirpath {

enum class Function : std::uint8_t;

enum class Op : std::uint8_t {
  kThis,          // $this, and the unwritten head of a path
  kIndex,         // $index
  kTotal,         // $total
  kConstant,      // a: first constant, b: how many
  kVariable,      // a: host variable
  kResource,      // %resource, %context, %rootResource
  kSlot,          // a: slot of defineVariable
  kInstance,      // extra: type specifier; b: first of its kElementValue nodes in Program::arguments, count: how many
  kElementValue,  // a: value, b: member; part of kInstance
  kMember,        // a: input, b: member
  kRootType,      // a: input (always kThis), b: member; type: the type named
  kElementAt,     // a: input, b: index expression
  kFunction,      // a: input; b: first argument in Program::arguments, count: how many
  kNegate,
  kPlus,  // unary
  kMultiply,
  kDivide,
  kDiv,
  kMod,
  kAdd,
  kSubtract,
  kConcatenate,
  kIs,  // a: input, b: type specifier
  kAs,
  kUnion,
  kLessOrEqual,
  kLess,
  kGreater,
  kGreaterOrEqual,
  kEqual,
  kEquivalent,
  kNotEqual,
  kNotEquivalent,
  kIn,
  kContains,
  kAnd,
  kOr,
  kXor,
  kImplies,
};

using NodeId = std::uint32_t;
inline constexpr NodeId kNoNode = 0xffff'ffff;

// How a node is evaluated at best: item by item, as one value, or as one of three truth values.
enum class Shape : std::uint8_t { kStream, kValue, kTruth };
struct AstNode;
Shape shape_of(const AstNode& node);

struct AstNode {  // 24 bytes
  Op op = Op::kThis;
  Shape shape = Shape::kStream;
  Function function{};
  std::uint8_t count = 0;
  bool flag = false;        // sort key: descending; kThis: unwritten
  bool typed_part = false;  // where($this is T and …): the part ends before `and`
  std::uint16_t part = 0;   // index in Program::parts, plus one; 0: not shared
  std::uint32_t a = kNoNode;
  std::uint32_t b = kNoNode;
  std::uint32_t extra = kNoNode;  // type specifier, slot or regular expression of a function
  std::uint32_t position = 0;     // byte offset in the text
};

// A member name, with what it means on the type that the static check found.
struct Member {
  std::string_view name;               // in Program::strings
  fhir::TypeId owner = fhir::kNoType;  // the static type; kNoType: resolve at run time
  const fhir::Element* element = nullptr;
  fhir::TypeId type = fhir::kNoType;  // of the element when it is no choice
  bool is_primitive = false;
  bool is_resource = false;
};

struct TypeSpecifier {
  std::string name;
  Tag system = Tag::kElement;         // set: also or only this System type
  fhir::TypeId type = fhir::kNoType;  // set: this FHIR type
};

// What part of the text a node was made from, its brackets included.
struct SourceRange {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
};

struct Program {
  const fhir::Model* model = nullptr;
  std::string text;
  Limits limits;
  fhir::TypeId context_type = fhir::kNoType;
  bool as_filters = false;  // CompileOptions
  std::vector<AstNode> nodes;
  std::vector<SourceRange> ranges;  // of each node
  std::vector<std::string> parts;   // what other expressions may have, too (SharedParts)
  NodeId root = kNoNode;
  std::vector<NodeId> arguments;
  std::vector<Item> constants;
  std::deque<std::string> strings;  // what string constants point into
  std::deque<Quantity> quantities;
  std::vector<Member> members;
  std::vector<TypeSpecifier> types;
  std::vector<std::string> host_variables;
  std::uint32_t slot_count = 0;
  std::vector<std::unique_ptr<RE2>> patterns;
  std::vector<Warning> warnings;

  [[nodiscard]] const AstNode& node(NodeId id) const { return nodes[id]; }
};

struct Place {
  std::size_t line = 1;
  std::size_t column = 1;
};
Place place_of(std::string_view text, std::size_t offset);

}  // namespace embergate::fhirpath
