/** Property tests try the same examples for every mutant, for a short while. */
import fc from 'fast-check';

fc.configureGlobal({ seed: 1, numRuns: 50, interruptAfterTimeLimit: 400 });
