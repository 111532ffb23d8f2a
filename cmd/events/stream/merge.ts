/** Whatever has a place in time; equal keys keep the order of the streams. */
export interface Keyed<Item> {
  readonly item: Item;
  /** RFC 3339 in UTC, all of one length: compared as text. */
  readonly key: string;
}

/**
 * The items of all streams, ordered by key; each stream's own order is kept, so its keys must not fall. Holds one item
 * of each.
 */
export async function* mergeByKey<Item>(streams: readonly AsyncIterator<Keyed<Item>>[]): AsyncGenerator<Item> {
  const heads: { readonly stream: AsyncIterator<Keyed<Item>>; head: Keyed<Item> }[] = [];
  try {
    const first = await Promise.all(streams.map((stream) => stream.next()));
    for (const [index, { done, value }] of first.entries()) {
      const stream = streams[index];
      if (done !== true && stream !== undefined) heads.push({ stream, head: value });
    }
    while (heads.length > 0) {
      const earliest = heads.reduce((best, other) => (other.head.key < best.head.key ? other : best));
      yield earliest.head.item;
      const { done, value } = await earliest.stream.next();
      if (done === true) heads.splice(heads.indexOf(earliest), 1);
      else earliest.head = value;
    }
  } finally {
    await Promise.allSettled(streams.map((stream) => stream.return?.()));
  }
}
