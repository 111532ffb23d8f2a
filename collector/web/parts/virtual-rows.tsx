import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';

/** Rows drawn beyond those seen, so that a turn of the wheel shows no holes. */
const MARGIN_ROWS = 12;
/** Browsers draw nothing beyond some 17 million pixels (Firefox); 500,000 rows of 30 are below. */
const MAX_PIXELS = 15_000_000;

interface VirtualRowsProps {
  readonly label: string;
  readonly count: number;
  readonly rowHeight: number;
  /** What is scrolled to its beginning when it changes. */
  readonly content: string;
  readonly onSeen: (first: number, last: number) => void;
  readonly row: (index: number) => ComponentChildren;
}

/** A list of which only the rows in sight are in the document. */
export function VirtualRows({ label, count, rowHeight, content, onSeen, row }: VirtualRowsProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 600 });
  const rows = Math.min(count, Math.floor(MAX_PIXELS / rowHeight));
  const first = Math.max(0, Math.min(rows - 1, Math.floor(view.top / rowHeight)) - MARGIN_ROWS);
  const last = Math.min(rows - 1, Math.ceil((view.top + view.height) / rowHeight) + MARGIN_ROWS);

  // Another content begins at its beginning.
  useLayoutEffect(() => {
    scroller.current?.scrollTo(0, 0);
  }, [content]);
  useEffect(() => {
    const element = scroller.current;
    if (element === null) return;
    const look = () => setView({ top: element.scrollTop, height: element.clientHeight });
    look();
    const resized = new ResizeObserver(look);
    resized.observe(element);
    element.addEventListener('scroll', look, { passive: true });
    return () => {
      resized.disconnect();
      element.removeEventListener('scroll', look);
    };
  }, []);
  useEffect(() => onSeen(first, Math.max(first, last)));

  const shown = [];
  for (let index = first; index <= last; index++) {
    shown.push(
      <div
        key={index}
        role="listitem"
        aria-posinset={index + 1}
        aria-setsize={count}
        class="virtual-row"
        style={{ top: `${index * rowHeight}px`, height: `${rowHeight}px` }}
      >
        {row(index)}
      </div>,
    );
  }
  return (
    <div ref={scroller} class="virtual">
      <div role="list" aria-label={label} class="virtual-space" style={{ height: `${rows * rowHeight}px` }}>
        {shown}
      </div>
    </div>
  );
}
