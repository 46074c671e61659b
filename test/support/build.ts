/** Before the tests: a thread or process that one of them starts runs the built program, so that has to be what is tested. */
import { build } from './program.js';

export default build;
