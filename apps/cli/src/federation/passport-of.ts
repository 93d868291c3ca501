import { encodePassport, passportKeys } from '@tallystick/audit';
import { fetchProof } from '@tallystick/chain';
import { type Hash, type RunId, TallyError } from '@tallystick/kernel';
import { decodeSigned, HEADER } from '@tallystick/record';
import type { OperatorApi } from '../api/operator-api.js';

/** Where a passport comes from. */
export interface PassportSource {
  readonly api: OperatorApi;
  /** RPC of the chain. */
  readonly url: string;
  readonly run: RunId;
  readonly model: Hash;
}

/** The bytes of a model's passport. Throws MODEL_UNKNOWN when no committed round of the run led to the model. */
export async function passportOf({ api, url, run, model }: PassportSource): Promise<Uint8Array> {
  for (let from = 0; ;) {
    const rounds = await api.rounds(run, from);
    const last = rounds.at(-1);
    if (last === undefined) throw new TallyError('MODEL_UNKNOWN', { sha256: model });
    const found = rounds.find(
      ({ modelAfter, included, status }) =>
        modelAfter === model && included > 0 && status === 'committed',
    );
    from = last.round + 1;
    if (found === undefined) continue;
    const { round } = found;
    const header = decodeSigned(HEADER, (await api.evidence(run, round)).header);
    const { header: block, proof } = await fetchProof(url, passportKeys(run, round));
    return encodePassport({ run, round, header, block, proof });
  }
}
