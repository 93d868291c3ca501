/** The /24 of an IPv4 address, the /48 of an IPv6 one: what one party usually has. */
export function addressBlock(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  const v4 = mapped ?? (address.includes('.') ? address : undefined);
  if (v4 !== undefined) return `${v4.split('.').slice(0, 3).join('.')}.0/24`;
  const [left = '', right] = address.split('%')[0]?.split('::') ?? [];
  const groups = left === '' ? [] : left.split(':');
  const tail = right === undefined || right === '' ? [] : right.split(':');
  const zeros = right === undefined ? 0 : Math.max(0, 8 - groups.length - tail.length);
  const full = [...groups, ...Array.from({ length: zeros }, () => '0'), ...tail];
  return `${full
    .slice(0, 3)
    .map((group) => (Number.parseInt(group, 16) || 0).toString(16))
    .join(':')}::/48`;
}
