/**
 * The log's tables. Offsets count from 0 a topic without a gap; `first` is the oldest kept, `next` the one to come,
 * `committed` the next one to read. `lost` counts messages trimmed before the group (or, without any, anyone) had them.
 * Names, keys and headers are blobs: libsql cuts text at a NUL.
 */
export const migrations = [
  `CREATE TABLE topics (
     id INTEGER PRIMARY KEY,
     name BLOB NOT NULL UNIQUE,
     first INTEGER NOT NULL DEFAULT 0,
     next INTEGER NOT NULL DEFAULT 0,
     lost INTEGER NOT NULL DEFAULT 0
   );
   CREATE TABLE messages (
     id INTEGER PRIMARY KEY,
     topic INTEGER NOT NULL,
     offset INTEGER NOT NULL,
     timestampMs INTEGER NOT NULL,
     size INTEGER NOT NULL,
     key BLOB NOT NULL,
     headers BLOB,
     value BLOB NOT NULL,
     UNIQUE (topic, offset)
   );
   CREATE TABLE groups (
     topic INTEGER NOT NULL,
     name BLOB NOT NULL,
     committed INTEGER NOT NULL,
     lost INTEGER NOT NULL DEFAULT 0,
     seenMs INTEGER NOT NULL,
     PRIMARY KEY (topic, name)
   ) WITHOUT ROWID;`,
];
