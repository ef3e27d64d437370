// Stoplight's Prism in one process for many files, by its library: its command serves one file, and
// takes seconds and 100 MB each. `node prism.js PLAN`, where PLAN is JSON: [{name, file, upstream}].
// Prints one line {name: {mock, proxy}} and serves until its standard input ends.
//
// mock answers with the file's own examples; proxy hands the call on to `upstream` and judges both
// the call and what comes back. Both refuse whatever breaks the file, like the command's --errors.
const { readFileSync } = require('node:fs');
const { createLogger } = require('@stoplight/prism-core');
const { createServer } = require('@stoplight/prism-http-server');
const { getHttpOperationsFromSpec } = require('@stoplight/prism-http');

const judging = { validateRequest: true, validateResponse: true, checkSecurity: true, errors: true };

async function serve(operations, more) {
  const config = { ...judging, mock: { dynamic: false }, ...more };
  const components = { logger: createLogger('', { level: 'silent' }) };
  return createServer(operations, { config, components, cors: false }).listen(0, '127.0.0.1');
}

async function main() {
  const places = {};
  for (const { name, file, upstream } of JSON.parse(readFileSync(process.argv[2], 'utf8'))) {
    const operations = await getHttpOperationsFromSpec(file);
    places[name] = {
      mock: await serve(operations, { isProxy: false }),
      proxy: await serve(operations, { isProxy: true, upstream: new URL(upstream) }),
    };
  }
  process.stdout.write(JSON.stringify(places) + '\n');
}

process.stdin.on('end', () => process.exit(0)).resume();
main().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});
