import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';

/** `known`: the request is that of a user, and its connection may stay open. */
export type Bindings = Partial<HttpBindings> & { known?: () => void };
export type ConsoleContext = Context<{ Bindings: Bindings }>;
