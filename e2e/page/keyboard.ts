import type { Page } from 'playwright-core';

/** Presses of Tab before a control must have the focus. */
const MAX_TABS = 60;

/** Presses Tab until the control with this name has the focus. */
export async function tabTo(page: Page, name: string): Promise<void> {
  const wanted = JSON.stringify(name);
  for (let i = 0; i < MAX_TABS; i++) {
    const isThere = await page.evaluate<boolean>(`(() => {
      const at = document.activeElement;
      const name = at?.getAttribute('aria-label') ?? at?.labels?.[0]?.textContent ?? at?.textContent ?? '';
      return name.trim() === ${wanted};
    })()`);
    if (isThere) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`${MAX_TABS} presses of Tab do not lead to ${name}`);
}

/** Waits for the control, goes there by Tab and presses a key. */
export async function press(page: Page, name: string, key: string): Promise<void> {
  await page
    .getByText(name, { exact: true })
    .or(page.getByLabel(name, { exact: true }))
    .first()
    .waitFor();
  await tabTo(page, name);
  await page.keyboard.press(key);
}
