// The Dockerfile on stdin as JSON: what its linter says, and its instructions as its parser sees them.
import { readFileSync } from "node:fs";
import { DockerfileParser } from "dockerfile-ast";
import { validate } from "dockerfile-utils";

const text = readFileSync(0, "utf8");
const words = (strings) => strings?.map((one) => one.getJSONValue?.() ?? JSON.parse(one.getValue()));

const instructions = DockerfileParser.parse(text).getInstructions().map((one) => ({
  keyword: one.getKeyword(),
  arguments: one.getArguments().map((argument) => argument.getValue()),
  text: one.getArgumentsContent(),
  flags: Object.fromEntries((one.getFlags?.() ?? []).map((flag) => [flag.getName(), flag.getValue()])),
  // Exec form: words instead of a line for a shell.
  exec: one.getKeyword() !== "HEALTHCHECK" && one.getOpeningBracket?.() ? words(one.getJSONStrings()) : null,
}));
const problems = validate(text).map((problem) => `line ${problem.range.start.line + 1}: ${problem.message}`);
console.log(JSON.stringify({ problems, instructions }));
