// SPDX-License-Identifier: Apache-2.0
// What one resource costs: parse, stamp, shape check, member lookup.
#include <benchmark/benchmark.h>

#include <filesystem>
#include <string>

#include "embergate/fhir/edit.hpp"
#include "embergate/fhir/resource.hpp"
#include "embergate/fhir/validate.hpp"

namespace embergate::fhir {
namespace {

// 1.2 KB, the size that most resources have.
const std::string kPatient =
    R"({"resourceType":"Patient","id":"p1","meta":{"profile":["http://hl7.org/fhir/us/core/StructureDefinition/us-core-patient"]},)"
    R"("identifier":[{"use":"usual","type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"MR"}]},)"
    R"("system":"urn:oid:1.2.36.146.595.217.0.1","value":"12345","period":{"start":"2001-05-06"},"assigner":{"display":"Acme"}}],)"
    R"("active":true,"name":[{"use":"official","family":"Chalmers","given":["Peter","James"]},{"use":"usual","given":["Jim"]}],)"
    R"("telecom":[{"system":"phone","value":"(03) 5555 6473","use":"work","rank":1},{"system":"phone","value":"(03) 3410 5613",)"
    R"("use":"mobile","rank":2}],"gender":"male","birthDate":"1974-12-25","_birthDate":{"extension":[{"url":)"
    R"("http://hl7.org/fhir/StructureDefinition/patient-birthTime","valueDateTime":"1974-12-25T14:35:45-05:00"}]},)"
    R"("deceasedBoolean":false,"address":[{"use":"home","type":"both","text":"534 Erewhon St PeasantVille, Rainbow, Vic  3999",)"
    R"("line":["534 Erewhon St"],"city":"PleasantVille","district":"Rainbow","state":"Vic","postalCode":"3999",)"
    R"("period":{"start":"1974-12-25"}}],"contact":[{"relationship":[{"coding":[{"system":)"
    R"("http://terminology.hl7.org/CodeSystem/v2-0131","code":"N"}]}],"name":{"family":"du Marche"},"gender":"female"}],)"
    R"("managingOrganization":{"reference":"Organization/1"}})";

// A bundle of about `bytes` bytes made of that patient.
std::string bundle(std::size_t bytes) {
  std::string text = R"({"resourceType":"Bundle","type":"collection","entry":[)";
  while (text.size() < bytes) {
    if (text.back() != '[') text += ',';
    text += R"({"resource":)" + kPatient + "}";
  }
  return text + "]}";
}

void parse_patient(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(Resource::parse(kPatient));
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * kPatient.size()));
}
BENCHMARK(parse_patient);

void parse_bundle(benchmark::State& state) {
  const std::string text = bundle(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(Resource::parse(text));
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * text.size()));
}
BENCHMARK(parse_bundle)->Arg(500'000)->Arg(15'000'000);

void stamp_patient(benchmark::State& state) {
  const auto resource = *Resource::parse(kPatient);
  const core::SystemTime now = core::system_clock().system_now();
  for (auto _ : state) benchmark::DoNotOptimize(stamp(*resource, {"p1", 123456, now, now, "ex:createdAt"}));
}
BENCHMARK(stamp_patient);

void check_patient(benchmark::State& state) {
  const auto resource = *Resource::parse(kPatient);
  for (auto _ : state) benchmark::DoNotOptimize(check_shape(*resource, "Patient"));
}
BENCHMARK(check_patient);

void find_member(benchmark::State& state) {
  const auto resource = *Resource::parse(kPatient);
  for (auto _ : state) benchmark::DoNotOptimize(resource->root().member("address").at(0).member("city").string());
}
BENCHMARK(find_member);

}  // namespace
}  // namespace embergate::fhir
