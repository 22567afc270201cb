import { configureGlobal } from 'fast-check';

/** Of made-up cases: the same each time, so that a failure is of the change that it came with; `random` looks further, and a failure names its seed. */
const seed = process.env.PIPECAT_CLOUD_TEST_FUZZ_SEED ?? '170441114';
if (seed !== 'random') configureGlobal({ seed: Number(seed) });
