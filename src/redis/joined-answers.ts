/**
 * Reads what Redis answers (RESP2) piece by piece, and joins the texts of a request into one buffer. ioredis makes an object for each
 * command and each text, which costs more than Redis takes to answer it.
 */

/** Redis answered a command with an error, or the connection was lost: the texts have to be read in another way. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
}

interface Request {
  /** How many texts are still to come; an array counts as its elements. */
  missing: number;
  joined: Buffer;
  end: number;
  isFirst: boolean;
  refusal: string | undefined;
  resolve(joined: Buffer): void;
  reject(error: Error): void;
}

const [CR, ZERO, MINUS] = [0x0d, 0x30, 0x2d];
const [ARRAY, TEXT, ERROR] = [0x2a, 0x24, 0x2d];
/** `\r\n` */
const END_BYTES = 2;
/** Longer texts are copied by one call, which costs as much as this many bytes. */
const COPIED_SINGLY = 60;

export class JoinedAnswers {
  readonly #joint: number;
  readonly #requests: Request[] = [];
  #rest: Buffer = Buffer.alloc(0);

  /** @param joint a byte that is in no text */
  constructor(joint: number) {
    this.#joint = joint;
  }

  /**
   * The texts of the next so many answers, joined; '' stands for a value that is missing. `bytes`: as many as they may well have.
   * @throws NoAnswer
   */
  next(answers: number, bytes: number): Promise<Buffer> {
    if (answers === 0) return Promise.resolve(Buffer.alloc(0));
    return new Promise((resolve, reject) => {
      const joined = Buffer.allocUnsafe(bytes);
      this.#requests.push({ missing: answers, joined, end: 0, isFirst: true, refusal: undefined, resolve, reject });
    });
  }

  /** Takes what came in. */
  take(piece: Buffer): void {
    const bytes = this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece]);
    this.#rest = bytes.subarray(this.#read(bytes));
  }

  /** Nothing more will come. */
  fail(why: string): void {
    for (const { reject } of this.#requests.splice(0)) reject(new NoAnswer(why));
  }

  /** Reads answers as far as they are complete, and says how far that is. */
  #read(bytes: Buffer): number {
    let at = 0;
    for (let request = this.#requests[0]; request !== undefined && at < bytes.length; request = this.#requests[0]) {
      const kind = bytes[at];
      const line = at + 1;
      let number = 0;
      let lineEnd = line;
      for (; lineEnd < bytes.length && bytes[lineEnd] !== CR; lineEnd += 1) {
        number = 10 * number + (bytes[lineEnd] as number) - ZERO;
      }
      const isLong = kind === TEXT && bytes[line] !== MINUS;
      const from = isLong ? lineEnd + END_BYTES : line;
      const to = isLong ? from + number : lineEnd;
      if (to + END_BYTES > bytes.length) return at;
      at = to + END_BYTES;
      if (kind === ARRAY) request.missing += number;
      else if (kind === ERROR) request.refusal ??= bytes.toString('utf8', from, to);
      else this.#add(request, bytes, kind === TEXT && !isLong ? to : from, to);
      request.missing -= 1;
      if (request.missing === 0) this.#complete(request);
    }
    return at;
  }

  #add(request: Request, bytes: Buffer, from: number, to: number): void {
    const needed = request.end + 1 + to - from;
    if (needed > request.joined.length) {
      const larger = Buffer.allocUnsafe(2 * needed);
      request.joined.copy(larger, 0, 0, request.end);
      request.joined = larger;
    }
    const { joined } = request;
    if (!request.isFirst) joined[request.end++] = this.#joint;
    request.isFirst = false;
    if (to - from > COPIED_SINGLY) bytes.copy(joined, request.end, from, to);
    else for (let read = from, put = request.end; read < to; read += 1) joined[put++] = bytes[read] as number;
    request.end += to - from;
  }

  #complete(request: Request): void {
    this.#requests.shift();
    if (request.refusal === undefined) request.resolve(request.joined.subarray(0, request.end));
    else request.reject(new NoAnswer(request.refusal));
  }
}
