/** Dotted decimal. */
export function ipv4Text(address: number): string {
  return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;
}

/** The IPv6 address in the four words from `wide[at]`, as RFC 5952 writes it. */
export function ipv6Text(wide: readonly number[], at: number): string {
  const groups: number[] = [];
  for (let word = at; word < at + 4; word++) groups.push((wide[word] ?? 0) >>> 16, (wide[word] ?? 0) & 0xffff);
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) {
    return `::ffff:${ipv4Text(wide[at + 3] ?? 0)}`;
  }
  const zeros = longestZeroRun(groups);
  if (zeros.length < 2) return hexGroups(groups);
  return `${hexGroups(groups.slice(0, zeros.start))}::${hexGroups(groups.slice(zeros.start + zeros.length))}`;
}

function hexGroups(groups: readonly number[]): string {
  return groups.map((group) => group.toString(16)).join(':');
}

function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let longest = { start: 0, length: 0 };
  let start = 0;
  groups.forEach((group, index) => {
    if (group !== 0) start = index + 1;
    else if (index + 1 - start > longest.length) longest = { start, length: index + 1 - start };
  });
  return longest;
}
