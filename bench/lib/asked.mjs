/** The other side of scripts/lib/child.mjs: a program that is told what to do line by line. */
import { createInterface } from 'node:readline';

/** Says that it is ready, and then to each line on standard input what `answer` makes of it, as JSON, until that ends. */
export async function answerLines(answer) {
  process.stdout.write('ready\n');
  for await (const line of createInterface({ input: process.stdin }))
    process.stdout.write(`${JSON.stringify(await answer(line))}\n`);
}
