import type { Hash } from '@tallystick/kernel';

/** Ids kept. */
const MAX_KNOWN = 1_024;

/** Which blobs are models. A whole cohort asks for the same one at once: the database is asked once. */
export class KnownModels {
  readonly #isModel: (id: Hash) => Promise<boolean>;
  /** Models are never forgotten, so a known one stays one; any other answer is only kept until it is there. */
  readonly #answers = new Map<Hash, Promise<boolean>>();

  constructor(isModel: (id: Hash) => Promise<boolean>) {
    this.#isModel = isModel;
  }

  has(id: Hash): Promise<boolean> {
    const known = this.#answers.get(id);
    if (known !== undefined) return known;
    const answer = this.#isModel(id);
    if (this.#answers.size >= MAX_KNOWN) this.#answers.clear();
    this.#answers.set(id, answer);
    const forget = (): void => {
      if (this.#answers.get(id) === answer) this.#answers.delete(id);
    };
    answer.then((isModel) => (isModel ? undefined : forget()), forget);
    return answer;
  }
}
