/** Requests as a browser on the coordinator's own page sends them: with a cookie, and saying where they come from. */
export class Browser {
  readonly url: string;
  cookie: string;

  constructor(url: string, cookie = '') {
    this.url = url;
    this.cookie = cookie;
  }

  /** Throws when the sign-in is refused. */
  static async signIn(url: string, name: string, password: string): Promise<Browser> {
    const browser = new Browser(url);
    const answer = await browser.send('POST', 'auth/login', { name, password });
    if (answer.status !== 200) throw new Error(`${answer.status}: ${await answer.text()}`);
    return browser;
  }

  /** Value of the session cookie. */
  get secret(): string {
    return this.cookie.split('=')[1] ?? '';
  }

  async send(
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = { 'sec-fetch-site': 'same-origin' },
  ): Promise<Response> {
    const isRead = method === 'GET' || method === 'HEAD';
    const target = path.startsWith('/') ? path : `/api/v1/${path}`;
    const answer = await fetch(`${this.url}${target}`, {
      method,
      redirect: 'manual',
      headers: {
        ...headers,
        ...(this.cookie === '' ? {} : { cookie: this.cookie }),
        ...(isRead ? {} : { 'content-type': 'application/json' }),
      },
      ...(isRead || body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    for (const line of answer.headers.getSetCookie()) this.#take(line);
    return answer;
  }

  #take(line: string): void {
    const [pair = ''] = line.split(';');
    const [name = ''] = pair.split('=');
    const others = this.cookie
      .split('; ')
      .filter((each) => each !== '' && !each.startsWith(`${name}=`));
    this.cookie = [...others, ...(pair === `${name}=` ? [] : [pair])].join('; ');
  }
}
