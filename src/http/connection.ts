/** One TCP connection of a port that anyone can reach, as the listener keeps it. */
import type { IncomingMessage, ServerResponse } from 'node:http';
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
  /** The request's bytes, until node:http gets them. */
  incoming: Incoming | undefined;
  /** How many bytes `Places` counts for `incoming`. */
  held = 0;
  /** Present while node:http works on the request of an unknown client. */
  feed: RequestFeed | undefined;
  /** True for a client that has shown that it is one of ours: node:http reads the socket itself. */
  isKnown = false;
  /** Whether the request has arrived completely. */
  isComplete = false;
  /** The response to the present request, or to the last one. */
  response: ServerResponse | undefined;
  /** Whether the client wants to keep the connection. */
  mayStay = false;
  /** As whose connection it stays open after the answer; undefined: it is closed. */
  stays: 'known' | 'stranger' | undefined;
  /** The answer, while the connection is parked. */
  parkedAnswer: string | undefined;
  /** Whether a request is being answered without node:http, and whether one was. */
  isTaken = false;
  wasTaken = false;
  /** How many bytes after the request were dropped. */
  dropped = 0;

  constructor(socket: Socket) {
    this.socket = socket;
  }
}

const CONNECTION = Symbol('connection');

/** A socket, or the feed that node:http reads in its place. */
type Carrier = { [CONNECTION]?: Connection };

export function carry(carrier: Socket | RequestFeed, connection: Connection): void {
  (carrier as Carrier)[CONNECTION] = connection;
}

export function carriedBy(carrier: Socket | RequestFeed): Connection | undefined {
  return (carrier as Carrier)[CONNECTION];
}

export function connectionOf(request: IncomingMessage): Connection | undefined {
  return carriedBy(request.socket);
}
