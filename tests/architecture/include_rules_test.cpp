// SPDX-License-Identifier: Apache-2.0
// The module map of src/README.md, held against every #include. An arrow that the map does not have is a failure; an
// arrow that nothing uses is printed.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "architecture/source_tree.hpp"

namespace embergate::test {
namespace {

namespace fs = std::filesystem;
using Modules = std::map<std::string, std::set<std::string>>;

std::vector<std::string> lines_of(const fs::path& path) {
  std::ifstream in(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::set<std::string> names_in(const std::string& text) {
  static const std::regex name("[a-z]+");
  std::set<std::string> names;
  for (std::sregex_iterator it(text.begin(), text.end(), name), end; it != end; ++it) names.insert(it->str());
  return names;
}

// Rows look like: | 3 | `kafka` | one line | vault |
Modules read_map() {
  static const std::regex row(R"(\|\s*\d+\s*\|\s*`([a-z]+)`\s*\|[^|]*\|([^|]*)\|.*)");
  Modules modules;
  std::smatch match;
  for (const std::string& line : lines_of(kRoot / "src/README.md")) {
    if (std::regex_match(line, match, row)) modules[match[1]] = names_in(match[2]);
  }
  return modules;
}

void add_reachable(const Modules& modules, const std::string& from, std::set<std::string>& reached) {
  if (!reached.insert(from).second) return;
  const auto found = modules.find(from);
  if (found == modules.end()) return;
  for (const std::string& next : found->second) add_reachable(modules, next, reached);
}

bool is_source(const fs::path& path) { return path.extension() == ".cpp" || path.extension() == ".hpp"; }

template <class Visit>
void for_each_source(const fs::path& below, const Visit& visit) {
  for (const auto& entry : fs::recursive_directory_iterator(below)) {
    if (entry.is_regular_file() && is_source(entry.path())) visit(entry.path());
  }
}

std::string module_of(const fs::path& path, const fs::path& top) { return fs::relative(path, top).begin()->string(); }

template <class Visit>
void for_each_include(const fs::path& path, const Visit& visit) {
  static const std::regex include(R"re(\s*#\s*include\s*[<"]([^>"]+)[>"].*)re");
  std::smatch match;
  for (const std::string& line : lines_of(path)) {
    if (std::regex_match(line, match, include)) visit(match[1].str());
  }
}

struct Tree {
  fs::path top;
  std::string prefix;  // of an include that names this tree
};
const std::vector<Tree> kTrees{{kRoot / "include/embergate", "embergate/"}, {kRoot / "src", ""}};

TEST(IncludeRules, EveryModuleHasARowInTheMap) {
  const Modules modules = read_map();
  ASSERT_GE(modules.size(), 15U) << "src/README.md has no module table";
  for (const auto& entry : fs::directory_iterator(kRoot / "src")) {
    if (!entry.is_directory()) continue;
    EXPECT_TRUE(modules.contains(entry.path().filename().string())) << entry.path();
  }
}

TEST(IncludeRules, ModulesIncludeOnlyWhatTheMapAllows) {
  const Modules modules = read_map();
  std::map<std::string, std::set<std::string>> used;
  for (const Tree& tree : kTrees) {
    for_each_source(tree.top, [&](const fs::path& path) {
      const std::string module = module_of(path, tree.top);
      std::set<std::string> reachable;
      add_reachable(modules, module, reachable);
      for_each_include(path, [&](const std::string& include) {
        static const std::regex public_header("embergate/([a-z]+)/.*");
        std::smatch match;
        if (!std::regex_match(include, match, public_header)) return;
        used[module].insert(match[1]);
        EXPECT_TRUE(reachable.contains(match[1]))
            << path << " includes " << include << ", which " << module << " may not";
      });
    });
  }
  for (const auto& [module, allowed] : modules) {
    for (const std::string& arrow : allowed) {
      if (!used[module].contains(arrow)) std::cout << "unused arrow: " << module << " -> " << arrow << "\n";
    }
  }
}

TEST(IncludeRules, PrivateHeadersStayInTheirModule) {
  for_each_source(kRoot / "src", [&](const fs::path& path) {
    const std::string module = module_of(path, kRoot / "src");
    for_each_include(path, [&](const std::string& include) {
      static const std::regex private_header("([a-z]+)/.*\\.(hpp|inc)");
      std::smatch match;
      if (!std::regex_match(include, match, private_header) || match[1] == "embergate") return;
      if (!fs::exists(kRoot / "src" / include)) return;
      EXPECT_EQ(match[1].str(), module) << path << " includes " << include;
    });
  });
}

TEST(IncludeRules, WrappedLibrariesShowOnlyWhereTheyAreWrapped) {
  const std::vector<std::pair<std::string, std::string>> wrapped{
      {"librdkafka/", "src/kafka"},         {"rdkafka.h", "src/kafka"},  {"sqlite3.h", "src/store/sqlite"},
      {"libpq-fe.h", "src/store/postgres"}, {"boost/beast", "src/http"}, {"spdlog/", "src/observability"},
      {"prometheus/", "src/observability"}, {"simdjson", "src/fhir"},    {"re2/", "src/fhirpath"}};
  for (const fs::path& top : {kRoot / "include", kRoot / "src"}) {
    for_each_source(top, [&](const fs::path& path) {
      const std::string place = fs::relative(path, kRoot).string();
      for_each_include(path, [&](const std::string& include) {
        for (const auto& [library, home] : wrapped) {
          if (include.find(library) != 0) continue;
          EXPECT_EQ(place.find(home), 0U) << place << " includes " << include << "; only " << home << " may";
        }
      });
    });
  }
}

TEST(IncludeRules, FilesKeepTheirSize) {
  for (const fs::path& top : {kRoot / "include", kRoot / "src", kRoot / "tests"}) {
    for_each_source(top, [&](const fs::path& path) {
      const std::size_t limit = path.extension() == ".hpp" ? 250 : 800;
      EXPECT_LE(lines_of(path).size(), limit) << path;
    });
  }
}

// Each file that may open a secret is a review topic: it stands in plaintext_doors.txt.
TEST(PlaintextDoors, OnlyListedFilesOpenSecrets) {
  std::set<std::string> doors;
  for (const std::string& line : lines_of(kRoot / "tests/architecture/plaintext_doors.txt")) {
    if (!line.empty() && line[0] != '#') doors.insert(line);
  }
  std::set<std::string> used;
  for (const fs::path& top : {kRoot / "include", kRoot / "src"}) {
    for_each_source(top, [&](const fs::path& path) {
      const std::string place = fs::relative(path, kRoot).string();
      if (place == "include/embergate/vault/secret.hpp") return;
      for (const std::string& line : lines_of(path)) {
        if (line.find("with_plaintext(") == std::string::npos) continue;
        used.insert(place);
        EXPECT_TRUE(doors.contains(place)) << place << " opens a secret and is not in plaintext_doors.txt";
      }
    });
  }
  for (const std::string& door : doors) EXPECT_TRUE(used.contains(door)) << door << " is listed and opens nothing";
}

}  // namespace
}  // namespace embergate::test
