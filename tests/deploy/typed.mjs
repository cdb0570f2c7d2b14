// Kubernetes objects (a JSON list on stdin) against the types that are generated from Kubernetes' own description:
// unknown fields, wrong types and missing fields are what the TypeScript compiler finds in them as literals. Prints a
// list of problems.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const TYPES = {
  "v1/ConfigMap": "core/v1.ConfigMap",
  "v1/Secret": "core/v1.Secret",
  "apps/v1/Deployment": "apps/v1.Deployment",
};

const here = dirname(fileURLToPath(import.meta.url));
const objects = JSON.parse(readFileSync(0, "utf8"));
const problems = [];
const lines = objects.map((object, number) => {
  const kind = `${object.apiVersion}/${object.kind}`;
  if (!TYPES[kind]) problems.push(`${kind} is not known here`);
  const [module, type] = (TYPES[kind] ?? "core/v1.ConfigMap").split(/\.(?=[^.]+$)/);
  const literal = JSON.stringify(object, null, 1);
  return `export const object${number}: import("kubernetes-types/${module}").${type} = ${literal};`;
});

const file = join(here, "objects.ts");
const options = {
  strict: true, noEmit: true, skipLibCheck: true, moduleResolution: ts.ModuleResolutionKind.Node10, types: [],
};
const host = ts.createCompilerHost(options);
const { getSourceFile, fileExists, readFile } = host;
const text = lines.join("\n");
host.getSourceFile = (name, ...rest) =>
  name === file ? ts.createSourceFile(name, text, ts.ScriptTarget.Latest) : getSourceFile.call(host, name, ...rest);
host.fileExists = (name) => name === file || fileExists.call(host, name);
host.readFile = (name) => (name === file ? text : readFile.call(host, name));

for (const one of ts.getPreEmitDiagnostics(ts.createProgram([file], options, host))) {
  const ours = one.file?.fileName === file;
  const line = ours ? text.split("\n")[one.file.getLineAndCharacterOfPosition(one.start).line].trim() : "";
  problems.push(`${line} ${ts.flattenDiagnosticMessageText(one.messageText, " ")}`);
}
console.log(JSON.stringify(problems));
