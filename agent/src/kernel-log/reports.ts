/** Stall reports out of the kernel log's lines. */
import { causeOf } from './cause.js';
import type { Cause } from './cause.js';
import { parseHead } from './heads.js';
import type { Head } from './heads.js';
import type { LogRecord } from './records.js';
import { StackReader } from './stack.js';

export interface Report extends Head {
  /** When it was printed, by the log's clock. */
  readonly timeNs: bigint;
  readonly message: string;
  readonly stack: readonly string[];
  readonly cause: Cause;
}

/** A report of all CPUs' stacks is longer; its first stack is near its head. */
const MAX_LINES = 200;
/** The RCU grace-period thread's own stack, which is not the stall's. */
const notItsStack = /kthread (starved|timer wakeup)|kthread stack dump/;

/** More than that at once are no CPUs that print, but lines that were lost. */
const MAX_PENDING = 64;

interface Pending {
  readonly head: Head;
  readonly caller: string;
  readonly timeNs: bigint;
  readonly message: string;
  readonly stack: StackReader;
  lines: number;
  cpu: number | undefined;
  comm: string | undefined;
  pid: number | undefined;
}

/**
 * CPUs that lock up together print their heads before the first has its stack. A line is its caller's where the kernel tells;
 * else what follows `CPU: 3` is of the report of that CPU, and all other lines are of the report that began last.
 */
export class ReportReader {
  /** The one that began last is the last. */
  readonly #pending: Pending[] = [];
  #current: Pending | undefined;

  /** @returns the reports that this line ends */
  add(record: LogRecord): Report[] {
    const head = parseHead(record.text);
    if (head) return this.#begin(head, record);
    const pending = this.#whose(record);
    if (!pending) return [];
    pending.lines += 1;
    if (notItsStack.test(record.text)) return this.#end([pending]);
    readWho(pending, record.text);
    pending.stack.add(record.text);
    return pending.stack.ended || pending.lines >= MAX_LINES ? this.#end([pending]) : [];
  }

  /** What is there of the reports that have not ended. */
  flush(): Report[] {
    return this.#end([...this.#pending]);
  }

  #whose({ caller, text }: LogRecord): Pending | undefined {
    if (caller !== '') {
      const own = this.#pending.findLast((pending) => pending.caller === caller);
      // The stack of another CPU is printed by that one, in its NMI. What tasks print is another matter.
      return own ?? (caller.startsWith('C') ? this.#pending.at(-1) : undefined);
    }
    const cpu = whoPattern.exec(text)?.[1];
    const named = cpu && this.#pending.find((pending) => pending.head.cpu === Number(cpu));
    if (named) this.#current = named;
    return this.#current;
  }

  /** Those that have no stack yet wait for it. */
  #begin(head: Head, { timeNs, text, caller }: LogRecord): Report[] {
    const over = this.#pending.filter(
      (pending) =>
        pending.caller === caller && (caller !== '' || pending.stack.began || pending.head.cpu === head.cpu),
    );
    const tooMany = this.#pending.slice(0, Math.max(0, this.#pending.length - over.length - MAX_PENDING + 1));
    const ended = this.#end([...new Set([...over, ...tooMany])]);
    const { cpu, comm, pid } = head;
    this.#current = {
      head,
      caller,
      timeNs,
      message: text,
      stack: new StackReader(),
      lines: 0,
      cpu,
      comm,
      pid,
    };
    this.#pending.push(this.#current);
    return ended;
  }

  #end(ended: readonly Pending[]): Report[] {
    for (const pending of ended) this.#pending.splice(this.#pending.indexOf(pending), 1);
    if (this.#current && ended.includes(this.#current)) this.#current = undefined;
    return ended.map(reportOf);
  }
}

function reportOf({ head, timeNs, message, cpu, comm, pid, stack }: Pending): Report {
  return {
    ...head,
    ...(cpu === undefined ? {} : { cpu }),
    ...(comm === undefined ? {} : { comm }),
    ...(pid === undefined ? {} : { pid }),
    timeNs,
    message,
    stack: stack.frames,
    cause: causeOf(stack.frames),
  };
}

const whoPattern = /^CPU: (\d+) (?:UID: \d+ )?PID: (\d+) Comm: (.*?) (?:Kdump: \w+ )?(?:Not t|T)ainted/;

/** `CPU: 0 PID: 133 Comm: umount Not tainted`, with a UID since 6.12; the head of an RCU stall names neither. */
function readWho(pending: Pending, text: string): void {
  const listed = /^(?:rcu: )?\t(\d+)-\S*: \(/.exec(text);
  if (listed) pending.cpu ??= Number(listed[1]);
  const who = whoPattern.exec(text);
  if (!who) return;
  pending.cpu ??= Number(who[1]);
  pending.pid ??= Number(who[2]);
  pending.comm ??= who[3];
}
