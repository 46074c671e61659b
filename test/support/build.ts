/** Builds before the tests: threads and processes that tests start run the built program. */
import { build } from './program.js';

export default build;
