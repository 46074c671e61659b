/** One TCP connection of a port that anyone can reach, as the listener keeps it. */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { DeadlineQueue, QueueLinks } from './deadline-queue.js';
import type { Incoming } from './incoming.js';
import type { RequestFeed } from './request-feed.js';

export class Connection implements QueueLinks {
  queue: DeadlineQueue<QueueLinks> | undefined;
  until = 0;
  older: QueueLinks | undefined;
  newer: QueueLinks | undefined;
  readonly socket: Socket;
  /** The client that the connection is counted for; undefined: none. */
  address: string | undefined;
  /** Until node:http has it. */
  incoming: Incoming | undefined;
  /** What that is in the books for, in bytes. */
  held = 0;
  /** While a stranger's request is with node:http. */
  feed: RequestFeed | undefined;
  /** Of a client that has shown that it is one of ours: node:http reads the socket by itself. */
  isKnown = false;
  /** The request is here whole. */
  isComplete = false;
  /** Of the request that is here, or was the last. */
  response: ServerResponse | undefined;
  /** The client would keep the connection. */
  mayStay = false;
  /** How the connection stays open when the answer is written. */
  stays: 'known' | 'stranger' | undefined;
  /** While it is parked: what it will be answered. */
  parkedAnswer: string | undefined;
  /** Bytes behind the request, which are dropped. */
  dropped = 0;

  constructor(socket: Socket) {
    this.socket = socket;
  }
}
