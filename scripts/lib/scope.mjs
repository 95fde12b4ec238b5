/** What a run has made and has to take away again, the newest first, however it ends. */

export class Scope {
  #undo = [];
  #closing;

  /** @returns a function that undoes it now */
  defer(undo) {
    const entry = { undo };
    this.#undo.push(entry);
    return async () => {
      const at = this.#undo.indexOf(entry);
      if (at < 0) return;
      this.#undo.splice(at, 1);
      await undo();
    };
  }

  close() {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** One that fails does not keep the others; all failures are told. */
  async #close() {
    const errors = [];
    for (let entry; (entry = this.#undo.pop());) {
      try {
        await entry.undo();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw new Error(`left behind: ${errors.map(({ message }) => message).join('; ')}`);
  }
}
