// Validates every document of a folder: HTML by the rules of the standard, SARIF and JUnit by their
// official schemas, JSON by the schema that the project promises.
//
//   node validate.mjs FOLDER

import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import AjvDraft04 from "ajv-draft-04";
import Ajv2020 from "ajv/dist/2020.js";
import formats from "ajv-formats";
import { HtmlValidate } from "html-validate";

const here = dirname(fileURLToPath(import.meta.url));
const require = createRequire(import.meta.url);
const folder = resolve(process.argv[2] ?? ".");
const files = readdirSync(folder).sort();
const of = (ending) => files.filter((name) => name.endsWith(ending) && name !== "index.html");
const json = (path) => JSON.parse(readFileSync(path, "utf8"));
const failures = [];
const fail = (file, what) => { failures.push(file); console.log(`FAIL ${file}: ${what}`); };

// Style of source is no matter of validity; everything else of the standard is.
const html = new HtmlValidate({
  extends: ["html-validate:standard"],
  rules: { "doctype-style": "off", "no-trailing-whitespace": "off", "void-style": "off", "attr-quotes": "off", "no-raw-characters": "off", "long-title": "off", "require-sri": "off" },
});
for (const file of of(".html")) {
  const report = await html.validateString(readFileSync(join(folder, file), "utf8"), file);
  const message = report.results[0]?.messages.find((entry) => entry.severity === 2);
  if (message) fail(file, `${report.errorCount} errors, first line ${message.line}:${message.column} ${message.ruleId}: ${message.message}`);
}

function against(validator, ending) {
  for (const file of of(ending)) {
    const document = json(join(folder, file));
    if (!validator(document)) fail(file, JSON.stringify(validator.errors.slice(0, 2)));
  }
}
const sarif = new AjvDraft04({ strict: false, unicodeRegExp: false });
formats(sarif);
const standard = json(join(dirname(require.resolve("@microsoft/jest-sarif/package.json")), "lib/schemas/sarif-2.1.0-rtm.5.json"));
against(sarif.compile(standard), ".sarif");
const own = new Ajv2020({ strict: false });
formats(own);
against(own.compile(json(join(here, "../../../docs/report.schema.json"))), ".json");

for (const file of of(".junit")) {
  try {
    execFileSync("xmllint", ["--noout", "--huge", "--schema", join(here, "junit-10.xsd"), join(folder, file)], { stdio: "pipe" });
  } catch (error) {
    fail(file, String(error.stderr ?? error).split("\n")[0]);
  }
}
console.log(`${of(".html").length} HTML, ${of(".sarif").length} SARIF, ${of(".junit").length} JUnit, ${of(".json").length} JSON: ${failures.length} failures`);
process.exit(failures.length ? 1 : 0);
