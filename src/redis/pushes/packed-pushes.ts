/** A push as Redis has it: in the arguments of store-pushes.lua, in the stream, and parked. */
import { isAscii } from 'node:buffer';
import type { ParkedPush, Parking, ReceivedPush, StoredPush } from '../../domain/push.js';

/** An InfoType becomes the label of a counter. */
const LONGEST_INFO_TYPE = 64;

export type StreamEntry = [id: string, fields: string[]];

/** The pushes as arguments of store-pushes.lua: a line for each, then their texts and their bodies, one after the other. */
export function packed(pushes: readonly ReceivedPush[]): [heads: string, texts: Buffer, bodies: Buffer] {
  const bodies: Buffer[] = [];
  let texts = '';
  const heads = pushes.map(({ receivedAt, createdAt, infoType, query, body, isOld }) => {
    const as = fieldOf(body);
    const type = infoType.slice(0, LONGEST_INFO_TYPE);
    const bytes = as === 'body' ? body : Buffer.from(body.toString(as));
    bodies.push(bytes);
    texts += type + query;
    return `${receivedAt} ${createdAt ?? '-'} ${as} ${isOld ? 'old' : '-'} ${Buffer.byteLength(type)} ${Buffer.byteLength(query)} ${bytes.length}`;
  });
  return [heads.join('\n'), Buffer.from(texts), Buffer.concat(bodies)];
}

type BodyField = 'body' | 'base64';

/** A body is ASCII; other bytes are kept unchanged, too. */
export function fieldOf(body: Buffer): BodyField {
  return isAscii(body) ? 'body' : 'base64';
}

function bodyFrom(name: BodyField, text: string): Buffer {
  return Buffer.from(text, name === 'body' ? 'latin1' : 'base64');
}

export function pushFrom([entry, fields]: StreamEntry): StoredPush {
  const named = new Map<string, string>();
  for (let at = 0; at + 1 < fields.length; at += 2) named.set(fields[at] ?? '', fields[at + 1] ?? '');
  const as = named.has('body') ? 'body' : 'base64';
  return {
    id: named.get('parkedAs') ?? entry,
    entry,
    receivedAt: Number(named.get('at')),
    infoType: named.get('type') ?? '',
    query: named.get('query') ?? '',
    body: bodyFrom(as, named.get(as) ?? ''),
  };
}

export function parkedFrom(id: string, text: string): ParkedPush {
  const { why, at, type, query, as, body } = JSON.parse(text) as {
    why: Parking;
    at: number;
    type: string;
    query: string;
    as: 'body' | 'base64';
    body: string;
  };
  return { id, entry: id, receivedAt: at, infoType: type, query, body: bodyFrom(as, body), why };
}
