// SPDX-License-Identifier: Apache-2.0
#include "embergate/fhir/resource.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <limits>

#include "embergate/core/assert.hpp"
#include "fhir/tree_builder.hpp"

namespace embergate::fhir {
namespace {

namespace ondemand = simdjson::ondemand;

// What a parse works in. Small texts use the thread's own; a large one brings its own and gives the memory back.
struct Workspace {
  ondemand::parser parser;
  std::vector<NodeRecord> nodes;
};
constexpr std::size_t kKeptWorkspaceBytes = 1U << 20U;

// Visits every value of a document and tells the builder. Recursion ends at the builder's depth limit.
class JsonWalk {
 public:
  JsonWalk(ondemand::document& document, TreeBuilder& builder, const char* text_end)
      : document_(document), builder_(builder), text_end_(text_end) {}

  bool root() {
    const char* begin = here();
    if (*begin != '{') return builder_.fail(core::ErrorCode::kMalformed, begin, "a resource must be a JSON object");
    ondemand::object object;
    if (auto error = document_.get_object().get(object)) return fail(error);
    if (!builder_.open(NodeKind::kObject, begin) || !members(object) || !builder_.close(here())) return false;
    if (here() == text_end_) return true;
    return builder_.fail(core::ErrorCode::kMalformed, here(), "text follows the end of the resource");
  }

 private:
  bool members(ondemand::object& object) {
    for (auto result : object) {
      ondemand::field field;
      if (auto error = std::move(result).get(field)) return fail(error);
      if (!builder_.name(field.key().raw()) || !value(field.value())) return false;
    }
    return true;
  }

  bool items(ondemand::array& array) {
    for (auto result : array) {
      ondemand::value item;
      if (auto error = std::move(result).get(item)) return fail(error);
      if (!value(item)) return false;
    }
    return true;
  }

  bool value(ondemand::value& any) {
    const std::string_view token = any.raw_json_token();
    const char* const begin = token.data();
    if (token.front() == '{') {
      ondemand::object object;
      if (!builder_.open(NodeKind::kObject, begin)) return false;
      if (auto error = any.get_object().get(object)) return fail(error);
      return members(object) && builder_.close(here());
    }
    if (token.front() == '[') {
      ondemand::array array;
      if (!builder_.open(NodeKind::kArray, begin)) return false;
      if (auto error = any.get_array().get(array)) return fail(error);
      return items(array) && builder_.close(here());
    }
    return builder_.scalar(token);
  }

  // The token that comes next; the end of the text after the last one.
  const char* here() {
    const char* place = nullptr;
    return document_.current_location().get(place) ? text_end_ : place;
  }

  bool fail(simdjson::error_code error) {
    return builder_.fail(core::ErrorCode::kMalformed, here(),
                         fmt::format("not valid JSON: {}", simdjson::error_message(error)));
  }

  ondemand::document& document_;
  TreeBuilder& builder_;
  const char* text_end_;
};

core::Error whole_text_error(simdjson::error_code error) {
  if (error == simdjson::UTF8_ERROR)
    return core::make_error(core::ErrorCode::kMalformed, "the text is not valid UTF-8");
  if (error == simdjson::EMPTY)
    return core::make_error(core::ErrorCode::kMalformed, "the text is empty; a JSON object is expected");
  if (error == simdjson::UNCLOSED_STRING)
    return core::make_error(core::ErrorCode::kMalformed, "not valid JSON: a string is not closed");
  if (error == simdjson::UNESCAPED_CHARS) {
    return core::make_error(core::ErrorCode::kMalformed,
                            "not valid JSON: a control character in a string must be escaped");
  }
  return core::make_error(core::ErrorCode::kMalformed,
                          fmt::format("not valid JSON: {}", simdjson::error_message(error)));
}

}  // namespace

core::Result<std::shared_ptr<const Resource>> Resource::parse(std::string text, const ParseLimits& limits) {
  if (text.size() > limits.max_bytes) {
    return core::make_error(core::ErrorCode::kTooLarge, fmt::format("the text has {} bytes; at most {} are accepted",
                                                                    text.size(), limits.max_bytes));
  }
  EG_ASSERT(text.size() < std::numeric_limits<std::uint32_t>::max() - simdjson::SIMDJSON_PADDING);
  if (text.starts_with("\xEF\xBB\xBF")) {
    return core::make_error(core::ErrorCode::kMalformed,
                            "the text starts with a byte order mark; JSON must not have one");
  }
  const std::size_t size = text.size();
  const std::shared_ptr<Resource> resource(new Resource());
  resource->text_ = std::move(text);
  resource->text_.resize(size + simdjson::SIMDJSON_PADDING);

  thread_local Workspace kept;
  std::optional<Workspace> own;
  if (size > kKeptWorkspaceBytes) own.emplace();
  Workspace& workspace = own ? *own : kept;
  workspace.nodes.clear();

  ondemand::document document;
  const simdjson::padded_string_view view(resource->text_.data(), size, resource->text_.size());
  if (auto error = workspace.parser.iterate(view).get(document)) return whole_text_error(error);
  TreeBuilder builder(*resource, limits, workspace.nodes);
  if (!JsonWalk(document, builder, resource->text_.data() + size).root()) return builder.error();
  builder.finish(own.has_value());
  resource->text_.resize(size);
  return std::shared_ptr<const Resource>(resource);
}

Node Node::member(std::string_view member_name) const {
  if (!is_object()) return {};
  for (Node child = first_child(); child; child = child.next_sibling(*this)) {
    if (child.name() == member_name) return child;
  }
  return {};
}

Node Node::at(std::size_t position) const {
  if (!is_array() || position >= size()) return {};
  Node item = first_child();
  while (position-- > 0) item = item.next_sibling(*this);
  return item;
}

}  // namespace embergate::fhir
