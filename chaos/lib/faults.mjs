/** What an agent that is broken on purpose makes of its window `FAULTY_WINDOW`; nameless: of all. */
export const FAULTY_WINDOW = 5;

export const faults = {
  /** Its figures are never sent. */
  skip: (batch) => Object.assign(batch, { state: undefined, cgroups: undefined }),
  /** As if it had been added twice. */
  double: (batch) => {
    batch.cgroups.dentriesAllocated = batch.cgroups.dentriesAllocated.map((value) => 2n * value);
    return batch;
  },
  alter: (batch) => {
    batch.state.nrDentry += 1n;
    return batch;
  },
  /** What no ingester takes. */
  refuse: (batch) => Object.assign(batch, { seq: 0n }),
  nameless: (batch) => Object.assign(batch, { cgroupInfos: [] }),
};

/** @param name of a fault, or undefined */
export const spoiled = (name, batch, window) =>
  name && (window === FAULTY_WINDOW || name === 'nameless') ? faults[name](batch) : batch;
