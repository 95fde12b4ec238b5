/** The part of an answer that lies in the bucket of hours. */
import type { Owner } from '@dentryscope/contracts';
import { ownerAt } from '../../owner.js';
import type { SeriesRequest, TopRequest } from '../../types.js';
import { from, list, ofNodes, tagIs } from '../flux.js';
import type { Ask, Source } from '../flux.js';
import { nameOfTag } from '../line.js';
import { counterSteps, lastSteps } from '../series.js';
import type { Step } from '../series.js';
import { lastOfNodes } from '../top.js';
import type { Row } from '../top.js';
import { hourTags, measurementOf } from './layout.js';

function sourceOf(bucket: string, request: TopRequest | SeriesRequest): Source {
  const { metric, filter, fromMs, toMs } = request;
  const names = (['namespace', 'workload'] as const).flatMap((name) =>
    filter[name] === undefined ? [] : [tagIs(name, filter[name])],
  );
  const where = [...ofNodes(filter), ...names];
  return { bucket, measurement: measurementOf(metric), field: metric.name, fromMs, toMs, where };
}

export async function hoursTop(ask: Ask, bucket: string, request: TopRequest): Promise<Row[]> {
  const source = from(sourceOf(bucket, request));
  if (request.metric.kind === 'gauge') return lastOfNodes(ask, source);
  const rows = await ask(`${source} |> group(columns: ${list(hourTags)}) |> sum() |> group()`, [
    ...hourTags,
    '_value',
  ]);
  return rows.map((row) => ({ owner: ownerAt(request.by, ownerOf(row)), value: BigInt(row.at(-1)!) }));
}

/** A tag that a point has not is empty. */
function ownerOf(tags: readonly string[]): Owner {
  const named = hourTags.flatMap((name, n) => (tags[n] ? [[name, nameOfTag(tags[n])]] : []));
  return Object.fromEntries(named) as Owner;
}

/** Sums of terms, by the start of the step; see combine.ts. */
export async function hoursSeries(ask: Ask, bucket: string, request: SeriesRequest): Promise<Step[]> {
  const read = request.metric.kind === 'gauge' ? lastSteps : counterSteps;
  return read(ask, sourceOf(bucket, request), request);
}
