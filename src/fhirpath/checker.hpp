// SPDX-License-Identifier: Apache-2.0
// The static pass over parsed nodes: resolves variables, members, types and constants, and finds what can never work.
// Thread: one user, one program. Failure: ParseError for what is refused (undefined variable, unknown element, bad
// constant expression); warnings for what works but is hardly meant (decision: JSON choice names, always-empty paths,
// results that are not Boolean).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "fhirpath/parser.hpp"
#include "fhirpath/program.hpp"

namespace embergate::fhirpath {

struct TypeRef {
  Tag system = Tag::kElement;
  fhir::TypeId type = fhir::kNoType;
  friend bool operator==(const TypeRef&, const TypeRef&) = default;
};

// What is known of a value before any resource is seen.
struct StaticType {
  bool known = false;
  bool many = true;
  bool ordered = true;
  bool always_empty = false;
  std::vector<TypeRef> types;

  static StaticType unknown() { return {}; }
  static StaticType of(TypeRef type, bool many = false) { return {true, many, true, false, {type}}; }
};

void add_type(StaticType& target, const TypeRef& type);  // once
// %ucum, %vs-name and their kind; empty for other names.
std::string fixed_variable(std::string_view name);

class Checker {
 public:
  Checker(Program& program, const Names& names, const CompileOptions& options);
  std::optional<ParseError> run();

 private:
  struct Scope {
    StaticType self;
    StaticType total;
  };
  struct Slot {
    std::string name;
    std::uint32_t number;
    StaticType type;
  };
  using Slots = std::vector<Slot>;

  StaticType visit(NodeId id, const Scope& scope, Slots& slots);
  StaticType visit_variable(AstNode& node, const Slots& slots);
  StaticType visit_member(AstNode& node, const Scope& scope, Slots& slots);
  StaticType visit_instance(const AstNode& node, const Scope& scope, const Slots& slots);
  StaticType visit_root_type(AstNode& node, fhir::TypeId named, const StaticType& self);
  StaticType visit_function(NodeId id, const Scope& scope, Slots& slots);
  void visit_definition(AstNode& node, const StaticType& type, Slots& slots);
  void visit_arguments(const AstNode& node, const StaticType& input, const Scope& scope, const Slots& slots,
                       std::vector<StaticType>& results);
  StaticType repeated(const AstNode& node, const StaticType& input);
  StaticType result_of(const AstNode& node, const StaticType& input, const std::vector<StaticType>& arguments);
  StaticType visit_operator(NodeId id, const Scope& scope, Slots& slots);
  StaticType narrowed(const StaticType& input, const AstNode& node, const TypeSpecifier& wanted);
  void add_members(const AstNode& node, const Member& member, const TypeRef& from, StaticType& result, bool& open);
  void resolve_member(Member& member, const StaticType& input);
  void unknown_member(const AstNode& node, const Member& member, const StaticType& input);
  [[nodiscard]] std::string nearest_member(std::string_view name, const StaticType& input) const;
  [[nodiscard]] std::string elements_of(const StaticType& input) const;
  [[nodiscard]] std::string names_of(const StaticType& type) const;
  void fold_union(AstNode& node);
  void fold_negation(AstNode& node);
  void check_pattern(AstNode& node);
  void check_criterion(NodeId criterion, const StaticType& type);
  void check_result(const StaticType& type);
  void warn(std::uint32_t position, std::string message);
  void fail(std::uint32_t position, std::string message, std::string hint = {});

  Program& program_;
  const Names& names_;
  const CompileOptions& options_;
  const fhir::Model& model_;
  std::optional<ParseError> error_;
};

}  // namespace embergate::fhirpath
