/** One setting's text to its value. Errors say what would be right; the caller names the setting. */
import type { OffsetRange, Setting } from '@dentryscope/contracts';
import { parseTime } from './parse-time.js';

const unitMs: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `250ms`, `10s`, `1.5m`: in decimal, as 4.1 times 60,000 is none of a double's. @returns milliseconds @throws Error */
export function parseDuration(text: string): number {
  const [, whole = '', fraction = '', unit = ''] = /^(\d+)(?:\.(\d+))?(ms|s|m|h|d)$/.exec(text.trim()) ?? [];
  const parts = BigInt(whole + fraction) * BigInt(unitMs[unit] ?? 0);
  const partsAMs = 10n ** BigInt(fraction.length);
  const ms = Number(parts / partsAMs);
  if (unit === '' || parts % partsAMs !== 0n || !Number.isSafeInteger(ms))
    throw new Error('wants a length of time such as 250ms, 10s or 5m');
  return ms;
}

function integer(text: string): number {
  if (!/^-?\d+$/.test(text.trim()) || !Number.isSafeInteger(Number(text)))
    throw new Error('wants a whole number');
  return Number(text);
}

function within(value: number, { min, max, kind }: Setting): number {
  const unit = kind === 'duration' ? 'ms' : '';
  if (min !== undefined && value < min) throw new Error(`must be at least ${min}${unit}`);
  if (max !== undefined && value > max) throw new Error(`must be at most ${max}${unit}`);
  return value;
}

function url(text: string): string {
  const parsed = URL.canParse(text) ? new URL(text) : undefined;
  if (!parsed || !/^https?:$/.test(parsed.protocol))
    throw new Error('wants a URL such as http://127.0.0.1:8086');
  return text.replace(/\/+$/, '');
}

function listen(text: string): string {
  const port = Number(/^(?:\[[0-9a-fA-F:]+\]|[^:\s]*):(\d{1,5})$/.exec(text)?.[1] ?? NaN);
  if (text !== 'off' && !(port <= 65535)) throw new Error('wants HOST:PORT such as 127.0.0.1:8080, or off');
  return text;
}

function boolean(text: string): boolean {
  if (!/^(true|false|1|0|yes|no)$/i.test(text)) throw new Error('wants true or false');
  return /^(true|1|yes)$/i.test(text);
}

function list(text: string): string[] {
  const items = text.split(',').map((item) => item.trim());
  if (items.some((item) => item === '')) throw new Error('wants one or more values with commas between');
  return items;
}

function range(text: string): OffsetRange {
  const match = /^(\d+)(-(\d+)?)?$/.exec(text.trim());
  if (!match) throw new Error('wants an offset such as 17, or a range such as 10-20 or 10-');
  const from = BigInt(match[1]!);
  if (match[2] === undefined) return { from, to: from };
  const to = match[3] === undefined ? undefined : BigInt(match[3]);
  if (to !== undefined && to < from) throw new Error('ends before it begins');
  return { from, to };
}

/** @returns Unix milliseconds */
function time(value: string): number {
  const back = /^\d/.test(value) && !value.includes('-') ? parseDuration(value) : undefined;
  const at = back === undefined ? parseTime(value) : Date.now() - back;
  if (at === undefined)
    throw new Error('wants a time such as 2026-11-21T08:55:00Z, or a length back from now such as 24h');
  return at;
}

function text(value: string): string {
  if (value.trim() === '' || /\p{Cc}/u.test(value))
    throw new Error('must not be empty or hold control characters');
  return value;
}

function choice(value: string, choices: readonly string[] = []): string {
  if (!choices.includes(value)) throw new Error(`is none of ${choices.join(', ')}`);
  return value;
}

export function parseSetting(setting: Setting, raw: string): unknown {
  switch (setting.kind) {
    case 'duration':
      return within(parseDuration(raw), setting);
    case 'integer':
      return within(integer(raw), setting);
    case 'url':
      return url(raw);
    case 'listen':
      return listen(raw);
    case 'boolean':
      return boolean(raw);
    case 'range':
      return range(raw);
    case 'time':
      return time(raw);
    case 'list':
      return list(raw);
    case 'choice':
      return choice(raw, setting.choices);
    case 'text':
    case 'path':
    case 'secret':
      return text(raw);
  }
}
