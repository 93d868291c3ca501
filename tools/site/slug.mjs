// @ts-check

/** @param {string} text @returns {string} */
export function escapeHtml(text) {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

/** @param {Set<string>} taken filled with every id given @returns {(heading: string) => string} its id, as GitHub gives it */
export function slugs(taken) {
  return (heading) => {
    const plain = heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-');
    let id = plain;
    for (let more = 1; taken.has(id); more++) id = `${plain}-${more}`;
    taken.add(id);
    return id;
  };
}
