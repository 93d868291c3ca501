/** Names of the codes of GA4GH's Data Use Ontology that sites meet most. */
const NAMES: Readonly<Record<string, string>> = {
  'DUO:0000004': 'any purpose (no restriction)',
  'DUO:0000006': 'health, medical or biomedical research',
  'DUO:0000007': 'research on a disease',
  'DUO:0000011': 'research on population origins or ancestry',
  'DUO:0000015': 'no development of general methods',
  'DUO:0000018': 'not-for-profit use',
  'DUO:0000021': 'ethics approval required',
  'DUO:0000042': 'general research',
  'DUO:0000046': 'non-commercial use',
};

export function purposeWords(code: string): string {
  const name = NAMES[code];
  return name === undefined ? `purpose ${code}` : `${name} (${code})`;
}
