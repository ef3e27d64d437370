// @taplo/lsp, the server in VS Code's extension Even Better TOML, as a program that editors can
// start: messages of the Language Server Protocol over stdin and stdout. Nothing is fetched.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";

const { TaploLsp } = createRequire(import.meta.url)("@taplo/lsp");

const refuse = () => Promise.reject(new Error("not in tests"));
globalThis.fetch = refuse; // it would ask for a catalogue of schemas

const environment = {
  now: () => new Date(),
  envVar: () => undefined,
  envVars: () => [],
  stdErrAtty: () => false,
  stdin: refuse,
  stdout: async (bytes) => bytes.length,
  stderr: async (bytes) => bytes.length,
  glob: () => [],
  readFile: async (file) => readFileSync(file),
  writeFile: refuse,
  urlToFilePath: (url) => fileURLToPath(url),
  isAbsolute: (file) => path.isAbsolute(file),
  cwd: () => process.cwd(),
  findConfigFile: () => undefined,
};

function onMessage(message) {
  const content = Buffer.from(JSON.stringify(message));
  process.stdout.write(Buffer.concat([Buffer.from(`Content-Length: ${content.length}\r\n\r\n`), content]));
}

const server = await TaploLsp.initialize(environment, { onMessage });

let waiting = Buffer.alloc(0);
process.stdin.on("data", (bytes) => {
  waiting = Buffer.concat([waiting, bytes]);
  for (;;) {
    const begin = waiting.indexOf("\r\n\r\n") + 4;
    const end = begin + Number(/\d+/.exec(waiting.subarray(0, begin).toString()));
    if (begin < 4 || waiting.length < end) return;
    const message = JSON.parse(waiting.subarray(begin, end).toString());
    waiting = waiting.subarray(end);
    server.send(message);
  }
});
