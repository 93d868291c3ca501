/** LIMITS.maxCohort by itself, for whoever needs no other limit (the verifier of the page). */
export const MAX_COHORT = 65_536;

/**
 * Every limit of what travels between processes, enforced before parsing. Names end in their unit (Bytes, Chars,
 * Ms); without one they count things. LIMIT_NOTES holds the sentence of each for docs/limits.md.
 */
export const LIMITS = {
  maxHeadBytes: 16_384,
  chunkBytes: 1_048_576,
  preAuthBytes: 4096,
  preAuthFrames: 1,
  preAuthMs: 5000,
  maxPendingPerAddress: 64,
  maxPending: 1024,
  uploadSlots: 16,
  chunkSlots: 20,
  heartbeatMs: 30_000,
  workHeartbeatMs: 2000,
  sessionTokenMs: 3_600_000,
  maxUpdateBytes: 536_870_912,
  maxModelBytes: 536_870_912,
  maxCohort: MAX_COHORT,
  maxCompared: 1024,
  maxScoredUpdates: 131_072,
  maxOfferHeaders: 16,
  maxPageHeaders: 64,
  maxVoidSpans: 64,
  maxPage: 200,
  maxCurveRounds: 5000,
  maxCurveSites: 64,
  maxRecentLosses: 24,
  maxProofSteps: 32,
  maxMetrics: 64,
  maxMessageChars: 500,
  maxRunSpecBytes: 1_048_576,
  maxRestBodyBytes: 2_097_152,
  maxRelayCalls: 64,
  maxRelayKeys: 256,
  maxRelayHashes: 1000,
  maxRelayExtrinsicBytes: 16_384,
  maxRelayBatches: 16,
  maxInviteTokenChars: 4096,
  inviteMs: 86_400_000,
  maxWindowMs: 31_622_400_000,
} as const;

export const LIMIT_NOTES: Readonly<Record<keyof typeof LIMITS, string>> = {
  maxHeadBytes: 'JSON head of a frame.',
  chunkBytes: 'Payload of one upload chunk; every chunk but the last has exactly this size.',
  preAuthBytes: 'Everything a socket may send before it is welcomed.',
  preAuthFrames: 'Frames a socket may send before it is welcomed.',
  preAuthMs: 'Time a socket has to become welcome.',
  maxPendingPerAddress:
    'Sockets of one address block (IPv4 /24, IPv6 /48) that are not welcome yet.',
  maxPending: 'Sockets that are not welcome yet; more get 503 before the upgrade.',
  uploadSlots: 'Updates received at the same time; the other nodes wait for their credit.',
  chunkSlots:
    'Chunks in memory at once: one that arrives for each upload, and four that are hashed and written.',
  heartbeatMs:
    'Interval of pings to a node that has nothing to do; two without an answer end the session.',
  workHeartbeatMs:
    'Interval of pings, by both sides, while an offer or an upload is open; two without an answer end the session.',
  sessionTokenMs: 'Life of a session token.',
  maxUpdateBytes: 'An update file: about 134 million parameters with codec i32.',
  maxModelBytes: 'A model file: about 134 million float32 parameters.',
  maxCohort: 'Nodes in one round; their list is the payload of an offer, 16 bytes each.',
  maxCompared: 'Updates of a round with a robust rule.',
  maxScoredUpdates: 'Updates of an epoch that pays by contribution.',
  maxOfferHeaders: 'Signed headers that an offer brings along; older ones come by REST.',
  maxPageHeaders: 'Signed headers in one REST answer.',
  maxVoidSpans:
    'Spans of round numbers that the chain may void in one run; after the last one it halts.',
  maxPage: 'Entries in one REST answer.',
  maxCurveRounds: 'Rounds in one answer of curves: ten numbers each, and one for each site.',
  maxCurveSites:
    'Sites with a curve, or a column, of their own; the mean and the band are over all.',
  maxRecentLosses: 'Losses of the newest rounds beside a run in a list.',
  maxProofSteps: 'Steps of an inclusion proof.',
  maxMetrics: 'Metrics of one evaluation.',
  maxMessageChars: 'A text meant for people, in a frame.',
  maxRunSpecBytes: 'A run spec, as YAML and as canonical JSON.',
  maxRelayCalls: 'Requests in one batch to the relay of the chain.',
  maxRelayKeys: 'Storage keys of one read with proof through the relay.',
  maxRelayHashes: 'Block numbers of one request for hashes through the relay.',
  maxRelayExtrinsicBytes: 'A signed transaction that the relay passes on.',
  maxRelayBatches: 'Batches that the relay works on at once; more are answered NET_BUSY.',
  maxRestBodyBytes: 'Body of a REST request.',
  maxInviteTokenChars: 'An invite token as text.',
  inviteMs: 'Life of an invite token.',
  maxWindowMs: 'A window of a run on the chain: 366 days.',
};

/** How often a node is pinged: without work, and with an offer or an upload open. */
export interface Heartbeats {
  readonly heartbeatMs: number;
  readonly workHeartbeatMs: number;
}

/** Silence after which the other side is gone: two pings unanswered, and half a second for the second answer. */
export function silenceLimitMs(intervalMs: number): number {
  return 2 * intervalMs + 500;
}
