/** The call trace of one report, line by line: show_stack() of arch/<arch>/kernel. */

const frame = /^\s*(\? )?([\w.$]+)\+0x[0-9a-f]+\/0x[0-9a-f]+(?: \[[^\]]+\])?(?: \(\w+\))?\s*$/;
/** x86: the code segment tells the kernel's (0010) from a program's (0033). arm64: `pc : name+…`. */
const kernelCounter = /^\s*(?:RIP: 0010:|pc : )([\w.$]+)\+0x/;
const userCounter = /^\s*RIP: 0033:/;
/**
 * A dump that begins in the interrupt where the watchdog itself runs has that before the task that it interrupted (5.10's of
 * an RCU stall). One that begins with registers is of what the watchdog found: frames in an interrupt are the stall's then.
 */
const interruptEnds = /^\s*<\/(IRQ|NMI|SOFTIRQ)>/;
const ends = /^\s*<\/TASK>|^---\[ end trace/;
/** What stands between the frames: marks, registers, addresses without a name. Anything else ends the trace. */
const between = /^\s*(<\/?[A-Z]+>|\w{2,8}: |(\? )?0x[0-9a-f]+|\?)/;

export class StackReader {
  #frames: string[] = [];
  #counter: string | undefined;
  #inTrace = false;
  #beganWithRegisters = false;
  #ended = false;

  /** The trace has ended: what follows is another matter. */
  get ended(): boolean {
    return this.#ended;
  }

  get began(): boolean {
    return this.#inTrace;
  }

  /** Innermost first; frames that the unwinder is not sure of (`?`) are left out. */
  get frames(): readonly string[] {
    return this.#counter === undefined ? this.#frames : [this.#counter, ...this.#frames];
  }

  add(text: string): void {
    const counter = kernelCounter.exec(text)?.[1];
    if (counter !== undefined) this.#interrupted(counter);
    else if (interruptEnds.test(text)) this.#interruptEnded();
    else if (/^\s*Call [Tt]race:/.test(text)) this.#traceBegins();
    else if (ends.test(text) || (this.#inTrace && userCounter.test(text))) this.#ended = this.#inTrace;
    else if (this.#inTrace) this.#addFrame(text);
  }

  #traceBegins(): void {
    if (!this.#inTrace) this.#beganWithRegisters = this.#counter !== undefined;
    this.#inTrace = true;
  }

  /** Whom an interrupt that does not end interrupted has no part in it. */
  #interruptEnded(): void {
    if (this.#beganWithRegisters && this.#frames.length > 0) this.#ended = true;
    else this.#frames = [];
  }

  /** Frames between the interrupt's end and the registers are the interrupt's entry. */
  #interrupted(counter: string): void {
    this.#counter = counter;
    this.#frames = [];
  }

  #addFrame(text: string): void {
    const match = frame.exec(text);
    if (match && !match[1]) this.#frames.push(match[2]!);
    else if (!match && this.frames.length > 0) this.#ended = !between.test(text);
  }
}
