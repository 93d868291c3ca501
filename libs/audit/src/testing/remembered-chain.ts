import { sha256 } from '@tallystick/kernel/node';
import { checkChainBy, type ExecuteChain, executeChain } from '../steps/v1-chain.js';
import type { StepTable } from '../verify-bundle.js';

/**
 * V1 that executes the first chain it meets (the honest one) once and knows it again by its bytes: manipulations that leave
 * the blocks alone share it. Every other chain is executed; everything else V1 looks at, it looks at each time.
 */
export function rememberedChain(): StepTable['chain'] {
  let first: { readonly key: string; readonly executed: ReturnType<ExecuteChain> } | undefined;
  const execute: ExecuteChain = (spec, blocks, options) => {
    const key = [sha256(spec), sha256(blocks), ...options.knownRuntimes].join(' ');
    first ??= { key, executed: executeChain(spec, blocks, options) };
    return first.key === key ? first.executed : executeChain(spec, blocks, options);
  };
  return (bundle, anchors, options) => checkChainBy(execute, bundle, { anchors, ...options });
}
