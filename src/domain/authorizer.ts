/** Mini Programs that authorised the platform. */

export interface Authorizer {
  readonly appid: string;
  readonly refreshToken: string;
  /** '' while its merchant is unknown. */
  readonly registration: string;
  /** ms since 1970 */
  readonly keptAt: number;
}

/** The code that a token came from: its mark, when we received it, and when WeChat pushed it, in ms. */
export interface Origin {
  readonly mark: string;
  readonly at: number;
  readonly pushedAt: number;
}
