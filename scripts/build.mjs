import { build } from './lib/build.mjs';
import { main } from './lib/steps.mjs';

await main(build);
