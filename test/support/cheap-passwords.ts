/** A password costs a tenth of a second, and each test of the console needs several: theirs cost nothing. */
import { PASSWORD_COST } from '../../src/app/passwords.js';

PASSWORD_COST.N = 2 ** 4;
