import { topics } from '@dentryscope/contracts';
import { SettingError } from '@dentryscope/runtime';
import type { DeadLetter } from '@dentryscope/transport';
import type { CommandModule, Context } from '../command.js';
import { eachDeadLetter } from '../dead-letters/read.js';
import { Replay } from '../dead-letters/replay.js';
import { selectedBy, selector } from '../dead-letters/select.js';
import { jsonLine, tableHead, tableLine } from '../dead-letters/show.js';
import { printLine } from '../print.js';

const verbs = { list, replay };

async function deadletter(context: Context): Promise<number> {
  const [verb = ''] = context.positionals;
  if (!Object.hasOwn(verbs, verb))
    throw new SettingError(`wants list or replay; got ${JSON.stringify(verb)}`);
  process.stdout.on('error', () => context.lifecycle.end());
  return await verbs[verb as keyof typeof verbs](context);
}

async function list(context: Context): Promise<number> {
  const show = shower(context);
  const looked = await eachSelected(context, async (letters) => {
    for (const letter of letters) await show(letter);
  });
  if (looked.selected === 0) say(nothing(context, looked, 'nothing to list'));
  return 0;
}

async function replay(context: Context): Promise<number> {
  const { settings, lifecycle } = context;
  const work = new Replay(context, settings.dryRun ? shower(context) : undefined);
  let looked: Looked | undefined;
  try {
    looked = await eachSelected(context, (letters) => work.take(letters));
  } finally {
    // Also where it failed: what went before is done.
    if (looked ? looked.selected > 0 : work.replayed > 0) say(summary(context, work));
  }
  if (looked.selected === 0) say(nothing(context, looked, 'nothing to replay'));
  if (lifecycle.signal.aborted) say('ended before all were looked at; replay again for the rest');
  return lifecycle.signal.aborted || work.impossible > 0 || looked.gone > 0n ? 1 : 0;
}

interface Looked {
  all: number;
  selected: number;
  gone: bigint;
}

async function eachSelected(
  context: Context,
  take: (letters: readonly DeadLetter[]) => Promise<void>,
): Promise<Looked> {
  const isSelected = selector(context.settings);
  const looked = { all: 0, selected: 0, gone: 0n };
  looked.gone = await eachDeadLetter(context, async (letters) => {
    const selected = letters.filter(isSelected);
    looked.all += letters.length;
    looked.selected += selected.length;
    if (selected.length > 0) await take(selected);
  });
  if (looked.gone > 0n)
    say(
      `${looked.gone} dead letters left ${topics.deadLetter}, of old age or because it is full, before they were read`,
    );
  return looked;
}

/** The head of the table comes with the first line: where nothing is shown, nothing is printed. */
function shower({ settings, lifecycle }: Context): (letter: DeadLetter) => Promise<void> {
  if (settings.json) return (letter) => printLine(jsonLine(letter), lifecycle.signal);
  let headed = false;
  return async (letter) => {
    if (!headed) await printLine(tableHead, lifecycle.signal);
    headed = true;
    await printLine(tableLine(letter), lifecycle.signal);
  };
}

function summary({ settings }: Context, { replayed, repeated, impossible }: Replay): string {
  const done = settings.dryRun ? 'would be replayed to' : 'replayed to';
  return [
    `${replayed} dead letters ${done} ${settings.transport}`,
    ...(repeated > 0 ? [`${repeated} left out that repeat one of them`] : []),
    ...(impossible > 0 ? [`${impossible} can't be replayed`] : []),
  ].join('; ');
}

function nothing({ settings }: Context, { all }: Looked, what: string): string {
  if (all === 0) return `${what}: there are no dead letters on ${topics.deadLetter} (${settings.transport})`;
  return `${what}: of ${all} dead letters none is selected by ${selectedBy(settings)}`;
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

export const command: CommandModule = {
  name: 'deadletter',
  usage: 'list|replay',
  summary: 'List the messages that could not be read, or put them back where they came from.',
  details: [
    'list shows one line a dead letter: when it was given up, the topic, partition and offset it came from, its size,',
    'its first bytes and the reason. It ends when it has shown what is there, and leaves no trace.',
    '',
    'replay publishes the original bytes, with their key, to the topic they came from; the dead letters stay where they',
    'are, until the topic drops them of old age. What still can not be read comes back as a new dead letter, with its new',
    'offset. A message that has several dead letters, because it was replayed before, is replayed once. A dead letter that',
    'was cut, for being too large, is named and never replayed; the exit status is then 1. With --dry-run it shows what it',
    'would replay.',
    '',
    'Without --offset, --partition and --reason, all of them are meant.',
  ].join('\n'),
  positionals: { min: 1, max: 1 },
  run: deadletter,
};
