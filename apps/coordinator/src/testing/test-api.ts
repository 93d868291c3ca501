import { InviteView, RunView } from '@tallystick/protocol';

/** The REST API as a test calls it. */
export class TestApi {
  readonly url: string;
  readonly #token: string;

  constructor(url: string, token: string) {
    this.url = url;
    this.#token = token;
  }

  async invite(organisation: string): Promise<InviteView> {
    return InviteView.parse(await this.post('invites', { organisation }));
  }

  async launch(spec: string): Promise<RunView> {
    return RunView.parse(await this.post('runs', { spec, pot: '1000' }));
  }

  async run(run: number): Promise<RunView> {
    return RunView.parse(await this.get(`runs/${run}`));
  }

  async get(path: string): Promise<unknown> {
    const response = await this.ask(path);
    if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
    return response.json();
  }

  async post(path: string, body: unknown): Promise<unknown> {
    const response = await this.ask(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const answer: unknown = await response.json();
    if (!response.ok) throw new Error(`${response.status}: ${JSON.stringify(answer)}`);
    return answer;
  }

  async bytes(path: string, token = this.#token): Promise<Uint8Array> {
    const response = await this.ask(path, {}, token);
    if (!response.ok) throw new Error(`${response.status}`);
    return new Uint8Array(await response.arrayBuffer());
  }

  ask(path: string, init: RequestInit = {}, token = this.#token): Promise<Response> {
    const headers = new Headers(init.headers);
    if (token !== '') headers.set('authorization', `Bearer ${token}`);
    return fetch(`${this.url}/api/v1/${path}`, { ...init, headers });
  }
}
