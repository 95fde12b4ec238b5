/**
 * `loader.mjs FILE URL ORG TOKEN`: for each line of JSON {bucket, lines, atOnce, order} on standard input posts the file's
 * ready-made lines, so many a request and so many requests at once. Requests are made and compressed (as the writer's
 * are) before its time begins. Says how long InfluxDB took to acknowledge all.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Agent, request as httpRequest } from 'node:http';
import { text } from 'node:stream/consumers';
import { deserialize } from 'node:v8';
import { openGzip } from '@dentryscope/gzip';
import { answerLines } from '../lib/asked.mjs';
import { cpuMsSince } from '../lib/processor-time.mjs';

const [file, url, org, token] = process.argv.slice(2);
const made = deserialize(readFileSync(file));
const agent = new Agent({ keepAlive: true });

const seriesOf = (line) => line.slice(0, line.indexOf(' '));
const bySeries = (lines) =>
  lines
    .map((line) => [seriesOf(line), line])
    .sort(([a], [b]) => (a < b ? -1 : Number(a > b)))
    .map(([, line]) => line);
/** As they came about, window by window; or the windows of a series one after the other. */
const orders = { time: (lines) => lines, series: bySeries };

async function bodies(precision, lines, each) {
  const made = [];
  for (let from = 0; from < lines.length; from += each) {
    const body = Buffer.from(lines.slice(from, from + each).join('\n'));
    made.push([precision, await openGzip().compress(body)]);
  }
  return made;
}

/** Those of the last call: rounds ask for the same again. */
let prepared = {};

async function prepare({ lines, order }) {
  const key = `${lines} ${order}`;
  if (prepared.key !== key) {
    const requests = [
      ...(await bodies('ns', made.ns, lines)),
      ...(await bodies('ms', orders[order](made.ms), lines)),
    ];
    prepared = { key, requests };
  }
  return prepared.requests;
}

/** @returns false where it has to come again */
async function post(bucket, precision, body) {
  const path = `/api/v2/write?${new URLSearchParams({ org, bucket, precision })}`;
  const headers = {
    authorization: `Token ${token}`,
    'content-encoding': 'gzip',
    'content-length': body.length,
  };
  const request = httpRequest(url + path, { method: 'POST', agent, headers });
  request.end(body);
  const [response] = await once(request, 'response');
  const said = await text(response);
  if (response.statusCode < 300) return true;
  // One that is given more than it can take in its own time says so, having written a part of it.
  if (response.statusCode >= 500) return false;
  throw new Error(`InfluxDB says ${response.statusCode} ${said}`);
}

async function load(config) {
  const waiting = [...(await prepare(config))];
  const cpu = process.cpuUsage();
  const startedMs = performance.now();
  const sender = async () => {
    for (let next; (next = waiting.shift());) while (!(await post(config.bucket, ...next)));
  };
  await Promise.all(Array.from({ length: config.atOnce }, sender));
  const ms = performance.now() - startedMs;
  return { ms, cpuMs: cpuMsSince(cpu) };
}

await answerLines((line) => load(JSON.parse(line)));
agent.destroy();
