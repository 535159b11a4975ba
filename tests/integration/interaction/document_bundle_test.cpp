// SPDX-License-Identifier: Apache-2.0
// Documents as national prescription systems send them: a Composition first, then resources of every R4 type that refer
// to each other by type and id, none of which is on this server (FHIR R4 bundle.html#references).
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "embergate/fhir/model.hpp"
#include "interactions_fixture.hpp"

namespace embergate::interaction {
namespace {

using fhir::Element;
using fhir::Model;
using fhir::TypeId;
using fhir::TypeKind;
using nlohmann::json;

constexpr const char* kPractice = "http://practice.example/fhir/";

// The smallest resource of a type that the model lets pass, with every reference that it can have at its top.
class Example {
 public:
  static json of(TypeId type, const std::string& id) {
    json made = required_of(type, 0);
    made["resourceType"] = std::string(Model::r4().name_of(type));
    made["id"] = id;
    for (const Element* element : Model::r4().elements_of(type)) {
      if (element->types.size() != 1 || Model::r4().name_of(element->types.front()) != "Reference") continue;
      made[std::string(element->name)] = listed(*element, reference());
    }
    return made;
  }

 private:
  static json reference() { return {{"reference", "Patient/patient"}}; }
  static json listed(const Element& element, json value) {
    return element.is_list ? json::array({std::move(value)}) : std::move(value);
  }

  static json required_of(TypeId type, int depth) {
    json made = json::object();
    for (const Element* element : Model::r4().elements_of(type)) {
      if (!element->is_required || depth > 6) continue;
      const TypeId of = element->types.front();
      std::string name(element->name);
      if (element->is_choice) {
        std::string suffix(Model::r4().name_of(of));
        suffix.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(suffix.front())));
        name += suffix;
      }
      made[name] = listed(*element, value_of(of, depth));
    }
    return made;
  }

  static json value_of(TypeId type, int depth) {
    const std::string name(Model::r4().name_of(type));
    if (name == "Reference") return reference();
    if (Model::r4().kind_of(type) == TypeKind::kPrimitive) return primitive(name);
    if (Model::r4().kind_of(type) == TypeKind::kResource) return {{"resourceType", "Basic"}, {"code", {{"text", "x"}}}};
    json made = required_of(type, depth + 1);
    if (made.empty()) made = {{"extension", json::array({{{"url", "http://x"}, {"valueBoolean", true}}})}};
    return made;
  }

  static json primitive(const std::string& name) {
    if (name == "boolean") return true;
    if (name == "integer" || name == "positiveInt" || name == "unsignedInt" || name == "decimal") return 1;
    if (name == "date" || name == "dateTime") return "2026-01-01";
    if (name == "instant") return "2026-01-01T00:00:00Z";
    if (name == "time") return "10:00:00";
    if (name == "oid") return "urn:oid:1.2";
    if (name == "uuid") return "urn:uuid:c757873d-ec9a-4326-a141-556f43239520";
    if (name == "base64Binary") return "QUJD";
    if (name == "xhtml") return R"(<div xmlns="http://www.w3.org/1999/xhtml">x</div>)";
    if (name == "uri" || name == "url" || name == "canonical") return "http://x.example/a";
    return "x";
  }
};

json entry(const json& resource, const std::string& base) {
  return {{"fullUrl", base + resource["resourceType"].get<std::string>() + "/" + resource["id"].get<std::string>()},
          {"resource", resource}};
}

json document(const json& resource, const std::string& base) {
  const std::string place = resource["resourceType"].get<std::string>() + "/" + resource["id"].get<std::string>();
  const json composition{{"resourceType", "Composition"},
                         {"id", "composition"},
                         {"status", "final"},
                         {"type", {{"text", "t"}}},
                         {"date", "2026-01-01"},
                         {"title", "t"},
                         {"subject", {{"reference", "Patient/patient"}}},
                         {"author", {{{"reference", "Practitioner/practitioner"}}}},
                         {"section", {{{"title", "s"}, {"entry", {{{"reference", place}}}}}}}};
  const json patient{{"resourceType", "Patient"},
                     {"id", "patient"},
                     {"generalPractitioner", {{{"reference", "Practitioner/practitioner"}}}}};
  const json practitioner{{"resourceType", "Practitioner"}, {"id", "practitioner"}};
  return {
      {"resourceType", "Bundle"},
      {"type", "document"},
      {"identifier", {{"system", "urn:ietf:rfc:3986"}, {"value", "urn:uuid:c757873d-ec9a-4326-a141-556f43239520"}}},
      {"timestamp", "2026-01-01T00:00:00Z"},
      {"entry", {entry(composition, base), entry(resource, base), entry(patient, base), entry(practitioner, base)}}};
}

TEST_F(InteractionsTest, DocumentsOfEveryR4TypeAreStoredAsTheyAre) {
  std::size_t stored = 0;
  for (std::size_t i = 0; i < Model::r4().type_count(); ++i) {
    const auto type = static_cast<TypeId>(i);
    if (Model::r4().kind_of(type) != TypeKind::kResource || Model::r4().is_abstract(type)) continue;
    const json resource = Example::of(type, "x");
    for (const std::string& base : {std::string(kPractice), std::string()}) {
      json bundle = document(resource, base.empty() ? "urn:uuid:" : base);
      if (base.empty()) {
        for (json& one : bundle["entry"]) one.erase("fullUrl");
      }
      const auto answer = create("Bundle", bundle.dump());
      EXPECT_TRUE(answer) << Model::r4().name_of(type) << ": " << answer.error().error.diagnostics;
      ++stored;
    }
  }
  EXPECT_EQ(stored, 2 * 146U);
}

TEST_F(InteractionsTest, ATransactionStoresADocumentWithItsReferencesAsTheyAre) {
  json bundle = document(Example::of(Model::r4().find_type("Observation"), "o"), kPractice);
  for (json& one : bundle["entry"]) one["fullUrl"] = "urn:uuid:" + one["resource"]["id"].get<std::string>();
  bundle["entry"][0]["resource"]["subject"]["reference"] = "urn:uuid:patient";
  bundle["entry"][0]["resource"]["author"][0]["reference"] = "urn:uuid:not-in-it";
  const json transaction{{"resourceType", "Bundle"},
                         {"type", "transaction"},
                         {"entry",
                          {{{"fullUrl", "urn:uuid:patient"},
                            {"request", {{"method", "POST"}, {"url", "Patient"}}},
                            {"resource", {{"resourceType", "Patient"}, {"active", true}}}},
                           {{"request", {{"method", "PUT"}, {"url", "Bundle/document"}}}, {"resource", bundle}}}}};
  const auto answer = this->bundle(transaction.dump());
  ASSERT_TRUE(answer) << answer.error().error.diagnostics;
  const json stored = json::parse(read("Bundle", "document")->body);
  EXPECT_EQ(stored["entry"], bundle["entry"]);
}

TEST_F(InteractionsTest, AReferenceThatAStoredBundleDoesNotHoldMustExistWhereItCanBeOfThisServer) {
  const auto with = [](const std::string& full_url, const std::string& reference) {
    json one{{"resource",
              {{"resourceType", "Observation"},
               {"status", "final"},
               {"code", {{"text", "x"}}},
               {"subject", {{"reference", reference}}}}}};
    if (!full_url.empty()) one["fullUrl"] = full_url;
    return json{{"resourceType", "Bundle"}, {"type", "collection"}, {"entry", {one}}}.dump();
  };
  const auto refused = create("Bundle", with("", "Patient/none"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().error.expression, "Bundle.entry[0].resource.subject.reference");
  EXPECT_FALSE(create("Bundle", with("http://localhost:8080/fhir/Observation/1", "Patient/none")));
  EXPECT_TRUE(create("Bundle", with("http://other.example/fhir/Observation/1", "Patient/none")));
  ASSERT_TRUE(create("Patient", R"({"resourceType":"Patient","id":"there"})"));
  EXPECT_TRUE(create("Bundle", with("", "Patient/there")));
}

}  // namespace
}  // namespace embergate::interaction
