/** Fakes for boots: a real kernel can't be made to die of a race, and one that panics at once may hang the emulator. */
import { expect, it } from 'vitest';
import { BootError, EmulatorError, GuestError } from '../src/vm/options.js';
import { bootAgain } from '../src/vm/run.js';

function boots(...errors: Error[]) {
  return bootsFor(BootError, ...errors);
}

function bootsFor(Reason: typeof BootError | typeof EmulatorError, ...errors: Error[]) {
  const notes: string[] = [];
  let made = 0;
  const attempt = async () => {
    const error = errors[made++];
    if (error) throw error;
    return made;
  };
  const result = bootAgain(attempt, ({ message }) => notes.push(message), Reason);
  return { result, notes, made: () => made };
}

it('a guest that dies while it boots is booted again, three times at most', async () => {
  const twice = boots(new BootError('a'), new BootError('b'));
  expect(await twice.result).toBe(3);
  expect(twice.notes).toEqual(['a', 'b']);
  const always = boots(new BootError('a'), new BootError('b'), new BootError('c'), new BootError('d'));
  await expect(always.result).rejects.toThrow('c');
  expect(always.made()).toBe(3);
});

it('one whose script has begun is, where the emulator is at fault and who runs it can begin anew', async () => {
  expect(await bootsFor(EmulatorError, new EmulatorError('int3')).result).toBe(2);
  await expect(boots(new EmulatorError('int3')).result).rejects.toThrow('int3');
  await expect(bootsFor(EmulatorError, new GuestError('it panicked')).result).rejects.toThrow('it panicked');
});

it('one whose script has begun is not else', async () => {
  const { result, made } = boots(new GuestError('it panicked'));
  await expect(result).rejects.toThrow('it panicked');
  expect(made()).toBe(1);
});
