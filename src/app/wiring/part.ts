/** What a process runs until it is closed: worker, receiver, scheduler … */
export interface Part {
  close(): Promise<void>;
}

/** Started by its first user, and closed by its last. */
export function sharedPart(begin: () => Promise<Part>): () => Promise<Part> {
  let part: Promise<Part> | undefined;
  let users = 0;
  return async () => {
    users += 1;
    part ??= begin();
    const mine = await part;
    return {
      async close() {
        users -= 1;
        if (users > 0) return;
        part = undefined;
        await mine.close();
      },
    };
  };
}
