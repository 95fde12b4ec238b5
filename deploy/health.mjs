// node health.mjs URL [TOKEN_FILE]: status 0 when URL answers 2xx and, where the answer is of a node, it is reporting.
import { readFileSync } from 'node:fs';

const TIMEOUT_MS = 4_000;
const [url, tokenFile] = process.argv.slice(2);

/** @returns what is wrong; undefined when all is well */
async function ask() {
  const headers = tokenFile ? { authorization: `Bearer ${readFileSync(tokenFile, 'utf8').trim()}` } : {};
  const answer = await fetch(url, { headers, signal: AbortSignal.timeout(TIMEOUT_MS) });
  const body = await answer.text();
  if (!answer.ok) return `${answer.status} ${body}`;
  const isJson = answer.headers.get('content-type')?.startsWith('application/json');
  return isJson && JSON.parse(body).reporting === false ? 'the node has stopped reporting' : undefined;
}

const wrong = await ask().catch((error) => `${error.message} ${error.cause?.message ?? ''}`);
if (wrong) process.stderr.write(`${url}: ${wrong}\n`);
process.exit(wrong ? 1 : 0);
