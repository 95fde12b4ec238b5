/** A Flux query whose abort reaches InfluxDB: the client's own QueryApi stops listening, and lets it work on. */
import { chunksToLines, linesToTables } from '@influxdata/influxdb-client';
import type { FluxTableMetaData, Transport } from '@influxdata/influxdb-client';
import { StoreError } from '../types.js';

const dialect = {
  header: true,
  delimiter: ',',
  quoteChar: '"',
  commentPrefix: '#',
  annotations: ['datatype'],
};
const headers = { 'content-type': 'application/json; charset=utf-8', accept: 'text/csv' };

export interface Query {
  readonly org: string;
  readonly flux: string;
  readonly columns: readonly string[];
}

/** Takes the values of a row. */
export type TakeRow = (row: string[]) => void;

/** All rows at once. @throws as queryEach does */
export async function queryRows(
  transport: Transport,
  query: Query,
  signal: AbortSignal,
): Promise<string[][]> {
  const rows: string[][] = [];
  await queryEach(transport, query, signal, (row) => void rows.push(row));
  return rows;
}

/**
 * Row by row as they come, so that none stays in memory.
 * @throws the client's errors; its AbortError when the signal is aborted
 */
export function queryEach(
  transport: Transport,
  query: Query,
  signal: AbortSignal,
  take: TakeRow,
): Promise<void> {
  const path = `/api/v2/query?${new URLSearchParams({ org: query.org })}`;
  const body = JSON.stringify({ type: 'flux', query: query.flux, dialect });
  // One of our own, since the client adds a listener with each request and never takes it off.
  const own = new AbortController();
  const abort = () => own.abort();
  signal.addEventListener('abort', abort, { once: true });
  return new Promise<void>((resolve, reject) => {
    const pick = picker(query.columns);
    const tables = linesToTables({
      next: (values, table) => take(pick(values, table)),
      error: reject,
      complete: resolve,
    });
    const options = { method: 'POST', headers, signal: own.signal };
    transport.send(path, body, options, chunksToLines(tables, transport.chunkCombiner));
  }).finally(() => signal.removeEventListener('abort', abort));
}

/** The client uses one array for all rows: values are copied out at once. */
function picker(columns: readonly string[]) {
  let table: FluxTableMetaData | undefined;
  let indexes: number[] = [];
  return (values: string[], current: FluxTableMetaData): string[] => {
    if (current !== table) {
      table = current;
      const labels = current.columns.map(({ label }) => label);
      indexes = columns.map((label) => labels.indexOf(label));
      refuseError(values, labels);
    }
    return indexes.map((index) => values[index] ?? '');
  };
}

/** A query that fails midway has answered 200 already: the failure is a table of its own, which the client hands on. */
function refuseError(values: readonly string[], labels: readonly string[]): void {
  const error = labels.indexOf('error');
  if (error >= 0 && labels.includes('reference'))
    throw new StoreError(`InfluxDB gave up in the middle of its answer: ${values[error]}`, true);
}
