import type { ProxyRule } from './proxy-rule.js';

/** The way to a coordinator: whom to believe, and through what. */
export interface Way {
  /**
   * Public keys that its TLS certificate may have (`sha256/…`). With any, no authority is asked and plain HTTP is
   * refused; without, an authority that this machine trusts must vouch for the name.
   */
  readonly pins: readonly string[];
  readonly proxy: ProxyRule;
}

/** Authorities of this machine, no proxy. */
export const STRAIGHT: Way = { pins: [], proxy: () => undefined };
