// Takes a batch, says so, and never finishes it.
import { openAny } from './open.mjs';

const spec = JSON.parse(process.argv[2]);
setInterval(() => {}, 1000);
await openAny(spec)
  .consumer({ topic: spec.topic, group: spec.group })
  .run((messages) => {
    console.log(`handling ${messages.length}`);
    return new Promise(() => {});
  });
