/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_scenario_schema.cc - docs/scenario.schema.json and the parser agree on the corpus. Run in the root of
 * the repository.
 *
 * C++ because the validator, Valijson, is a C++ library; nothing but this program uses it. Files of the good
 * corpus must pass the schema. Files of the bad one must fail it (or not be YAML at all), except those marked
 * "# semantic" in their first line: they must pass, because only the parser can know what is wrong with them.
 */
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <glob.h>
#include <libfyaml.h>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include <check.h> /* last: it defines a macro with the name of a stream's member */

using valijson::adapters::NlohmannJsonAdapter;

/* libfyaml 0.7.12 loses a buffer when it writes some documents as JSON; Cob itself never does that. */
extern "C" const char *__lsan_default_suppressions();
extern "C" const char *__lsan_default_suppressions()
{
    return "leak:libfyaml.so\n";
}

static glob_t good_files, bad_files;

static std::string slurp(const char *path)
{
    std::ifstream in(path, std::ios::binary);
    std::stringstream text;

    text << in.rdbuf();
    return text.str();
}

/* YAML to JSON, by libfyaml alone; false if it is no YAML (or several documents). */
static bool to_json(const std::string &yaml, nlohmann::json &out)
{
    struct fy_parse_cfg cfg = {};
    struct fy_diag_cfg quiet;

    /* libfyaml's documents copy what an alias names: a billion laughs would take this program's memory */
    if (std::count(yaml.begin(), yaml.end(), '*') > 50)
        return false;
    fy_diag_cfg_default(&quiet);
    quiet.fp = nullptr;
    cfg.diag = fy_diag_create(&quiet);
    cfg.flags = static_cast<enum fy_parse_cfg_flags>(FYPCF_QUIET | FYPCF_RESOLVE_DOCUMENT);
    struct fy_document *doc = fy_document_build_from_string(&cfg, yaml.data(), yaml.size());
    char *text = doc ? fy_emit_document_to_string(doc, static_cast<enum fy_emitter_cfg_flags>(
                                                           FYECF_MODE_JSON_ONELINE | FYECF_WIDTH_INF))
                     : nullptr;
    fy_document_destroy(doc);
    fy_diag_destroy(cfg.diag);
    if (!text)
        return false;
    out = nlohmann::json::parse(text, nullptr, false);
    free(text);
    return !out.is_discarded();
}

static bool passes(const nlohmann::json &document, std::string &why)
{
    nlohmann::json json = nlohmann::json::parse(slurp("docs/scenario.schema.json"));
    valijson::Schema schema;
    valijson::SchemaParser parser;
    valijson::Validator validator(valijson::Validator::kStrongTypes);
    valijson::ValidationResults results;
    valijson::ValidationResults::Error error;

    parser.populateSchema(NlohmannJsonAdapter(json), schema);
    bool ok = validator.validate(schema, NlohmannJsonAdapter(document), &results);
    while (results.popError(error)) {
        for (const std::string &part : error.context)
            why += part;
        why += ": " + error.description + "\n";
    }
    return ok;
}

START_TEST(good_file_passes)
{
    const char *path = good_files.gl_pathv[_i];
    nlohmann::json document;
    std::string why;

    ck_assert_msg(to_json(slurp(path), document), "%s is not YAML", path);
    ck_assert_msg(passes(document, why), "%s: %s", path, why.c_str());
}
END_TEST

START_TEST(bad_file_fails)
{
    const char *path = bad_files.gl_pathv[_i];
    std::string yaml = slurp(path), why;
    bool semantic = yaml.compare(0, 11, "# semantic ") == 0;
    nlohmann::json document;
    bool passed = to_json(yaml, document) && passes(document, why);

    ck_assert_msg(passed == semantic, "%s %s the schema: %s%s", path, passed ? "passes" : "fails",
                  why.c_str(),
                  document.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
}
END_TEST

/* What must hold is that the schema can refuse: a schema that accepts everything would agree with every good
 * file. */
START_TEST(schema_refuses)
{
    std::string why;

    ck_assert(!passes(nlohmann::json::parse("{}"), why));
    ck_assert(!passes(nlohmann::json::parse("[]"), why));
    ck_assert(!passes(nlohmann::json::parse(R"({"nodes":{"a":{"cpus":"1"}}})"), why));
    ck_assert(passes(nlohmann::json::parse(R"({"nodes":{"a":{"cpus":1}}})"), why));
}
END_TEST

int main()
{
    Suite *s = suite_create("scenario schema");
    TCase *t = tcase_create("corpus");

    if (glob("tests/corpus/scenario/good/*.scn.yml", 0, nullptr, &good_files) ||
        glob("tests/corpus/scenario/bad/*.scn.yml", 0, nullptr, &bad_files)) {
        fputs("test_scenario_schema: no corpus: run me in the root of the repository\n", stderr);
        return EXIT_FAILURE;
    }
    tcase_add_loop_test(t, good_file_passes, 0, static_cast<int>(good_files.gl_pathc));
    tcase_add_loop_test(t, bad_file_fails, 0, static_cast<int>(bad_files.gl_pathc));
    tcase_add_test(t, schema_refuses);
    tcase_set_timeout(t, 60); /* a loaded machine is no failure */
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    globfree(&good_files);
    globfree(&bad_files);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
