/** WeChat's words are a line. What is longer would not fit into a cell of a report, nor is it from WeChat. */
const MOST_CHARACTERS = 2_000;

/** What WeChat said, as it is kept: whole characters, and no more of them than a reader can use. */
export function wordsOf(said: string): string {
  return said.length <= MOST_CHARACTERS ? said.toWellFormed() : `${said.slice(0, MOST_CHARACTERS).toWellFormed()}…`;
}
