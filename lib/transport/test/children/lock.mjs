import { FileLock } from '@dentryscope/transport';

const lock = new FileLock(JSON.parse(process.argv[2]).file);
setInterval(() => console.log(lock.tryAcquire() ? 'acquired' : 'held by another'), 20);
