/** Opens what listens on every address, asks it, and tells on one line; and what becomes of one that names IPv6. */
import { writeFileSync } from 'node:fs';
import { startApi } from '@dentryscope/api';
import { createLogger, Registry, startProbes, urlOf } from '@dentryscope/runtime';

const logger = createLogger('api', 'error');
const [tokens] = process.argv.slice(2);
writeFileSync(tokens, `nobody read ${'0'.repeat(64)}\n`);

const api = (apiListen) =>
  startApi({
    settings: { apiListen, apiTokensFile: tokens, apiQueryTimeout: 5000 },
    logger,
    registry: new Registry(),
    reader: {},
  });
const probes = (text) => startProbes(text, 'DENTRYSCOPE_AGENT_LISTEN', new Registry(), () => []);

const said = {};
for (const [name, open] of Object.entries({ api, probes })) {
  const opened = await open(':0');
  const { status } = await fetch(`${urlOf(opened.address)}/healthz`);
  await opened.close();
  said[name] = { status, six: await open('[::]:0').then((it) => it.close(), String) };
}
console.log(JSON.stringify(said));
process.exit(0);
