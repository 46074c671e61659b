/** A request that cannot be done as it was made. The words say what to change: exit status 2, or a 4xx of HTTP. */
import { UserError, type Words } from '../domain/words.js';

/** `not_found`: it names something that does not exist. `refused`: it may not be done, or not now. */
export type RequestFault = 'not_found' | 'refused';

export class RequestError extends UserError {
  override readonly name = 'RequestError';
  readonly fault: RequestFault;

  constructor(fault: RequestFault, words: Words, options?: ErrorOptions) {
    super(words, options);
    this.fault = fault;
  }
}
