/**
 * How often a test tries what chance makes: random lives, fuzz cases, files that were damaged. The number beside the test
 * is for TEST_RUNS=many, as .ci/run sets it; without, it is a sixteenth.
 */
const FEW = 16;

/** `fewest`: with less the test would say nothing. */
export function runs(many: number, fewest = 1): number {
  return process.env.TEST_RUNS === 'many' ? many : Math.max(Math.ceil(many / FEW), fewest);
}
